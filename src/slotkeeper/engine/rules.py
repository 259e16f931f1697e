"""The rules of booking, each a set of permitted starts, and each able to say why a start is not in it.

Every rule answers the same two questions: which starts within a window it permits, and, for a start that it
does not permit, on what facts. Nothing else decides about starts anywhere in the library.
"""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import Protocol

import attrs

from slotkeeper.domain.durations import WholeOpening
from slotkeeper.domain.explanation import (
    Blocker,
    Busy,
    Closed,
    Inactive,
    Refusal,
    TooFar,
    TooManyUnits,
    TooSoon,
    WrongDuration,
)
from slotkeeper.domain.instant import TICK, later
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import EMPTY, IntervalSet
from slotkeeper.domain.limit import Per
from slotkeeper.domain.periods import Period, Weekday, period_bounds
from slotkeeper.domain.resource import Resource
from slotkeeper.engine.capacity import Capacity
from slotkeeper.engine.limiting import within_limit
from slotkeeper.engine.question import Request, Snapshot


class Rule(Protocol):
    """One reason to refuse a start."""

    def permitted(self, window: Interval) -> IntervalSet:
        """Return the starts within ``window`` that the rule permits."""

    def refusal(self, start: dt.datetime) -> Refusal:
        """Return the facts on which the rule refuses ``start``."""


def _all_or_nothing(window: Interval, *, permitted: bool) -> IntervalSet:
    return IntervalSet((window,)) if permitted else EMPTY


@attrs.frozen
class IsActive:
    """The service, or a resource, is switched on."""

    kind: str
    subject: Resource | Request

    def permitted(self, window: Interval) -> IntervalSet:
        """Return all starts, or none."""
        subject = self.subject.service if isinstance(self.subject, Request) else self.subject
        return _all_or_nothing(window, permitted=subject.active)

    def refusal(self, _start: dt.datetime) -> Refusal:
        """Name what is switched off."""
        if isinstance(self.subject, Request):
            return Inactive(self.kind, self.subject.service.id)
        return Inactive(self.kind, self.subject.id, self.subject.id)


@attrs.frozen
class HasDuration:
    """The length is one that the service offers."""

    request: Request
    duration: dt.timedelta

    def permitted(self, window: Interval) -> IntervalSet:
        """Return all starts, or none."""
        offered = self.request.service.duration
        return _all_or_nothing(
            window, permitted=isinstance(offered, WholeOpening) or offered.allows(self.duration)
        )

    def refusal(self, _start: dt.datetime) -> Refusal:
        """Name the length asked for and the shortest offered."""
        offered = self.request.service.duration
        return WrongDuration(
            self.duration, self.duration if isinstance(offered, WholeOpening) else offered.shortest
        )


@attrs.frozen
class HasUnits:
    """The service, or the resource, has so many units at all."""

    request: Request
    most: int | None
    resource: Resource | None = None

    def permitted(self, window: Interval) -> IntervalSet:
        """Return all starts, or none."""
        return _all_or_nothing(window, permitted=self.most is None or self.request.wanted_units <= self.most)

    def refusal(self, _start: dt.datetime) -> Refusal:
        """Name the units asked for and the most there are."""
        return TooManyUnits(
            self.request.wanted_units, self.most or 0, self.resource.id if self.resource else None
        )


@attrs.frozen
class Notice:
    """The start is not before now plus the minimum notice; exactly then is permitted."""

    earliest: dt.datetime

    def permitted(self, window: Interval) -> IntervalSet:
        """Return the starts from the earliest on."""
        return IntervalSet.from_pairs([(max(window.start, min(self.earliest, window.end)), window.end)])

    def refusal(self, start: dt.datetime) -> Refusal:
        """Name the earliest start and by how much it is missed."""
        return TooSoon(self.earliest, self.earliest - start)


@attrs.frozen
class Horizon:
    """The start is not after now plus the horizon; exactly then is permitted."""

    latest: dt.datetime

    def permitted(self, window: Interval) -> IntervalSet:
        """Return the starts up to the latest."""
        end = min(later(self.latest, TICK), window.end)
        return IntervalSet.from_pairs([(window.start, max(window.start, end))])

    def refusal(self, _start: dt.datetime) -> Refusal:
        """Name the latest start."""
        return TooFar(self.latest)


@attrs.frozen
class IsOpen:
    """The resource is open from the start to the end; buffers may reach over closed time."""

    resource: Resource
    duration: dt.timedelta

    def permitted(self, window: Interval) -> IntervalSet:
        """Return the starts from which the booking lies in open time."""
        reach = Interval(window.start, later(window.end, self.duration))
        return self.resource.schedule.open_between(reach).starts_fitting(self.duration).clip(window)

    def refusal(self, start: dt.datetime) -> Refusal:
        """Name the resource's hours on that local day."""
        day = period_bounds(start, Period.DAY, self.resource.schedule.zone, Weekday.MO)
        return Closed(self.resource.id, self.resource.schedule.open_between(day))


@attrs.frozen(slots=False)
class HasRoom:
    """The bookings and holds on the resource leave enough units free, buffers observed."""

    request: Request
    resource: Resource
    capacity: Capacity

    def permitted(self, window: Interval) -> IntervalSet:
        """Return the starts at which enough units are free."""
        return self._refused.complement(window)

    def free(self, start: dt.datetime) -> int:
        """Return how many units a booking from a permitted start could have."""
        wanted = self.request.wanted_units
        return wanted if wanted == self.capacity.capacity else self.capacity.free(start)

    @cached_property
    def _refused(self) -> IntervalSet:
        return self.capacity.refused(self.request.wanted_units)

    def refusal(self, start: dt.datetime) -> Refusal:
        """Name the free units and the bookings in the way."""
        blockers = tuple(
            Blocker.of(booking, allocation) for booking, allocation in self.capacity.blockers(start)
        )
        return Busy(self.resource.id, self.request.wanted_units, self.capacity.free(start), blockers)


def service_rules(snapshot: Snapshot, request: Request, duration: dt.timedelta) -> tuple[Rule, ...]:
    """Return the rules that no resource takes part in, in the order in which they are named."""
    service = request.service
    found: list[Rule] = [
        IsActive("service", request),
        HasDuration(request, duration),
        HasUnits(request, service.max_units),
    ]
    if service.notice is not None:
        found.append(Notice(later(snapshot.now, service.notice)))
    if service.horizon is not None:
        found.append(Horizon(later(snapshot.now, service.horizon)))
    limits = (within_limit(snapshot, request, duration, one) for one in request.looks_elsewhere)
    return (*found, *limits)


def resource_rules(
    snapshot: Snapshot, request: Request, duration: dt.timedelta, resource: Resource
) -> tuple[Rule, ...]:
    """Return the rules of one resource, in the order in which they are named."""
    found: list[Rule] = [
        IsActive("resource", resource),
        HasUnits(request, resource.capacity, resource),
        IsOpen(resource, duration),
    ]
    for part in snapshot.footprint(resource):
        rows = snapshot.taken.get(part.id, ())
        neighbours = tuple(row for row in rows if row[0].id not in request.ignore)
        found.append(
            HasRoom(request, part, Capacity(part.capacity, neighbours, duration, request.service.buffers))
        )
    limits = (one for one in request.service.limits if one.per is Per.RESOURCE)
    return (*found, *(within_limit(snapshot, request, duration, one, resource) for one in limits))
