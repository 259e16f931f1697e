"""What users write, as the type checker must see it; checked by mypy, never run."""

import datetime as dt
from collections.abc import Sequence
from typing import assert_type

from slotkeeper import (
    Actor,
    AsyncBookingDesk,
    Booking,
    BookingDesk,
    BookingFilter,
    Cancellation,
    Event,
    Explanation,
    Hold,
    Interval,
    IntervalSet,
    Lifecycle,
    MemoryStore,
    Money,
    Move,
    Page,
    Refusal,
    Requirement,
    Resource,
    Schedule,
    Series,
    Service,
    Slot,
    from_json,
)
from slotkeeper.contrib import web
from slotkeeper.domain.explanation import Busy, Closed
from slotkeeper.ports import AsyncStore, Clock, Store, UnitOfWork

MINUTES = dt.timedelta(minutes=30)


def desk_commands(desk: BookingDesk, start: dt.datetime, window: Interval) -> None:
    assert_type(desk.slots("cut", window, limit=3), list[Slot])
    assert_type(desk.next_slot("cut"), Slot | None)
    assert_type(desk.explain("cut", start), Explanation)
    booking = desk.book("cut", start, customer_id=7, actor=Actor(7, roles=["customer"]), key="k")
    assert_type(booking, Booking)
    assert_type(desk.hold("cut", start), Hold)
    assert_type(desk.book_series("cut", [start]), Series)
    assert_type(desk.cancel(booking.id), Cancellation)
    assert_type(desk.reschedule(booking.id, start), Move)
    assert_type(desk.find(BookingFilter(customer_id=7)), Page[Booking])
    assert_type(desk.history(booking.id), Sequence[Event])


async def awaited_desk(desk: AsyncBookingDesk, start: dt.datetime) -> None:
    assert_type(await desk.book("cut", start), Booking)
    assert_type(desk.lifecycle, Lifecycle)
    assert_type(desk.clock, Clock)
    assert_type(desk.store, AsyncStore)
    fanout = web.Fanout(print, [])
    assert_type(await desk.relay(fanout), int)
    async with web.RelayTask(fanout).running(desk) as relay:
        assert_type(relay, web.RelayTask)


def values(interval: Interval, other: IntervalSet) -> None:
    assert_type(interval & interval, Interval | None)
    assert_type(IntervalSet([interval]) | other, IntervalSet)
    assert_type(other[0], Interval)
    assert_type(other[1:], tuple[Interval, ...])
    assert_type(Money.of("40.00", "EUR") * 2, Money)
    assert_type(from_json(Resource, {}), Resource)
    Resource(1, Schedule.always("Europe/Warsaw"), capacity=2, roles=["room"])
    Service("cut", MINUTES, needs=[Requirement("room")], grid=MINUTES, price=Money.of("40.00", "EUR"))


def facts(refusal: Refusal) -> str:
    match refusal:
        case Busy():
            return str(refusal.blockers[0].booking_id)
        case Closed():
            return str(refusal.open)
        case _:
            return refusal.code


def a_store_is_a_store(store: MemoryStore) -> Store:
    with store.begin() as unit:
        assert_type(unit, UnitOfWork)
    return store
