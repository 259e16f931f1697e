"""Capacity: from which starts a resource has enough free units, given its bookings and the buffers of both sides.

A neighbour whose buffers meet ours under ``sum`` or ``max`` is widened by what its buffer asks beyond ours and
compared with our booking including our buffers; one under ``none`` is compared bare with bare. Each group
gives a load; the booking fits where the peak of the first over our buffered time and the peak of the second over
our bare time leave enough units. For a capacity of one this is exactly the pairwise rule, for ``sum`` alone
exactly the peak load of the occupied intervals.
"""

from __future__ import annotations

import datetime as dt
from functools import cached_property, reduce
from operator import or_

import attrs

from slotkeeper.domain.booking import Allocation, Booking
from slotkeeper.domain.buffers import BufferRule, Buffers
from slotkeeper.domain.instant import EARLIEST, LATEST, TICK, later
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import EMPTY, IntervalSet
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

    @cached_property
    def _spaced(self) -> Load:
        """The load of the neighbours that keep their distance, as seen from our buffered time."""
        return Load.of((self._widened(one), one.units) for _, one in self.neighbours if self._keeps_distance(one))

    @cached_property
    def _bare(self) -> Load:
        """The load of the neighbours that keep none."""
        return Load.of((one.interval, one.units) for _, one in self.neighbours if not self._keeps_distance(one))

    def _keeps_distance(self, neighbour: Allocation) -> bool:
        return self.buffers.rule_with(neighbour.buffers) is not BufferRule.NONE

    def _widened(self, neighbour: Allocation) -> Interval:
        ahead = self.buffers.gap_before(neighbour.buffers) - self.buffers.after
        behind = self.buffers.gap_after(neighbour.buffers) - self.buffers.before
        return neighbour.interval.expand(ahead, behind)

    def refused(self, units: int) -> IntervalSet:
        """Return the starts at which fewer than ``units`` units would be free."""
        excess = self.capacity - units + 1
        if excess <= 0:
            return _EVER
        if not any(not self._keeps_distance(one) for _, one in self.neighbours):
            return self._meeting_spaced(excess)
        parts = (self._meeting_spaced(n) & self._meeting_bare(excess - n) for n in range(excess + 1))
        return reduce(or_, parts, EMPTY)

    def _meeting_spaced(self, load: int) -> IntervalSet:
        if load == 0:
            return _EVER
        before, after = self.buffers.before, self.buffers.after
        return self._spaced.at_least(load).expand(self.duration + after - TICK, before)

    def _meeting_bare(self, load: int) -> IntervalSet:
        return self._bare.at_least(load).starts_meeting(self.duration) if load else _EVER

    def free(self, start: dt.datetime) -> int:
        """Return how many units a booking from ``start`` could have; never below zero."""
        bare = Interval(start, later(start, self.duration))
        buffered = Interval(later(bare.start, -self.buffers.before), later(bare.end, self.buffers.after))
        return max(self.capacity - self._spaced.peak(buffered) - self._bare.peak(bare), 0)

    def blockers(self, start: dt.datetime) -> tuple[tuple[Booking, Allocation], ...]:
        """Return the neighbours too near to a booking from ``start``, in order of time."""
        end = later(start, self.duration)
        near = [row for row in self.neighbours if self._too_near(row[1], start, end)]
        return tuple(sorted(near, key=lambda row: (row[1].interval, str(row[0].id))))

    def _too_near(self, neighbour: Allocation, start: dt.datetime, end: dt.datetime) -> bool:
        behind, ahead = self.buffers.gap_after(neighbour.buffers), self.buffers.gap_before(neighbour.buffers)
        return start < later(neighbour.interval.end, behind) and later(end, ahead) > neighbour.interval.start
