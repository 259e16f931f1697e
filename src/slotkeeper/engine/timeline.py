"""`Timeline`: the mutable interval index of one resource.

Two views of the same entries: the load as a step function (`Steps`) answers whether, how full and when
next, the last by way of `Gaps`, and the entries by length and start (`Entries`) answer which. Booking needs
only the first; what it adds is sorted into the second when something has to be listed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic

from slotkeeper.domain.instant import LATEST, ZERO, as_utc
from slotkeeper.domain.interval_set import IntervalSet
from slotkeeper.engine.entries import Entries, Entry, K
from slotkeeper.engine.gaps import Gaps
from slotkeeper.engine.load import Load, check_units
from slotkeeper.engine.steps import Steps
from slotkeeper.errors import DuplicateIdError, InvalidFieldError, NotFoundError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator

    from slotkeeper.domain.interval import Interval

__all__ = ["Entry", "Timeline"]


class Timeline(Generic[K]):
    """Intervals on one resource, each under a key of its own and taking some units; they may overlap.

    Intervals are half-open: entries that touch do not overlap. Capacity comes with each question; `add`
    itself refuses nothing, so that overbooked input can be held and inspected. Iterating gives the entries
    in order of start, then end, then arrival. A question about load, or a change, costs about the logarithm
    of the day's entries plus the changes of load inside the interval; listing costs the logarithm of all
    entries plus a small multiple of the answer. Not for use by several threads at once.

    Args:
        entries: What it holds to begin with.

    >>> from slotkeeper.domain.interval import Interval
    >>> bay = Timeline([Entry(Interval.parse("2025-10-23T09:00Z/PT1H"), "anna")])
    >>> bay.book_if_free(Interval.parse("2025-10-23T09:30Z/PT1H"), "ben")
    False
    >>> bay.book_if_free(Interval.parse("2025-10-23T10:00Z/PT1H"), "ben")
    True
    >>> [entry.key for entry in bay.overlapping(Interval.parse("2025-10-23T09:59Z/PT1M"))]
    ['anna']
    """

    __slots__ = ("_entries", "_fresh", "_gaps", "_removals", "_steps")

    def __init__(self, entries: Iterable[Entry[K]] = ()) -> None:
        self._steps = Steps()
        self._gaps = Gaps(self._steps)
        self._removals = 0
        self._fresh: dict[K, tuple[Interval, int]] = {}
        self._entries: Entries[K] = Entries()
        self.extend(entries)

    def __len__(self) -> int:
        return len(self._fresh) + len(self._entries.rows)

    def __iter__(self) -> Iterator[Entry[K]]:
        return iter(self._sorted())

    def __contains__(self, key: object) -> bool:
        """Tell whether an entry goes by that key."""
        return key in self._fresh or key in self._entries.rows

    def __repr__(self) -> str:
        return f"<Timeline of {len(self)} entries>"

    # -- changing ------------------------------------------------------------------------------------------

    def add(self, interval: Interval, key: K, *, units: int = 1) -> None:
        """Add an entry, whatever else is there.

        Raises:
            DuplicateIdError: The key is in use.
            InvalidFieldError: ``units`` is below one.
        """
        check_units("units", units)
        if key in self:
            raise DuplicateIdError("entry", key)
        self._steps.add(interval.start, interval.end, units)
        self._fresh[key] = interval, units

    def book_if_free(self, interval: Interval, key: K, *, units: int = 1, capacity: int = 1) -> bool:
        """Add an entry if the load, with it, stays within ``capacity`` throughout; tell whether it was added.

        Raises:
            DuplicateIdError: The key is in use.
            InvalidFieldError: ``units`` is below one.
        """
        if units != 1:
            check_units("units", units)
        if key in self._fresh or key in self._entries.rows:
            raise DuplicateIdError("entry", key)
        if not self._steps.add_if_room(interval.start, interval.end, units, capacity - units):
            return False
        self._fresh[key] = interval, units
        return True

    def extend(self, entries: Iterable[Entry[K]]) -> None:
        """Add many entries, whatever else is there; if one of the keys is in use, none is added.

        Raises:
            DuplicateIdError: A key is in use, or occurs twice among the entries.
        """
        arriving: dict[K, Entry[K]] = {}
        for entry in entries:
            if entry.key in arriving or entry.key in self:
                raise DuplicateIdError("entry", entry.key)
            arriving[entry.key] = entry
        self._sorted().extend(arriving.values())
        self._steps.extend(Load.of((entry.interval, entry.units) for entry in arriving.values()))

    def remove(self, key: K) -> Entry[K]:
        """Take out the entry of that key and return it.

        Raises:
            NotFoundError: No entry goes by that key.
        """
        if key in self._fresh:
            interval, units = self._fresh.pop(key)
            entry = Entry(interval, key, units=units)
        elif key in self._entries.rows:
            entry = self._entries.remove(key)
        else:
            raise NotFoundError("entry", key)
        self._removals += 1
        self._steps.add(entry.interval.start, entry.interval.end, -entry.units)
        return entry

    def discard(self, key: K) -> bool:
        """Take out the entry of that key, if there is one; tell whether there was."""
        if key not in self:
            return False
        self.remove(key)
        return True

    def _sorted(self) -> Entries[K]:
        if self._fresh:
            self._entries.extend(Entry(one, key, units=units) for key, (one, units) in self._fresh.items())
            self._fresh.clear()
        return self._entries

    # -- asking --------------------------------------------------------------------------------------------

    def any_overlap(self, interval: Interval) -> bool:
        """Tell whether an entry shares an instant with the interval."""
        return not self._steps.is_zero(interval.start, interval.end)

    def overlapping(self, interval: Interval) -> list[Entry[K]]:
        """Return the entries that share an instant with the interval, by start, then end, then arrival."""
        return self._sorted().overlapping(interval.start, interval.end)

    def peak(self, interval: Interval) -> int:
        """Return the largest load within the interval."""
        return self._steps.peak(interval.start, interval.end)

    def fits(self, interval: Interval, *, units: int = 1, capacity: int = 1) -> bool:
        """Tell whether ``units`` more, for the whole interval, would stay within ``capacity``."""
        return self._steps.peak(interval.start, interval.end) + units <= capacity

    def next_gap(
        self,
        start: dt.datetime,
        duration: dt.timedelta,
        *,
        until: dt.datetime = LATEST,
        units: int = 1,
        capacity: int = 1,
    ) -> dt.datetime | None:
        """Return the earliest instant, from ``start`` on, at which ``units`` fit for ``duration``, or None.

        The whole stretch ends no later than ``until``. Gaps are kept until an entry comes or goes, so that
        asking a timeline that stands still is a search.

        Raises:
            InvalidFieldError: ``duration`` is not positive.
        """
        if duration <= ZERO:
            raise InvalidFieldError("duration", duration, "must be positive")
        stamp = len(self), self._removals  # never twice the same: what comes and goes leaves a removal
        return self._gaps.first(as_utc(start), as_utc(until), duration, capacity - units, stamp=stamp)

    def load(self, window: Interval) -> Load:
        """Return the load within the window, and none outside."""
        return self._steps.load(window.start, window.end)

    def busy(self, window: Interval) -> IntervalSet:
        """Return the instants of the window at which there is an entry."""
        return self.load(window).at_least(1)

    def free(self, window: Interval, *, units: int = 1, capacity: int = 1) -> IntervalSet:
        """Return the instants of the window at which ``units`` more would stay within ``capacity``."""
        if units > capacity:
            return IntervalSet()
        return IntervalSet((window,)) - self.load(window).at_least(capacity - units + 1)
