"""Limits as a rule: no start in a calendar period whose bookings leave no room for one more."""

from __future__ import annotations

import datetime as dt
from functools import cached_property

import attrs

from slotkeeper.domain.booking import Booking
from slotkeeper.domain.explanation import LimitReached
from slotkeeper.domain.instant import ZERO
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import EMPTY, IntervalSet
from slotkeeper.domain.limit import Limit, Per
from slotkeeper.domain.resource import Resource
from slotkeeper.engine.question import Request, Snapshot


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
        return IntervalSet(
            period for period, bookings in self._by_period.items() if self._is_reached(bookings)
        )

    def _is_reached(self, bookings: tuple[Booking, ...]) -> bool:
        limit = self.limit
        if limit.count is not None and len(bookings) + 1 > limit.count:
            return True
        return limit.duration is not None and _total(bookings) + self.duration > limit.duration

    def refusal(self, start: dt.datetime) -> LimitReached:
        """Name the limit, the period and what is used of it."""
        period = self.limit.period_of(start)
        used = self._by_period.get(period, ())
        return LimitReached(
            self.limit, period, len(used), _total(used), self.resource.id if self.resource else None
        )


def _total(bookings: tuple[Booking, ...]) -> dt.timedelta:
    return sum((one.interval.duration for one in bookings), ZERO)


def within_limit(
    snapshot: Snapshot,
    request: Request,
    duration: dt.timedelta,
    limit: Limit,
    resource: Resource | None = None,
) -> WithinLimit:
    """Return the rule of a limit; ``resource`` is whose bookings are counted, for a limit per resource."""
    counted = tuple(one for one in snapshot.counted if _is_counted(one, request, limit, resource))
    return WithinLimit(limit, counted, duration, resource)


def _is_counted(booking: Booking, request: Request, limit: Limit, resource: Resource | None) -> bool:
    if booking.id in request.ignore or not (limit.all_services or booking.service_id == request.service.id):
        return False
    if resource is not None:
        return resource.id in booking.resource_ids
    return limit.per is not Per.CUSTOMER or booking.customer_id == request.customer_id
