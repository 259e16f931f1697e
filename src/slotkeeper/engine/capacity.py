"""Capacity: from which starts a resource has enough free units, given its bookings and both sides' buffers.

A neighbour that keeps its distance is widened by what its buffers ask beyond ours, so that the load of the
widened neighbours, seen from our booking with our buffers around it, is the load that counts. Neighbours
that keep none from us (``none`` beside our ``max``) count as they are, and only over our bare time. For a
capacity of one this is exactly the pairwise rule, for ``sum`` alone exactly the peak load of the occupied
intervals.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from functools import cached_property
from itertools import accumulate, compress

import attrs

from slotkeeper.domain.booking import Allocation, Booking
from slotkeeper.domain.buffers import BufferRule, Buffers
from slotkeeper.domain.instant import EARLIEST, LATEST, TICK, ZERO, later
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet
from slotkeeper.engine.load import NO_LOAD, Load

_EVER = IntervalSet((Interval(EARLIEST, LATEST),))
_Neighbours = tuple[tuple[Booking, Allocation], ...]
_Margins = tuple[dt.timedelta, dt.timedelta, bool]


@attrs.frozen(slots=False)
class Capacity:
    """The room that one resource has for bookings of one length and one pair of buffers."""

    capacity: int
    neighbours: _Neighbours
    duration: dt.timedelta
    buffers: Buffers

    def refused(self, units: int) -> IntervalSet:
        """Return the starts at which fewer than ``units`` units would be free."""
        excess = self.capacity - units + 1
        if excess <= 0:
            return _EVER
        ours = self.buffers.kept
        found = self._spaced.at_least(excess).expand(self.duration + ours.after - TICK, ours.before)
        return found | self._all.at_least(excess).starts_meeting(self.duration) if self._bare else found

    def free(self, start: dt.datetime) -> int:
        """Return how many units a booking from ``start`` could have; never below zero."""
        bare = Interval(start, later(start, self.duration))
        buffered = _widened(bare, self.buffers.kept.before, self.buffers.kept.after)
        return max(self.capacity - max(self._spaced.peak(buffered), self._all.peak(bare)), 0)

    def blockers(self, start: dt.datetime) -> _Neighbours:
        """Return the neighbours too near to a booking from ``start``, in order of time."""
        end = later(start, self.duration)
        near = [row for row in self.neighbours if self._too_near(row[1], start, end)]
        return tuple(sorted(near, key=lambda row: (row[1].interval, str(row[0].id))))

    def _too_near(self, neighbour: Allocation, start: dt.datetime, end: dt.datetime) -> bool:
        behind, ahead = self.buffers.gap_after(neighbour.buffers), self.buffers.gap_before(neighbour.buffers)
        return start < later(neighbour.interval.end, behind) and later(end, ahead) > neighbour.interval.start

    @cached_property
    def _spaced(self) -> Load:
        """The load of the neighbours that keep their distance, as seen from our booking with its buffers."""
        return self._load(bare=False)

    @cached_property
    def _bare(self) -> Load:
        """The load of the neighbours that keep no distance."""
        return self._load(bare=True) if self.buffers.combine is BufferRule.MAX else NO_LOAD

    @cached_property
    def _all(self) -> Load:
        """The load as seen from our bare booking."""
        return self._spaced + self._bare if self._bare else self._spaced

    def _load(self, *, bare: bool) -> Load:
        changes: defaultdict[dt.datetime, int] = defaultdict(int)
        for _, one in self.neighbours:
            ahead, behind, is_bare = self._margins(one.buffers)
            if is_bare is bare:
                changes[later(one.interval.start, -ahead)] += one.units
                changes[later(one.interval.end, behind)] -= one.units
        instants = sorted(compress(changes, changes.values()))
        return Load(instants, accumulate(map(changes.__getitem__, instants)))

    def _margins(self, theirs: Buffers) -> _Margins:
        """Return by how much a neighbour is widened ahead and behind, and whether it keeps no distance."""
        if theirs not in self._known:
            bare = self.buffers.combine is BufferRule.MAX and theirs.combine is BufferRule.NONE
            ahead = ZERO if bare else self.buffers.gap_before(theirs) - self.buffers.kept.after
            behind = ZERO if bare else self.buffers.gap_after(theirs) - self.buffers.kept.before
            self._known[theirs] = ahead, behind, bare
        return self._known[theirs]

    @cached_property
    def _known(self) -> dict[Buffers, _Margins]:
        return {}


def _widened(interval: Interval, before: dt.timedelta, after: dt.timedelta) -> Interval:
    return Interval(later(interval.start, -before), later(interval.end, after))
