"""`Steps`: the load of one resource as a step function that can change, kept by the day.

A day on which the load changes is a pair of lists: the instants of change, and the levels, the first of
which holds when the day begins and each other one from its instant on. So a question finds its day in a
table, its place by a search among a few instants, and rarely has to look at another day. Within a day
neighbouring levels differ, so that behind a level of zero the next change is known to be the start of
something: the fast case. A span costs a pass over the changes beneath it; a few long ones among many short
ones do no harm.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from itertools import compress, groupby, islice
from operator import itemgetter, ne
from typing import TYPE_CHECKING, TypeAlias

from slotkeeper.domain.instant import EARLIEST, LATEST
from slotkeeper.engine.load import Load

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

_Day: TypeAlias = "tuple[list[dt.datetime], list[int]]"
_instant_of = itemgetter(0)
_level_of = itemgetter(1)


class Steps:
    """A mutable step function from instants to whole numbers, zero wherever nothing was added.

    Instants are plain UTC datetimes and spans are half-open and not empty; nothing is checked here.
    """

    __slots__ = ("_days", "_ordinals")

    def __init__(self) -> None:
        self._days: dict[int, _Day] = {}
        self._ordinals: list[int] = []

    # -- reading -------------------------------------------------------------------------------------------

    def peak(self, start: dt.datetime, end: dt.datetime) -> int:
        """Return the largest level within ``[start, end)``."""
        day = self._days.get(start.toordinal())
        if day:
            instants, levels = day
            if instants[-1] >= end:
                index = bisect_right(instants, start)
                return max(levels[index : bisect_left(instants, end, index) + 1])
        return max(level for _, level in self._changes(start, end))

    def is_zero(self, start: dt.datetime, end: dt.datetime) -> bool:
        """Tell whether the level is zero throughout ``[start, end)``."""
        day = self._days.get(start.toordinal())
        if day:
            instants, levels = day
            index = bisect_right(instants, start)
            if levels[index]:
                return False
            if index < len(instants):
                return instants[index] >= end
        return not any(map(_level_of, self._changes(start, end)))

    def first_fit(
        self, start: dt.datetime, until: dt.datetime, duration: dt.timedelta, room: int
    ) -> dt.datetime | None:
        """Return where the first stretch of ``duration`` begins with no level above ``room``, or None."""
        long_enough = (since for since, end in self.stretches(start, until, room) if end - since >= duration)
        return next(long_enough, None)

    def stretches(
        self, start: dt.datetime, until: dt.datetime, room: int
    ) -> Iterator[tuple[dt.datetime, dt.datetime]]:
        """Yield the longest stretches within ``[start, until)`` with no level above ``room``, in order."""
        since = None
        for instant, level in self._changes(start, until):
            if level <= room:
                since = since or instant
            elif since:
                yield since, instant
                since = None
        if since:
            yield since, until

    def days(self, start: dt.datetime = EARLIEST, end: dt.datetime = LATEST) -> int:
        """Return on how many days within ``[start, end)``, or in all, the load changes."""
        first = bisect_left(self._ordinals, start.toordinal())
        return bisect_right(self._ordinals, end.toordinal()) - first

    def load(self, start: dt.datetime = EARLIEST, end: dt.datetime = LATEST) -> Load:
        """Return the levels within ``[start, end)`` as a value."""
        changes = list(self._changes(start, end))
        instants, levels = [*map(_instant_of, changes), end], [*map(_level_of, changes), 0]
        changed = list(map(ne, levels, (0, *levels)))
        return Load(compress(instants, changed), compress(levels, changed))

    def _changes(self, start: dt.datetime, end: dt.datetime) -> Iterator[tuple[dt.datetime, int]]:
        """Yield ``start`` with the level there, then each later change before ``end``."""
        first, last = start.toordinal(), end.toordinal()
        instants, levels = self._days.get(first) or ([], [self._entering(first)])
        index = bisect_right(instants, start)
        yield start, levels[index]
        yield from zip(instants[index : bisect_left(instants, end)], levels[index + 1 :], strict=False)
        place = bisect_right(self._ordinals, first)
        for ordinal in islice(self._ordinals, place, bisect_left(self._ordinals, last)):
            instants, levels = self._days[ordinal]
            yield from zip(instants, islice(levels, 1, None), strict=True)
        if first < last and last in self._days:
            instants, levels = self._days[last]
            yield from zip(instants[: bisect_left(instants, end)], islice(levels, 1, None), strict=False)

    def _entering(self, ordinal: int) -> int:
        """Return the level at which a day begins."""
        place = bisect_left(self._ordinals, ordinal)
        return self._days[self._ordinals[place - 1]][1][-1] if place else 0

    # -- changing ------------------------------------------------------------------------------------------

    def add(self, start: dt.datetime, end: dt.datetime, by: int) -> None:
        """Raise every level within ``[start, end)`` by ``by``, which may be negative."""
        first, last = start.toordinal(), end.toordinal()
        self._begin_day(first)
        self._begin_day(last)
        if first == last:
            self._raise(first, start, end, by)
            return
        place = bisect_right(self._ordinals, first)
        for ordinal in islice(self._ordinals, place, bisect_left(self._ordinals, last)):
            levels = self._days[ordinal][1]
            levels[:] = [level + by for level in levels]
        self._raise(first, start, None, by)
        self._raise(last, None, end, by)

    def add_if_room(self, start: dt.datetime, end: dt.datetime, by: int, room: int) -> bool:
        """Raise the levels as `add` does, unless one of them is above ``room``; tell whether it was done."""
        ordinal = start.toordinal()
        day = self._days.get(ordinal)
        if not day:
            return self._add_if_room_anywhere(start, end, by, room)
        instants, levels = day
        index = bisect_right(instants, start)
        level = levels[index]
        if level > room:
            return False
        unbroken = end < instants[index] if index < len(instants) else end.toordinal() == ordinal
        if unbroken and (not index or instants[index - 1] != start):
            instants[index:index] = start, end
            levels[index:index] = level, level + by
            return True
        if instants[-1] < end and not unbroken:
            return self._add_if_room_anywhere(start, end, by, room)
        stop = bisect_left(instants, end, index)
        if stop > index and (not room or max(levels[index : stop + 1]) > room):
            return False
        self._raise(ordinal, start, end, by)
        return True

    def _add_if_room_anywhere(self, start: dt.datetime, end: dt.datetime, by: int, room: int) -> bool:
        if self.peak(start, end) > room:
            return False
        self.add(start, end, by)
        return True

    def extend(self, more: Load) -> None:
        """Add a whole load at once."""
        if len(more.instants) < len(self._ordinals):
            for step in more.steps():
                self.add(step.interval.start, step.interval.end, step.units)
        else:
            self._fill(self.load() + more)

    def _fill(self, load: Load) -> None:
        self._days.clear()
        level = 0
        changes = zip(load.instants, load.levels, strict=True)
        for ordinal, group in groupby(changes, lambda change: change[0].toordinal()):
            instants, levels = map(list, zip(*group, strict=True))
            self._days[ordinal] = instants, [level, *levels]
            level = levels[-1]
        self._ordinals = list(self._days)

    def _begin_day(self, ordinal: int) -> None:
        if ordinal not in self._days:
            self._days[ordinal] = [], [self._entering(ordinal)]
            insort(self._ordinals, ordinal)

    def _raise(self, ordinal: int, start: dt.datetime | None, end: dt.datetime | None, by: int) -> None:
        """Raise the levels of one day from ``start`` to ``end``; None is the day's own bound."""
        instants, levels = self._days[ordinal]
        index = bisect_right(instants, start) if start else 0
        stop = bisect_left(instants, end, index) if end else len(instants)
        inside, raised = instants[index:stop], [level + by for level in levels[index : stop + 1]]
        if end and (stop == len(instants) or instants[stop] != end):
            inside, raised = [*inside, end], [*raised, levels[stop]]
        if start and (not index or instants[index - 1] != start):
            inside, raised = [start, *inside], [levels[index], *raised]
        instants[index:stop], levels[index : stop + 1] = inside, raised
        self._join(ordinal, index + len(inside))
        self._join(ordinal, index - 1)
        if not instants:
            del self._days[ordinal], self._ordinals[bisect_left(self._ordinals, ordinal)]

    def _join(self, ordinal: int, index: int) -> None:
        """Drop an instant, if it is one, at which nothing changes any more."""
        instants, levels = self._days[ordinal]
        if 0 <= index < len(instants) and levels[index] == levels[index + 1]:
            del instants[index], levels[index]
