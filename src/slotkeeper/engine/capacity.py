"""Capacity: from which starts a resource has enough free units, given its bookings and both sides' buffers.

A neighbour that keeps its distance is widened by what its buffers ask beyond ours, so that the load of the
widened neighbours, seen from our booking with our buffers around it, is the load that counts. Neighbours
that keep none from us (``none`` beside our ``max``) count as they are, and only over our bare time. For a
capacity of one this is exactly the pairwise rule, for ``sum`` alone exactly the peak load of the occupied
intervals.
"""

from __future__ import annotations

import datetime as dt
from functools import cached_property

import attrs

from slotkeeper.domain.booking import Allocation, Booking
from slotkeeper.domain.buffers import BufferRule, Buffers
from slotkeeper.domain.instant import EARLIEST, LATEST, TICK, later
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet
from slotkeeper.engine.load import Load

_EVER = IntervalSet((Interval(EARLIEST, LATEST),))
_Neighbours = tuple[tuple[Booking, Allocation], ...]


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
        kept = (row for row in self.neighbours if not self._is_bare(row[1]))
        return Load.of((self._as_seen(one), one.units) for _, one in kept)

    @cached_property
    def _bare(self) -> Load:
        """The load of the neighbours that keep no distance."""
        return Load.of((one.interval, one.units) for _, one in self.neighbours if self._is_bare(one))

    @cached_property
    def _all(self) -> Load:
        """The load as seen from our bare booking."""
        return self._spaced + self._bare if self._bare else self._spaced

    def _is_bare(self, neighbour: Allocation) -> bool:
        return self.buffers.combine is BufferRule.MAX and neighbour.buffers.combine is BufferRule.NONE

    def _as_seen(self, neighbour: Allocation) -> Interval:
        ahead = self.buffers.gap_before(neighbour.buffers) - self.buffers.kept.after
        behind = self.buffers.gap_after(neighbour.buffers) - self.buffers.kept.before
        return _widened(neighbour.interval, ahead, behind)


def _widened(interval: Interval, before: dt.timedelta, after: dt.timedelta) -> Interval:
    if not (before or after):
        return interval
    return Interval(later(interval.start, -before), later(interval.end, after))
