"""Availability: what can be booked, and why something cannot."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import attrs

from slotkeeper.desk.core import DeskCore
from slotkeeper.domain.booking import Booking
from slotkeeper.domain.explanation import Explanation
from slotkeeper.domain.ids import Id
from slotkeeper.domain.instant import TICK
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet
from slotkeeper.domain.limit import Limit, Per
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.slot import Slot
from slotkeeper.engine.evaluator import Evaluator
from slotkeeper.engine.preference import Preference, round_robin
from slotkeeper.engine.question import Request, Snapshot
from slotkeeper.engine.suggestions import Suggestion, suggestions
from slotkeeper.ports import BookingFilter, Listing, UnitOfWork

_AHEAD = dt.timedelta(days=366)
_DAYS_AT_ONCE = dt.timedelta(days=7)
_ROWS_AT_ONCE = 1000


class Availability(DeskCore):
    """Slots, free time and explanations, all from the same evaluator."""

    def slots(
        self,
        service_id: Id,
        window: Interval,
        *,
        resource_ids: Iterable[Id] = (),
        duration: dt.timedelta | None = None,
        units: int | None = None,
        customer_id: Id | None = None,
        limit: int | None = None,
        prefer: Preference | None = None,
        one_per_start: bool = False,
    ) -> list[Slot]:
        """Return the slots of a service that start within ``window``, by time, then by preference.

        Args:
            service_id: What is wanted.
            window: Half-open; a slot that starts in it may end after it.
            resource_ids: Resources that must be among those taken.
            duration: How long; None is the service's shortest.
            units: How many units of each resource; None is the service's number.
            customer_id: For whom, for limits per customer.
            limit: How many at most, the earliest.
            prefer: Which resources come first at one time; None is the desk's own preference.
            one_per_start: Only the preferred slot of each time.

        Raises:
            NotFoundError: There is no such service or resource.
        """
        with self._read() as unit:
            request = Request(
                self._service(unit, service_id),
                duration=duration,
                units=units,
                customer_id=customer_id,
                resource_ids=tuple(resource_ids),
            )
            found = self._found(unit, request, window, prefer)
            return list(islice(_first_of_each_start(found) if one_per_start else found, limit))

    def next_slot(
        self,
        service_id: Id,
        *,
        after: dt.datetime | None = None,
        within: dt.timedelta = _AHEAD,
        resource_ids: Iterable[Id] = (),
        duration: dt.timedelta | None = None,
        units: int | None = None,
        customer_id: Id | None = None,
        prefer: Preference | None = None,
    ) -> Slot | None:
        """Return the first slot that starts at or after ``after`` (now, unless given), or None within the time."""
        start = self._now() if after is None else after
        window = Interval.lasting(start, within)
        found = self.slots(
            service_id,
            window,
            resource_ids=resource_ids,
            duration=duration,
            units=units,
            customer_id=customer_id,
            limit=1,
            prefer=prefer,
        )
        return found[0] if found else None

    def explain(
        self,
        service_id: Id,
        start: dt.datetime,
        *,
        resource_ids: Iterable[Id] = (),
        duration: dt.timedelta | None = None,
        units: int | None = None,
        customer_id: Id | None = None,
    ) -> Explanation:
        """Return every rule that refuses a booking from ``start``, with its facts; none when it would succeed."""
        with self._read() as unit:
            request = Request(
                self._service(unit, service_id),
                duration=duration,
                units=units,
                customer_id=customer_id,
                resource_ids=tuple(resource_ids),
            )
            moment = Interval(start, start + TICK)
            return self._evaluator(unit, request, moment, now=self._now()).explain(start)

    def suggest(
        self,
        service_id: Id,
        window: Interval,
        *,
        resource_ids: Iterable[Id] = (),
        duration: dt.timedelta | None = None,
        customer_id: Id | None = None,
        limit: int = 3,
    ) -> list[Suggestion]:
        """Return the slots within ``window`` that leave the day least fragmented, the best first."""
        with self._read() as unit:
            request = Request(
                self._service(unit, service_id),
                duration=duration,
                customer_id=customer_id,
                resource_ids=tuple(resource_ids),
            )
            return suggestions(self._evaluator(unit, request, window, now=self._now()), window)[:limit]

    def free_time(self, resource_id: Id, window: Interval) -> IntervalSet:
        """Return when a resource is open and nothing occupies all of its units, buffers included."""
        with self._read() as unit:
            resource = unit.resources.get(resource_id)
            now = self._now()
            busy = unit.bookings.relevant([resource_id], window)
            load = Snapshot(now, [resource], busy).load(resource_id)
            return resource.schedule.open_between(window) - load.at_least(resource.capacity)

    # -- snapshots -------------------------------------------------------------------------------------------

    def _found(
        self, unit: UnitOfWork, request: Request, window: Interval, prefer: Preference | None
    ) -> Iterator[Slot]:
        """Yield slots from snapshots of a week each, so that finding a few reads little."""
        now = self._now()
        for part in window.split(_DAYS_AT_ONCE, rest=True):
            yield from self._evaluator(unit, request, part, now=now, prefer=prefer).slots(part)

    def _evaluator(
        self,
        unit: UnitOfWork,
        request: Request,
        window: Interval,
        *,
        now: dt.datetime,
        prefer: Preference | None = None,
    ) -> Evaluator:
        """Read what the request may depend on within ``window`` and return its evaluator."""
        order = prefer or self.prefer
        bare = Evaluator(Snapshot(now, self._candidates(unit, request)), request, order)
        resources = bare.snapshot.resources
        reach = bare.reach(window)
        found = {one.id: one for one in unit.bookings.relevant(resources, reach)}
        for limit in request.looks_elsewhere:
            found |= {one.id: one for one in self._counted(unit, request, limit, reach)}
        turns = self._turns(unit, resources) if order is round_robin else {}
        return Evaluator(Snapshot(now, resources, found.values(), turns=turns), request, order)

    def _candidates(self, unit: UnitOfWork, request: Request) -> Sequence[Resource]:
        """Return the resources that may serve, with their parts; all of them only where no ids are named."""
        needs = request.service.needs
        if not all(need.among for need in needs):
            return unit.resources.all()
        found: dict[Id, Resource] = {}
        waiting = [*request.resource_ids, *(one for need in needs for one in need.among)]
        while waiting:
            resource_id = waiting.pop(0)
            if resource_id not in found:
                found[resource_id] = unit.resources.get(resource_id)
                waiting += found[resource_id].parts
        return tuple(found.values())

    def _counted(self, unit: UnitOfWork, request: Request, limit: Limit, reach: Interval) -> Iterator[Booking]:
        """Yield the bookings that a limit may count, whichever resource they are on."""
        of_service = frozenset() if limit.all_services else {request.service.id}
        customer_id = request.customer_id if limit.per is Per.CUSTOMER else None
        return self._each(unit, BookingFilter(starting=reach, service_ids=of_service, customer_id=customer_id))

    def _each(self, unit: UnitOfWork, wanted: BookingFilter) -> Iterator[Booking]:
        """Yield every booking that a filter admits, page by page."""
        listing = Listing(limit=_ROWS_AT_ONCE)
        while True:
            page = unit.bookings.find(wanted, listing)
            yield from page.items
            if page.next is None:
                return
            listing = attrs.evolve(listing, after=page.next)

    def _turns(self, unit: UnitOfWork, resource_ids: Iterable[Id]) -> dict[Id, dt.datetime]:
        newest = Listing(order="-created_at", limit=1)
        found = {}
        for one in resource_ids:
            for booking in unit.bookings.find(BookingFilter(resource_ids=[one]), newest).items:
                found[one] = booking.created_at
        return found


def _first_of_each_start(slots: Iterable[Slot]) -> Iterator[Slot]:
    last: dt.datetime | None = None
    for slot in slots:
        if slot.start != last:
            yield slot
        last = slot.start
