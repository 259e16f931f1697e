"""Changing bookings: confirming, starting, completing, cancelling, moving, and what each of these costs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from slotkeeper.desk.core import Command, Work
from slotkeeper.desk.making import as_stored
from slotkeeper.desk.paying import Paying, paid_amount
from slotkeeper.desk.results import Cancellation, Move
from slotkeeper.domain.actor import SYSTEM, Actor
from slotkeeper.domain.booking import Booking
from slotkeeper.domain.durations import WholeOpening
from slotkeeper.domain.explanation import Explanation
from slotkeeper.domain.ids import Id
from slotkeeper.domain.instant import as_utc
from slotkeeper.domain.lifecycle_table import Transition
from slotkeeper.domain.policy import CancellationQuote, RescheduleQuote
from slotkeeper.domain.slot import Slot
from slotkeeper.domain.standard_lifecycle import Action
from slotkeeper.engine.question import Request
from slotkeeper.ports import UnitOfWork


class Changing(Paying):
    """Everything that changes bookings."""

    def act(
        self,
        booking_id: Id,
        action: str,
        *,
        reason: str | None = None,
        actor: Actor | None = None,
        key: str | None = None,
        expected_version: int | None = None,
    ) -> Booking:
        """Take a booking through an action of the lifecycle that leaves its time as it is.

        A booking that did not take its resources, such as a hold that has lapsed, takes them again only where
        they are still free.

        Raises:
            NotFoundError: There is no such booking.
            StaleVersionError: It is not at the version expected.
            LifecycleError: Its status, or the time, does not allow the action.
            ForbiddenError: The actor may not do it.
            SlotTakenError: It would take resources that others have taken meanwhile.
        """

        def change(work: Work) -> Booking:
            before = self._locked(work.unit, booking_id, expected_version)
            row = self._row(before, action, actor, work.now)
            return self._enter(work, before, row, actor=actor, reason=reason)

        content = {"id": booking_id, "reason": reason, "version": expected_version}
        return self._run(Command(str(action), actor, key, content), Booking, change)

    def confirm(self, booking_id: Id, **terms: Any) -> Booking:  # noqa: ANN401 - those of `act`
        """Confirm a hold, a request or a moved booking; takes and raises what `act` does."""
        return self.act(booking_id, Action.CONFIRM, **terms)

    def decline(self, booking_id: Id, **terms: Any) -> Booking:  # noqa: ANN401 - those of `act`
        """Decline a request; takes and raises what `act` does."""
        return self.act(booking_id, Action.DECLINE, **terms)

    def start(self, booking_id: Id, **terms: Any) -> Booking:  # noqa: ANN401 - those of `act`
        """Note that the appointment has begun; takes and raises what `act` does."""
        return self.act(booking_id, Action.START, **terms)

    def complete(self, booking_id: Id, **terms: Any) -> Booking:  # noqa: ANN401 - those of `act`
        """Note that the appointment is over; takes and raises what `act` does."""
        return self.act(booking_id, Action.COMPLETE, **terms)

    # -- ending ----------------------------------------------------------------------------------------------

    def quote_cancellation(self, booking_id: Id, *, actor: Actor | None = None) -> CancellationQuote:
        """Return what cancelling now would give back, without cancelling; `cancel` applies the same quote.

        Raises:
            NotFoundError: There is no such booking.
            LifecycleError: It cannot be cancelled.
            ForbiddenError: The actor may not cancel it.
        """
        with self._read() as unit:
            booking, now = unit.bookings.get(booking_id), self._now()
            self._row(booking, Action.CANCEL, actor, now)
            return self._cancellation(unit, booking, actor, now)

    def cancel(
        self,
        booking_id: Id,
        *,
        reason: str | None = None,
        actor: Actor | None = None,
        key: str | None = None,
        expected_version: int | None = None,
    ) -> Cancellation:
        """Cancel a booking under its service's policy, and give back what that grants.

        With a payment gateway the refund is asked for after the commit; should that fail, the payment stays
        ``refund_pending`` and `settle_refunds` tries again.

        Raises:
            NotFoundError: There is no such booking.
            StaleVersionError: It is not at the version expected.
            LifecycleError: It cannot be cancelled.
            ForbiddenError: The actor may not cancel it.
        """

        def change(work: Work) -> Cancellation:
            before = self._locked(work.unit, booking_id, expected_version)
            row = self._row(before, Action.CANCEL, actor, work.now)
            quote = self._cancellation(work.unit, before, actor, work.now)
            after = self._enter(
                work, before, row, actor=actor, reason=reason, payment=self._owing(before, quote), quote=quote
            )
            return Cancellation(after, quote)

        content = {"id": booking_id, "reason": reason, "version": expected_version}
        done = self._run(Command("cancel", actor, key, content), Cancellation, change)
        return attrs.evolve(done, booking=self._give_back(done.booking))

    def mark_no_show(
        self,
        booking_id: Id,
        *,
        reason: str | None = None,
        actor: Actor | None = None,
        key: str | None = None,
        expected_version: int | None = None,
    ) -> Booking:
        """Note that the customer did not come, and give back what the policy leaves beyond its fee.

        Raises:
            NotFoundError: There is no such booking.
            LifecycleError: The status or the time does not allow it.
            ForbiddenError: The actor may not.
        """

        def change(work: Work) -> Booking:
            before = self._locked(work.unit, booking_id, expected_version)
            row = self._row(before, Action.NO_SHOW, actor, work.now)
            policy = self._service(work.unit, before.service_id).policy.no_show
            quote = policy.quote(paid=paid_amount(before), price=before.price, now=work.now)
            return self._enter(
                work, before, row, actor=actor, reason=reason, payment=self._owing(before, quote), quote=quote
            )

        content = {"id": booking_id, "reason": reason, "version": expected_version}
        return self._give_back(self._run(Command("no_show", actor, key, content), Booking, change))

    def expire_holds(self, *, limit: int = 100) -> list[Booking]:
        """Expire what has lapsed, at most ``limit`` bookings, the longest overdue first, and return it.

        Nothing depends on it for correctness, since what has lapsed takes nothing; it tidies, and its events tell.
        """

        def sweep(work: Work) -> None:
            found = work.unit.bookings.lapsed(work.now, limit=limit)
            work.unit.lock({one for booking in found for one in booking.resource_ids})
            self._expire(work, [work.unit.bookings.get(one.id) for one in found])
            expired.extend(event.booking for event in work.events)

        expired: list[Booking] = []
        self._run(Command("expire_holds", SYSTEM, None, {}), type(None), sweep)
        return expired

    # -- moving ----------------------------------------------------------------------------------------------

    def reschedule(
        self,
        booking_id: Id,
        start: dt.datetime | None = None,
        *,
        timeslot_id: Id | None = None,
        resource_ids: Iterable[Id] | None = None,
        duration: dt.timedelta | None = None,
        service_id: Id | None = None,
        reason: str | None = None,
        action: str = Action.RESCHEDULE,
        actor: Actor | None = None,
        key: str | None = None,
        expected_version: int | None = None,
    ) -> Move:
        """Move a booking: its old place is freed and the new one taken in one step, or nothing changes.

        Args:
            booking_id: Which.
            start: The new start; None keeps it.
            timeslot_id: A stored slot to move to, instead of a start.
            resource_ids: The new resources; None keeps the present ones, none leaves the choice open.
            duration: The new length; None keeps it, or takes the new service's shortest.
            service_id: Another service; None keeps it.
            reason: Why.
            action: ``reschedule`` keeps the status; ``request_reschedule`` awaits confirmation anew.
            actor: Who asks.
            key: Makes a repeat give the same result.
            expected_version: Refuse unless the booking is at this version.

        Raises:
            NotFoundError: There is no such booking, service, resource or stored slot.
            StaleVersionError: It is not at the version expected.
            LifecycleError: Its status does not allow it.
            ForbiddenError: The actor may not.
            PolicyError: The policy's notice or number of moves is used up.
            RefusedError: A rule refuses the new place.
        """
        first = None if start is None else as_utc(start)
        chosen = None if resource_ids is None else tuple(resource_ids)
        place = Place(first, timeslot_id, chosen, duration, service_id)

        def change(work: Work) -> Move:
            request, begin = self._wanted(work.unit, work.unit.bookings.get(booking_id), place)
            also = [one.id for one in self._candidates(work.unit, request)]
            before = self._locked(work.unit, booking_id, expected_version, also=also)
            row = self._row(before, action, actor, work.now)
            quote = self._moving(work.unit, before, actor, work.now)
            slot = self._place(work, request, begin)
            if isinstance(slot, Explanation):
                raise slot.error()
            return Move(self._moved(work, before, row, request, slot, place, actor=actor, reason=reason), quote)

        content = {"id": booking_id, "reason": reason, "version": expected_version, "action": str(action)}
        content["place"] = attrs.asdict(place, recurse=False)
        return self._run(Command("reschedule", actor, key, content), Move, change)

    def update(
        self,
        booking_id: Id,
        *,
        notes: str | None = None,
        attributes: Mapping[str, Any] | None = None,
        actor: Actor | None = None,
        key: str | None = None,
        expected_version: int | None = None,
    ) -> Booking:
        """Change a booking's notes or attributes; attributes given are merged into those there are.

        Raises:
            NotFoundError: There is no such booking.
            StaleVersionError: It is not at the version expected.
            ForbiddenError: The actor is not one who may read it.
        """

        def change(work: Work) -> Booking:
            before = self._visible(self._locked(work.unit, booking_id, expected_version), actor)
            after = attrs.evolve(
                before,
                notes=before.notes if notes is None else notes,
                attributes={**before.attributes, **(attributes or {})},
                updated_at=work.now,
                version=before.version + 1,
            )
            return self._replace(work, "update", before, after, actor=actor)

        content = {"id": booking_id, "notes": notes, "attributes": attributes, "version": expected_version}
        return self._run(Command("update", actor, key, content), Booking, change)

    # -- steps -----------------------------------------------------------------------------------------------

    def _cancellation(
        self, unit: UnitOfWork, booking: Booking, actor: Actor | None, now: dt.datetime
    ) -> CancellationQuote:
        policy = self._service(unit, booking.service_id).policy.cancellation
        start = booking.interval.start
        return policy.quote(paid=paid_amount(booking), price=booking.price, start=start, now=now, actor=actor)

    def _moving(self, unit: UnitOfWork, booking: Booking, actor: Actor | None, now: dt.datetime) -> RescheduleQuote:
        policy = self._service(unit, booking.service_id).policy.reschedule
        start = booking.interval.start
        return policy.quote(price=booking.price, start=start, now=now, moved=booking.moved, actor=actor)

    def _wanted(self, unit: UnitOfWork, booking: Booking, place: Place) -> tuple[Request, dt.datetime]:
        """Return what a move asks for, and the start it asks for."""
        service = self._service(unit, booking.service_id if place.service_id is None else place.service_id)
        start = booking.interval.start if place.start is None else place.start
        resource_ids, duration = place.resource_ids, place.duration
        if place.timeslot_id is not None:
            slot = unit.timeslots.get(place.timeslot_id)
            service, start, resource_ids = as_stored(service, slot), slot.interval.start, (slot.resource_id,)
        elif duration is None and service.id == booking.service_id and not isinstance(service.duration, WholeOpening):
            duration = booking.interval.duration
        if resource_ids is None:
            resources = [unit.resources.get(one) for one in booking.resource_ids]
            resource_ids = tuple(one.id for one in resources if any(need.admits(one) for need in service.needs))
        return Request(
            service,
            duration=duration,
            units=booking.units,
            customer_id=booking.customer_id,
            resource_ids=resource_ids,
            ignore=[booking.id],
        ), start

    def _moved(
        self,
        work: Work,
        before: Booking,
        row: Transition,
        request: Request,
        slot: Slot,
        place: Place,
        *,
        actor: Actor | None,
        reason: str | None,
    ) -> Booking:
        state = self.lifecycle.state(row.target)
        after = attrs.evolve(
            before,
            service_id=request.service.id,
            interval=slot.interval,
            allocations=self._allocations(work, request, slot),
            status=state.name,
            occupies=state.occupies,
            counts=state.counts,
            price=before.price if slot.price is None else slot.price,
            timeslot_id=place.timeslot_id,
            moved=before.moved + 1,
            reminded_at=None,
            reason=before.reason if reason is None else reason,
            updated_at=work.now,
            version=before.version + 1,
        )
        return self._replace(work, row.action, before, after, actor=actor)


@attrs.frozen
class Place:
    """Where a booking shall move to; what is None stays."""

    start: dt.datetime | None
    timeslot_id: Id | None
    resource_ids: tuple[Id, ...] | None
    duration: dt.timedelta | None
    service_id: Id | None
