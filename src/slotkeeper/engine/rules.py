"""The rules of booking, each a set of permitted starts, and each able to say why a start is not in it.

Every rule answers the same two questions: which starts within a window it permits, and, for a start that it does
not permit, on what facts. Nothing else decides about starts anywhere in the library.
"""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import Protocol

import attrs

from slotkeeper.domain.explanation import (
    Blocker,
    Busy,
    Closed,
    Inactive,
    LimitReached,
    Refusal,
    TooFar,
    TooManyUnits,
    TooSoon,
    WrongDuration,
)
from slotkeeper.domain.booking import Booking
from slotkeeper.domain.durations import WholeOpening
from slotkeeper.domain.instant import TICK, ZERO, later
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import EMPTY, IntervalSet
from slotkeeper.domain.limit import Limit, Per
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.periods import day_interval
from slotkeeper.engine.capacity import Capacity
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
        return _all_or_nothing(window, permitted=isinstance(offered, WholeOpening) or offered.allows(self.duration))

    def refusal(self, _start: dt.datetime) -> Refusal:
        """Name the length asked for and the shortest offered."""
        offered = self.request.service.duration
        return WrongDuration(self.duration, self.duration if isinstance(offered, WholeOpening) else offered.shortest)


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
        return TooManyUnits(self.request.wanted_units, self.most or 0, self.resource.id if self.resource else None)


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
        zone = self.resource.schedule.zone
        day = day_interval(start.astimezone(zone).date(), zone) or Interval(start, later(start, self.duration))
        return Closed(self.resource.id, self.resource.schedule.open_between(day))


@attrs.frozen(slots=False)
class HasRoom:
    """The bookings and holds on the resource leave enough units free, buffers observed."""

    snapshot: Snapshot
    request: Request
    resource: Resource
    capacity: Capacity

    def permitted(self, window: Interval) -> IntervalSet:
        """Return the starts at which enough units are free."""
        return self._refused.complement(window)

    @cached_property
    def _refused(self) -> IntervalSet:
        return self.capacity.refused(self.request.wanted_units)

    def refusal(self, start: dt.datetime) -> Refusal:
        """Name the free units and the bookings in the way."""
        blockers = tuple(
            Blocker(booking.id, allocation.interval, allocation.units, booking.status, booking.expires_at)
            for booking, allocation in self.capacity.blockers(start)
        )
        return Busy(self.resource.id, self.request.wanted_units, self.capacity.free(start), blockers)


@attrs.frozen(slots=False)
class WithinLimit:
    """The bookings of the start's period leave room under a limit."""

    limit: Limit
    counted: tuple[Booking, ...]
    duration: dt.timedelta
    resource: Resource | None = None

    def permitted(self, window: Interval) -> IntervalSet:
        """Return the starts in periods that are not used up."""
        if self._is_reached(()):
            return EMPTY
        return self._used_up.complement(window)

    @cached_property
    def _by_period(self) -> dict[Interval, tuple[Booking, ...]]:
        found: dict[Interval, list[Booking]] = {}
        for booking in self.counted:
            found.setdefault(self.limit.period_of(booking.interval.start), []).append(booking)
        return {period: tuple(bookings) for period, bookings in found.items()}

    @cached_property
    def _used_up(self) -> IntervalSet:
        return IntervalSet(period for period, bookings in self._by_period.items() if self._is_reached(bookings))

    def _is_reached(self, bookings: tuple[Booking, ...]) -> bool:
        limit = self.limit
        if limit.count is not None and len(bookings) + 1 > limit.count:
            return True
        return limit.duration is not None and _total(bookings) + self.duration > limit.duration

    def refusal(self, start: dt.datetime) -> Refusal:
        """Name the limit, the period and what is used of it."""
        period = self.limit.period_of(start)
        used = self._by_period.get(period, ())
        return LimitReached(self.limit, period, len(used), _total(used), self.resource.id if self.resource else None)


def _total(bookings: tuple[Booking, ...]) -> dt.timedelta:
    return sum((one.interval.duration for one in bookings), ZERO)


def service_rules(snapshot: Snapshot, request: Request, duration: dt.timedelta) -> tuple[Rule, ...]:
    """Return the rules that do not depend on which resource is taken, in the order in which they are named."""
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
    limits = (limit for limit in service.limits if limit.per is not Per.RESOURCE)
    return (*found, *(_limit(snapshot, request, duration, limit, None) for limit in limits if _applies(limit, request)))


def resource_rules(snapshot: Snapshot, request: Request, duration: dt.timedelta, resource: Resource) -> tuple[Rule, ...]:
    """Return the rules of one resource, in the order in which they are named."""
    found: list[Rule] = [
        IsActive("resource", resource),
        HasUnits(request, resource.capacity, resource),
        IsOpen(resource, duration),
    ]
    for part in snapshot.footprint(resource):
        neighbours = tuple(row for row in snapshot.taken.get(part.id, ()) if row[0].id not in request.ignore)
        room = Capacity(part.capacity, neighbours, duration, request.service.buffers)
        found.append(HasRoom(snapshot, request, part, room))
    limits = (limit for limit in request.service.limits if limit.per is Per.RESOURCE)
    return (*found, *(_limit(snapshot, request, duration, limit, resource) for limit in limits))


def _applies(limit: Limit, request: Request) -> bool:
    return limit.per is not Per.CUSTOMER or request.customer_id is not None


def _limit(
    snapshot: Snapshot, request: Request, duration: dt.timedelta, limit: Limit, resource: Resource | None
) -> WithinLimit:
    counted = tuple(one for one in snapshot.counted if _is_counted(one, request, limit, resource))
    return WithinLimit(limit, counted, duration, resource)


def _is_counted(booking: Booking, request: Request, limit: Limit, resource: Resource | None) -> bool:
    if booking.id in request.ignore or not (limit.all_services or booking.service_id == request.service.id):
        return False
    if resource is not None:
        return resource.id in booking.resource_ids
    return limit.per is not Per.CUSTOMER or booking.customer_id == request.customer_id
