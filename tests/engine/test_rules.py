"""The edges of single rules: what is permitted exactly at a bound."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.worlds import CELL, DAY, EPOCH, at, booking_of, span

from slotkeeper.domain.booking import Allocation
from slotkeeper.domain.explanation import Closed, LimitReached, TooFar, TooSoon, WrongDuration
from slotkeeper.domain.instant import TICK
from slotkeeper.domain.limit import Limit
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.schedule import Schedule
from slotkeeper.domain.service import Service
from slotkeeper.engine.limiting import within_limit
from slotkeeper.engine.question import Request, Snapshot
from slotkeeper.engine.rules import HasDuration, Horizon, IsOpen, Notice

if TYPE_CHECKING:
    from slotkeeper.engine.limiting import WithinLimit

bounds: Final = st.integers(-10, 30).map(at)


@given(bounds)
def test_notice_permits_from_the_earliest_start_on(earliest: dt.datetime) -> None:
    rule, window = Notice(earliest), span(0, 20)
    found = rule.permitted(window)
    for start in (earliest - TICK, earliest, window.start, window.end - TICK):
        assert (start in found) == (start >= earliest and start in window)
    assert rule.refusal(earliest - CELL) == TooSoon(earliest, CELL)


@given(bounds)
def test_a_horizon_permits_up_to_the_latest_start_itself(latest: dt.datetime) -> None:
    rule, window = Horizon(latest), span(0, 20)
    found = rule.permitted(window)
    for start in (latest, latest + TICK, window.start, window.end - TICK):
        assert (start in found) == (start <= latest and start in window)
    assert rule.refusal(latest + TICK) == TooFar(latest)


def test_open_permits_a_booking_that_ends_at_closing_time() -> None:
    rule = IsOpen(Resource("a", Schedule.of([span(2, 4)])), 3 * CELL)
    found = rule.permitted(span(0, 20))
    assert [start in found for start in (at(2) - TICK, at(2), at(3), at(3) + TICK)] == [
        False,
        True,
        True,
        False,
    ]
    assert rule.refusal(at(5)) == Closed("a", rule.resource.schedule.open_between(span(0, 96)))


def test_the_hours_named_are_those_of_the_local_day() -> None:
    warsaw = Resource("a", Schedule("Europe/Warsaw", {"daily": "09:00-10:00"}))
    late = dt.datetime(2025, 10, 24, 22, 30, tzinfo=dt.UTC)
    refusal = IsOpen(warsaw, CELL).refusal(late)
    assert isinstance(refusal, Closed)
    assert [str(one) for one in refusal.open] == ["2025-10-25T07:00Z/2025-10-25T08:00Z"]


def test_a_length_that_is_not_offered_names_the_shortest_that_is() -> None:
    refusal = HasDuration(Request(Service("cut", CELL)), 2 * CELL).refusal(EPOCH)
    assert refusal == WrongDuration(2 * CELL, CELL)


def limited(limit: Limit, *starts: dt.timedelta) -> WithinLimit:
    service = Service("cut", 2 * CELL, limits=[limit])
    first = span(0, 2)
    rows = [booking_of([Allocation("a", first.shift(by))], number) for number, by in enumerate(starts)]
    return within_limit(Snapshot(EPOCH, [], rows), Request(service), 2 * CELL, limit)


@pytest.mark.parametrize(("count", "permitted"), [(0, False), (1, False), (2, True)])
def test_the_new_booking_counts_towards_the_limit(count: int, permitted: bool) -> None:  # noqa: FBT001
    rule = limited(Limit("service", "day", "UTC", count=count), dt.timedelta(0))
    assert (at(40) in rule.permitted(span(0, 96))) is permitted
    assert (at(100) in rule.permitted(span(96, 96))) is (count > 0)


def test_a_duration_may_be_used_up_exactly() -> None:
    limit = Limit("service", "day", "UTC", duration=4 * CELL)
    assert at(40) in limited(limit, dt.timedelta(0)).permitted(span(0, 96))
    full = limited(attrs.evolve(limit, duration=4 * CELL - TICK), dt.timedelta(0))
    assert at(40) not in full.permitted(span(0, 96))
    refusal = full.refusal(at(40))
    assert isinstance(refusal, LimitReached)
    assert (refusal.used_count, refusal.used_duration) == (1, 2 * CELL)


def test_a_booking_counts_in_the_period_in_which_it_starts() -> None:
    rule = limited(Limit("service", "day", "UTC", count=1), DAY - CELL)
    assert at(0) not in rule.permitted(span(0, 96))
    assert at(96) in rule.permitted(span(96, 96))
