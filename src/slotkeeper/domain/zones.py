"""Time zones: which names are taken, and the stretches of time over which a zone's UTC offset stands still.

Inside a stretch, local time is UTC plus a constant. `zoneinfo` does not list its changes, so they are found
by asking for the offset every other day of a year and bisecting where two answers differ; the result is kept
per zone and year.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from functools import lru_cache
from typing import Final

from slotkeeper.domain.instant import EARLIEST, LATEST
from slotkeeper.errors import InvalidZoneError

Segment = tuple[dt.datetime, dt.datetime, dt.timedelta]
"""Start and end in UTC, half-open, and the offset in force between them."""

_DAY: Final = dt.timedelta(days=1)
_PROBE_EVERY: Final = dt.timedelta(days=2)  # the shortest stretch of the database lasts almost four
_SECOND: Final = dt.timedelta(seconds=1)
_HOST_DEPENDENT: Final = frozenset({"localtime", "Factory", "posixrules"})
_NOT_NAMES: Final = ("/", "posix/", "right/")


def as_zone(value: str | zoneinfo.ZoneInfo) -> zoneinfo.ZoneInfo:
    """Return the zone of an IANA name; a `zoneinfo.ZoneInfo` passes through, with or without a name.

    Raises:
        InvalidZoneError: The name is unknown, or is no zone of the IANA database: ``localtime``, ``Factory``
            and ``posixrules`` depend on the host, ``right/…`` counts leap seconds, and paths are refused.

    >>> as_zone("Europe/Warsaw").key
    'Europe/Warsaw'
    """
    name: object = value.key if isinstance(value, zoneinfo.ZoneInfo) else value
    if name in _HOST_DEPENDENT or (isinstance(name, str) and name.startswith(_NOT_NAMES)):
        raise InvalidZoneError(name)
    if isinstance(value, zoneinfo.ZoneInfo):
        return value
    try:
        return zoneinfo.ZoneInfo(value)
    except (KeyError, ValueError, TypeError, AttributeError, OSError):
        raise InvalidZoneError(value) from None


def zone_name(zone: zoneinfo.ZoneInfo) -> str:
    """Return the zone's IANA name, or its text where it was read from a file without one."""
    return zone.key or str(zone)


def offset_at(instant: dt.datetime, zone: zoneinfo.ZoneInfo) -> dt.timedelta:
    """Return what the zone's clocks are ahead of UTC at an instant.

    On the outermost days of the years 1 and 9999, where local time cannot be held, the offset of the
    neighbouring day is given.
    """
    inside = min(max(instant, EARLIEST + _DAY), LATEST - _DAY)
    return inside.astimezone(zone).utcoffset() or dt.timedelta(0)


def offset_segments(zone: zoneinfo.ZoneInfo, start: dt.datetime, end: dt.datetime) -> tuple[Segment, ...]:
    """Return the stretches of constant UTC offset that cover ``[start, end)``, in order, without holes.

    >>> day = dt.datetime(2025, 3, 30, tzinfo=dt.UTC)
    >>> [
    ...     str(offset)
    ...     for _, _, offset in offset_segments(
    ...         as_zone("Europe/Warsaw"), day, day + dt.timedelta(1)
    ...     )
    ... ]
    ['1:00:00', '2:00:00']
    """
    if start >= end:
        return ()
    fixed = zone.utcoffset(None)
    if fixed is not None:
        return ((start, end, fixed),)
    changes = _changes_between(zone, start, end)
    bounds = [start, *(when for when, _ in changes[1:]), end]
    return tuple((bounds[i], bounds[i + 1], offset) for i, (_, offset) in enumerate(changes))


def _changes_between(
    zone: zoneinfo.ZoneInfo, start: dt.datetime, end: dt.datetime
) -> list[tuple[dt.datetime, dt.timedelta]]:
    """Return the change in force at ``start``, then each one before ``end`` that alters the offset."""
    found: list[tuple[dt.datetime, dt.timedelta]] = []
    for year in range(start.year, end.year + 1):
        for when, offset in _changes_of_year(zone, year):
            if when >= end:
                break
            if when <= start:
                found = [(when, offset)]
            elif offset != found[-1][1]:
                found.append((when, offset))
    return found


@lru_cache(maxsize=4096)
def _changes_of_year(zone: zoneinfo.ZoneInfo, year: int) -> tuple[tuple[dt.datetime, dt.timedelta], ...]:
    """Return the offset at the year's first instant in UTC, then each change within the year."""
    probe = dt.datetime(year, 1, 1, tzinfo=dt.UTC)
    last = dt.datetime(year, 12, 31, tzinfo=dt.UTC) + _DAY - _SECOND if year < LATEST.year else LATEST
    offset = offset_at(probe, zone)
    found = [(probe, offset)]
    while probe < last:
        following = min(probe + _PROBE_EVERY, last) if last - probe > _PROBE_EVERY else last
        if (new := offset_at(following, zone)) != offset:
            found.append((_first_with_other_offset(zone, probe, following, offset), new))
        probe, offset = following, new
    return tuple(found)


def _first_with_other_offset(
    zone: zoneinfo.ZoneInfo, before: dt.datetime, after: dt.datetime, offset: dt.timedelta
) -> dt.datetime:
    """Bisect to the second, the resolution of the zone database; ``after`` has another offset."""
    low, high = 0, -((before - after) // _SECOND)
    while high - low > 1:
        middle = (low + high) // 2
        if offset_at(before + middle * _SECOND, zone) == offset:
            low = middle
        else:
            high = middle
    return before + high * _SECOND
