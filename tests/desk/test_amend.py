"""Several changes in one step: what they come to is what one after the other would, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.desk.shops import HALF, HOUR, TODAY, at, shop

from slotkeeper import (
    GUARDED,
    Actor,
    BookingFilter,
    ForbiddenError,
    IdempotencyMismatchError,
    InvalidFieldError,
    LifecycleError,
    Listing,
    NotFoundError,
    SlotkeeperError,
    SlotTakenError,
    StaleVersionError,
    TransitionError,
)

HALVES = st.integers(-1, 16)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "start": HALVES.map(lambda half: at(half / 2)),
        "duration": st.sampled_from([HALF, HOUR]),
        "notes": st.sampled_from(["", "late"]),
        "attributes": st.sampled_from([{"plate": "WAW1"}, {"plate": None, "year": 2010}]),
        "status": st.sampled_from(["confirmed", "in_progress", "cancelled", "no_show"]),
    },
)


def one_after_the_other(desk: Any, number: Any, given: dict[str, Any]) -> Any:  # noqa: ANN401 - either desk
    facts = {name: given[name] for name in ("notes", "attributes") if name in given}
    booking = desk.get(number)
    place = {name: given[name] for name in ("start", "duration") if name in given}
    there = {"start": booking.interval.start, "duration": booking.interval.duration}
    if any(there[name] != wanted for name, wanted in place.items()):
        booking = desk.reschedule(number, **place, **facts).booking
    elif facts:
        booking = desk.update(number, **facts)
    return desk.set_status(number, given["status"]) if "status" in given else booking


@given(CHANGES, st.integers(0, 15), st.integers(0, 15))
def test_what_changes_is_what_one_call_after_the_other_changes(
    given: dict[str, Any], first: int, second: int
) -> None:
    ends: list[Any] = []
    ways: list[Callable[[Any, Any], Any]] = [
        lambda desk, one: desk.amend(one, **given),
        lambda desk, one: one_after_the_other(desk, one, given),
    ]
    for way in ways:
        here = shop()
        made = here.desk.book("wash", at(first / 2))
        if second != first:
            here.desk.book("wash", at(second / 2))
        before = here.written()
        try:
            done = way(here.desk, made.id)
        except SlotkeeperError as error:
            ends.append(type(error))
            changed = here.written() != before
        else:
            facts = (done.interval, done.status, done.notes, dict(done.attributes), done.moved, done.version)
            ends.append((facts, [event.action for event in here.told]))
            changed = False
        if len(ends) == 1:
            assert not changed
    if given:
        assert ends[0] == ends[1]
    else:
        assert ends[0] is InvalidFieldError


def test_where_one_part_is_refused_nothing_changes() -> None:
    here = shop()
    made, _ = here.desk.book("wash", at(0)), here.desk.book("wash", at(1))
    before, told = here.written(), len(here.told)
    for change, refused in (
        ({"start": at(2), "status": "completed"}, LifecycleError),
        ({"start": at(1), "notes": "late"}, SlotTakenError),
        ({"notes": "late", "status": "pending"}, TransitionError),
        ({"start": at(2), "service_id": "none"}, NotFoundError),
        ({"start": at(2), "expected_version": 7}, StaleVersionError),
        ({"status": "nonsense"}, InvalidFieldError),
        ({"notes": 7}, InvalidFieldError),
    ):
        with pytest.raises(refused):
            here.desk.amend(made.id, **change)
        assert (here.written(), len(here.told)) == (before, told), change


def test_the_place_where_it_is_already_is_no_move() -> None:
    here = shop()
    made = here.desk.book("wash", at(0))
    same = here.desk.amend(made.id, at(0), resource_ids=made.resource_ids, duration=made.interval.duration)
    assert (same, len(here.told)) == (made, 1)
    noted = here.desk.amend(made.id, at(0), notes="late", action="request_reschedule")
    assert (noted.status, noted.moved, noted.notes) == (made.status, 0, "late")
    moved = here.desk.amend(made.id, at(1), action="request_reschedule", reason="traffic")
    assert (moved.status, moved.moved, moved.reason) == ("rescheduled", 1, "traffic")


def test_each_part_is_guarded_as_its_own_call_is() -> None:
    here = shop(lifecycle=GUARDED)
    made = here.desk.book("wash", at(0), customer_id=7)
    for change in ({"start": at(1)}, {"notes": "mine"}, {"status": "cancelled"}):
        with pytest.raises(ForbiddenError):
            here.desk.amend(made.id, **change, actor=Actor(8))
    with pytest.raises(ForbiddenError):
        here.desk.amend(made.id, at(1), status="in_progress", actor=Actor(7))
    assert here.desk.amend(made.id, at(1), status="cancelled", actor=Actor(7)).status == "cancelled"


def test_what_is_cancelled_on_the_way_is_given_back() -> None:
    here = shop()
    made = here.desk.book("wash", at(7))
    here.desk.settle(made.id)
    gone = here.desk.amend(made.id, at(4), status="cancelled")
    assert gone.payment.status == "refunded"


def test_a_repeat_with_its_key_changes_nothing_more() -> None:
    here = shop()
    made = here.desk.book("wash", at(0))
    first = here.desk.amend(made.id, at(1), notes="late", key="k")
    assert here.desk.amend(made.id, at(1), notes="late", key="k") == first
    with pytest.raises(IdempotencyMismatchError):
        here.desk.amend(made.id, at(1), notes="later", key="k")
    assert len(here.told) == 2


@given(st.integers(0, 16), st.sampled_from(["start", "-start", "created_at", "-created_at"]))
def test_every_booking_is_found_however_many_there_are(count: int, order: str) -> None:
    here = shop()
    made = [here.desk.book("wash", at(half / 2), customer_id=half % 3) for half in range(count)]
    found = here.desk.find_all(order=order, overlapping=TODAY)
    assert sorted(found, key=lambda one: one.interval.start) == made
    assert [one.id for one in found] == [
        one.id for one in here.desk.find(BookingFilter(), Listing(order=order, limit=100)).items
    ]
    mine = here.desk.find_all(actor=Actor(1), statuses=None, resource_ids=None)
    assert [one.id for one in mine] == [one.id for one in made if one.customer_id == 1]
    with pytest.raises(ForbiddenError):
        here.desk.find_all(actor=Actor(1), customer_id=2)
