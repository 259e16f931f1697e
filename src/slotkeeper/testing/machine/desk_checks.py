"""What must hold of a desk at any moment, whatever was done at it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import attrs

from slotkeeper.desk import BookingDesk
from slotkeeper.domain.booking import Booking
from slotkeeper.domain.event import Event
from slotkeeper.domain.ids import Id
from slotkeeper.domain.listing import BookingFilter, Listing
from slotkeeper.testing.machine.desk_model import CREATED, RESOURCES, ROWS

IN_PLACE = {"update", "pay", "refund_due", "refund", "remind", "secure"}
"""What happens to a booking and leaves its status."""


def stored_bookings(desk: BookingDesk) -> dict[Id, Booking]:
    """Return every booking that the desk lists, page by page."""
    found: dict[Id, Booking] = {}
    listing = Listing(limit=3)
    while True:
        page = desk.find(BookingFilter(), listing)
        found |= {one.id: one for one in page.items}
        if page.next is None:
            assert page.total == len(found)
            return found
        listing = attrs.evolve(listing, after=page.next)


def check_peak_load(bookings: Collection[Booking], now: dt.datetime) -> None:
    """Hold the first promise: no resource carries more than its capacity, at any instant."""
    rows = [(one, row) for one in bookings if one.blocks(now) for row in one.allocations]
    for resource in RESOURCES:
        here = [row for _, row in rows if row.resource_id == resource.id]
        for start in {row.occupied.start for row in here}:
            assert sum(row.units for row in here if start in row.occupied) <= resource.capacity


def check_expired(booking: Booking, before: Booking, now: dt.datetime) -> None:
    """Hold that the one thing which happens to a booking by itself is that it lapses."""
    assert before.expires_at is not None
    assert before.expires_at <= booking.updated_at <= now
    changes = {"status": "expired", "occupies": False, "counts": False, "version": before.version + 1}
    assert booking == attrs.evolve(before, updated_at=booking.updated_at, **changes)  # type: ignore[arg-type]


def check_history(booking: Booking, events: Collection[Event]) -> None:
    """Hold the second promise: one event for each version, each from the one before, by the lifecycle."""
    assert [one.sequence for one in events] == list(range(1, booking.version + 1))
    before: Booking | None = None
    for event in events:
        assert event.before == before
        assert event.booking_id == booking.id
        assert event.booking.status == _led_to(before, event.action)
        before = event.booking
    assert before == booking


def _led_to(before: Booking | None, action: str) -> str | None:
    if before is None:
        return CREATED.get(action)
    return before.status if action in IN_PLACE else ROWS.get((before.status, action))
