from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from uuid import UUID

import attrs
import pytest
from tests.desk.shops import EUROS, HALF, HOUR, MINUTE, TODAY, Provider, Shop, at, shop
from tests.desk.test_versions import USE_CASES

from slotkeeper import (
    Actor,
    BookingDesk,
    IdempotencyMismatchError,
    IdempotencyPendingError,
    Interval,
    NotFoundError,
    NotModifiableError,
    RefusedError,
    Resource,
    Service,
    SlotTakenError,
    Timeslot,
)
from slotkeeper.ports import KeptResult

Call = Callable[[BookingDesk, str], Any]


def _prepared() -> Shop:
    here = shop(payments=Provider())
    here.desk.book("wash", at(0), booking_id="b")
    here.desk.book("wash", at(1), booking_id="asked", action="request")
    here.desk.add_timeslot(Timeslot("t", "bay", Interval(at(5), at(5.5)), service_id="wash"))
    now, here.clock.now = here.clock.now, at(-80)
    here.desk.book("wash", at(-72), booking_id="missed")
    here.clock.now = now
    here.desk.start(here.desk.book("wash", at(7), booking_id="begun").id)
    with here.desk.store.begin() as unit:
        unit.outbox.append(attrs.evolve(here.told[0], id="parked"))
        unit.outbox.mark_sent([one.id for one in here.told], at=here.clock.now)
        unit.outbox.claim("relay", now=here.clock.now, until=at(8), limit=1)
        unit.outbox.park("relay", "parked", at=here.clock.now, fault="x")
    return here


CALLS: dict[str, tuple[Call, Call]] = {
    "book": (
        lambda desk, key: desk.book("wash", at(2), key=key),
        lambda desk, key: desk.book("wash", at(3), key=key),
    ),
    "book with facts": (
        lambda desk, key: desk.book("wash", at(2), attributes={"a": 1, "b": [1, None]}, key=key),
        lambda desk, key: desk.book("wash", at(2), attributes={"a": 1, "b": [1, 2]}, key=key),
    ),
    "hold": (
        lambda desk, key: desk.hold("wash", at(2), key=key),
        lambda desk, key: desk.book("wash", at(2), key=key),
    ),
    "book_slot": (
        lambda desk, key: desk.book_slot(desk.slots("wash", TODAY)[-1], key=key),
        lambda desk, key: desk.book_slot(desk.slots("wash", TODAY)[-2], key=key),
    ),
    "book_timeslot": (
        lambda desk, key: desk.book_timeslot("t", key=key),
        lambda desk, key: desk.book_timeslot("t", notes="x", key=key),
    ),
    "book_series": (
        lambda desk, key: desk.book_series("wash", [at(2), at(3), at(0)], all_or_nothing=False, key=key),
        lambda desk, key: desk.book_series("wash", [at(2), at(3)], key=key),
    ),
    "act": (
        lambda desk, key: desk.act("b", "start", key=key),
        lambda desk, key: desk.act("b", "start", reason="x", key=key),
    ),
    "confirm": (
        lambda desk, key: desk.confirm("asked", key=key),
        lambda desk, key: desk.confirm("b", key=key),
    ),
    "amend": (
        lambda desk, key: desk.amend("b", at(3), notes="late", status="in_progress", key=key),
        lambda desk, key: desk.amend("b", at(3), notes="late", key=key),
    ),
    "set_status": (
        lambda desk, key: desk.set_status("b", "in_progress", key=key),
        lambda desk, key: desk.set_status("b", "cancelled", key=key),
    ),
    "cancel": (
        lambda desk, key: desk.cancel("b", key=key),
        lambda desk, key: desk.cancel("b", reason="x", key=key),
    ),
    "reschedule": (
        lambda desk, key: desk.reschedule("b", at(4), key=key),
        lambda desk, key: desk.reschedule("b", at(6), key=key),
    ),
    "update": (
        lambda desk, key: desk.update("b", notes="x", key=key),
        lambda desk, key: desk.update("b", notes="y", key=key),
    ),
    "settle": (
        lambda desk, key: desk.settle("b", key=key),
        lambda desk, key: desk.settle("b", paid=EUROS, key=key),
    ),
    "add_resource": (
        lambda desk, key: desk.add_resource(Resource("new"), key=key),
        lambda desk, key: desk.add_resource(Resource("newer"), key=key),
    ),
    "update_resource": (
        lambda desk, key: desk.update_resource(Resource("bay", capacity=3), key=key),
        lambda desk, key: desk.update_resource(Resource("bay", capacity=4), key=key),
    ),
    "add_service": (
        lambda desk, key: desk.add_service(Service("new", HALF), key=key),
        lambda desk, key: desk.add_service(Service("new", HOUR), key=key),
    ),
    "add_timeslot": (
        lambda desk, key: desk.add_timeslot(Timeslot("u", "bay", TODAY), key=key),
        lambda desk, key: desk.add_timeslot(Timeslot("v", "bay", TODAY), key=key),
    ),
    "checkout": (
        lambda desk, key: desk.checkout("b", key=key),
        lambda desk, key: desk.checkout("b", expected_version=1, key=key),
    ),
    "start": (
        lambda desk, key: desk.start("b", key=key),
        lambda desk, key: desk.start("b", reason="x", key=key),
    ),
    "decline": (
        lambda desk, key: desk.decline("asked", key=key),
        lambda desk, key: desk.decline("asked", reason="x", key=key),
    ),
    "complete": (
        lambda desk, key: desk.complete("begun", key=key),
        lambda desk, key: desk.complete("begun", reason="x", key=key),
    ),
    "mark_no_show": (
        lambda desk, key: desk.mark_no_show("missed", key=key),
        lambda desk, key: desk.mark_no_show("missed", reason="x", key=key),
    ),
    "put_resource": (
        lambda desk, key: desk.put_resource(Resource("new"), key=key),
        lambda desk, key: desk.put_resource(Resource("newer"), key=key),
    ),
    "deactivate_resource": (
        lambda desk, key: desk.deactivate_resource("bay", key=key),
        lambda desk, key: desk.deactivate_resource("bay", expected_version=1, key=key),
    ),
    "put_service": (
        lambda desk, key: desk.put_service(Service("new", HALF), key=key),
        lambda desk, key: desk.put_service(Service("new", HOUR), key=key),
    ),
    "update_service": (
        lambda desk, key: desk.update_service(Service("wash", HALF), key=key),
        lambda desk, key: desk.update_service(Service("wash", HOUR), key=key),
    ),
    "deactivate_service": (
        lambda desk, key: desk.deactivate_service("wash", key=key),
        lambda desk, key: desk.deactivate_service("wash", expected_version=1, key=key),
    ),
    "delete_timeslot": (
        lambda desk, key: desk.delete_timeslot("t", key=key),
        lambda desk, key: desk.delete_timeslot("t", expected_version=1, key=key),
    ),
    "retry_event": (
        lambda desk, key: desk.retry_event("parked", key=key),
        lambda desk, key: desk.retry_event("other", key=key),
    ),
    "dismiss_event": (
        lambda desk, key: desk.dismiss_event("parked", key=key),
        lambda desk, key: desk.dismiss_event("other", key=key),
    ),
    "generate_timeslots": (
        lambda desk, key: desk.generate_timeslots("bay", TODAY, HOUR, key=key),
        lambda desk, key: desk.generate_timeslots("bay", TODAY, HALF, key=key),
    ),
}


def test_each_command_with_a_key_is_tried_here() -> None:
    keyed = {name for name, arguments in USE_CASES.items() if "key" in arguments}
    assert keyed == CALLS.keys() - {"book with facts"}


@pytest.mark.parametrize("name", CALLS)
def test_a_repeat_gives_an_equal_result_and_does_nothing(name: str) -> None:
    call, other = CALLS[name]
    if name == "book_slot":
        slot = _prepared().desk.slots("wash", TODAY)[-1]
        call = lambda desk, key: desk.book_slot(slot, key=key)  # noqa: E731 - the same slot both times
    here = _prepared()
    first = call(here.desk, "k")
    before, told = here.written(), len(here.told)
    here.clock.wait(MINUTE)
    assert call(here.desk, "k") == first
    with pytest.raises(IdempotencyMismatchError):
        other(here.desk, "k")
    assert here.written() == before
    assert len(here.told) == told


def test_a_repeat_gives_the_first_result_whatever_happened_since() -> None:
    here = _prepared()
    first = here.desk.book("wash", at(2), key="k")
    here.desk.cancel(first.id)
    assert here.desk.book("wash", at(2), key="k") == first


def test_a_refusal_is_repeated_even_when_the_place_is_free_by_then() -> None:
    here = _prepared()
    with pytest.raises(SlotTakenError) as first:
        here.desk.book("wash", at(0), key="k")
    here.desk.cancel("b")
    here.clock.wait(HOUR)
    with pytest.raises(SlotTakenError) as again:
        here.desk.book("wash", at(0), key="k")
    assert again.value.explanation == first.value.explanation
    with pytest.raises(IdempotencyMismatchError):
        here.desk.book("wash", at(0), notes="x", key="k")
    assert here.desk.book("wash", at(0), key="other").version == 1


@pytest.mark.parametrize("start", [at(-2), at(0), at(0.1), at(-24)])
def test_every_kind_of_refusal_survives_being_kept(start: dt.datetime) -> None:
    here = _prepared()
    for call in (
        lambda: here.desk.book("wash", start, key="k"),
        lambda: here.desk.reschedule("asked", start, key="k"),
        lambda: here.desk.book_series("wash", [start], key="k"),
    ):
        seen = []
        for _ in range(2):
            with pytest.raises(RefusedError) as refused:
                call()
            seen.append((type(refused.value), refused.value.explanation))
        assert seen[0] == seen[1]


def test_what_was_malformed_or_missing_is_not_remembered() -> None:
    desk = _prepared().desk
    with pytest.raises(NotFoundError):
        desk.book("new", at(2), key="k")
    desk.add_service(Service("new", HALF))
    assert desk.book("new", at(2), key="k").service_id == "new"


def test_keys_of_different_actors_and_commands_do_not_meet() -> None:
    desk = _prepared().desk
    made = [
        desk.book("wash", at(2 + n), actor=who, key="k") for n, who in enumerate([None, Actor(1), Actor("1")])
    ]
    assert len({one.id for one in made}) == 3
    desk.start("b", key="k")
    desk.complete("b", key="k")


def test_a_repeat_that_began_before_the_first_call_ended_gets_the_first_result() -> None:
    here = _prepared()
    store: Any = here.desk.store
    keys = store._unit.keys

    class Late:
        """Shows a key only from the second look on, as a snapshot taken too early does."""

        looks = 0

        def get(self, scope: str, key: str) -> KeptResult | None:
            self.looks += 1
            return keys.get(scope, key) if self.looks > 1 else None

        keep = keys.keep

    first = here.desk.book("wash", at(2), key="k")
    started = here.desk.start("b", key="k")
    before = here.written()
    store._unit.keys = Late()
    assert here.desk.book("wash", at(2), key="k") == first
    store._unit.keys = Late()
    assert here.desk.start("b", key="k") == started
    assert here.written() == before


def test_a_key_that_is_taken_but_unseen_is_pending() -> None:
    here = _prepared()

    class Busy:
        def get(self, _scope: str, _key: str) -> None:
            return None

        def keep(self, _scope: str, key: str, _kept: KeptResult) -> None:
            raise IdempotencyPendingError(key)

    here.desk.store._unit.keys = Busy()  # type: ignore[attr-defined]
    before = here.written()
    with pytest.raises(IdempotencyPendingError):
        here.desk.book("wash", at(2), key="k")
    assert here.written() == before


def test_a_lifecycle_error_is_no_result_to_keep() -> None:
    here = _prepared()
    here.desk.cancel("b")
    for _ in range(2):
        with pytest.raises(NotModifiableError):
            here.desk.start("b", key="k")


def test_a_uuid_and_the_text_that_writes_it_are_different_content() -> None:
    here = shop()
    customer = UUID(int=7)
    here.desk.book("wash", at(0), customer_id=customer, key="k")
    with pytest.raises(IdempotencyMismatchError):
        here.desk.book("wash", at(0), customer_id=customer.urn, key="k")


class DriversUuid(UUID):
    """As asyncpg gives UUIDs."""


def test_a_repeat_may_come_with_another_class_of_the_same_id() -> None:
    here, text = shop(), "550e8400-e29b-41d4-a716-446655440000"
    theirs = DriversUuid(text)
    first = here.desk.book("wash", at(0), customer_id=theirs, actor=Actor(theirs), key="k")
    assert here.desk.book("wash", at(0), customer_id=UUID(text), actor=Actor(UUID(text)), key="k") == first
