"""Availability: what can be booked, and why something cannot."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from itertools import islice

from slotkeeper.desk.arguments import (
    check_duration,
    check_function,
    check_kind,
    check_limit,
    check_named,
    check_window,
    optional_id,
)
from slotkeeper.desk.judging import Judging
from slotkeeper.domain.actor import Actor
from slotkeeper.domain.explanation import Explanation
from slotkeeper.domain.ids import Id, id_tuple
from slotkeeper.domain.instant import TICK, as_utc, later
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet
from slotkeeper.domain.slot import Slot
from slotkeeper.engine.preference import Preference
from slotkeeper.engine.question import Request, Snapshot
from slotkeeper.engine.suggestions import Suggestion, suggestions
from slotkeeper.ports import UnitOfWork

_AHEAD = dt.timedelta(days=366)
_DAYS_AT_ONCE = dt.timedelta(days=7)


class Availability(Judging):
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
            limit: How many at most, the earliest; None is all of them.
            prefer: Which resources come first at one time; None is the desk's own preference.
            one_per_start: Only the preferred slot of each time.

        Raises:
            NotFoundError: There is no such service or resource.
            InvalidFieldError: The duration, the units or the limit is not positive.
        """
        check_window(window)
        check_limit(limit)
        check_function("prefer", prefer)
        with self._read() as unit:
            request = self._request(
                unit,
                service_id,
                resource_ids=resource_ids,
                duration=duration,
                units=units,
                customer_id=customer_id,
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
        """Return the first slot that starts within a time from ``after`` on, or None; from now, unless given.

        Raises:
            NotFoundError: There is no such service or resource.
            InvalidIntervalError: ``within`` is not positive.
        """
        check_kind("within", within, dt.timedelta)
        start = self._now() if after is None else as_utc(after)
        found = self.slots(
            service_id,
            Interval(start, later(start, within)),
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
        actor: Actor | None = None,
    ) -> Explanation:
        """Return every rule that refuses a booking from ``start``, with its facts; none if it would succeed.

        Where an actor asks, the bookings in the way that the actor may not read come without their ids.

        Raises:
            NotFoundError: There is no such service or resource.
        """
        first = as_utc(start)
        with self._read() as unit:
            request = self._request(
                unit,
                service_id,
                resource_ids=resource_ids,
                duration=duration,
                units=units,
                customer_id=customer_id,
            )
            moment = Interval(first, later(first, TICK))
            found = self._evaluator(unit, request, moment, now=self._now()).explain(first)
            return self._shown(unit, found, actor)

    def suggest(
        self,
        service_id: Id,
        window: Interval,
        *,
        resource_ids: Iterable[Id] = (),
        duration: dt.timedelta | None = None,
        units: int | None = None,
        customer_id: Id | None = None,
        limit: int = 3,
    ) -> list[Suggestion]:
        """Return the slots within ``window`` that leave the day least fragmented, the best first.

        Raises:
            NotFoundError: There is no such service or resource.
        """
        check_window(window)
        check_limit(limit)
        with self._read() as unit:
            request = self._request(
                unit,
                service_id,
                resource_ids=resource_ids,
                duration=duration,
                units=units,
                customer_id=customer_id,
            )
            now = self._now()
            self._candidates(unit, request)
            bookable = self._bookable(request, window, now)
            if bookable is None:
                return []
            return suggestions(self._evaluator(unit, request, bookable, now=now), bookable)[:limit]

    def free_time(self, resource_id: Id, window: Interval) -> IntervalSet:
        """Return when a resource is open and nothing occupies all of its units, buffers included.

        Raises:
            NotFoundError: There is no such resource.
        """
        check_window(window)
        with self._read() as unit:
            resource = self._resource(unit, resource_id)
            busy = unit.bookings.relevant([resource_id], window)
            load = Snapshot(self._now(), [resource], busy).load(resource_id)
            return resource.schedule.open_between(window) - load.at_least(resource.capacity)

    # -- steps -----------------------------------------------------------------------------------------------

    def _request(
        self,
        unit: UnitOfWork,
        service_id: Id,
        *,
        resource_ids: Iterable[Id],
        duration: dt.timedelta | None,
        units: int | None,
        customer_id: Id | None,
    ) -> Request:
        optional_id("customer_id", customer_id)
        check_duration(duration)
        service, named = self._service(unit, service_id), id_tuple(resource_ids)
        check_named(service, named)
        return Request(service, duration=duration, units=units, customer_id=customer_id, resource_ids=named)

    def _found(
        self, unit: UnitOfWork, request: Request, window: Interval, prefer: Preference | None
    ) -> Iterator[Slot]:
        """Yield slots from snapshots of a week each, so that finding a few reads little."""
        now = self._now()
        self._candidates(unit, request)
        bookable = self._bookable(request, window, now)
        for part in bookable.split(_DAYS_AT_ONCE, rest=True) if bookable else ():
            asked = self._evaluator(unit, request, part, now=now, prefer=prefer, looks_around=False)
            yield from asked.slots(part)


def _first_of_each_start(slots: Iterable[Slot]) -> Iterator[Slot]:
    last: dt.datetime | None = None
    for slot in slots:
        if slot.start != last:
            yield slot
        last = slot.start
