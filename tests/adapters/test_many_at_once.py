"""Repeats, relays and sweepers that run at once, each on a connection of its own, on every database."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

import attrs
import pytest
from tests.adapters.servers import SERVERS, a_store
from tests.adapters.stores import remove_file, store_in_a_file

from slotkeeper import (
    BookingDesk,
    Event,
    IdempotencyMismatchError,
    MemoryStore,
    Redelivery,
    Resource,
    Service,
)
from slotkeeper.domain.ids import Id
from slotkeeper.ports import Store
from slotkeeper.testing.contract.samples import HOUR, NOW, at

R = TypeVar("R")

CROWD = 6
NAMES = ["memory", "sqlite", *SERVERS]


@contextmanager
def lent(name: str) -> Iterator[Store]:
    """Lend an empty store."""
    if name == "memory":
        yield MemoryStore()
    elif name == "sqlite":
        store = store_in_a_file()
        yield store
        remove_file(store)
    else:
        with a_store(SERVERS[name]) as made:
            yield made


@pytest.fixture(params=NAMES)
def desk(request: pytest.FixtureRequest) -> Iterator[BookingDesk]:
    """Lend a desk of two rooms with many seats."""
    with lent(request.param) as store:
        yield opened(store)


def opened(store: Store) -> BookingDesk:
    desk = BookingDesk(store, clock=lambda: NOW)
    for number in (1, 2):
        desk.add_resource(Resource(number, capacity=50))
    desk.add_service(Service("visit", HOUR, hold_for=HOUR))
    return desk


def at_once(*calls: Callable[[], R]) -> list[R]:
    """Make calls from as many threads, all beginning together, and return what each gave."""
    gate = threading.Barrier(len(calls))

    def call(one: Callable[[], R]) -> R:
        gate.wait(timeout=20)
        return one()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(call, calls))


def actions(desk: BookingDesk) -> Counter[tuple[Id, str]]:
    with desk.store.begin(write=False) as unit:
        return Counter((one.booking_id, one.action) for one in unit.outbox.pending(limit=10_000))


# -- repeats -------------------------------------------------------------------------------------------------


def test_repeats_that_come_at_once_all_get_the_one_booking(desk: BookingDesk) -> None:
    for number in range(8):
        found = at_once(*[lambda number=number: desk.book("visit", at(9), key=f"key {number}")] * CROWD)
        assert found == [found[0]] * CROWD
    assert desk.find().total == 8


def test_of_different_requests_with_one_key_one_is_carried_out_and_the_others_are_told(
    desk: BookingDesk,
) -> None:
    def book(hour: int) -> object:
        try:
            return desk.book("visit", at(hour), key="key").interval.start
        except IdempotencyMismatchError as error:
            return error.key

    found = at_once(*[lambda hour=hour: book(hour) for hour in range(9, 9 + CROWD)])
    (made,) = desk.find().items
    assert Counter(found) == {made.interval.start: 1, "key": CROWD - 1}


def test_a_cancellation_that_is_repeated_at_once_happens_once(desk: BookingDesk) -> None:
    made = desk.book("visit", at(9))
    found = at_once(*[lambda: desk.cancel(made.id, key="key")] * CROWD)
    assert found == [found[0]] * CROWD
    assert actions(desk)[made.id, "cancel"] == 1


# -- relays --------------------------------------------------------------------------------------------------


def with_events(desk: BookingDesk) -> list[Event]:
    """Make bookings with several events each, and return all events."""
    made = [desk.book("visit", at(hour)).id for hour in (9, 9, 10, 10, 11)]
    for number in range(4):
        for one in made:
            desk.update(one, notes=str(number))
    with desk.store.begin(write=False) as unit:
        return list(unit.outbox.pending(limit=1000))


def by_booking(events: list[Event]) -> dict[Id, list[Id]]:
    found = defaultdict[Id, list[Id]](list)
    for one in events:
        found[one.booking_id].append(one.id)
    return found


def test_relays_hand_each_event_on_once_and_those_of_a_booking_in_order(desk: BookingDesk) -> None:
    events, sent = with_events(desk), list[Event]()
    counts = at_once(*[lambda: desk.relay(sent.append, limit=7)] * CROWD)
    counts.append(desk.relay(sent.append))
    assert sum(counts) == len(sent)
    assert by_booking(sent) == by_booking(events)


def test_relays_whose_receivers_fail_now_and_then_keep_the_order_and_lose_nothing(desk: BookingDesk) -> None:
    events, sent, calls = with_events(desk), list[Event](), iter(range(10**6))

    def receive(event: Event) -> None:
        if next(calls) % 3 == 0:
            raise ConnectionError
        sent.append(event)

    for hours in range(len(events)):
        later = BookingDesk(desk.store, clock=lambda hours=hours: NOW + hours * HOUR)
        at_once(*[lambda later=later: later.relay(receive, limit=3, redelivery=Redelivery())] * 3)
    assert by_booking(sent) == by_booking(events)
    assert desk.parked_events() == []


# -- the catalogue -------------------------------------------------------------------------------------------


def test_of_edits_that_come_at_once_none_is_lost(desk: BookingDesk) -> None:
    wider = partial(desk.edit_resource, 1, lambda room: attrs.evolve(room, capacity=room.capacity + 1))
    made = at_once(*[wider] * CROWD, partial(desk.deactivate_resource, 1))
    room = desk.get_resource(1)
    assert (room.capacity, room.active, room.version) == (50 + CROWD, False, 2 + CROWD)
    assert {one.version for one in made} == set(range(2, 3 + CROWD))


# -- sweepers ------------------------------------------------------------------------------------------------


def test_sweepers_expire_each_hold_once(desk: BookingDesk) -> None:
    held = [desk.hold("visit", at(9)).id for _ in range(12)]
    later = BookingDesk(desk.store, clock=lambda: NOW + 2 * HOUR)
    found = at_once(*[later.expire_holds] * CROWD)
    assert Counter(one.id for some in found for one in some) == Counter(held)
    assert all(actions(desk)[one, "expire"] == 1 for one in held)


def test_each_customer_is_reminded_once(desk: BookingDesk) -> None:
    made = [desk.book("visit", at(9)).id for _ in range(12)]
    found = at_once(*[lambda: desk.remind(24 * HOUR)] * CROWD)
    assert Counter(one.id for some in found for one in some) == Counter(made)
    assert all(actions(desk)[one, "remind"] == 1 for one in made)


def test_keys_are_forgotten_once_and_in_portions(desk: BookingDesk) -> None:
    for number in range(20):
        desk.book("visit", at(9), key=f"key {number}")
    later = BookingDesk(desk.store, clock=lambda: NOW + 2 * HOUR)
    counts = at_once(*[lambda: later.forget_keys(HOUR, limit=5)] * CROWD)
    assert max(counts) <= 5
    assert sum(counts) + later.forget_keys(HOUR) == 20
    desk.book("visit", at(9), key="key 3")
    assert desk.find().total == 21
