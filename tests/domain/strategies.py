"""Hypothesis strategies and a small grid of time, against which algebra is compared cell by cell."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

import attrs
from hypothesis import strategies as st

from slotkeeper.domain.instant import EARLIEST, LATEST, TICK
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet

if TYPE_CHECKING:
    from collections.abc import Iterable

EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MINUTE: Final = dt.timedelta(minutes=1)
CELLS: Final = 10
"""How many cells a grid has; spans lie in it wholly."""

Span = tuple[int, int]


@attrs.frozen
class Grid:
    """Cells of one unit of time from an origin on; a set of instants is then a set of whole numbers."""

    origin: dt.datetime
    unit: dt.timedelta

    def at(self, cell: int) -> dt.datetime:
        return self.origin + cell * self.unit

    def interval(self, span: Span) -> Interval:
        return Interval(self.at(span[0]), self.at(span[1]))

    def set_of(self, spans: Iterable[Span]) -> IntervalSet:
        return IntervalSet.from_pairs((self.at(start), self.at(end)) for start, end in spans)

    def cells(self, found: IntervalSet | Interval | None) -> set[int]:
        """Return the cells that make up a set whose bounds lie on the grid."""
        pieces = [] if found is None else [found] if isinstance(found, Interval) else list(found)
        return {cell for one in pieces for cell in range(self.index(one.start), self.index(one.end))}

    def index(self, instant: dt.datetime) -> int:
        cell, rest = divmod(instant - self.origin, self.unit)
        assert not rest, f"{instant} is off the grid"
        return cell

    def exists(self, cell: int) -> bool:
        """Tell whether a cell lies within the years 1 to 9999."""
        return (EARLIEST - self.origin) // self.unit <= cell < (LATEST - self.origin) // self.unit


def cells_of(spans: Iterable[Span]) -> set[int]:
    return {cell for start, end in spans for cell in range(start, end)}


def runs(cells: Iterable[int]) -> list[Span]:
    """Return the maximal runs of neighbouring cells, in order."""
    found: list[Span] = []
    for cell in sorted(cells):
        if found and found[-1][1] == cell:
            found[-1] = (found[-1][0], cell + 1)
        else:
            found.append((cell, cell + 1))
    return found


def _grids_of(unit: dt.timedelta) -> list[Grid]:
    return [Grid(origin, unit) for origin in (EPOCH, EARLIEST, LATEST - CELLS * unit)]


grids: Final = st.sampled_from([*_grids_of(MINUTE), *_grids_of(TICK)])
"""Grids in the middle and at both ends of time, of minutes and of microseconds."""
cells: Final = st.integers(0, CELLS)
real_spans: Final = st.tuples(cells, cells).filter(lambda pair: pair[0] != pair[1]).map(sorted).map(tuple)
span_lists: Final = st.lists(st.tuples(cells, cells).map(lambda pair: (min(pair), max(pair))), max_size=6)
"""Spans in any order, overlapping, touching, repeated or empty."""

instants: Final = st.datetimes(timezones=st.just(dt.UTC))
lengths: Final = st.timedeltas(min_value=TICK, max_value=dt.timedelta(days=400))
intervals: Final = (
    st.tuples(instants, instants)
    .filter(lambda pair: pair[0] != pair[1])
    .map(lambda pair: Interval(min(pair), max(pair)))
)
interval_sets: Final = st.lists(intervals, max_size=6).map(IntervalSet)
