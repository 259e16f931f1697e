"""Touched days: the local days on which an event changes what a resource has booked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from slotkeeper.domain.event import Event
from slotkeeper.domain.ids import Id
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.periods import day_interval, local_days


def touched_days(
    event: Event, zone: str | ZoneInfo = "UTC", *, resource_id: Id | None = None
) -> list[dt.date]:
    """Return the days that a booking's place overlaps, buffers included, in order.

    Of a booking that was moved these are the days of its old place and those of its new one.

    Args:
        event: What happened.
        zone: Whose days; each runs from midnight to midnight there, as `day_interval` says.
        resource_id: The resource whose days are asked for; None is all that the booking takes or took.

    Raises:
        InvalidZoneError: There is no such zone.
    """
    found = (reach for one, reach in reaches(event) if resource_id is None or one == resource_id)
    return sorted({day for reach in found for day in days_in(reach, zone)})


def reaches(event: Event) -> Iterator[tuple[Id, Interval]]:
    """Yield each resource that a booking took or takes, with the time, buffers included."""
    for booking in (event.before, event.booking):
        for row in () if booking is None else booking.allocations:
            yield row.resource_id, row.reach


def days_in(window: Interval, zone: str | ZoneInfo) -> Iterator[dt.date]:
    """Yield the dates that clocks show in a window, and those whose day overlaps it.

    The two differ where a clock is set back over midnight: it shows the end of a day again within the next.
    """
    first, last = local_days(zone, window)
    number, final = max(first.toordinal() - 1, 1), min(last.toordinal() + 1, dt.date.max.toordinal())
    for date in map(dt.date.fromordinal, range(number, final + 1)):
        if first <= date <= last or _overlaps(date, window, zone):
            yield date


def _overlaps(date: dt.date, window: Interval, zone: str | ZoneInfo) -> bool:
    whole = day_interval(date, zone)
    return whole is not None and (whole & window) is not None
