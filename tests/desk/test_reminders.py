from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.desk.shops import DAY, HOUR, MINUTE, at, shop

from slotkeeper import InvalidFieldError


@given(st.lists(st.integers(0, 15), unique=True, max_size=6), st.integers(1, 12), st.integers(0, 12))
def test_due_is_what_starts_after_now_and_within_the_time(halves: list[int], hours: int, waited: int) -> None:
    here = shop()
    for half in halves:
        here.desk.book("wash", at(half / 2))
    here.clock.wait(waited * HOUR)
    now = here.clock.now
    due = sorted(at(half / 2) for half in halves if now < at(half / 2) <= now + hours * HOUR)
    assert [one.interval.start for one in here.desk.reminders_due(hours * HOUR)] == due
    assert [one.interval.start for one in here.desk.remind(hours * HOUR)] == due
    assert here.desk.remind(hours * HOUR) == []
    assert here.desk.reminders_due(hours * HOUR) == []


def test_a_reminder_is_an_event_of_its_own() -> None:
    here = shop()
    made = here.desk.book("wash", at(0))
    (reminded,) = here.desk.remind(DAY)
    assert (reminded.id, reminded.reminded_at, reminded.version) == (made.id, here.clock.now, 2)
    assert [event.action for event in here.told] == ["book", "remind"]


def test_what_is_moved_is_due_again() -> None:
    here = shop()
    made = here.desk.book("wash", at(0))
    here.desk.remind(DAY)
    here.desk.reschedule(made.id, at(1))
    assert [one.id for one in here.desk.remind(DAY)] == [made.id]


def test_nobody_is_reminded_of_what_is_off_or_has_lapsed() -> None:
    here = shop()
    here.desk.cancel(here.desk.book("wash", at(0)).id)
    here.desk.hold("wash", at(1))
    here.clock.wait(15 * MINUTE)
    assert here.desk.remind(DAY) == []


def test_a_limit_takes_the_earliest_and_leaves_the_others_due() -> None:
    here = shop()
    for hour in range(3):
        here.desk.book("wash", at(hour))
    assert [one.interval.start for one in here.desk.remind(DAY, limit=2)] == [at(0), at(1)]
    assert [one.interval.start for one in here.desk.reminders_due(DAY)] == [at(2)]


@pytest.mark.parametrize("bad", [{"within": dt.timedelta(0)}, {"within": 24}, {"limit": 0}, {"limit": True}])
def test_nonsense_is_refused(bad: dict[str, Any]) -> None:
    desk = shop().desk
    for call in (desk.remind, desk.reminders_due):
        with pytest.raises(InvalidFieldError):
            call(**{"within": DAY, **bad})


def test_for_ever_is_a_time_too() -> None:
    here = shop()
    here.desk.book("wash", at(0))
    assert len(here.desk.remind(dt.timedelta.max)) == 1
