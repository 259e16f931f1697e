"""`IntervalSet`: a set of instants, kept as sorted, disjoint, non-touching intervals."""

from __future__ import annotations

import datetime as dt
import re
from bisect import bisect_left, bisect_right
from html import escape
from itertools import accumulate, chain, islice, repeat
from operator import sub
from typing import TYPE_CHECKING, Any, Final, final, overload

from slotkeeper.domain import iso8601
from slotkeeper.domain.instant import EARLIEST, LATEST, TICK, ZERO, as_utc, later, moved, negated
from slotkeeper.domain.interval import Interval, intervals_between
from slotkeeper.domain.sweep import at_depth, in_both
from slotkeeper.domain.text import matched
from slotkeeper.errors import InvalidFieldError, InvalidIntervalError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_Instants = tuple[dt.datetime, ...]
_ROWS_IN_HTML: Final = 20
_AT_ONCE: Final = 256
_LISTED: Final = re.compile(r"\s*(?P<brace>\{)?(?P<listed>[^{}]*)(?(brace)\})\s*")


@final
class IntervalSet:
    """An immutable set of instants; overlapping and touching intervals are merged.

    It behaves as Python's sets do: ``|``, ``&``, ``-``, ``^``, and ``<=`` for "is a subset of". Iterating,
    indexing and ``len`` go over its maximal intervals in order of time. Spans of no length add nothing; the
    empty set is false.

    >>> morning = IntervalSet.parse("2025-10-23T09:00Z/PT3H")
    >>> break_ = IntervalSet.parse("2025-10-23T10:00Z/PT15M")
    >>> print(morning - break_)
    {2025-10-23T09:00Z/2025-10-23T10:00Z, 2025-10-23T10:15Z/2025-10-23T12:00Z}
    """

    __slots__ = ("_ends", "_starts")
    _starts: _Instants
    _ends: _Instants

    def __init__(self, intervals: Iterable[Interval] = ()) -> None:
        given = intervals if isinstance(intervals, (list, tuple)) else list(intervals)
        starts, ends = at_depth([one.start for one in given], [one.end for one in given])
        _fill(self, starts, ends)

    # -- making --------------------------------------------------------------------------------------------

    @classmethod
    def from_pairs(cls, pairs: Iterable[tuple[dt.datetime, dt.datetime]]) -> IntervalSet:
        """Return the set of these ``(start, end)`` spans; one that ends where it starts adds nothing.

        Raises:
            InvalidIntervalError: A span ends before it starts.
        """
        spans = [(as_utc(start), as_utc(end)) for start, end in pairs]
        for start, end in spans:
            if end < start:
                raise InvalidIntervalError(start, end)
        real = [span for span in spans if span[0] < span[1]]
        return cls._raw(*at_depth([start for start, _ in real], [end for _, end in real]))

    @classmethod
    def parse(cls, text: str) -> IntervalSet:
        """Read ISO 8601 intervals separated by commas, with or without braces around them.

        Decimal fractions are written with a point here, as a comma ends the interval.

        Raises:
            ParseError: A part is no interval.
            InvalidIntervalError: An interval's end is not after its start.
        """
        listed = matched(_LISTED, text, "ISO 8601 intervals separated by commas")["listed"].strip()
        return cls(map(Interval.parse, listed.split(",") if listed else ()))

    @classmethod
    def overlapping(cls, sets: Iterable[IntervalSet], at_least: int = 1) -> IntervalSet:
        """Return the instants that lie in at least ``at_least`` of the sets; at least one is their union.

        Raises:
            InvalidFieldError: ``at_least`` is below one.
        """
        if at_least < 1:
            raise InvalidFieldError("at_least", at_least, "must be at least 1")
        given = list(sets)
        starts = chain.from_iterable(one._starts for one in given)  # noqa: SLF001 - sets of this class
        ends = chain.from_iterable(one._ends for one in given)  # noqa: SLF001 - as above
        return cls._raw(*at_depth(starts, ends, at_least))

    @classmethod
    def _raw(cls, starts: Iterable[dt.datetime], ends: Iterable[dt.datetime]) -> IntervalSet:
        """Wrap bounds that are already sorted, disjoint and not touching."""
        made = cls.__new__(cls)
        _fill(made, starts, ends)
        return made

    # -- algebra -------------------------------------------------------------------------------------------

    def __or__(self, other: IntervalSet) -> IntervalSet:
        if not isinstance(other, IntervalSet):
            return NotImplemented
        return IntervalSet._raw(*at_depth(self._starts + other._starts, self._ends + other._ends))

    def __and__(self, other: IntervalSet) -> IntervalSet:
        if not isinstance(other, IntervalSet):
            return NotImplemented
        return IntervalSet._raw(*in_both(self._starts + other._starts, self._ends + other._ends))

    def __sub__(self, other: IntervalSet) -> IntervalSet:
        if not isinstance(other, IntervalSet):
            return NotImplemented
        if not (self._starts and other._starts):
            return self
        outside_starts, outside_ends = (EARLIEST, *other._ends), (*other._starts, LATEST)
        return IntervalSet._raw(*in_both(self._starts + outside_starts, self._ends + outside_ends))

    def __xor__(self, other: IntervalSet) -> IntervalSet:
        if not isinstance(other, IntervalSet):
            return NotImplemented
        return (self | other) - (self & other)

    def isdisjoint(self, other: IntervalSet) -> bool:
        """Tell whether the two share no instant."""
        return not self & other

    def __le__(self, other: IntervalSet) -> bool:
        if not isinstance(other, IntervalSet):
            return NotImplemented
        return all(one in other for one in self)

    def __lt__(self, other: IntervalSet) -> bool:
        if not isinstance(other, IntervalSet):
            return NotImplemented
        return self != other and self <= other

    def __ge__(self, other: IntervalSet) -> bool:
        if not isinstance(other, IntervalSet):
            return NotImplemented
        return other <= self

    def __gt__(self, other: IntervalSet) -> bool:
        if not isinstance(other, IntervalSet):
            return NotImplemented
        return other < self

    # -- within bounds ---------------------------------------------------------------------------------------

    def clip(self, bounds: Interval) -> IntervalSet:
        """Return what lies within ``bounds``; intervals across a bound are cut there."""
        first = bisect_right(self._ends, bounds.start)
        last = bisect_left(self._starts, bounds.end, first)
        if first == last:
            return EMPTY
        starts, ends = list(self._starts[first:last]), list(self._ends[first:last])
        starts[0], ends[-1] = max(starts[0], bounds.start), min(ends[-1], bounds.end)
        return IntervalSet._raw(starts, ends)

    def complement(self, bounds: Interval) -> IntervalSet:
        """Return the instants within ``bounds`` that are not in the set."""
        return IntervalSet((bounds,)) - self.clip(bounds)

    def overlaps(self, bounds: Interval) -> bool:
        """Tell whether the set and an interval share an instant."""
        index = bisect_right(self._ends, bounds.start)
        return index < len(self._ends) and self._starts[index] < bounds.end

    def touching(self, bounds: Interval) -> tuple[Interval, ...]:
        """Return, whole and in order, the intervals of the set that overlap ``bounds``."""
        first = bisect_right(self._ends, bounds.start)
        return self[first : bisect_left(self._starts, bounds.end, first)]

    def gaps(self) -> IntervalSet:
        """Return the bounded stretches between neighbouring intervals."""
        return IntervalSet._raw(self._ends[:-1], self._starts[1:])

    def span(self) -> Interval | None:
        """Return the hull, from the first start to the last end, or None for the empty set."""
        return Interval(self._starts[0], self._ends[-1]) if self._starts else None

    # -- moving and sizing -----------------------------------------------------------------------------------

    def shift(self, by: dt.timedelta) -> IntervalSet:
        """Return the set moved by ``by`` of absolute time; negative is earlier.

        Raises:
            InvalidInstantError: That leaves the years 1 to 9999.
        """
        starts = [moved(start, by) for start in self._starts]
        return IntervalSet._raw(starts, [moved(end, by) for end in self._ends])

    def expand(self, before: dt.timedelta = ZERO, after: dt.timedelta = ZERO) -> IntervalSet:
        """Return the set with ``before`` added ahead of each interval and ``after`` behind it.

        Negative amounts shrink; an interval of which nothing is left drops out. Bounds stay within the years
        1 to 9999.
        """
        starts = [later(start, negated(before)) for start in self._starts]
        ends = [later(end, after) for end in self._ends]
        real = [(start, end) for start, end in zip(starts, ends, strict=True) if start < end]
        return IntervalSet._raw(*at_depth([start for start, _ in real], [end for _, end in real]))

    def starts_fitting(self, duration: dt.timedelta) -> IntervalSet:
        """Return the instants from which ``duration`` lies wholly inside one interval of the set.

        The last such start of an interval is its end minus ``duration`` and is included, so that each piece
        of the answer ends one microsecond after it.

        Raises:
            InvalidFieldError: ``duration`` is not positive.
        """
        _check_positive(duration)
        return self.expand(ZERO, TICK + negated(duration))

    def starts_meeting(self, duration: dt.timedelta) -> IntervalSet:
        """Return the instants from which ``duration`` would share an instant with the set.

        Raises:
            InvalidFieldError: ``duration`` is not positive.
        """
        _check_positive(duration)
        return self.expand(duration - TICK, ZERO)

    def split(self, duration: dt.timedelta, *, rest: bool = False) -> Iterator[Interval]:
        """Iterate over pieces of ``duration`` from each interval's start; ``rest`` adds the shorter last.

        Raises:
            InvalidFieldError: ``duration`` is not positive.
        """
        _check_positive(duration)
        if rest:
            return chain.from_iterable(one.split(duration, rest=True) for one in self)
        return _pieces(self.pairs, duration)

    @property
    def duration(self) -> dt.timedelta:
        """The total length of the intervals."""
        return sum(map(sub, self._ends, self._starts), ZERO)

    # -- reading ---------------------------------------------------------------------------------------------

    def __contains__(self, item: object) -> bool:
        """Tell whether an instant, or the whole of an interval, lies inside."""
        if isinstance(item, Interval):
            index = bisect_right(self._starts, item.start) - 1
            return index >= 0 and item.end <= self._ends[index]
        if isinstance(item, dt.datetime):
            instant = as_utc(item)
            index = bisect_right(self._starts, instant) - 1
            return index >= 0 and instant < self._ends[index]
        return False

    def enclosing(self, instant: dt.datetime) -> Interval | None:
        """Return the interval of the set in which the instant lies, or None."""
        moment = as_utc(instant)
        index = bisect_right(self._starts, moment) - 1
        return self[index] if index >= 0 and moment < self._ends[index] else None

    def next_from(self, instant: dt.datetime) -> dt.datetime | None:
        """Return the earliest instant of the set that is not before ``instant``, or None."""
        moment = as_utc(instant)
        index = bisect_right(self._ends, moment)
        return max(self._starts[index], moment) if index < len(self._ends) else None

    @property
    def pairs(self) -> Iterator[tuple[dt.datetime, dt.datetime]]:
        """The ``(start, end)`` bounds in order, without building intervals."""
        return zip(self._starts, self._ends, strict=True)

    def __iter__(self) -> Iterator[Interval]:
        cuts = range(0, len(self._starts), _AT_ONCE)
        return chain.from_iterable(self[cut : cut + _AT_ONCE] for cut in cuts)

    def __len__(self) -> int:
        return len(self._starts)

    def __bool__(self) -> bool:
        return bool(self._starts)

    @overload
    def __getitem__(self, index: int) -> Interval: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Interval, ...]: ...
    def __getitem__(self, index: int | slice) -> Interval | tuple[Interval, ...]:
        if isinstance(index, slice):
            return tuple(intervals_between(self._starts[index], self._ends[index]))
        return Interval(self._starts[index], self._ends[index])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, IntervalSet):
            return NotImplemented
        return self._starts == other._starts and self._ends == other._ends

    def __hash__(self) -> int:
        return hash((self._starts, self._ends))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(name)  # immutable, as frozen attrs classes are

    def __delattr__(self, name: str) -> None:
        raise AttributeError(name)

    def __reduce__(self) -> tuple[object, tuple[_Instants, _Instants]]:
        return IntervalSet._raw, (self._starts, self._ends)

    def isoformat(self) -> str:
        """Return ISO 8601 intervals in UTC, separated by a comma and a space; `parse` reads them back."""
        return ", ".join(one.isoformat() for one in self)

    def __str__(self) -> str:
        return f"{{{self.isoformat()}}}"

    def __repr__(self) -> str:
        return f"IntervalSet.parse({self.isoformat()!r})" if self else "IntervalSet()"

    def _repr_html_(self) -> str:
        spans = islice(self.pairs, _ROWS_IN_HTML)
        rows = "".join(f"<li><code>{escape(iso8601.format_span(*span))}</code></li>" for span in spans)
        more = len(self) - _ROWS_IN_HTML
        tail = f"<li>and {more} more</li>" if more > 0 else ""
        total = escape(iso8601.format_duration(self.duration))
        return f"<div>{len(self)} intervals, {total} in all, times in UTC<ul>{rows}{tail}</ul></div>"


def _pieces(pairs: Iterable[tuple[dt.datetime, dt.datetime]], duration: dt.timedelta) -> Iterator[Interval]:
    """Yield the whole pieces of each span, made some at a time."""
    counts = ((start, (end - start) // duration) for start, end in pairs)
    steps: Iterator[Iterator[Any]] = (
        accumulate(repeat(duration, count - 1), initial=start) for start, count in counts if count
    )
    starts = chain.from_iterable(steps)
    while some := list(islice(starts, _AT_ONCE)):
        yield from intervals_between(some, [start + duration for start in some])


def _check_positive(duration: dt.timedelta) -> None:
    if duration <= ZERO:
        raise InvalidFieldError("duration", duration, "must be positive")


def _fill(made: IntervalSet, starts: Iterable[dt.datetime], ends: Iterable[dt.datetime]) -> None:
    object.__setattr__(made, "_starts", tuple(starts))
    object.__setattr__(made, "_ends", tuple(ends))


EMPTY: Final = IntervalSet()
"""The set of no instants."""
