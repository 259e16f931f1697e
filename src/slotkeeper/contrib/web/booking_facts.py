"""Booking facts: a booking as plain JSON values by name, for answers of any shape to choose from."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from slotkeeper.domain.booking import Booking
from slotkeeper.domain.ids import Id
from slotkeeper.domain.instant import as_utc
from slotkeeper.domain.lifecycle import Lifecycle
from slotkeeper.domain.money import Money
from slotkeeper.domain.standard_lifecycle import STANDARD
from slotkeeper.domain.walltime import reading


def instant_text(instant: dt.datetime) -> str:
    """Return an instant in UTC, to the second at least (RFC 3339, section 5.6).

    >>> instant_text(dt.datetime(2025, 10, 23, 9, tzinfo=dt.UTC))
    '2025-10-23T09:00:00Z'
    """
    return f"{as_utc(instant).replace(tzinfo=None).isoformat()}Z"


def local_text(instant: dt.datetime, zone: str | ZoneInfo) -> str:
    """Return what clocks in a zone read at an instant, to the minute.

    >>> local_text(dt.datetime(2025, 10, 23, 9, tzinfo=dt.UTC), "Europe/Warsaw")
    '2025-10-23T11:00'
    """
    return reading(instant, zone).isoformat(timespec="minutes")


def plain_id(value: Id | None) -> int | str | None:
    """Return an id as JSON has it: a number stays one, a UUID is its text."""
    return str(value) if isinstance(value, UUID) else value


def amount(money: Money | None) -> float | None:
    """Return an amount as a JSON number, or None.

    >>> amount(Money.of("20.50", "EUR"))
    20.5
    """
    return None if money is None else float(money.amount)


def booking_facts(
    booking: Booking, lifecycle: Lifecycle = STANDARD, *, zone: str | ZoneInfo = "UTC"
) -> dict[str, Any]:
    """Return a booking's facts by name: ids, instants to the second in UTC, the length in minutes.

    Args:
        booking: Which.
        lifecycle: What gives ``status_code``, the host's own code of the status.
        zone: Whose clocks ``date`` and ``time``, those of its start, are read from.
    """
    state, (date, time) = lifecycle.state(booking.status), local_text(booking.start, zone).split("T")
    instants = {"start": booking.start, "end": booking.end}
    instants |= {"created_at": booking.created_at, "updated_at": booking.updated_at}
    return {
        "id": plain_id(booking.id),
        "service_id": plain_id(booking.service_id),
        "customer_id": plain_id(booking.customer_id),
        "resource_id": plain_id(booking.resource_id),
        "resource_ids": [plain_id(one) for one in booking.resource_ids],
        "timeslot_id": plain_id(booking.timeslot_id),
        **{name: instant_text(at) for name, at in instants.items()},
        "date": date,
        "time": time,
        "duration": booking.interval.duration // dt.timedelta(minutes=1),
        "status": booking.status,
        "status_code": state.external,
        "units": booking.units,
        "price": amount(booking.price),
        "currency": booking.price.currency if booking.price else None,
        "payment_status": booking.payment.status.value,
        "payment_reference": booking.payment.reference,
        "paid": amount(booking.payment.paid),
        "refunded": amount(booking.payment.refunded),
        "notes": booking.notes,
        "reason": booking.reason,
        "version": booking.version,
    }
