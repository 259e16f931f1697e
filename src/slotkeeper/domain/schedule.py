"""`Schedule`: when a resource is open, as rules on the wall clock of a zone."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from enum import Enum
from functools import cached_property, lru_cache
from heapq import merge
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Unpack

import attrs

from slotkeeper.domain.availability import Openings, hull, overlapping, pairwise_overlaps, without
from slotkeeper.domain.closed_dates import ClosedDates, HolidayCalendar, closed_dates_of
from slotkeeper.domain.hours import (
    DateOverride,
    Hours,
    RecurringHours,
    WeeklyHours,
    ZoneOverride,
    optional_date,
)
from slotkeeper.domain.instant import ZERO, later
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import EMPTY, IntervalSet
from slotkeeper.domain.localise import MEMBERSHIP, Localiser, ResolveEnds, Span
from slotkeeper.domain.periods import Weekday
from slotkeeper.domain.schedule_rules import (
    ScheduleRules,
    WeeklyTable,
    by_date,
    by_first_date,
    closures_of,
    recurring_rules,
    sessions_of,
    weekly_rules,
)
from slotkeeper.domain.walltime import reading
from slotkeeper.domain.zones import as_zone, zone_name
from slotkeeper.errors import InvalidFieldError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DAY: Final = dt.timedelta(days=1)
_LONGEST_HOURS: Final = 2 * _DAY
_MARGIN: Final = 2 * _DAY  # more than any offset and any change of one
_FIRST_DATE: Final = dt.date.min + 7 * _DAY
_LAST_DATE: Final = dt.date.max - 7 * _DAY


class _Combinable(Openings):
    __slots__ = ()

    def __or__(self, other: AnySchedule) -> CombinedSchedule:
        """Return the schedule that is open when either is."""
        return _combined(Combination.UNION, self, other)

    def __and__(self, other: AnySchedule) -> CombinedSchedule:
        """Return the schedule that is open when both are."""
        return _combined(Combination.INTERSECTION, self, other)

    def __sub__(self, other: AnySchedule) -> CombinedSchedule:
        """Return the schedule that is open when this one is and the other is not."""
        return _combined(Combination.DIFFERENCE, self, other)


@attrs.frozen(repr=False, cache_hash=True)
class Schedule(_Combinable):
    """When a resource is open.

    Hours of a local date come from its override if it has one, else from all weekly and recurring hours that
    begin on it. They belong to the date they begin on, past midnight too: closing a date, or the end of
    validity, does not cut what began the evening before. Closures, in contrast, cut absolute time, whatever
    began when.

    Around clock changes an instant is open when its local reading lies within the hours: hours that the
    clock repeats are open twice, hours that it skips vanish; ``on_change`` chooses otherwise. Dates in the
    first and the last week of the years 1 to 9999 have no hours.

    Args:
        zone: The IANA zone whose wall clock the hours mean.
        weekly: Weekly hours, or a mapping as `weekly_hours` takes.
        recurring: Hours by RFC 5545 rules; an UNTIL in UTC is read in ``zone``.
        overrides: Dates with other hours than usual; at most one for a date.
        valid_from: The first date with hours; None for no bound.
        valid_until: The last date with hours, inclusive; None for no bound.
        closed_dates: Dates on which nothing begins, also where an override names hours: dates, ISO 8601
            text, or a calendar of the ``holidays`` package.
        closures: Absolute time that is closed, cut out of the openings.
        zones: Other zones for the hours of some dates; they must not overlap.
        sessions: Openings fixed in absolute time, beside all hours; only closures cut them.
        on_change: None for membership, or `ResolveEnds`.

    Raises:
        InvalidZoneError: The zone is unknown.
        InvalidFieldError: A date has two overrides, zone overrides overlap, or validity ends before it
            begins.

    >>> shop = Schedule("Europe/Warsaw", {"MO-FR": "09:00-17:00"}, closed_dates=["2025-12-25"])
    >>> print(shop.open_between(Interval.parse("2025-12-24T00:00Z/2025-12-27T00:00Z")))
    {2025-12-24T08:00Z/2025-12-24T16:00Z, 2025-12-26T08:00Z/2025-12-26T16:00Z}
    """

    zone: zoneinfo.ZoneInfo = attrs.field(converter=as_zone)
    weekly: tuple[WeeklyHours, ...] = attrs.field(default=(), converter=weekly_rules)
    recurring: tuple[RecurringHours, ...] = attrs.field(default=(), kw_only=True, converter=recurring_rules)
    overrides: tuple[DateOverride, ...] = attrs.field(default=(), kw_only=True, converter=by_date)
    valid_from: dt.date | None = attrs.field(default=None, kw_only=True, converter=optional_date)
    valid_until: dt.date | None = attrs.field(default=None, kw_only=True, converter=optional_date)
    closed_dates: ClosedDates = attrs.field(default=frozenset(), kw_only=True, converter=closed_dates_of)
    closures: IntervalSet = attrs.field(default=EMPTY, kw_only=True, converter=closures_of)
    zones: tuple[ZoneOverride, ...] = attrs.field(default=(), kw_only=True, converter=by_first_date)
    sessions: tuple[Interval, ...] = attrs.field(default=(), kw_only=True, converter=sessions_of)
    on_change: ResolveEnds | None = attrs.field(default=MEMBERSHIP, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if isinstance(self.closed_dates, HolidayCalendar) and self.valid_from and self.valid_until:
            listed = self.closed_dates.listed(self.valid_from, self.valid_until)
            object.__setattr__(self, "closed_dates", listed)

    @overrides.validator
    def _override_each_date_once(self, _: object, overrides: tuple[DateOverride, ...]) -> None:
        if len({one.date for one in overrides}) < len(overrides):
            raise InvalidFieldError("Schedule.overrides", overrides, "must name each date once")

    @valid_until.validator
    def _is_not_before_it_begins(self, _: object, last: dt.date | None) -> None:
        if last is not None and self.valid_from is not None and last < self.valid_from:
            raise InvalidFieldError("Schedule.valid_until", last, "must not be before valid_from")

    @zones.validator
    def _do_not_overlap(self, _: object, zones: tuple[ZoneOverride, ...]) -> None:
        for one, following in pairwise(zones):
            if one.last is None or following.first <= one.last:
                raise InvalidFieldError("Schedule.zones", zones, "must not overlap")

    # -- making --------------------------------------------------------------------------------------------

    @classmethod
    def weekly_hours(
        cls, zone: str | zoneinfo.ZoneInfo, table: WeeklyTable, **rest: Unpack[ScheduleRules]
    ) -> Schedule:
        """Return a schedule of weekly hours; ``rest`` are the other arguments of `Schedule`.

        >>> office = Schedule.weekly_hours(
        ...     "Europe/Warsaw", {"MO-FR": "09:00-12:00, 12:30-17:00", "SA": "10:00-14:00"}
        ... )
        >>> [str(one) for one in office.hours_on(dt.date(2025, 10, 25))]
        ['10:00-14:00']
        """
        return cls(zone, table, **rest)

    @classmethod
    def always(cls, zone: str | zoneinfo.ZoneInfo = "UTC") -> Schedule:
        """Return the schedule that is always open, one opening for each local day."""
        return cls(zone, {"daily": "00:00-24:00"})

    @classmethod
    def never(cls) -> Schedule:
        """Return the schedule that is never open."""
        return cls("UTC")

    @classmethod
    def of(cls, intervals: Iterable[Interval]) -> Schedule:
        """Return the schedule of these openings, fixed in absolute time."""
        return cls("UTC", sessions=intervals)

    # -- hours on the wall clock -----------------------------------------------------------------------------

    def hours_on(self, date: dt.date) -> tuple[Hours, ...]:
        """Return the hours that begin on a local date, sorted, without recurring ones."""
        if not self._is_valid_on(date):
            return ()
        override = self._override_by_date.get(date)
        if override is not None:
            return override
        if self._alternates:
            hours = (one for rule in self.weekly if rule.runs_on(date) for one in rule.hours)
            return tuple(sorted(set(hours)))
        return self._hours_by_weekday[date.isoweekday()]

    def _is_valid_on(self, date: dt.date) -> bool:
        if self.valid_from is not None and date < self.valid_from:
            return False
        return (
            not (self.valid_until is not None and date > self.valid_until) and date not in self.closed_dates
        )

    @cached_property
    def _alternates(self) -> bool:
        return any(rule.every > 1 for rule in self.weekly)

    @cached_property
    def _hours_by_weekday(self) -> dict[int, tuple[Hours, ...]]:
        return {
            day: tuple(sorted({one for rule in self.weekly if day in rule.days for one in rule.hours}))
            for day in range(1, 8)
        }

    @cached_property
    def _override_by_date(self) -> dict[dt.date, tuple[Hours, ...]]:
        return {one.date: one.hours for one in self.overrides}

    # -- openings in absolute time ---------------------------------------------------------------------------

    def hours_between(self, window: Interval) -> tuple[Interval, ...]:
        """Return, whole and sorted, the openings that overlap the window, before ``closures`` cut them.

        Each of a day's hours is an opening of its own, also where it touches or overlaps another. A clock
        change that repeats or skips part of the hours can divide an opening.
        """
        return tuple(Interval(start, end) for start, end in sorted(set(self._spans(window))))

    def openings_between(self, window: Interval) -> tuple[Interval, ...]:
        """Return, whole and sorted, the openings that overlap the window; those that touch stay apart."""
        return overlapping(without(self.hours_between(window), self.closures), window)

    def open_between(self, window: Interval) -> IntervalSet:
        """Return the open time within the window, cut to it, with touching openings merged."""
        if isinstance(self.closed_dates, HolidayCalendar):  # the host may still add dates to it
            return self._opened(window)
        return _known_to_open(self, window)

    def _opened(self, window: Interval) -> IntervalSet:
        return IntervalSet.from_pairs(self._spans(window)).clip(window) - self.closures.clip(window)

    def _spans(self, window: Interval) -> Iterator[Span]:
        """Yield at least the openings that overlap the window, whole, in any order."""
        if self._reach:
            start = later(window.start, -_MARGIN - self._reach)
            end = later(window.end, _MARGIN)
            for zone, first, last in self._stays(start.date(), end.date()):
                clocks = Localiser(
                    zone, later(start, -_MARGIN), later(end, _MARGIN + self._reach), self.on_change
                )
                for pieces in clocks.localise(self._wall_spans(first, last)):
                    yield from (
                        piece for piece in pieces if piece[0] < window.end and piece[1] > window.start
                    )
        yield from ((one.start, one.end) for one in self.sessions if one.overlaps(window))

    @cached_property
    def _reach(self) -> dt.timedelta:
        """The longest that hours can last on the wall clock; zero if there are none."""
        longest = _LONGEST_HOURS if self.weekly or self.overrides else ZERO
        return max([longest, *(one.duration for one in self.recurring)])

    def zone_at(self, instant: dt.datetime) -> zoneinfo.ZoneInfo:
        """Return the zone whose wall clock the hours around an instant mean, another one abroad.

        Raises:
            NaiveDatetimeError: ``instant`` has no offset.
        """
        for abroad in self.zones:
            date = reading(instant, abroad.zone).date()
            if abroad.first <= date and (abroad.last is None or date <= abroad.last):
                return abroad.zone
        return self.zone

    def _stays(self, first: dt.date, last: dt.date) -> Iterator[tuple[zoneinfo.ZoneInfo, dt.date, dt.date]]:
        """Divide the dates from ``first`` to ``last`` into stays in one zone; dates without hours may go."""
        date, last = (
            max(first, self.valid_from or first, _FIRST_DATE),
            min(last, self.valid_until or last, _LAST_DATE),
        )
        for abroad in self.zones:
            if abroad.last is not None and abroad.last < date:
                continue
            if date < abroad.first <= last:
                yield self.zone, date, abroad.first - _DAY
            if abroad.first <= last:
                until = min(abroad.last or last, last)
                yield abroad.zone, max(date, abroad.first), until
                date = until + _DAY
        if date <= last:
            yield self.zone, date, last

    def _wall_spans(self, first: dt.date, last: dt.date) -> Iterator[Span]:
        """Yield the hours that begin from ``first`` to ``last``, sorted by start, as readings marked UTC."""
        recurring = [self._recurring_spans(one, first, last) for one in self.recurring]
        return (
            merge(self._daily_spans(first, last), *recurring) if recurring else self._daily_spans(first, last)
        )

    def _daily_spans(self, first: dt.date, last: dt.date) -> Iterator[Span]:
        midnight = dt.datetime.combine(first, dt.time.min, dt.UTC)
        for number in range(first.toordinal(), last.toordinal() + 1):
            for hours in self.hours_on(dt.date.fromordinal(number)):
                yield midnight + hours.start, midnight + hours.end
            midnight += _DAY

    def _recurring_spans(self, hours: RecurringHours, first: dt.date, last: dt.date) -> Iterator[Span]:
        begin, end = (dt.datetime.combine(date, dt.time.min) for date in (first, last + _DAY))
        for wall in hours.recurrence.between(begin, end, zone=self.zone):
            date = wall.date()
            if self._is_valid_on(date) and date not in self._override_by_date:
                start = wall.replace(tzinfo=dt.UTC)
                yield start, later(start, hours.duration)

    # -- text ----------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        given = [
            f"{field.name}={value!r}"
            for field in attrs.fields(Schedule)
            if field.name != "zone" and (value := getattr(self, field.name)) != field.default
        ]
        return f"Schedule({', '.join([repr(zone_name(self.zone)), *given])})"

    def _repr_html_(self) -> str:
        hours = {day.name: ", ".join(map(str, self._hours_by_weekday[day])) for day in Weekday}
        rows = [f"<tr><th>{day}</th><td>{text}</td></tr>" for day, text in hours.items() if text]
        others = {
            name: len(getattr(self, name))
            for name in ("recurring", "overrides", "closures", "zones", "sessions")
        }
        notes = ", ".join(f"{count} {name}" for name, count in others.items() if count)
        caption = f"Weekly hours, {escape(zone_name(self.zone))} time"
        return f"<table><caption>{caption}</caption>{''.join(rows)}</table>" + (
            f"<p>{notes}</p>" if notes else ""
        )


@lru_cache(maxsize=128)
def _known_to_open(schedule: Schedule, window: Interval) -> IntervalSet:
    """Keep what was asked lately: employees of a shop have equal hours, and days are asked for again."""
    return schedule._opened(window)  # noqa: SLF001 - a schedule's own


class Combination(Enum):
    """How two schedules are combined."""

    UNION = "|"
    INTERSECTION = "&"
    DIFFERENCE = "-"


@attrs.frozen(repr=False, cache_hash=True)
class CombinedSchedule(_Combinable):
    """Two schedules as one; made by ``|``, ``&`` and ``-``.

    The openings of a union are those of both sides; of an intersection, what each opening of the left shares
    with each of the right; of a difference, what the right's open time leaves of the left's openings.

    >>> week = Schedule("Europe/Warsaw", {"MO-FR": "09:00-17:00"})
    >>> lunch = Schedule("Europe/Warsaw", {"daily": "12:00-13:00"})
    >>> print((week - lunch).open_between(Interval.parse("2025-10-23T00:00Z/P1D")))
    {2025-10-23T07:00Z/2025-10-23T10:00Z, 2025-10-23T11:00Z/2025-10-23T15:00Z}
    """

    operation: Combination
    left: Schedule | CombinedSchedule
    right: Schedule | CombinedSchedule

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The zone of the left schedule, by whose calendar days and the wall clock are counted."""
        return self.left.zone

    def zone_at(self, instant: dt.datetime) -> zoneinfo.ZoneInfo:
        """Return the zone of the left schedule at an instant.

        Raises:
            NaiveDatetimeError: ``instant`` has no offset.
        """
        return self.left.zone_at(instant)

    def hours_between(self, window: Interval) -> tuple[Interval, ...]:
        """Return, whole and sorted, the openings that overlap the window, before closures cut them."""
        if self.operation is Combination.DIFFERENCE:
            return self._left_over(self.left.hours_between(window), window)
        return self._joined(self.left.hours_between(window), self.right.hours_between(window), window)

    def openings_between(self, window: Interval) -> tuple[Interval, ...]:
        """Return, whole and sorted, the openings that overlap the window; those that touch stay apart."""
        if self.operation is Combination.DIFFERENCE:
            return self._left_over(self.left.openings_between(window), window)
        return self._joined(self.left.openings_between(window), self.right.openings_between(window), window)

    def open_between(self, window: Interval) -> IntervalSet:
        """Return the open time within the window, cut to it, with touching openings merged."""
        left, right = self.left.open_between(window), self.right.open_between(window)
        if self.operation is Combination.UNION:
            return left | right
        return left & right if self.operation is Combination.INTERSECTION else left - right

    def _joined(
        self, left: tuple[Interval, ...], right: tuple[Interval, ...], window: Interval
    ) -> tuple[Interval, ...]:
        if self.operation is Combination.UNION:
            return overlapping(left + right, window)
        return overlapping(pairwise_overlaps(left, right), window)

    def _left_over(self, openings: tuple[Interval, ...], window: Interval) -> tuple[Interval, ...]:
        whole = hull(openings)
        return () if whole is None else overlapping(without(openings, self.right.open_between(whole)), window)

    def __repr__(self) -> str:
        return f"({self.left!r} {self.operation.value} {self.right!r})"

    def _repr_html_(self) -> str:
        sign = escape(self.operation.value)
        return f"<div>{self.left._repr_html_()}<p>{sign}</p>{self.right._repr_html_()}</div>"


AnySchedule = Schedule | CombinedSchedule
"""Every schedule that the library makes; see `slotkeeper.domain.availability.Availability` for others."""


def _combined(operation: Combination, left: object, right: object) -> CombinedSchedule:
    if isinstance(left, AnySchedule) and isinstance(right, AnySchedule):
        return CombinedSchedule(operation, left, right)
    raise TypeError(operation, left, right)
