"""Judging: what a request's answer depends on, read from the store, and the one evaluator over it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs

from slotkeeper.desk.core import DeskCore
from slotkeeper.domain.booking import Booking
from slotkeeper.domain.ids import Id, check_id
from slotkeeper.domain.instant import TICK, later
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.limit import Limit, Per
from slotkeeper.domain.listing import BookingFilter, Listing
from slotkeeper.domain.price import NamedPrice
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.service import Service
from slotkeeper.engine.evaluator import Evaluator
from slotkeeper.engine.preference import Preference, as_listed, by_rank, round_robin
from slotkeeper.engine.question import Request, Snapshot
from slotkeeper.ports import UnitOfWork

_ROWS_AT_ONCE = 1000
_BLIND = (as_listed, by_rank)
"""Preferences that look at no bookings."""


class Judging(DeskCore):
    """Snapshots of the store, and evaluators over them."""

    def _service(self, unit: UnitOfWork, service_id: Id) -> Service:
        """Return a service with its named price bound to the host's function."""
        check_id("service_id", service_id)
        service = unit.services.get(service_id)
        price = service.price
        if isinstance(price, NamedPrice) and price.function is None and price.name in self.prices:
            return attrs.evolve(service, price=NamedPrice(price.name, self.prices[price.name]))
        return service

    def _resource(self, unit: UnitOfWork, resource_id: Id) -> Resource:
        check_id("resource_id", resource_id)
        return unit.resources.get(resource_id)

    def _evaluator(
        self,
        unit: UnitOfWork,
        request: Request,
        window: Interval,
        *,
        now: dt.datetime,
        prefer: Preference | None = None,
        looks_around: bool = True,
    ) -> Evaluator:
        """Read what the request may depend on within ``window`` and return its evaluator.

        One that need not look around for other starts reads only what is close to the window, unless the
        preference may look at bookings.
        """
        order = prefer or self.prefer
        bare = Evaluator(Snapshot(now, self._candidates(unit, request)), request, order)
        resources = bare.snapshot.resources
        wide = looks_around or order not in _BLIND
        reach = bare.reach(window) if wide else bare.close_to(window)
        found = {one.id: one for one in unit.bookings.relevant(resources, reach)}
        for limit in request.looks_elsewhere:
            found |= {one.id: one for one in self._counted(unit, request, limit, reach)}
        turns = self._turns(unit, resources) if order is round_robin else {}
        return Evaluator(Snapshot(now, resources, found.values(), turns=turns), request, order)

    def _candidates(self, unit: UnitOfWork, request: Request) -> Sequence[Resource]:
        """Return the resources that may serve, with their parts; of one that is asked for, no others."""
        if request.the_one is not None:
            found = self._with_parts(unit, [request.the_one], {})
            if request.service.needs[0].admits(found[0]):
                return found
        return self._all_candidates(unit, request)

    def _all_candidates(self, unit: UnitOfWork, request: Request) -> Sequence[Resource]:
        """Return the service's candidates, with their parts; all are read only where no ids are named."""
        needs = request.service.needs
        if all(need.among for need in needs):
            named = (one for need in needs for one in need.among)
            return self._with_parts(unit, [*request.resource_ids, *named], {})
        known = {one.id: one for one in unit.resources.all()}
        serving = [one.id for one in known.values() if any(need.admits(one) for need in needs)]
        found = {one.id for one in self._with_parts(unit, [*request.resource_ids, *serving], known)}
        return [one for one in known.values() if one.id in found]

    def _with_parts(
        self, unit: UnitOfWork, resource_ids: Iterable[Id], known: Mapping[Id, Resource]
    ) -> Sequence[Resource]:
        """Return resources, then their parts, then the parts of those, each once."""
        found: dict[Id, Resource] = {}
        waiting = tuple(dict.fromkeys(resource_ids))
        while waiting:
            for one in waiting:
                check_id("resource_id", one)
            unknown = unit.resources.several(one for one in waiting if one not in known)
            read = {one.id: one for one in unknown}
            found |= {one: known.get(one) or read[one] for one in waiting}
            parts = (part for one in waiting for part in found[one].parts)
            waiting = tuple(part for part in dict.fromkeys(parts) if part not in found)
        return tuple(found.values())

    def _bookable(self, request: Request, window: Interval, now: dt.datetime) -> Interval | None:
        """Return the part of the window that notice and horizon leave; the rest need not be read."""
        notice, horizon = request.service.notice, request.service.horizon
        first = window.start if notice is None else max(window.start, later(now, notice))
        last = window.end if horizon is None else min(window.end, later(later(now, horizon), TICK))
        return Interval(first, last) if first < last else None

    def _counted(
        self, unit: UnitOfWork, request: Request, limit: Limit, reach: Interval
    ) -> Iterator[Booking]:
        """Yield the bookings that a limit may count, whichever resource they are on."""
        of_service = frozenset() if limit.all_services else {request.service.id}
        customer_id = request.customer_id if limit.per is Per.CUSTOMER else None
        return self._each(
            unit, BookingFilter(starting=reach, service_ids=of_service, customer_id=customer_id)
        )

    def _each(self, unit: UnitOfWork, wanted: BookingFilter, order: str = "start") -> Iterator[Booking]:
        """Yield every booking that a filter admits, page by page."""
        listing = Listing(order=order, limit=_ROWS_AT_ONCE)
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
