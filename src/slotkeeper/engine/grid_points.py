"""Grid points: the instants of a grid that lie in a set of permitted starts.

All of it is counting of whole steps in absolute time; the wall clock enters through stretches of constant offset.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from heapq import merge
from zoneinfo import ZoneInfo

import attrs

from slotkeeper.domain.grid import ClockGrid, FixedGrid, GapGrid, Grid, OpeningGrid
from slotkeeper.domain.instant import TICK, ZERO, later
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet
from slotkeeper.domain.zones import offset_segments

_DAY = dt.timedelta(days=1)
_MINUTE = dt.timedelta(minutes=1)
_MIDNIGHT = dt.datetime(1, 1, 1, tzinfo=dt.UTC)
_PACKED = (15 * _MINUTE, 5 * _MINUTE)


@attrs.frozen
class Anchors:
    """From where a grid counts: the openings, the free runs of starts, and the earliest start that notice permits."""

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
        point = origin + -((origin - start) // step) * step
        while point < end:
            yield point
            point = later(point, step)


def _once(sorted_points: Iterable[dt.datetime]) -> Iterator[dt.datetime]:
    last: dt.datetime | None = None
    for point in sorted_points:
        if point != last:
            yield point
        last = point


def _from_openings(grid: OpeningGrid, openings: Iterable[Interval], within: IntervalSet) -> Iterator[dt.datetime]:
    rows = []
    for opening in openings:
        first = later(opening.start, grid.offset)
        if first < opening.end:
            rows.append(_steps(first, grid.step, within.clip(Interval(first, opening.end))))
    return _once(merge(*rows))


def _from_origin(grid: FixedGrid, within: IntervalSet) -> Iterator[dt.datetime]:
    return _steps(grid.origin, grid.step, within)


def _on_the_clock(grid: ClockGrid, zone: ZoneInfo, within: IntervalSet) -> Iterator[dt.datetime]:
    for one in within:
        for start, end, offset in offset_segments(zone, one.start, one.end):
            yield from _on_one_offset(grid, Interval(start, end), offset)


def _on_one_offset(grid: ClockGrid, segment: Interval, offset: dt.timedelta) -> Iterator[dt.datetime]:
    """Yield the points of a stretch in which the local clock runs ``offset`` ahead of UTC."""
    day = segment.start + offset - (segment.start + offset - _MIDNIGHT) % _DAY - offset
    while day < segment.end:
        first = day + grid.offset % _DAY
        part = IntervalSet((segment,)).clip(Interval(first, day + _DAY)) if grid.offset < _DAY else None
        if part:
            yield from _steps(first, grid.step, part)
        day += _DAY


def _from_gaps(grid: GapGrid, anchors: Anchors, within: IntervalSet) -> Iterator[dt.datetime]:
    zone = grid.zone or anchors.zone
    for run in anchors.runs:
        last = run.end - TICK
        begin = max(run.start, anchors.earliest)
        if begin > last:
            continue
        first = _first_of_gap(grid, begin, last + anchors.duration, zone)
        if first <= last:
            yield from _steps(first, grid.step, within.clip(Interval(first, run.end)))


def _first_of_gap(grid: GapGrid, begin: dt.datetime, gap_end: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    minute = _up(begin, _MINUTE, ZERO)
    offset = zone.utcoffset(minute.astimezone(zone)) or ZERO
    if not grid.pack:
        return _up(minute, grid.alignment, offset) + grid.offset
    slack = (gap_end - minute) % grid.alignment
    for align in (grid.alignment, *_PACKED):
        aligned = _up(minute, align, offset)
        if aligned - minute <= slack:
            return aligned + grid.offset
    return minute + grid.offset


def _up(instant: dt.datetime, unit: dt.timedelta, offset: dt.timedelta) -> dt.datetime:
    """Round up to a multiple of ``unit`` since local midnight, where the clock is ``offset`` ahead of UTC."""
    return instant + (_MIDNIGHT - offset - instant) % unit
