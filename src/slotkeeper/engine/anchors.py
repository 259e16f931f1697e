"""Anchors: from where a service's grid counts its steps, the same whatever window is asked about.

A grid that is not shared counts from the leading resource's own openings or gaps. A shared grid counts from
the combined open time of all candidates. Time that is open without end, as in round-the-clock hours, is cut
at midnights, so that a count always has a beginning that is not far away.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import chain

from slotkeeper.domain.instant import later
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet
from slotkeeper.domain.periods import day_interval, local_days
from slotkeeper.domain.resource import Resource

LONGEST = dt.timedelta(days=2)
"""What is open longer than this on end is cut at midnights."""
_DAY = dt.timedelta(days=1)


def openings(resource: Resource, window: Interval) -> tuple[Interval, ...]:
    """Return a resource's openings that overlap the window, whole, before absolute closures."""
    return resource.schedule.hours_between(window)


def combined_openings(resources: Sequence[Resource], window: Interval, at_least: int) -> tuple[Interval, ...]:
    """Return, whole, the stretches that overlap the window in which at least so many resources have hours.

    They are cut where one opening of a resource ends and its next begins.
    """
    return _stretches(resources, window, at_least, seams=True)


def open_stretches(resources: Sequence[Resource], window: Interval, at_least: int) -> tuple[Interval, ...]:
    """Return, whole, the stretches that overlap the window in which at least so many resources have hours."""
    return _stretches(resources, window, at_least, seams=False)


def cut(pieces: IntervalSet, at: Iterable[dt.datetime]) -> tuple[Interval, ...]:
    """Return the intervals of the set, cut in two at each instant that lies inside one."""
    marks = sorted(at)
    found: list[Interval] = []
    for start, end in pieces.pairs:
        bounds = [start, *marks[bisect_right(marks, start) : bisect_left(marks, end)], end]
        found += map(Interval, bounds[:-1], bounds[1:])
    return tuple(found)


def _stretches(
    resources: Sequence[Resource], window: Interval, at_least: int, *, seams: bool
) -> tuple[Interval, ...]:
    # A stretch of at most LONGEST that overlaps the window lies within this, so its length is known exactly.
    wide = Interval(later(window.start, -LONGEST), later(window.end, LONGEST))
    listed = [openings(one, wide) for one in resources]
    together = IntervalSet.overlapping(map(IntervalSet, listed), at_least)
    marks = set().union(*map(_seams, listed)) if seams else set()
    near = [one for one in cut(together, marks) if one.overlaps(window)]
    if all(one.duration <= LONGEST for one in near):
        return tuple(near)
    midnights = _midnights(resources[0], window)
    days = chain.from_iterable(
        cut(IntervalSet((one,)), midnights if one.duration > LONGEST else ()) for one in near
    )
    return tuple(one for one in days if one.overlaps(window))


def _seams(hours: Sequence[Interval]) -> set[dt.datetime]:
    """Return the starts of openings that begin exactly where another one ends."""
    return {one.start for one in hours} & {one.end for one in hours}


def _midnights(resource: Resource, window: Interval) -> list[dt.datetime]:
    """Return the resource's midnights around a window, at least one on either side of it."""
    zone = resource.schedule.zone
    first, last = local_days(zone, Interval(later(window.start, -LONGEST), later(window.end, LONGEST)))
    dates = (first + number * _DAY for number in range((last - first).days + 1))
    return [day.start for day in (day_interval(date, zone) for date in dates) if day is not None]
