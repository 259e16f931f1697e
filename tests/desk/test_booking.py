from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.desk.shops import HALF, HOUR, NINE, OPEN, TODAY, at, shop

from slotkeeper import (
    STANDARD,
    Actor,
    DuplicateIdError,
    DurationChoice,
    ForbiddenError,
    HasRole,
    HourlyPrice,
    InvalidFieldError,
    InvalidInputError,
    InvalidInstantError,
    IsOwner,
    Load,
    Money,
    NaiveDatetimeError,
    NamedPrice,
    NotFoundError,
    Requirement,
    Resource,
    Schedule,
    Service,
    SlotkeeperError,
    SlotTakenError,
    TransitionError,
    UnitsError,
    WholeOpening,
)

_TOO_DEEP: Any = []
for _ in range(5_000):
    _TOO_DEEP = [_TOO_DEEP]


def test_a_booking_keeps_what_it_was_made_of() -> None:
    here = shop()
    made = here.desk.book(
        "wash", at(0), customer_id=7, notes="red car", attributes={"plate": "WAW1"}, booking_id="b-1"
    )
    assert here.desk.get("b-1") == made
    assert (made.id, made.customer_id, made.notes, made.attributes) == (
        "b-1",
        7,
        "red car",
        {"plate": "WAW1"},
    )
    assert (made.status, made.version, made.price) == ("confirmed", 1, Money.of(40, "EUR"))
    assert made.created_at == made.updated_at == here.clock.now


def test_any_offset_means_the_same_instant() -> None:
    zone = dt.timezone(dt.timedelta(hours=5, minutes=45))
    assert shop().desk.book("wash", at(0).astimezone(zone)).interval.start == at(0)


@given(st.lists(st.tuples(st.integers(0, 15), st.integers(1, 3)), max_size=25), st.integers(1, 3))
def test_no_sequence_of_bookings_exceeds_the_capacity(wishes: list[tuple[int, int]], capacity: int) -> None:
    desk = shop(capacity=capacity, rules={"duration": HOUR, "grid": HALF}).desk
    for half, units in wishes:
        before = {one.id for one in desk.find().items}
        try:
            desk.book("wash", at(half / 2), units=units)
        except (SlotTakenError, UnitsError, SlotkeeperError):
            assert {one.id for one in desk.find().items} == before
    rows = [(one.interval, one.units) for one in desk.find().items]
    assert Load.of(rows).peak(TODAY) <= capacity


def test_the_hosts_own_price_stands() -> None:
    assert shop().desk.book("wash", at(0), price=Money.of(36, "EUR")).price == Money.of(36, "EUR")


def test_a_named_price_is_the_functions_that_the_desk_was_given() -> None:
    by_name = {"weekday": lambda interval, units: Money.of(interval.start.weekday() + units, "EUR")}
    desk = shop(rules={"price": NamedPrice("weekday")}, prices=by_name).desk
    assert desk.book("wash", at(24)).price == Money.of(2, "EUR")


def test_price_follows_units_and_length() -> None:
    rules = {"price": HourlyPrice(Money.of(40, "EUR")), "duration": DurationChoice([HALF, HOUR])}
    desk = shop(capacity=3, rules=rules).desk
    assert desk.book("wash", at(0), duration=HOUR, units=2).price == Money.of(80, "EUR")


def test_a_whole_opening_is_booked_seat_by_seat_until_it_is_full() -> None:
    desk = shop().desk
    desk.add_resource(Resource("stream", Schedule.of([TODAY]), capacity=2))
    desk.add_service(Service("course", WholeOpening(), needs=[Requirement.any_of("stream")], notice=None))
    for _ in range(2):
        slot = desk.next_slot("course", after=TODAY.start)
        assert slot is not None
        assert desk.book_slot(slot).interval == TODAY
    assert desk.next_slot("course", after=TODAY.start) is None
    with pytest.raises(SlotTakenError):
        desk.book("course", TODAY.start)


def test_several_resources_are_taken_at_once_or_not_at_all() -> None:
    desk = shop(rules={"needs": [Requirement.any_of("bay"), Requirement("mechanic")]}).desk
    desk.add_resource(Resource("jan", OPEN, roles="mechanic"))
    desk.add_service(Service("advice", HALF, needs=[Requirement("mechanic")]))
    assert set(desk.book("wash", at(0)).resource_ids) == {"bay", "jan"}
    desk.book("advice", at(1))
    with pytest.raises(SlotTakenError):
        desk.book("wash", at(1))
    assert at(1) in {one.start for one in desk.free_time("bay", TODAY)} | {at(1)}
    assert desk.free_time("bay", TODAY).duration == 8 * HOUR - HALF


def test_an_id_is_used_once() -> None:
    here = shop()
    here.desk.book("wash", at(0), booking_id=1)
    before = here.written()
    with pytest.raises(DuplicateIdError):
        here.desk.book("wash", at(1), booking_id=1)
    assert here.written() == before


def test_a_creating_action_obeys_its_guards() -> None:
    table = STANDARD.with_guards("book", who=[HasRole("staff")]).with_guards("request", who=[IsOwner()])
    desk = shop(lifecycle=table).desk
    with pytest.raises(ForbiddenError):
        desk.book("wash", at(0), actor=Actor(7), customer_id=7)
    with pytest.raises(ForbiddenError):
        desk.book("wash", at(0), actor=Actor(7), customer_id=8, action="request")
    assert desk.book("wash", at(0), actor=Actor(7), customer_id=7, action="request").status == "pending"
    assert desk.book("wash", at(1), actor=Actor(9, roles="staff"), customer_id=7).status == "confirmed"
    assert desk.book("wash", at(2)).status == "confirmed"


@pytest.mark.parametrize("action", ["cancel", "confirm", "expire", "reschedule", "fly", "", " ", "update"])
def test_an_action_that_creates_nothing_is_refused_cleanly(action: str) -> None:
    here = shop()
    before = here.written()
    with pytest.raises((TransitionError, InvalidFieldError)):
        here.desk.book("wash", at(0), action=action)
    assert here.written() == before


@pytest.mark.parametrize(
    "bad",
    [
        {"customer_id": ""},
        {"customer_id": True},
        {"customer_id": 1.0},
        {"booking_id": ""},
        {"booking_id": False},
        {"booking_id": b"x"},
        {"resource_ids": "bay"},
        {"resource_ids": [True]},
        {"duration": 1800},
        {"duration": -HALF},
        {"units": True},
        {"units": 1.0},
        {"units": -1},
        {"price": 40},
        {"price": Money.of(-1, "EUR")},
        {"notes": 5},
        {"notes": None},
        {"attributes": {"x": float("nan")}},
        {"attributes": {"x": float("inf")}},
        {"attributes": {1: "x"}},
        {"attributes": {"x": {1, 2}}},
        {"attributes": {"x": _TOO_DEEP}},
        {"attributes": [("x", 1)]},
        {"action": 5},
        {"actor": "alice"},
        {"key": ""},
        {"key": 5},
        {"service_id": None},
        {"service_id": {}},
    ],
    ids=lambda bad: next(iter(bad)),
)
def test_bad_arguments_are_errors_of_ours_and_write_nothing(bad: dict[str, Any]) -> None:
    here = shop()
    before = here.written()
    with pytest.raises(InvalidInputError):
        here.desk.book(**{"service_id": "wash", "start": at(0), "key": "k", **bad})
    assert here.written() == before
    assert here.desk.book("wash", at(0), key="k").version == 1


def test_a_start_must_be_an_instant() -> None:
    desk = shop().desk
    with pytest.raises(NaiveDatetimeError):
        desk.book("wash", NINE.replace(tzinfo=None))
    for start in ("2025-10-20T09:00Z", None, 5, NINE.date()):
        with pytest.raises(InvalidInstantError):
            desk.book("wash", start)  # type: ignore[arg-type]


def test_unknown_things_are_not_found() -> None:
    desk = shop().desk
    for service, resources in (("?", []), ("wash", ["?"]), (uuid4(), [])):
        with pytest.raises(NotFoundError):
            desk.book(service, at(0), resource_ids=resources)
    with pytest.raises(NotFoundError):
        desk.get("?")


def test_nothing_starts_at_the_last_instant_there_is() -> None:
    here = shop(rules={"notice": None})
    with pytest.raises(InvalidInstantError):
        here.desk.book("wash", dt.datetime.max.replace(tzinfo=dt.UTC))
