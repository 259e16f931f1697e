"""Making bookings: holding, booking by start, by slot or by stored slot."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, Unpack

import attrs

from slotkeeper.desk.arguments import check_kind, check_named
from slotkeeper.desk.command import Command, Work
from slotkeeper.desk.terms import HoldTerms, SingleFacts, SlotFacts, Wish
from slotkeeper.desk.transitions import FreeSlot, Transitions
from slotkeeper.domain.actor import Actor
from slotkeeper.domain.booking import Booking, Hold
from slotkeeper.domain.explanation import Explanation
from slotkeeper.domain.grid import FixedGrid
from slotkeeper.domain.ids import Id, check_id
from slotkeeper.domain.instant import as_utc, later
from slotkeeper.domain.lifecycle_table import State
from slotkeeper.domain.money import Money
from slotkeeper.domain.service import Service
from slotkeeper.domain.slot import Slot, Timeslot
from slotkeeper.domain.standard_lifecycle import Action
from slotkeeper.engine.preference import Preference
from slotkeeper.engine.question import Request
from slotkeeper.errors import InvalidFieldError, NotFoundError
from slotkeeper.ports import UnitOfWork


class Making(Transitions):
    """Everything that creates a booking."""

    def book(
        self,
        service_id: Id,
        start: dt.datetime,
        *,
        customer_id: Id | None = None,
        resource_ids: Iterable[Id] = (),
        duration: dt.timedelta | None = None,
        units: int | None = None,
        price: Money | None = None,
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
            price: The host's own price, such as one with a discount; None is the service's.
            notes: Free text of the customer's.
            attributes: Free facts of the host's, as JSON can hold them.
            booking_id: The host's own id; None lets the desk make one.
            action: The lifecycle's creating action; None is the service's, which is ``book`` by default;
                ``hold`` makes a `Hold`.
            prefer: Which resources to take; None is the desk's own preference.
            actor: Who asks; None is the host itself.
            key: Makes a repeat of the same call give the same booking, or the same refusal.

        Raises:
            InvalidInputError: An argument makes no sense.
            NotFoundError: There is no such service or resource.
            TransitionError: The action creates nothing.
            ForbiddenError: The actor may not make it.
            RefusedError: A rule refuses it; the subclass and the explanation say which.
            DuplicateIdError: There is a booking with that id.
            IdempotencyMismatchError: The key belongs to another request.
        """
        wish = Wish(
            service_id=service_id,
            customer_id=customer_id,
            resource_ids=resource_ids,
            duration=duration,
            units=units,
            price=price,
            notes=notes,
            attributes=attributes,
            booking_id=booking_id,
            action=action,
            prefer=prefer,
        )
        first = as_utc(start)
        command = Command("book", actor, key, {"start": first, "wish": wish.content})
        return self._run(command, Booking, lambda work: self._make(work, wish, first, actor))

    def hold(self, service_id: Id, start: dt.datetime, **terms: Unpack[HoldTerms]) -> Hold:
        """Hold a start until the service's ``hold_for`` has passed; takes and raises what `book` does.

        Raises:
            TransitionError: The lifecycle has no ``hold``.
        """
        held = self.book(service_id, start, action=Action.HOLD, **terms)
        assert isinstance(held, Hold)  # noqa: S101 - what is made by that action lapses
        return held

    def book_slot(
        self, slot: Slot, *, actor: Actor | None = None, key: str | None = None, **facts: Unpack[SlotFacts]
    ) -> Booking:
        """Book a slot that was listed, on its resources unless others are named.

        Takes and raises what `book` does.
        """
        check_kind("slot", slot, Slot)
        of_slot: SlotFacts = {
            "resource_ids": slot.resource_ids,
            "duration": slot.interval.duration,
            "units": slot.units,
        }
        chosen: SlotFacts = {**of_slot, **facts}
        return self.book(slot.service_id, slot.start, actor=actor, key=key, **chosen)

    def book_timeslot(
        self,
        timeslot_id: Id,
        *,
        service_id: Id | None = None,
        resource_id: Id | None = None,
        units: int | None = None,
        actor: Actor | None = None,
        key: str | None = None,
        **facts: Unpack[SingleFacts],
    ) -> Booking:
        """Book a stored slot: its resource for exactly its interval, whatever the service's grid and lengths.

        Args:
            timeslot_id: Which.
            service_id: As what; needed where the stored slot names no service.
            resource_id: The resource that the caller takes it to be on; None does not ask.
            units: How many units; None is the service's number.
            actor: Who asks.
            key: Makes a repeat give the same booking.
            facts: As for `book`.

        Raises:
            NotFoundError: There is no such service, or no such stored slot on that resource.
            InvalidFieldError: No service is named.
            RefusedError: As for `book`.
        """
        check_id("timeslot_id", timeslot_id)
        wish = Wish(service_id=service_id, timeslot_id=timeslot_id, units=units, **facts)
        content = {"wish": wish.content, "resource_id": resource_id}

        def act(work: Work) -> Booking:
            slot = self._timeslot(work.unit, timeslot_id)
            if resource_id not in (None, slot.resource_id):
                raise NotFoundError("timeslot", timeslot_id)
            chosen = slot.service_id if service_id is None else service_id
            if chosen is None:
                raise InvalidFieldError("service_id", None, "is needed: the stored slot names no service")
            whole = attrs.evolve(wish, service_id=chosen, resource_ids=[slot.resource_id])
            return self._make(work, whole, slot.interval.start, actor)

        return self._run(Command("book_timeslot", actor, key, content), Booking, act)

    # -- steps -----------------------------------------------------------------------------------------------

    def _make(self, work: Work, wish: Wish, start: dt.datetime, actor: Actor | None) -> Booking:
        found = self._try(work, wish, start, actor)
        if isinstance(found, Explanation):
            raise found.error()
        return found

    def _try(self, work: Work, wish: Wish, start: dt.datetime, actor: Actor | None) -> Booking | Explanation:
        """Make a booking, or return why it is refused; whatever else is wrong is raised."""
        service = self._wished_service(work.unit, wish)
        action = service.action if wish.action is None else wish.action
        self.lifecycle.initial(action)
        check_named(service, wish.resource_ids)
        request = Request(
            service,
            duration=wish.duration,
            units=wish.units,
            customer_id=wish.customer_id,
            resource_ids=wish.resource_ids,
        )
        free = self._place(work, request, start, prefer=wish.prefer)
        if isinstance(free, Explanation):
            return free
        if wish.timeslot_id is not None:
            self._timeslot(
                work.unit, wish.timeslot_id
            )  # it may have been removed until its resource was locked
        state = self._created(work, wish, free.slot, action, actor)
        booking = self._booking(work, wish, request, free, state, lapses=action == Action.HOLD)
        work.unit.bookings.add(booking, now=work.now)
        self._record(work, action, booking, actor=actor)
        return booking

    def _wished_service(self, unit: UnitOfWork, wish: Wish) -> Service:
        if wish.service_id is None:
            raise InvalidFieldError("service_id", None, "must be given")
        service = self._service(unit, wish.service_id)
        if wish.timeslot_id is None:
            return service
        return as_stored(service, self._timeslot(unit, wish.timeslot_id))

    def _timeslot(self, unit: UnitOfWork, timeslot_id: Id) -> Timeslot:
        check_id("timeslot_id", timeslot_id)
        return unit.timeslots.get(timeslot_id)

    def _created(self, work: Work, wish: Wish, slot: Slot, action: str, actor: Actor | None) -> State:
        row = self.lifecycle.transition(
            None,
            action,
            actor=actor,
            owner_id=wish.customer_id,
            resource_ids=slot.resource_ids,
            interval=slot.interval,
            now=work.now,
        )
        return self.lifecycle.state(row.target)

    def _booking(
        self, work: Work, wish: Wish, request: Request, free: FreeSlot, state: State, *, lapses: bool
    ) -> Booking:
        kind, slot = Hold if lapses else Booking, free.slot
        return kind(
            id=self._next_id(work.unit) if wish.booking_id is None else wish.booking_id,
            service_id=request.service.id,
            customer_id=wish.customer_id,
            interval=slot.interval,
            local=free.local,
            allocations=free.allocations,
            status=state.name,
            occupies=state.occupies,
            counts=state.counts,
            units=slot.units,
            price=slot.price if wish.price is None else wish.price,
            notes=wish.notes,
            expires_at=later(work.now, request.service.hold_for) if lapses else None,
            series_id=wish.series_id,
            timeslot_id=wish.timeslot_id,
            attributes=wish.attributes,
            created_at=work.now,
            updated_at=work.now,
        )


def as_stored(service: Service, slot: Timeslot) -> Service:
    """Return the service as a stored slot offers it: exactly at its start, for exactly its length."""
    length = slot.interval.duration
    return attrs.evolve(service, duration=length, grid=FixedGrid(length, slot.interval.start), accept=None)
