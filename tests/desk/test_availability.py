from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.desk.shops import DAY, EVER, HALF, HOUR, MINUTE, NINE, OPEN, TODAY, at, shop

from slotkeeper import (
    Booking,
    Interval,
    InvalidFieldError,
    InvalidIntervalError,
    Limit,
    NaiveDatetimeError,
    NotFoundError,
    RefusedError,
    Requirement,
    Resource,
    Service,
    SlotTakenError,
    by_rank,
    least_loaded,
    round_robin,
)


@given(st.lists(st.integers(0, 18), max_size=6, unique=True), st.integers(0, 10))
def test_what_is_listed_can_be_booked_and_what_is_not_is_explained(taken: list[int], later: int) -> None:
    here = shop()
    for half in taken:
        if here.desk.explain("wash", at(half / 2)).permitted:
            here.desk.book("wash", at(half / 2))
    here.clock.wait(later * HOUR)
    listed = {slot.start for slot in here.desk.slots("wash", TODAY)}
    for half in range(-2, 20):
        start = at(half / 2)
        explanation = here.desk.explain("wash", start)
        assert explanation.permitted == (start in listed)
        if start in listed:
            assert here.desk.book("wash", start).interval == Interval(start, start + HALF)
        else:
            with pytest.raises(RefusedError) as refused:
                here.desk.book("wash", start)
            assert refused.value.explanation == explanation


def test_a_window_without_bounds_costs_no_more_than_its_bookable_part() -> None:
    here = shop(rules={"horizon": DAY})
    assert [slot.start for slot in here.desk.slots("wash", EVER)] == [at(n / 2) for n in range(16)]


def test_a_service_without_notice_lists_the_past() -> None:
    here = shop(rules={"notice": None})
    here.clock.wait(2 * DAY)
    assert len(here.desk.slots("wash", TODAY)) == 16


def test_a_limit_takes_the_earliest() -> None:
    desk = shop().desk
    assert desk.slots("wash", TODAY, limit=3) == desk.slots("wash", TODAY)[:3]


def test_one_slot_per_start_is_the_preferred_one() -> None:
    desk = shop(rules={"needs": [Requirement("lift")]}).desk
    desk.add_resource(Resource("low", OPEN, roles="lift", rank=1))
    desk.add_resource(Resource("high", OPEN, roles="lift", rank=2))
    both = desk.slots("wash", TODAY, prefer=by_rank)
    assert [slot.resource_id for slot in both[:2]] == ["high", "low"]
    ones = desk.slots("wash", TODAY, prefer=by_rank, one_per_start=True)
    assert {slot.resource_id for slot in ones} == {"high"}
    assert len(ones) == 16


def test_the_next_slot_is_the_first_of_all_from_now_on() -> None:
    here = shop()
    assert here.desk.next_slot("wash") == here.desk.slots("wash", TODAY)[0]
    here.clock.wait(3 * HOUR + MINUTE)
    found = here.desk.next_slot("wash")
    assert found is not None
    assert found.start == at(0.5)


def test_no_slot_in_reach_is_none() -> None:
    here = shop()
    assert here.desk.next_slot("wash", within=HOUR) is None
    assert here.desk.next_slot("wash", after=at(8), within=dt.timedelta.max) is not None


def test_suggestions_leave_the_day_whole() -> None:
    desk = shop().desk
    desk.book("wash", at(2))
    best = desk.suggest("wash", TODAY, limit=2)
    assert [one.pieces for one in best] == [1, 1]
    assert desk.suggest("wash", Interval(NINE - 9 * DAY, NINE - 8 * DAY)) == []


def test_free_time_is_open_time_without_full_hours() -> None:
    desk = shop(capacity=2).desk
    desk.book("wash", at(0))
    assert desk.free_time("bay", TODAY).duration == 8 * HOUR
    desk.book("wash", at(0))
    assert desk.free_time("bay", TODAY).duration == 8 * HOUR - HALF


def test_a_hold_counts_as_taken_until_it_lapses() -> None:
    here = shop()
    here.desk.hold("wash", at(0))
    assert at(0) not in {slot.start for slot in here.desk.slots("wash", TODAY)}
    here.clock.wait(15 * MINUTE)
    assert at(0) in {slot.start for slot in here.desk.slots("wash", TODAY)}


def test_taking_turns_looks_beyond_the_day() -> None:
    here = shop(rules={"needs": [Requirement("lift")]}, prefer=round_robin)
    for name in ("a", "b"):
        here.desk.add_resource(Resource(name, OPEN, roles="lift"))
    turns = []
    for day in range(4):
        turns.append(here.desk.book("wash", at(0) + day * DAY).resource_ids[0])
        here.clock.wait(MINUTE)
    assert turns == ["a", "b", "a", "b"]


def test_a_booking_goes_to_the_least_loaded_of_the_day() -> None:
    desk = shop(rules={"needs": [Requirement("lift")]}, prefer=least_loaded).desk
    for one in ("left", "right"):
        desk.add_resource(Resource(one, OPEN, roles="lift"))
    for hour in (0, 1):
        desk.book("wash", at(hour), resource_ids=["left"])
    assert desk.book("wash", at(6)).resource_ids == ("right",)


def test_the_least_loaded_is_preferred() -> None:
    desk = shop(rules={"needs": [Requirement("lift")]}, prefer=least_loaded).desk
    for name in ("a", "b"):
        desk.add_resource(Resource(name, OPEN, roles="lift"))
    desk.book("wash", at(0), resource_ids=["a"])
    assert desk.slots("wash", TODAY, one_per_start=True)[1].resource_id == "b"


def test_a_limit_over_all_services_counts_other_resources() -> None:
    once = Limit("customer", "day", "UTC", count=1, all_services=True)
    desk = shop(rules={"limits": [once]}).desk
    desk.add_resource(Resource("lift", OPEN))
    desk.add_service(Service("check", HALF, needs=[Requirement.any_of("lift")]))
    desk.book("check", at(0), customer_id=7)
    assert desk.slots("wash", TODAY, customer_id=7) == []
    assert desk.slots("wash", TODAY, customer_id=8)
    assert desk.slots("wash", TODAY)


def test_a_whole_and_its_parts_exclude_each_other_and_the_parts_do_not() -> None:
    desk = shop().desk
    for half in ("half-1", "half-2"):
        desk.add_resource(Resource(half, OPEN, roles="room"))
    desk.add_resource(Resource("hall", OPEN, roles="room", parts=["half-1", "half-2"]))
    desk.add_service(Service("meet", HALF, needs=[Requirement("room")]))
    first = desk.book("meet", at(0), resource_ids=["half-1"])
    with pytest.raises(SlotTakenError) as refused:
        desk.book("meet", at(0), resource_ids=["hall"])
    assert refused.value.explanation.refusals[0].blockers[0].booking_id == first.id  # type: ignore[union-attr]
    desk.book("meet", at(0), resource_ids=["half-2"])
    whole = desk.book("meet", at(1), resource_ids=["hall"])
    assert whole.resource_ids == ("hall", "half-1", "half-2")
    assert desk.slots("meet", Interval(at(1), at(1.5))) == []


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        ({"service_id": "?"}, NotFoundError),
        ({"service_id": ""}, InvalidFieldError),
        ({"service_id": True}, InvalidFieldError),
        ({"service_id": []}, InvalidFieldError),
        ({"resource_ids": ["?"]}, NotFoundError),
        ({"resource_ids": "bay"}, InvalidFieldError),
        ({"resource_ids": [None]}, InvalidFieldError),
        ({"customer_id": 1.5}, InvalidFieldError),
        ({"duration": dt.timedelta(0)}, InvalidFieldError),
        ({"duration": 30}, InvalidFieldError),
        ({"duration": dt.timedelta.max}, InvalidFieldError),
        ({"units": True}, InvalidFieldError),
        ({"units": 0}, InvalidFieldError),
    ],
)
def test_asking_nonsense_is_an_error_of_ours(wish: dict[str, Any], error: type[Exception]) -> None:
    desk = shop().desk
    asked = {"service_id": "wash", **wish}
    for ask in (
        lambda: desk.slots(window=TODAY, **asked),
        lambda: desk.slots(window=Interval(NINE - 9 * DAY, NINE - 8 * DAY), **asked),
        lambda: desk.suggest(window=TODAY, **asked),
        lambda: desk.next_slot(**asked),
        lambda: desk.explain(start=NINE, **asked),
        lambda: desk.book(start=NINE, **asked),
    ):
        with pytest.raises(error):
            ask()


def test_bad_bounds_are_errors_of_ours() -> None:
    desk = shop().desk
    naive: Any = dt.datetime(2025, 10, 20)
    for call in (
        lambda: desk.slots("wash", TODAY, limit=-1),
        lambda: desk.slots("wash", TODAY, limit=0),
        lambda: desk.suggest("wash", TODAY, limit=True),
        lambda: desk.slots("wash", "today"),  # type: ignore[arg-type]
        lambda: desk.free_time("bay", None),  # type: ignore[arg-type]
    ):
        with pytest.raises(InvalidFieldError):
            call()
    with pytest.raises(NaiveDatetimeError):
        desk.explain("wash", naive)
    with pytest.raises(NaiveDatetimeError):
        desk.next_slot("wash", after=naive)
    with pytest.raises(InvalidIntervalError):
        desk.next_slot("wash", within=dt.timedelta(0))
    with pytest.raises(NotFoundError):
        desk.free_time("?", TODAY)


@pytest.mark.parametrize("year", [1, 9999])
def test_the_ends_of_time_are_refused_and_not_stumbled_over(year: int) -> None:
    desk = shop(rules={"notice": None}).desk
    for instant in (dt.datetime(year, 1, 2, tzinfo=dt.UTC), dt.datetime(year, 12, 31, 23, 59, tzinfo=dt.UTC)):
        assert not desk.explain("wash", instant).permitted
        for duration in (None, 36_525 * DAY):
            with pytest.raises(RefusedError):
                desk.book("wash", instant, duration=duration)


def test_a_listed_slot_is_plain_data_that_a_booking_keeps() -> None:
    desk = shop().desk
    slot = desk.slots("wash", TODAY)[5]
    booked = desk.book_slot(slot, customer_id=7)
    assert isinstance(booked, Booking)
    kept = (booked.service_id, booked.interval, booked.resource_ids, booked.price)
    assert kept == (slot.service_id, slot.interval, slot.resource_ids, slot.price)
