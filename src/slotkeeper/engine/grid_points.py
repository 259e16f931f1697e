"""Grid points: the instants of a grid that lie in a set of permitted starts.

All of it is counting of whole steps in absolute time; the wall clock enters through stretches of constant
offset.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from heapq import merge
from zoneinfo import ZoneInfo

import attrs

from slotkeeper.domain.grid import ClockGrid, FixedGrid, GapGrid, Grid, OpeningGrid
from slotkeeper.domain.instant import LATEST, TICK, later
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet
from slotkeeper.domain.zones import offset_segments

_DAY = dt.timedelta(days=1)
_MINUTE = dt.timedelta(minutes=1)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_LONGEST_DAY = 2 * _DAY  # a clock change can stretch a day, or move a date out of it
_PACKED = (15 * _MINUTE, 5 * _MINUTE)


@attrs.frozen
class Anchors:
    """From where a grid counts.

    Args:
        openings: What an `OpeningGrid` counts from.
        runs: The unbroken runs of starts that a `GapGrid` counts from.
        earliest: The earliest start that the notice permits.
        duration: How long a booking lasts; a gap reaches so far beyond its last start.
        zone: The wall clock, where the grid names none.
    """

    openings: tuple[Interval, ...]
    runs: tuple[Interval, ...]
    earliest: dt.datetime
    duration: dt.timedelta
    zone: ZoneInfo


def points(grid: Grid, anchors: Anchors, within: IntervalSet) -> Iterator[dt.datetime]:
    """Yield the grid's instants that lie in ``within``, each once, in order of time."""
    if isinstance(grid, OpeningGrid):
        return _from_openings(grid, anchors.openings, within)
    if isinstance(grid, ClockGrid):
        return _on_the_clock(grid, grid.zone or anchors.zone, within)
    if isinstance(grid, GapGrid):
        return _from_gaps(grid, anchors, within)
    return _from_origin(grid, within)


def _steps(origin: dt.datetime, step: dt.timedelta, within: IntervalSet) -> Iterator[dt.datetime]:
    """Yield ``origin + n * step``, for whole n of either sign, in the set."""
    for start, end in within.pairs:
        point = later(origin, -((origin - start) // step) * step)
        while point < end:
            yield point
            point = later(point, step)


def _once(sorted_points: Iterable[dt.datetime]) -> Iterator[dt.datetime]:
    last: dt.datetime | None = None
    for point in sorted_points:
        if point != last:
            yield point
        last = point


def _from_openings(
    grid: OpeningGrid, openings: Iterable[Interval], within: IntervalSet
) -> Iterator[dt.datetime]:
    firsts = ((later(one.start, grid.offset), one.end) for one in openings)
    rows = [_steps(first, grid.step, within & _between(first, end)) for first, end in firsts]
    return _once(merge(*rows))


def _from_origin(grid: FixedGrid, within: IntervalSet) -> Iterator[dt.datetime]:
    return _steps(grid.origin, grid.step, within)


def _on_the_clock(grid: ClockGrid, zone: ZoneInfo, within: IntervalSet) -> Iterator[dt.datetime]:
    for one in within:
        for start, end, offset in offset_segments(zone, one.start, one.end):
            yield from _on_one_offset(grid, Interval(start, end), offset)


def _on_one_offset(grid: ClockGrid, segment: Interval, offset: dt.timedelta) -> Iterator[dt.datetime]:
    """Yield the points of a stretch in which the local clock runs ``offset`` ahead of UTC."""
    midnight = later(segment.start, -((segment.start - _EPOCH + offset) % _DAY))
    while midnight < segment.end:
        first, following = later(midnight, grid.offset), later(midnight, _DAY)
        yield from _steps(first, grid.step, _between(max(first, segment.start), min(following, segment.end)))
        midnight = following


def _between(start: dt.datetime, end: dt.datetime) -> IntervalSet:
    return IntervalSet.from_pairs([(min(start, end), end)])


def _from_gaps(grid: GapGrid, anchors: Anchors, within: IntervalSet) -> Iterator[dt.datetime]:
    zone = grid.zone or anchors.zone
    for run in anchors.runs:
        begin, last = max(run.start, anchors.earliest), run.end - TICK
        if begin <= last:
            first = _first_of_gap(grid, begin, later(last, anchors.duration), zone)
            yield from _steps(first, grid.step, within & _between(first, run.end))


def _first_of_gap(grid: GapGrid, begin: dt.datetime, gap_end: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    minute = later(begin, (_EPOCH - begin) % _MINUTE)
    if not grid.pack:
        return later(_next_on_clock(minute, grid.alignment, zone), grid.offset)
    slack = (gap_end - minute) % grid.alignment
    rounded = (_next_on_clock(minute, align, zone) for align in (grid.alignment, *_PACKED))
    return later(next((one for one in rounded if one - minute <= slack), minute), grid.offset)


def _next_on_clock(instant: dt.datetime, step: dt.timedelta, zone: ZoneInfo) -> dt.datetime:
    """Return the first instant from ``instant`` on at which the clock shows whole steps since midnight."""
    soon = _between(instant, later(instant, _LONGEST_DAY))
    return next(_on_the_clock(ClockGrid(min(step, _DAY)), zone, soon), LATEST)
