"""The forms in which the rules of a schedule may be given."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, TypedDict

from slotkeeper.domain.fields import several
from slotkeeper.domain.hours import DateOverride, Hours, RecurringHours, WeeklyHours, ZoneOverride
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet

if TYPE_CHECKING:
    import datetime as dt

    from slotkeeper.domain.closed_dates import HolidayCalendar
    from slotkeeper.domain.localise import ResolveEnds

WeeklyTable = Mapping[str, "str | Hours | Iterable[Hours]"]


class ScheduleRules(TypedDict, total=False):
    """The arguments of `Schedule` besides its zone and weekly hours."""

    recurring: Iterable[RecurringHours]
    overrides: Iterable[DateOverride]
    valid_from: dt.date | str | None
    valid_until: dt.date | str | None
    closed_dates: HolidayCalendar | Container[dt.date] | Iterable[dt.date | str]
    closures: Iterable[Interval]
    zones: Iterable[ZoneOverride]
    sessions: Iterable[Interval]
    on_change: ResolveEnds | None


def weekly_rules(value: WeeklyTable | Iterable[WeeklyHours]) -> tuple[WeeklyHours, ...]:
    """Return weekly hours, also from a mapping of weekdays to hours."""
    if isinstance(value, Mapping):
        return tuple(WeeklyHours(days, hours) for days, hours in value.items())
    return several("Schedule.weekly", value, WeeklyHours)


def by_date(value: Iterable[DateOverride]) -> tuple[DateOverride, ...]:
    """Return overrides in order of their dates."""
    return tuple(sorted(several("Schedule.overrides", value, DateOverride), key=attrgetter("date")))


def by_first_date(value: Iterable[ZoneOverride]) -> tuple[ZoneOverride, ...]:
    """Return zone overrides in order of their first dates."""
    return tuple(sorted(several("Schedule.zones", value, ZoneOverride), key=attrgetter("first")))


def recurring_rules(value: Iterable[RecurringHours]) -> tuple[RecurringHours, ...]:
    """Return recurring hours as a tuple."""
    return several("Schedule.recurring", value, RecurringHours)


def closures_of(value: Iterable[Interval]) -> IntervalSet:
    """Return closed time as a set."""
    if isinstance(value, IntervalSet):
        return value
    return IntervalSet(several("Schedule.closures", value, Interval))


def sessions_of(value: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return sessions sorted, each once."""
    return tuple(sorted(set(several("Schedule.sessions", value, Interval))))
