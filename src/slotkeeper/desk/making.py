"""Making bookings: holding, booking by start, slot or stored slot, and series."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from slotkeeper.desk.availability import Availability
from slotkeeper.desk.core import Command, Work
from slotkeeper.desk.results import Series
from slotkeeper.domain.actor import Actor
from slotkeeper.domain.booking import Allocation, Booking, Hold
from slotkeeper.domain.explanation import Explanation
from slotkeeper.domain.grid import FixedGrid
from slotkeeper.domain.ids import Id
from slotkeeper.domain.instant import TICK, as_utc, later
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.service import Service
from slotkeeper.domain.slot import Slot, Timeslot
from slotkeeper.domain.standard_lifecycle import Action
from slotkeeper.engine.preference import Preference
from slotkeeper.engine.question import Request, Snapshot
from slotkeeper.errors import InvalidFieldError


@attrs.frozen(kw_only=True)
class Wish:
    """What a new booking shall be, before its start is judged.

    Args:
        service_id: What is booked.
        customer_id: For whom.
        resource_ids: Resources that must be among those taken; none leaves the choice to the preference.
        duration: How long; None is the service's shortest, or the whole opening.
        units: How many units of each resource; None is the service's number.
        notes: Free text.
        attributes: Free facts.
        booking_id: The host's own id; None lets the desk make one.
        timeslot_id: The stored slot that it takes.
        series_id: What it shares with others.
        action: The lifecycle's action that creates it; None is the service's.
    """

    service_id: Id
    customer_id: Id | None = None
    resource_ids: tuple[Id, ...] = attrs.field(default=(), converter=tuple)
    duration: dt.timedelta | None = None
    units: int | None = None
    notes: str = ""
    attributes: Mapping[str, Any] = attrs.field(factory=dict)
    booking_id: Id | None = None
    timeslot_id: Id | None = None
    series_id: Id | None = None
    action: str | None = None


class Making(Availability):
    """Everything that creates bookings."""

    def book(
        self,
        service_id: Id,
        start: dt.datetime,
        *,
        customer_id: Id | None = None,
        resource_ids: Iterable[Id] = (),
        duration: dt.timedelta | None = None,
        units: int | None = None,
        notes: str = "",
        attributes: Mapping[str, Any] | None = None,
        booking_id: Id | None = None,
        action: str | None = None,
        prefer: Preference | None = None,
        actor: Actor | None = None,
        key: str | None = None,
    ) -> Booking:
        """Make a booking from ``start``, on resources of the desk's choice unless some are named.

        Args:
            service_id: What is booked.
            start: Any offset.
            customer_id: For whom.
            resource_ids: Resources that must be among those taken.
            duration: How long; None is the service's shortest, or the whole opening.
            units: How many units of each resource; None is the service's number.
            notes: Free text of the customer's.
            attributes: Free facts of the host's, as JSON can hold them.
            booking_id: The host's own id; None lets the desk make one.
            action: The lifecycle's creating action; None is the service's, ``book`` by default.
            prefer: Which resources to take; None is the desk's own preference.
            actor: Who asks; None is the host itself.
            key: Makes a repeat of the same call give the same booking.

        Raises:
            RefusedError: A rule refuses it; the subclass and the explanation say which.
            ForbiddenError: The actor may not make it.
            NotFoundError: There is no such service or resource.
            IdempotencyMismatchError: The key belongs to another request.
        """
        wish = Wish(
            service_id=service_id,
            customer_id=customer_id,
            resource_ids=resource_ids,
            duration=duration,
            units=units,
            notes=notes,
            attributes=attributes or {},
            booking_id=booking_id,
            action=action,
        )
        first = as_utc(start)
        command = Command("book", actor, key, {"start": first, "wish": attrs.asdict(wish, recurse=False)})
        return self._run(command, Booking, lambda work: self._make(work, wish, first, actor, prefer))

    def hold(self, service_id: Id, start: dt.datetime, **wishes: Any) -> Hold:  # noqa: ANN401 - those of `book`
        """Hold a start until the service's ``hold_for`` has passed; takes and raises what `book` does."""
        held = self.book(service_id, start, **{**wishes, "action": Action.HOLD})
        if not isinstance(held, Hold):
            raise InvalidFieldError("lifecycle", self.lifecycle.name, "has no action hold that makes a hold")
        return held

    def book_slot(self, slot: Slot, **wishes: Any) -> Booking:  # noqa: ANN401 - those of `book`
        """Book a slot that was listed, on its resources; takes and raises what `book` does."""
        return self.book(
            slot.service_id,
            slot.start,
            **{"resource_ids": slot.resource_ids, "duration": slot.interval.duration, "units": slot.units, **wishes},
        )

    def book_timeslot(
        self,
        timeslot_id: Id,
        *,
        service_id: Id | None = None,
        customer_id: Id | None = None,
        units: int | None = None,
        notes: str = "",
        attributes: Mapping[str, Any] | None = None,
        booking_id: Id | None = None,
        action: str | None = None,
        actor: Actor | None = None,
        key: str | None = None,
    ) -> Booking:
        """Book a stored slot: its resource for exactly its interval, whatever the service's grid and lengths.

        ``service_id`` is needed where the stored slot names no service.

        Raises:
            NotFoundError: There is no such stored slot or service.
            RefusedError: As for `book`.
        """
        wish = Wish(
            service_id=timeslot_id if service_id is None else service_id,
            customer_id=customer_id,
            units=units,
            notes=notes,
            attributes=attributes or {},
            booking_id=booking_id,
            timeslot_id=timeslot_id,
            action=action,
        )

        def act(work: Work) -> Booking:
            slot = work.unit.timeslots.get(timeslot_id)
            service = self._service_of(work.unit, slot, service_id)
            return self._make(work, attrs.evolve(wish, service_id=service.id), slot.interval.start, actor, None)

        command = Command("book_timeslot", actor, key, {"wish": attrs.asdict(wish, recurse=False)})
        return self._run(command, Booking, act)

    def book_series(
        self,
        service_id: Id,
        starts: Iterable[dt.datetime],
        *,
        customer_id: Id | None = None,
        resource_ids: Iterable[Id] = (),
        duration: dt.timedelta | None = None,
        units: int | None = None,
        notes: str = "",
        attributes: Mapping[str, Any] | None = None,
        all_or_nothing: bool = True,
        actor: Actor | None = None,
        key: str | None = None,
    ) -> Series:
        """Book the same service at several starts, in one unit of work.

        Every start is judged as `book` judges it, the earlier bookings of the series included.

        Args:
            service_id: What is booked.
            starts: When; taken in order of time.
            customer_id: For whom.
            resource_ids: Resources that must be among those taken each time.
            duration: How long; None is the service's shortest.
            units: How many units of each resource.
            notes: Free text for each.
            attributes: Free facts for each.
            all_or_nothing: Raise at the first start that is refused, and keep none; otherwise book the others
                and return the explanations.
            actor: Who asks.
            key: Makes a repeat give the same series.

        Raises:
            RefusedError: A start is refused, and it is all or nothing.
        """
        wish = Wish(
            service_id=service_id,
            customer_id=customer_id,
            resource_ids=resource_ids,
            duration=duration,
            units=units,
            notes=notes,
            attributes=attributes or {},
        )
        wanted = sorted(map(as_utc, starts))
        content = {"starts": wanted, "wish": attrs.asdict(wish, recurse=False), "all": all_or_nothing}
        command = Command("book_series", actor, key, content)
        return self._run(
            command, Series, lambda work: self._make_series(work, wish, wanted, actor, all_or_nothing=all_or_nothing)
        )

    # -- one booking -----------------------------------------------------------------------------------------

    def _make(
        self, work: Work, wish: Wish, start: dt.datetime, actor: Actor | None, prefer: Preference | None
    ) -> Booking:
        found = self._try(work, wish, start, actor, prefer)
        if isinstance(found, Explanation):
            raise found.error()
        return found

    def _make_series(
        self, work: Work, wish: Wish, starts: Iterable[dt.datetime], actor: Actor | None, *, all_or_nothing: bool
    ) -> Series:
        wish = attrs.evolve(wish, series_id=self.new_id())
        booked: list[Booking] = []
        refused: list[Explanation] = []
        for start in starts:
            found = self._try(work, wish, start, actor, None)
            if isinstance(found, Booking):
                booked.append(found)
            elif all_or_nothing:
                raise found.error()
            else:
                refused.append(found)
        assert wish.series_id is not None  # noqa: S101 - made above
        return Series(wish.series_id, booked, refused)

    def _try(
        self, work: Work, wish: Wish, start: dt.datetime, actor: Actor | None, prefer: Preference | None
    ) -> Booking | Explanation:
        """Make a booking, or return why it is refused; whatever else is wrong is raised."""
        service = self._wished_service(work, wish)
        request = Request(
            service,
            duration=wish.duration,
            units=wish.units,
            customer_id=wish.customer_id,
            resource_ids=self._wished_resources(work, wish),
        )
        found = self._place(work, request, start, prefer)
        if isinstance(found, Explanation):
            return found
        booking = self._booking(work, wish, request, found, actor)
        work.unit.bookings.add(booking, now=work.now)
        self._record(work, wish.action or service.action, booking, actor=actor)
        return booking

    def _wished_service(self, work: Work, wish: Wish) -> Service:
        service = self._service(work.unit, wish.service_id)
        if wish.timeslot_id is None:
            return service
        return as_stored(service, work.unit.timeslots.get(wish.timeslot_id))

    def _wished_resources(self, work: Work, wish: Wish) -> tuple[Id, ...]:
        if wish.timeslot_id is None:
            return wish.resource_ids
        return (work.unit.timeslots.get(wish.timeslot_id).resource_id,)

    def _service_of(self, unit: Any, slot: Timeslot, service_id: Id | None) -> Service:  # noqa: ANN401
        chosen = slot.service_id if service_id is None else service_id
        if chosen is None:
            raise InvalidFieldError("service_id", None, f"is needed: stored slot {slot.id!r} names no service")
        return self._service(unit, chosen)

    def _place(
        self, work: Work, request: Request, start: dt.datetime, prefer: Preference | None = None
    ) -> Slot | Explanation:
        """Lock what the request may take, free it of what has lapsed, and judge the start."""
        moment = Interval(start, later(start, TICK))
        candidates = Snapshot(work.now, self._candidates(work.unit, request)).resources
        work.unit.lock(candidates)
        evaluator = self._evaluator(work.unit, request, moment, now=work.now, prefer=prefer)
        self._expire(work, evaluator.snapshot.bookings)
        return evaluator.offer(start)

    def _expire(self, work: Work, bookings: Iterable[Booking]) -> None:
        """Take those that have lapsed through the lifecycle's ``expire``, where it has that."""
        for booking in bookings:
            if booking.occupies and booking.lapsed(work.now):
                if Action.EXPIRE not in self.lifecycle.actions_from(booking.status):
                    continue
                target = self.lifecycle.state(self.lifecycle.find(booking.status, Action.EXPIRE).target)
                lapsed = attrs.evolve(
                    booking,
                    status=target.name,
                    occupies=target.occupies,
                    counts=target.counts,
                    updated_at=work.now,
                    version=booking.version + 1,
                )
                work.unit.bookings.replace(lapsed, now=work.now)
                self._record(work, Action.EXPIRE, lapsed, before=booking)

    def _booking(self, work: Work, wish: Wish, request: Request, slot: Slot, actor: Actor | None) -> Booking:
        service = request.service
        action = wish.action or service.action
        allocations = self._allocations(work, request, slot)
        row = self.lifecycle.transition(
            None,
            action,
            actor=actor,
            owner_id=wish.customer_id,
            resource_ids=slot.resource_ids,
            interval=slot.interval,
            now=work.now,
        )
        state = self.lifecycle.state(row.target)
        expires = later(work.now, service.hold_for) if action == Action.HOLD else None
        kind = Booking if expires is None else Hold
        return kind(
            id=self.new_id() if wish.booking_id is None else wish.booking_id,
            service_id=service.id,
            customer_id=wish.customer_id,
            interval=slot.interval,
            allocations=allocations,
            status=state.name,
            occupies=state.occupies,
            counts=state.counts,
            units=slot.units,
            price=slot.price,
            notes=wish.notes,
            expires_at=expires,
            series_id=wish.series_id,
            timeslot_id=wish.timeslot_id,
            attributes=wish.attributes,
            created_at=work.now,
            updated_at=work.now,
        )

    def _allocations(self, work: Work, request: Request, slot: Slot) -> tuple[Allocation, ...]:
        """Return what a slot takes from its resources and from all that they consist of."""
        snapshot = Snapshot(work.now, self._candidates(work.unit, request))
        taken = {
            part.id: None for one in slot.resource_ids for part in snapshot.footprint(snapshot.resource(one))
        }
        ordered = (*slot.resource_ids, *(one for one in taken if one not in slot.resource_ids))
        buffers = request.service.buffers
        return tuple(Allocation(one, slot.interval, slot.units, buffers=buffers) for one in ordered)


def as_stored(service: Service, slot: Timeslot) -> Service:
    """Return the service as a stored slot offers it: exactly at its start, for exactly its length."""
    length = slot.interval.duration
    return attrs.evolve(service, duration=length, grid=FixedGrid(length, slot.interval.start), accept=None)
