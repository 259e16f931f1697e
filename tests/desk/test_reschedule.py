from __future__ import annotations

import datetime as dt
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.desk.shops import DAY, EUROS, HALF, HOUR, OPEN, TIERS, TODAY, at, shop

from slotkeeper import (
    STANDARD,
    DurationChoice,
    FixedFee,
    Interval,
    InvalidFieldError,
    Money,
    NaiveDatetimeError,
    NotFoundError,
    NotModifiableError,
    NotOfferedError,
    OutsideHoursError,
    PolicyError,
    RefusedError,
    Requirement,
    ReschedulePolicy,
    Resource,
    Schedule,
    Service,
    SlotTakenError,
    Timeslot,
    TransitionError,
    WholeOpening,
)


@given(st.sets(st.integers(0, 15), min_size=1), st.data())
def test_moving_frees_the_old_place_and_takes_the_new_one_or_changes_nothing(
    taken: set[int], data: st.DataObject
) -> None:
    here = shop()
    made = {half: here.desk.book("wash", at(half / 2)) for half in sorted(taken)}
    old = data.draw(st.sampled_from(sorted(taken)))
    new = data.draw(st.integers(-2, 17))
    before, told = here.written(), len(here.told)
    if new != old and (new in taken or not 0 <= new < 16):
        with pytest.raises(RefusedError):
            here.desk.reschedule(made[old].id, at(new / 2))
        assert here.written() == before
        assert len(here.told) == told
        return
    moved = here.desk.reschedule(made[old].id, at(new / 2)).booking
    assert (moved.interval.start, moved.moved, moved.version) == (at(new / 2), 1, 2)
    assert moved.allocations[0].interval == moved.interval
    free = {slot.start for slot in here.desk.slots("wash", TODAY)}
    assert free == {at(half / 2) for half in range(16) if half not in taken - {old} | {new}}
    assert (here.told[-1].before, here.told[-1].booking) == (made[old], moved)


def test_a_booking_may_move_into_its_own_place() -> None:
    desk = shop(rules={"duration": HOUR, "grid": HALF}).desk
    made = desk.book("wash", at(0))
    assert desk.reschedule(made.id, at(0.5)).booking.interval.start == at(0.5)


def test_a_move_may_await_confirmation_anew() -> None:
    desk = shop().desk
    made = desk.book("wash", at(0))
    moved = desk.reschedule(
        made.id, at(1), action="request_reschedule", reason="late", notes="n", attributes={"x": 1}
    )
    assert (moved.booking.status, moved.booking.reason) == ("rescheduled", "late")
    assert (moved.booking.notes, moved.booking.attributes) == ("n", {"x": 1})
    assert desk.confirm(made.id).status == "confirmed"


def test_the_policy_binds_moves_and_its_quote_comes_along() -> None:
    rule = ReschedulePolicy(notice=2 * HOUR, max_times=2, fee=FixedFee(Money.of(5, "EUR")))
    here = shop(rules={"policy": attrs.evolve(TIERS, reschedule=rule)})
    made = here.desk.book("wash", at(1))
    quote = here.desk.quote_reschedule(made.id)
    assert here.desk.reschedule(made.id, at(2)).quote == quote
    assert quote.due == Money.of(5, "EUR")
    here.desk.reschedule(made.id, at(3))
    before = here.written()
    with pytest.raises(PolicyError):
        here.desk.reschedule(made.id, at(4))
    with pytest.raises(PolicyError):
        here.desk.quote_reschedule(made.id)
    other = here.desk.book("wash", at(0))
    here.clock.now = at(-1)
    with pytest.raises(PolicyError):
        here.desk.reschedule(other.id, at(5))
    assert here.written()[2] != before[2]


def test_to_another_resource_at_the_same_time() -> None:
    desk = shop().desk
    for name, seats in (("3rd", 20), ("4th", 1)):
        desk.add_resource(Resource(name, Schedule.of([TODAY]), capacity=seats, roles="stream"))
    desk.add_service(Service("course", WholeOpening(), needs=[Requirement("stream")], notice=None))
    one = desk.book("course", TODAY.start, resource_ids=["3rd"])
    two = desk.book("course", TODAY.start, resource_ids=["3rd"])
    assert desk.reschedule(one.id, resource_ids=["4th"]).booking.resource_ids == ("4th",)
    with pytest.raises(SlotTakenError):
        desk.reschedule(two.id, resource_ids=["4th"])
    assert desk.get(two.id) == two
    assert desk.reschedule(one.id, resource_ids=["3rd"]).booking.resource_ids == ("3rd",)


def test_the_present_resource_is_kept_unless_the_choice_is_left_open() -> None:
    desk = shop(rules={"needs": [Requirement("mechanic")]}).desk
    for name in ("jan", "ewa"):
        desk.add_resource(Resource(name, OPEN, roles="mechanic"))
    made = desk.book("wash", at(0), resource_ids=["jan"])
    desk.book("wash", at(1), resource_ids=["jan"])
    with pytest.raises(SlotTakenError):
        desk.reschedule(made.id, at(1))
    assert desk.reschedule(made.id, at(1), resource_ids=[]).booking.resource_ids == ("ewa",)


def test_a_whole_moves_with_its_parts() -> None:
    desk = shop(rules={"needs": [Requirement("room")]}).desk
    for half in ("half-1", "half-2"):
        desk.add_resource(Resource(half, OPEN, roles="room"))
    desk.add_resource(Resource("hall", OPEN, roles="room", parts=["half-1", "half-2"]))
    made = desk.book("wash", at(0), resource_ids=["hall"])
    assert desk.reschedule(made.id, at(1)).booking.resource_ids == ("hall", "half-1", "half-2")


def test_another_service_brings_its_length_and_price() -> None:
    desk = shop().desk
    desk.add_service(Service("polish", HOUR, needs=[Requirement.any_of("bay")], price=Money.of(70, "EUR")))
    made = desk.book("wash", at(0))
    moved = desk.reschedule(made.id, service_id="polish").booking
    assert (moved.interval.start, moved.interval.duration, moved.price) == (at(0), HOUR, Money.of(70, "EUR"))


def test_another_service_on_other_resources_needs_them_named_or_left_open() -> None:
    desk = shop().desk
    desk.add_resource(Resource("lift", OPEN))
    desk.add_service(Service("check", HALF, needs=[Requirement.any_of("lift")]))
    made = desk.book("wash", at(0))
    assert desk.reschedule(made.id, service_id="check").booking.resource_ids == ("lift",)
    with pytest.raises(NotOfferedError):
        desk.reschedule(made.id, resource_ids=["bay"])


def test_the_hosts_own_price_moves_along_and_the_services_is_made_anew() -> None:
    desk = shop(rules={"duration": DurationChoice([HALF, HOUR])}).desk
    own = desk.book("wash", at(0), price=Money.of(36, "EUR"))
    assert desk.reschedule(own.id, at(1), duration=HOUR).booking.price == Money.of(36, "EUR")
    usual = desk.book("wash", at(3))
    desk.update_service(attrs.evolve(desk.get_service("wash"), price=Money.of(50, "EUR")))
    assert desk.reschedule(usual.id, at(4)).booking.price == EUROS


def test_the_length_is_kept_unless_another_is_asked_for() -> None:
    desk = shop(rules={"duration": DurationChoice([HALF, HOUR]), "grid": HALF}).desk
    made = desk.book("wash", at(0), duration=HOUR)
    assert desk.reschedule(made.id, at(2)).booking.interval.duration == HOUR
    assert desk.reschedule(made.id, duration=HALF).booking.interval == Interval(at(2), at(2.5))


def test_to_a_stored_slot_and_off_it() -> None:
    desk = shop().desk
    desk.add_timeslot(Timeslot("t", "bay", Interval(at(1), at(1.75)), service_id="wash"))
    made = desk.book("wash", at(0))
    moved = desk.reschedule(made.id, timeslot_id="t").booking
    assert (moved.interval, moved.timeslot_id) == (Interval(at(1), at(1.75)), "t")
    assert desk.reschedule(made.id, at(3), duration=HALF).booking.timeslot_id is None
    with pytest.raises(NotFoundError):
        desk.reschedule(made.id, timeslot_id="?")


def test_to_the_stored_slot_of_another_room_takes_that_rooms_service() -> None:
    desk = shop().desk
    desk.add_resource(Resource("room-2", OPEN))
    desk.add_service(Service("rent-2", HALF, needs=[Requirement.any_of("room-2")], price=Money.of(60, "EUR")))
    desk.add_timeslot(Timeslot(2, "room-2", Interval(at(1), at(1.5)), service_id="rent-2"))
    moved = desk.reschedule(desk.book("wash", at(0)).id, timeslot_id=2).booking
    assert (moved.service_id, moved.resource_ids, moved.price) == ("rent-2", ("room-2",), Money.of(60, "EUR"))


def test_what_is_over_cannot_be_moved() -> None:
    desk = shop().desk
    made = desk.book("wash", at(0))
    desk.cancel(made.id)
    with pytest.raises(NotModifiableError):
        desk.reschedule(made.id, at(1))


def test_a_lifecycle_without_moves_refuses_them() -> None:
    here = shop(lifecycle=STANDARD.without("reschedule", "request_reschedule"))
    made = here.desk.book("wash", at(0))
    before = here.written()
    with pytest.raises(TransitionError):
        here.desk.reschedule(made.id, at(1))
    assert here.written() == before


@pytest.mark.parametrize("action", ["cancel", "expire", "fly", "book", ""])
def test_only_an_action_that_takes_resources_moves(action: str) -> None:
    here = shop()
    made = here.desk.book("wash", at(0))
    before = here.written()
    with pytest.raises((InvalidFieldError, TransitionError)):
        here.desk.reschedule(made.id, at(1), action=action)
    assert here.written() == before


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ({}, InvalidFieldError),
        ({"notes": "only"}, InvalidFieldError),
        ({"start": dt.datetime(2025, 10, 20, 10)}, NaiveDatetimeError),
        ({"timeslot_id": ""}, InvalidFieldError),
        ({"timeslot_id": "t", "start": at(1)}, InvalidFieldError),
        ({"resource_ids": "bay"}, InvalidFieldError),
        ({"resource_ids": ["?"]}, NotFoundError),
        ({"duration": 30}, InvalidFieldError),
        ({"service_id": "?"}, NotFoundError),
        ({"service_id": True}, InvalidFieldError),
        ({"start": at(1), "attributes": {"x": float("nan")}}, InvalidFieldError),
        ({"start": at(1), "notes": 5}, InvalidFieldError),
        ({"start": at(1), "expected_version": "1"}, InvalidFieldError),
        ({"start": at(-1)}, OutsideHoursError),
    ],
)
def test_a_bad_place_changes_nothing(place: dict[str, Any], error: type[Exception]) -> None:
    here = shop()
    made = here.desk.book("wash", at(0))
    before = here.written()
    with pytest.raises(error):
        here.desk.reschedule(made.id, **place)
    with pytest.raises((error, NotFoundError)):
        here.desk.reschedule("?", **place)
    assert here.written() == before


def test_a_move_into_the_past_is_refused() -> None:
    here = shop()
    made = here.desk.book("wash", at(24))
    here.clock.wait(DAY - HOUR)
    with pytest.raises(RefusedError) as refused:
        here.desk.reschedule(made.id, at(0))
    assert refused.value.code == "too_soon"
