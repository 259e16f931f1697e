"""`Entries`: keyed spans that may overlap, listed by the instants they cover.

Sorted by start, the spans that overlap a window begin before its end, and later than the length of the
longest span XX
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections import defaultdict
from itertools import chain, count
from operator import itemgetter
from typing import TYPE_CHECKING, Final, Generic, TypeAlias, TypeVar

import attrs

from slotkeeper.domain.fields import at_least
from slotkeeper.domain.instant import ZERO, later
from slotkeeper.domain.interval import Interval

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

K = TypeVar("K", bound="Hashable")

_LIMIT: Final = 512
_SHORT: Final = 14  # bits; what is shorter than 2**14 seconds is of one class
_SECOND: Final = dt.timedelta(seconds=1)


@attrs.frozen
class Entry(Generic[K]):
    """An interval on a timeline, the units it takes and the key it goes by."""

    interval: Interval
    key: K
    units: int = attrs.field(default=1, kw_only=True, validator=at_least(1))


# The number says which of two equal spans came first; no two rows share it, so rows never compare entries.
_Row: TypeAlias = tuple[dt.datetime, dt.datetime, int, Entry[K]]
_start_of = itemgetter(0)
_entry_of = itemgetter(3)


class Entries(Generic[K]):
    """Entries by key and in order of start, then end, then arrival.

    ``rows`` holds them by key; only look into it.
    """

    __slots__ = ("_classes", "_numbers", "rows")

    def __init__(self) -> None:
        self.rows: dict[K, _Row[K]] = {}
        self._classes: defaultdict[int, _LengthClass[K]] = defaultdict(_LengthClass)
        self._numbers = count()

    def __iter__(self) -> Iterator[Entry[K]]:
        return map(_entry_of, sorted(self.rows.values()))

    def extend(self, entries: Iterable[Entry[K]]) -> None:
        """Sort in entries whose keys are all new."""
        arrived: defaultdict[int, list[_Row[K]]] = defaultdict(list)
        for entry in entries:
            start, end = entry.interval.start, entry.interval.end
            row = self.rows[entry.key] = start, end, next(self._numbers), entry
            arrived[_class_of(end - start)].append(row)
        for number, rows in arrived.items():
            self._classes[number].extend(rows)

    def remove(self, key: K) -> Entry[K]:
        """Drop the entry of a known key and return it."""
        row = self.rows.pop(key)
        self._classes[_class_of(row[1] - row[0])].remove(row)
        return row[3]

    def overlapping(self, start: dt.datetime, end: dt.datetime) -> list[Entry[K]]:
        """Return the entries that share an instant with ``[start, end)``, in order."""
        found: list[_Row[K]] = []
        for members in self._classes.values():
            more = members.overlapping(start, end)
            found = sorted(found + more) if found and more else found or more
        return [row[3] for row in found]


def _class_of(length: dt.timedelta) -> int:
    """Return the class of a length: 0 below some four and a half hours, then one for each factor of eight."""
    return max((length // _SECOND).bit_length() - _SHORT + 2, 0) // 3


class _LengthClass(Generic[K]):
    """Rows of similar length in sorted chunks; beside each chunk the starts alone, for a fast search.

    A head parts two chunks: no row before it starts later, none behind it earlier. The reach is the
    length, negated, of the longest row that was ever here.
    """

    __slots__ = ("_heads", "_reach", "_rows", "_starts")

    def __init__(self) -> None:
        self._reach = ZERO
        self._fill([])

    def _fill(self, rows: list[_Row[K]]) -> None:
        cuts = range(0, max(len(rows), 1), _LIMIT // 2)
        self._rows = [rows[cut : cut + _LIMIT // 2] for cut in cuts]
        self._starts = [list(map(_start_of, chunk)) for chunk in self._rows]
        self._heads = [starts[0] for starts in self._starts[1:]]

    def extend(self, rows: list[_Row[K]]) -> None:
        self._reach = min(self._reach, *(row[0] - row[1] for row in rows))
        if len(rows) * 8 > sum(map(len, self._rows)):
            self._fill(sorted(chain(*self._rows, rows)))
        else:
            for row in rows:
                self._insert(row)

    def _insert(self, row: _Row[K]) -> None:
        chunk = self._chunk_of(row)
        rows, starts = self._rows[chunk], self._starts[chunk]
        index = bisect_left(rows, row)
        rows.insert(index, row)
        starts.insert(index, row[0])
        if len(rows) > _LIMIT:
            half = len(rows) // 2
            self._heads.insert(chunk, starts[half])
            self._rows.insert(chunk + 1, rows[half:])
            self._starts.insert(chunk + 1, starts[half:])
            del rows[half:], starts[half:]

    def _chunk_of(self, row: _Row[K]) -> int:
        chunk = bisect_right(self._heads, row[0])
        while chunk and self._rows[chunk - 1][-1] >= row:  # rows of equal start may fill several chunks
            chunk -= 1
        return chunk

    def remove(self, row: _Row[K]) -> None:
        chunk = self._chunk_of(row)
        index = bisect_left(self._rows[chunk], row)
        del self._rows[chunk][index], self._starts[chunk][index]
        if not self._rows[chunk] and self._heads:
            del self._rows[chunk], self._starts[chunk], self._heads[max(chunk - 1, 0)]

    def overlapping(self, start: dt.datetime, end: dt.datetime) -> list[_Row[K]]:
        after = later(start, self._reach)
        first, last = bisect_right(self._heads, after), bisect_left(self._heads, end)
        found: list[_Row[K]] = []
        for rows, starts in zip(self._rows[first : last + 1], self._starts[first : last + 1], strict=True):
            near = rows[bisect_right(starts, after) : bisect_left(starts, end)]
            found += [row for row in near if row[1] > start]
        return found
