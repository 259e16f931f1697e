"""Windows: stretches of time as requests name them, by days, by wall-clock times or by instants."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final
from zoneinfo import ZoneInfo

from slotkeeper.contrib.web.fields import Fields, read_date, read_wall
from slotkeeper.domain.instant import EARLIEST, LATEST, TICK, later
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.periods import day_interval
from slotkeeper.domain.walltime import FoldPolicy, GapPolicy, reading, resolve
from slotkeeper.errors import InvalidFieldError

_DAY: Final = re.compile(r"[0-9-]+")
_WALL: Final = re.compile(r"[0-9-]+T[0-9:.]+")


def window(fields: Fields, first: str, last: str, zone: str | ZoneInfo = "UTC") -> Interval | None:
    """Return the time between two fields, both included; None where neither is given.

    Each is an instant with an offset, or a day or a time by the clocks of ``zone``; a day is meant whole.

    Raises:
        InvalidFieldError: One can't be read, or the last is before the first.

    >>> print(window(Fields({"from": "2025-10-23", "to": "2025-10-24"}), "from", "to"))
    2025-10-23T00:00Z/2025-10-25T00:00Z
    """
    if not fields.has(first) and not fields.has(last):
        return None
    start = _bounds(fields, first, zone)[0] if fields.has(first) else EARLIEST
    end = _bounds(fields, last, zone)[1] if fields.has(last) else LATEST
    return _between(start, end, fields, first, last)


def days(fields: Fields, first: str, last: str, zone: str | ZoneInfo = "UTC") -> Interval:
    """Return the days from one field to another, both whole, whatever time of theirs is named.

    Raises:
        InvalidFieldError: One is missing or can't be read, or the last is before the first.
    """
    start, end = (_whole(name, day_of(fields, name, zone), zone) for name in (first, last))
    return _between(start.start, end.end, fields, first, last)


def day(fields: Fields, name: str, zone: str | ZoneInfo = "UTC") -> Interval:
    """Return the whole day that a field names, whatever time of it.

    Raises:
        InvalidFieldError: It is missing or can't be read.
    """
    return _whole(name, day_of(fields, name, zone), zone)


def day_of(fields: Fields, name: str, zone: str | ZoneInfo = "UTC") -> dt.date:
    """Return the date that a field names, by the clocks of ``zone`` where it is an instant.

    Raises:
        InvalidFieldError: It is missing or can't be read.
    """
    text = fields.text(name)
    if _DAY.fullmatch(text):
        return read_date(name, text)
    return (
        read_wall(name, text).date()
        if _WALL.fullmatch(text)
        else reading(_instant(fields, name), zone).date()
    )


def _bounds(fields: Fields, name: str, zone: str | ZoneInfo) -> tuple[dt.datetime, dt.datetime]:
    """Return the first instant that is meant, and the first after."""
    text = fields.text(name)
    if _DAY.fullmatch(text):
        whole = _whole(name, read_date(name, text), zone)
        return whole.start, whole.end
    if _WALL.fullmatch(text):
        instant = resolve(read_wall(name, text), zone, gap=GapPolicy.LATER, fold=FoldPolicy.EARLIER)
    else:
        instant = _instant(fields, name)
    return instant, later(instant, TICK)


def _instant(fields: Fields, name: str) -> dt.datetime:
    try:
        return fields.instant(name)
    except InvalidFieldError as error:
        raise InvalidFieldError(
            name, error.value, "must be a date, or a date and time with an offset"
        ) from None


def _whole(name: str, date: dt.date, zone: str | ZoneInfo) -> Interval:
    found = day_interval(date, zone)
    if found is None:
        raise InvalidFieldError(name, date, "must be a day that the zone has")
    return found


def _between(start: dt.datetime, end: dt.datetime, fields: Fields, first: str, last: str) -> Interval:
    if end <= start:
        raise InvalidFieldError(last, fields.text(last, None), f"must not be before {first}")
    return Interval(start, end)
