"""Anchors: from where a service's grid counts its steps, the same whatever window is asked about.

A grid that is not shared counts from the leading resource's own openings and free runs. A shared grid counts
from the combined open time of all candidates. Time that goes on without end, as in round-the-clock hours, is
cut where one opening ends and the next one of the same resource begins, so that a count has a beginning.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet

if TYPE_CHECKING:
    import datetime as dt

    from slotkeeper.domain.resource import Resource

_ROUNDS = 8


def hours(resources: Iterable[Resource], window: Interval) -> list[tuple[Interval, ...]]:
    """Return each resource's openings that overlap the window, whole, before absolute closures."""
    return [one.schedule.hours_between(window) for one in resources]


def reach(resources: Sequence[Resource], window: Interval) -> Interval:
    """Return the window grown over every opening on which a grid point within it may depend.

    Openings of several resources may overlap in a chain; a chain without end is followed for eight links.
    """
    for _ in range(_ROUNDS):
        bounds = [one for openings in hours(resources, window) for one in openings]
        grown = Interval(
            min((one.start for one in bounds), default=window.start), max((one.end for one in bounds), default=window.end)
        ).hull(window)
        if grown == window:
            break
        window = grown
    return window


def seams(openings: Sequence[Interval]) -> set[dt.datetime]:
    """Return the starts of openings that begin exactly where another one ends."""
    return {one.start for one in openings} & {one.end for one in openings}


def combined(resources: Sequence[Resource], window: Interval, at_least: int) -> tuple[Interval, ...]:
    """Return the stretches in which at least so many resources have hours, cut at their seams."""
    listed = hours(resources, window)
    together = IntervalSet.overlapping((IntervalSet(openings) for openings in listed), at_least)
    return cut(together, set().union(*map(seams, listed)))


def cut(pieces: IntervalSet, at: Iterable[dt.datetime]) -> tuple[Interval, ...]:
    """Return the intervals of the set, cut in two at each instant that lies inside one."""
    marks = sorted(at)
    found: list[Interval] = []
    for start, end in pieces.pairs:
        bounds = [start, *marks[bisect_right(marks, start) : bisect_left(marks, end)], end]
        found += map(Interval, bounds[:-1], bounds[1:])
    return tuple(found)
