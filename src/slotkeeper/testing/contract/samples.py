"""Plain examples near one base day, for tests whose point is a figure: rooms, visits, and their events."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import attrs

from slotkeeper.domain.booking import Allocation, Booking
from slotkeeper.domain.buffers import NO_BUFFERS, Buffers
from slotkeeper.domain.event import Event
from slotkeeper.domain.ids import Id
from slotkeeper.domain.instant import EARLIEST, LATEST
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.listing import BookingFilter, Listing
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.service import Service
from slotkeeper.ports import KeptResult, Store, UnitOfWork
from slotkeeper.testing.strategies import BASE

HOUR = dt.timedelta(hours=1)
NOW = BASE - HOUR
"""Before everything that is booked."""

ALWAYS = Interval(EARLIEST, LATEST)
RESOURCE_IDS = (1, 2, 3, 4)
_ROOMY = 1000


def at(hours: float) -> dt.datetime:
    """Return the instant so many hours into the base day."""
    return BASE + hours * HOUR


def span(start: float, end: float) -> Interval:
    """Return the interval between two hours of the base day."""
    return Interval(at(start), at(end))


def room(room_id: Id = 1, *, capacity: int = 1, **facts: Any) -> Resource:  # noqa: ANN401 - fields of Resource
    """Return a resource that is always open."""
    return Resource(room_id, capacity=capacity, **facts)


def visit(
    booking_id: Id,
    when: Interval,
    *,
    on: Iterable[Id] = (1,),
    units: int = 1,
    buffers: Buffers = NO_BUFFERS,
    **facts: Any,  # noqa: ANN401 - fields of Booking
) -> Booking:
    """Return a confirmed booking of service 1, made at `NOW`."""
    common: dict[str, Any] = {"status": "confirmed", "created_at": NOW, "updated_at": NOW, "service_id": 1}
    allocations = [Allocation(one, when, units, buffers=buffers) for one in on]
    return Booking(
        **{**common, "id": booking_id, "interval": when, "allocations": allocations, "units": units, **facts}
    )


def following(booking: Booking, **changes: Any) -> Booking:  # noqa: ANN401 - fields of Booking
    """Return the booking's next version."""
    return attrs.evolve(booking, version=booking.version + 1, **changes)


def moved_to(booking: Booking, when: Interval) -> Booking:
    """Return the booking's next version, at another time on the same resources."""
    allocations = [attrs.evolve(one, interval=when) for one in booking.allocations]
    return following(booking, interval=when, allocations=allocations)


def happening(event_id: Id, booking: Booking, **facts: Any) -> Event:  # noqa: ANN401 - fields of Event
    """Return the event of a booking's having been made."""
    return Event(**{"id": event_id, "action": "book", "booking": booking, "at": NOW, **facts})


def kept(content: object = "result") -> KeptResult:
    """Return what an idempotency key may be remembered with."""
    return KeptResult("fingerprint", {"content": content}, NOW)


def furnish(store: Store, *, capacity: int = _ROOMY) -> None:
    """Put resources and services of the ids 1 to 4, with room for whatever a test books on them."""
    with store.begin() as unit:
        for one in RESOURCE_IDS:
            unit.resources.put(room(one, capacity=capacity))
            unit.services.put(Service(one, HOUR))


def add(store: Store, *bookings: Booking, now: dt.datetime = NOW) -> None:
    """Store bookings in a unit of work of their own."""
    with store.begin() as unit:
        for one in bookings:
            unit.bookings.add(one, now=now)


def everything(store: Store) -> dict[str, object]:
    """Return what a store holds, as far as its repositories show it."""
    with store.begin(write=False) as unit:
        return picture(unit)


def picture(unit: UnitOfWork) -> dict[str, object]:
    """Return what a unit of work sees; of keys those of the scope ``scope`` that are called ``key``."""
    bookings = unit.bookings.find(BookingFilter(), Listing(limit=_ROOMY)).items
    resources = unit.resources.all()
    return {
        "resources": list(resources),
        "services": list(unit.services.all()),
        "bookings": list(bookings),
        "near": list(unit.bookings.relevant([one.id for one in resources], ALWAYS)),
        "timeslots": list(unit.timeslots.find([one.id for one in resources], ALWAYS)),
        "pending": list(unit.outbox.pending(limit=_ROOMY)),
        "history": [list(unit.outbox.history(one.id)) for one in bookings],
        "key": unit.keys.get("scope", "key"),
    }
