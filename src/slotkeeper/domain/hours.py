"""Opening hours on the wall clock: spans of a local day, and the days they apply to.

Nothing here is an instant yet; a `slotkeeper.domain.schedule.Schedule` gives the zone. Hours belong to the
local date on which they begin, also the part of them that runs past midnight.
"""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from typing import TYPE_CHECKING, Final

import attrs

from slotkeeper.domain.fields import at_least, positive
from slotkeeper.domain.instant import ZERO
from slotkeeper.domain.periods import Weekday
from slotkeeper.domain.recurrence import Recurrence
from slotkeeper.domain.zones import as_zone
from slotkeeper.errors import InvalidFieldError, ParseError

if TYPE_CHECKING:
    from collections.abc import Iterable

DAY: Final = dt.timedelta(days=1)
_TIME: Final = re.compile(r"(\d\d?):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,6}))?)?", re.ASCII)

TimeOfDay = str | dt.time | dt.timedelta


def _since_midnight(value: TimeOfDay) -> dt.timedelta:
    if isinstance(value, dt.timedelta):
        return value
    if isinstance(value, dt.time):
        return _of_time(value)
    if not isinstance(value, str):
        raise InvalidFieldError("Hours", value, "must be a time of day, text or a timedelta")
    match = _TIME.fullmatch(value.strip())
    if match is None:
        raise ParseError(value, "a time of day such as 09:00 or 24:00")
    hours, minutes, seconds, fraction = match.groups(default="0")
    size = {"hours": int(hours), "minutes": int(minutes), "seconds": int(seconds)}
    return dt.timedelta(**size, microseconds=int(fraction.ljust(6, "0")))


def _of_time(value: dt.time) -> dt.timedelta:
    if value.tzinfo is not None:
        raise InvalidFieldError("Hours", value, "must be a time of day without a zone")
    return dt.timedelta(
        hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond
    )


@attrs.frozen(order=True, repr=False)
class Hours:
    """A wall-clock span of a local day, half-open, kept as offsets from that day's midnight.

    An end that is not after the start belongs to the next day; equal ends are 24 hours round. An end may
    reach ``48:00``, the midnight after the next day.

    Args:
        start: From ``00:00`` up to, but not, ``24:00``: a `datetime.time`, text, or the offset itself.
        end: Up to ``48:00``, in the same forms.

    Raises:
        ParseError: The text is no time of day.
        InvalidFieldError: The start or the end is out of range, or a time has a zone.

    >>> Hours("22:00", "04:00").duration
    datetime.timedelta(seconds=21600)
    """

    start: dt.timedelta = attrs.field(converter=_since_midnight)
    end: dt.timedelta = attrs.field(converter=_since_midnight)

    def __attrs_post_init__(self) -> None:
        if self.end <= self.start:
            object.__setattr__(self, "end", self.end + DAY)

    @start.validator
    def _starts_within_the_day(self, _: object, start: dt.timedelta) -> None:
        if not ZERO <= start < DAY:
            raise InvalidFieldError("Hours.start", start, "must lie within the day, before 24:00")

    @end.validator
    def _ends_by_the_midnight_after(self, _: object, end: dt.timedelta) -> None:
        if not ZERO <= end <= 2 * DAY:
            raise InvalidFieldError("Hours.end", end, "must be 48:00 at the latest")

    @classmethod
    def parse(cls, text: str) -> Hours:
        """Read ``09:00-12:00``; a dash of either length, with or without spaces.

        Raises:
            ParseError: The text is no span of a day.

        >>> print(Hours.parse("22:00 - 04:00"))
        22:00-04:00
        """
        start, dash, end = _one_dash(text).partition("-")
        if not dash:
            raise ParseError(text, "hours such as 09:00-12:00")
        return cls(start, end)

    @property
    def duration(self) -> dt.timedelta:
        """How much the wall clock advances from start to end."""
        return self.end - self.start

    def __str__(self) -> str:
        wraps = DAY < self.end <= self.start + DAY
        return f"{_clock(self.start)}-{_clock(self.end - DAY if wraps else self.end)}"

    def __repr__(self) -> str:
        return f"Hours.parse({str(self)!r})"


def _clock(offset: dt.timedelta) -> str:
    minutes, rest = divmod(offset, dt.timedelta(minutes=1))
    fraction = f".{rest.microseconds:06d}".rstrip("0") if rest.microseconds else ""
    seconds = f":{rest.seconds:02d}{fraction}" if rest else ""
    return f"{minutes // 60:02d}:{minutes % 60:02d}{seconds}"


def hours_of(value: str | Hours | Iterable[Hours]) -> tuple[Hours, ...]:
    """Return the hours of a day, sorted, each once: from text with commas, one `Hours`, or several.

    Raises:
        ParseError: A part of the text is no span of a day.
        InvalidFieldError: An element is no `Hours`.

    >>> [str(one) for one in hours_of("12:30-17:00, 09:00-12:00")]
    ['09:00-12:00', '12:30-17:00']
    """
    if isinstance(value, str):
        return tuple(sorted({Hours.parse(part) for part in value.split(",") if part.strip()}))
    given = (value,) if isinstance(value, Hours) else tuple(value)
    for one in given:
        if not isinstance(one, Hours):
            raise InvalidFieldError("hours", one, "must be Hours")
    return tuple(sorted(set(given)))


def weekdays_of(value: str | Iterable[Weekday | str]) -> frozenset[Weekday]:
    """Return weekdays from ``MO-FR``, ``MO,WE``, ``SA-MO``, ``daily``, or several names or numbers.

    Raises:
        ParseError: A name is no weekday.

    >>> sorted(day.name for day in weekdays_of("FR-MO"))
    ['FR', 'MO', 'SA', 'SU']
    """
    if isinstance(value, str):
        if value.strip().lower() == "daily":
            return frozenset(Weekday)
        return frozenset(day for part in value.split(",") for day in _weekday_range(part))
    return frozenset(_weekday(one) for one in value)


def _weekday_range(text: str) -> list[Weekday]:
    name, dash, other = _one_dash(text).partition("-")
    first = _weekday(name)
    last = _weekday(other) if dash else first
    return [Weekday((first - 1 + ahead) % 7 + 1) for ahead in range((last - first) % 7 + 1)]


def _one_dash(text: str) -> str:
    return text.replace("–", "-")  # people type the en dash too


def _weekday(value: Weekday | str | int) -> Weekday:
    try:
        return Weekday[value.strip().upper()] if isinstance(value, str) else Weekday(value)
    except (KeyError, ValueError):
        raise ParseError(value, "a weekday, MO to SU") from None


def as_date(value: dt.date | str) -> dt.date:
    """Return a calendar date, from itself or from ISO 8601 text.

    Raises:
        ParseError: The text is no date.
        InvalidFieldError: It is a datetime, whose date depends on a zone, or no date at all.
    """
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            raise ParseError(value, "an ISO 8601 date") from None
    if isinstance(value, dt.datetime):
        raise InvalidFieldError("date", value, "must be a calendar date, without a time")
    if not isinstance(value, dt.date):
        raise InvalidFieldError("date", value, "must be a calendar date")
    return value


def optional_date(value: dt.date | str | None) -> dt.date | None:
    """Return a calendar date as `as_date` does, or None."""
    return None if value is None else as_date(value)


def _days_text(days: frozenset[Weekday]) -> str:
    return repr(",".join(day.name for day in sorted(days)))


def _hours_text(hours: tuple[Hours, ...]) -> str:
    return repr(", ".join(map(str, hours)))


@attrs.frozen
class WeeklyHours:
    """Hours that repeat every week, or every few weeks, on some weekdays.

    Args:
        days: Weekdays, also as ``MO-FR`` or ``daily``.
        hours: The hours of each of these days, also as text.
        every: One for every week, two for every other week, and so on.
        anchor: A date in a week that counts; needed when ``every`` is more than one. Weeks begin on Monday.

    Raises:
        InvalidFieldError: ``every`` is below one, or more than one without an anchor.

    >>> fortnightly = WeeklyHours("SA", "10:00-14:00", every=2, anchor=dt.date(2025, 10, 25))
    >>> fortnightly.runs_on(dt.date(2025, 11, 1)), fortnightly.runs_on(dt.date(2025, 11, 8))
    (False, True)
    """

    days: frozenset[Weekday] = attrs.field(converter=weekdays_of, repr=_days_text)
    hours: tuple[Hours, ...] = attrs.field(converter=hours_of, repr=_hours_text)
    every: int = attrs.field(default=1, kw_only=True, validator=at_least(1))
    anchor: dt.date | None = attrs.field(default=None, kw_only=True, converter=optional_date)

    @anchor.validator
    def _is_given_when_weeks_alternate(self, _: object, anchor: dt.date | None) -> None:
        if self.every > 1 and anchor is None:
            raise InvalidFieldError("WeeklyHours.anchor", anchor, "must name a date in a week that counts")

    def runs_on(self, date: dt.date) -> bool:
        """Tell whether the hours apply to a local date."""
        if date.isoweekday() not in self.days:
            return False
        return self.anchor is None or (_week(date) - _week(self.anchor)) % self.every == 0


def _week(date: dt.date) -> int:
    return (date.toordinal() - 1) // 7  # the first of January of the year 1 is a Monday


@attrs.frozen
class RecurringHours:
    """Hours whose beginnings an RFC 5545 recurrence gives; each lasts ``duration`` on the wall clock.

    Raises:
        InvalidFieldError: The duration is not positive.
    """

    recurrence: Recurrence
    duration: dt.timedelta = attrs.field(validator=positive)


@attrs.frozen
class DateOverride:
    """Hours that replace all hours which would begin on one local date; none close it."""

    date: dt.date = attrs.field(converter=as_date)
    hours: tuple[Hours, ...] = attrs.field(default=(), converter=hours_of)


@attrs.frozen
class ZoneOverride:
    """Another zone for the hours that begin on some local dates, as for a week of work abroad.

    Args:
        zone: The zone in which hours of these dates are read.
        first: The first date.
        last: The last date, inclusive; None for all dates from ``first`` on.

    Raises:
        InvalidFieldError: The last date is before the first.
    """

    zone: zoneinfo.ZoneInfo = attrs.field(converter=as_zone)
    first: dt.date = attrs.field(converter=as_date)
    last: dt.date | None = attrs.field(default=None, converter=optional_date)

    @last.validator
    def _is_not_before_the_first(self, _: object, last: dt.date | None) -> None:
        if last is not None and last < self.first:
            raise InvalidFieldError("ZoneOverride.last", last, "must not be before the first date")
