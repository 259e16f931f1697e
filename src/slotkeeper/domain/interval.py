"""`Interval`: a half-open span of absolute time."""

from __future__ import annotations

import datetime as dt
from collections import deque
from html import escape
from itertools import repeat
from typing import TYPE_CHECKING

import attrs

from slotkeeper.domain import iso8601
from slotkeeper.domain.instant import ZERO, as_utc, moved, negated
from slotkeeper.errors import InvalidFieldError, InvalidIntervalError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@attrs.frozen(order=True, repr=False)
class Interval:
    """A half-open span of absolute time, ``[start, end)``, held in UTC to the microsecond.

    The start belongs to it, the end does not: intervals that touch do not overlap. A span of no length holds
    no instant, so it is no interval; sets ignore it. Intervals order by start, then by end.

    Args:
        start: The first instant inside; any offset, kept in UTC.
        end: The first instant after it.

    Raises:
        NaiveDatetimeError: A bound has no offset.
        InvalidInstantError: A bound leaves the years 1 to 9999 in UTC.
        InvalidIntervalError: The end is not after the start.

    >>> Interval.parse("2025-10-23T09:00Z/PT30M").duration
    datetime.timedelta(seconds=1800)
    """

    start: dt.datetime = attrs.field(converter=as_utc)
    end: dt.datetime = attrs.field(converter=as_utc)

    @end.validator
    def _ends_after_it_starts(self, _: object, end: dt.datetime) -> None:
        if end <= self.start:
            raise InvalidIntervalError(self.start, end)

    @classmethod
    def lasting(cls, start: dt.datetime, duration: dt.timedelta) -> Interval:
        """Return the interval from ``start`` that lasts ``duration`` of absolute time.

        Raises:
            InvalidIntervalError: ``duration`` is not positive.
            InvalidInstantError: The end is after the year 9999.
        """
        first = as_utc(start)
        return cls(first, moved(first, duration))

    @classmethod
    def parse(cls, text: str) -> Interval:
        """Read ISO 8601 interval text: start/end, start/duration or duration/end, instants with an offset.

        Raises:
            ParseError: The text is none of these.
            InvalidIntervalError: The end it gives is not after the start.

        >>> str(Interval.parse("2025-10-23T11:00+02:00/12:30+02:00"))
        '2025-10-23T09:00Z/2025-10-23T10:30Z'
        """
        return cls(*iso8601.parse_interval(text))

    @property
    def duration(self) -> dt.timedelta:
        """How long it lasts, in absolute time; always positive."""
        return self.end - self.start

    def __contains__(self, item: object) -> bool:
        """Tell whether an instant, or the whole of another interval, lies inside."""
        if isinstance(item, Interval):
            return self.start <= item.start and item.end <= self.end
        if isinstance(item, dt.datetime):
            return self.start <= as_utc(item) < self.end
        return False

    def overlaps(self, other: Interval) -> bool:
        """Tell whether the two share an instant; touching intervals do not."""
        return self.start < other.end and other.start < self.end

    def touches(self, other: Interval) -> bool:
        """Tell whether one ends exactly where the other starts."""
        return self.end == other.start or other.end == self.start

    def __and__(self, other: Interval) -> Interval | None:
        """Return what the two share, or None where they share nothing."""
        if not isinstance(other, Interval):
            return NotImplemented
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Interval(start, end) if start < end else None

    def hull(self, other: Interval) -> Interval:
        """Return the shortest interval that holds both, with whatever lies between them."""
        return Interval(min(self.start, other.start), max(self.end, other.end))

    def shift(self, by: dt.timedelta) -> Interval:
        """Return the interval moved by ``by`` of absolute time; negative is earlier.

        Raises:
            InvalidInstantError: That leaves the years 1 to 9999.
        """
        return Interval(moved(self.start, by), moved(self.end, by))

    def expand(self, before: dt.timedelta = ZERO, after: dt.timedelta = ZERO) -> Interval:
        """Return the interval with ``before`` added ahead of it and ``after`` behind it; negative shrinks.

        Raises:
            InvalidIntervalError: Nothing is left of it.
            InvalidInstantError: That leaves the years 1 to 9999.
        """
        return Interval(moved(self.start, negated(before)), moved(self.end, after))

    def split(self, duration: dt.timedelta, *, rest: bool = False) -> Iterator[Interval]:
        """Iterate over back-to-back pieces of ``duration`` from the start; ``rest`` adds a shorter last one.

        Raises:
            InvalidFieldError: ``duration`` is not positive.

        >>> day = Interval.parse("2025-10-23T09:00Z/PT1H10M")
        >>> [str(piece) for piece in day.split(dt.timedelta(minutes=30))]
        ['2025-10-23T09:00Z/2025-10-23T09:30Z', '2025-10-23T09:30Z/2025-10-23T10:00Z']
        """
        if duration <= ZERO:
            raise InvalidFieldError("duration", duration, "must be positive")
        return self._pieces(duration, rest=rest)

    def _pieces(self, duration: dt.timedelta, *, rest: bool) -> Iterator[Interval]:
        count, left = divmod(self.duration, duration)
        for index in range(count):
            yield Interval(self.start + index * duration, self.start + (index + 1) * duration)
        if rest and left:
            yield Interval(self.end - left, self.end)

    def isoformat(self, *, duration: bool = False) -> str:
        """Return ISO 8601 text in UTC, as start/end, or as start/duration; `parse` reads both back.

        >>> Interval.parse("2025-10-23T09:00Z/2025-10-23T10:30Z").isoformat(duration=True)
        '2025-10-23T09:00Z/PT1H30M'
        """
        last = iso8601.format_duration(self.duration) if duration else iso8601.format_instant(self.end)
        return f"{iso8601.format_instant(self.start)}/{last}"

    def __str__(self) -> str:
        return self.isoformat()

    def __repr__(self) -> str:
        return f"Interval.parse({self.isoformat()!r})"

    def _repr_html_(self) -> str:
        length = escape(iso8601.format_duration(self.duration))
        return f"<code>{escape(iso8601.format_span(self.start, self.end))} UTC</code> ({length})"


_set_start = Interval.__dict__["start"].__set__
_set_end = Interval.__dict__["end"].__set__


def intervals_between(starts: Sequence[dt.datetime], ends: Sequence[dt.datetime]) -> list[Interval]:
    """Return the intervals of bounds that are known to be good: plain, in UTC, and each end after its start.

    Nothing is checked again, which makes many of them several times faster than one by one.
    """
    made = list(map(Interval.__new__, repeat(Interval, len(starts))))
    deque(map(_set_start, made, starts), maxlen=0)
    deque(map(_set_end, made, ends), maxlen=0)
    return made
