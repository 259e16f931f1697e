"""Calendar days, weeks and months of a zone as intervals of absolute time.

A local day runs from its midnight to the next one, whatever the clocks do between: 23, 24 or 25 hours, or no
time at all where a date was skipped. Where midnight is skipped the day begins at the change; where it occurs
twice, at the first. So the periods of a kind follow each other without holes or overlaps.
"""

from __future__ import annotations

import datetime as dt
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Final

from slotkeeper.domain.instant import EARLIEST, LATEST, TICK, as_utc, later
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.walltime import FoldPolicy, GapPolicy, resolve
from slotkeeper.domain.zones import as_zone, offset_at, offset_segments
from slotkeeper.errors import InvalidFieldError, InvalidInstantError

if TYPE_CHECKING:
    import zoneinfo

_ONE_DAY: Final = dt.timedelta(days=1)


class Weekday(IntEnum):
    """A day of the week, by its ISO 8601 number; the names are those of RFC 5545."""

    MO = 1
    TU = 2
    WE = 3
    TH = 4
    FR = 5
    SA = 6
    SU = 7


class Period(Enum):
    """A period of the local calendar."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


def local_days(zone: str | zoneinfo.ZoneInfo, window: Interval) -> tuple[dt.date, dt.date]:
    """Return the first and the last local date that clocks in the zone show in a window, both inclusive."""
    stretches = offset_segments(as_zone(zone), window.start, window.end)
    first = min(later(start, offset) for start, _, offset in stretches)
    last = max(later(end - TICK, offset) for _, end, offset in stretches)
    return first.date(), last.date()


def day_interval(date: dt.date, zone: str | zoneinfo.ZoneInfo) -> Interval | None:
    """Return a local day, midnight to midnight, or None where the zone skipped that date.

    >>> day_interval(dt.date(2025, 3, 30), "Europe/Warsaw").duration
    datetime.timedelta(seconds=82800)
    >>> day_interval(dt.date(2011, 12, 30), "Pacific/Apia")
    """
    return _between_midnights(date, _date_after(date, _ONE_DAY), as_zone(zone))


def period_bounds(
    instant: dt.datetime,
    period: Period | str,
    zone: str | zoneinfo.ZoneInfo,
    week_start: Weekday,
) -> Interval:
    """Return the local day, week or month in which an instant lies; exactly one does.

    Periods at the very ends of the years 1 and 9999 are cut there.

    Args:
        week_start: The first day of a week; days and months pay no heed to it.

    Raises:
        NaiveDatetimeError: ``instant`` has no offset.
        InvalidFieldError: ``period`` is none of ``day``, ``week``, ``month``.
        InvalidInstantError: ``instant`` is the very last one that can be held.

    >>> christmas = dt.datetime(2025, 12, 25, tzinfo=dt.UTC)
    >>> str(period_bounds(christmas, "month", "Europe/Warsaw", Weekday.MO))
    '2025-11-30T23:00Z/2025-12-31T23:00Z'
    """
    moment, place, kind = as_utc(instant), as_zone(zone), _as_period(period)
    date = later(moment, offset_at(moment, place)).date()
    while True:
        first, following = _dates(date, kind, week_start)
        found = _between_midnights(first, following, place)
        if found is not None and moment < found.end:
            return found
        if following is None:
            raise InvalidInstantError(instant)
        date = following  # a clock set back over midnight repeats the end of a day inside the next one


def _as_period(value: Period | str) -> Period:
    try:
        return Period(value)
    except ValueError:
        raise InvalidFieldError("period", value, "must be day, week or month") from None


def _dates(date: dt.date, period: Period, week_start: Weekday) -> tuple[dt.date, dt.date | None]:
    """Return the first date of the period that holds ``date``, and of the one after it."""
    if period is Period.DAY:
        return date, _date_after(date, _ONE_DAY)
    if period is Period.MONTH:
        first = date.replace(day=1)
        following = _date_after(first, dt.timedelta(days=31))
        return first, following and following.replace(day=1)
    since = dt.timedelta(days=(date.isoweekday() - week_start) % 7)
    following = _date_after(date, dt.timedelta(days=7) - since)
    return date - min(since, date - dt.date.min), following


def _date_after(date: dt.date, by: dt.timedelta) -> dt.date | None:
    return date + by if date <= dt.date.max - by else None


def _between_midnights(first: dt.date, following: dt.date | None, zone: zoneinfo.ZoneInfo) -> Interval | None:
    start = _midnight(first, zone)
    end = LATEST if following is None else _midnight(following, zone)
    return Interval(start, end) if start < end else None


def _midnight(date: dt.date, zone: zoneinfo.ZoneInfo) -> dt.datetime:
    if date == dt.date.min:
        return EARLIEST
    wall = dt.datetime.combine(date, dt.time.min)
    return resolve(wall, zone, gap=GapPolicy.TRANSITION, fold=FoldPolicy.EARLIER)
