"""Acting: taking a booking through the lifecycle's actions that leave its time as it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Unpack

from slotkeeper.desk.arguments import check_text, plain_attributes
from slotkeeper.desk.command import Command, Work
from slotkeeper.desk.paying import Paying, full_refund, paid_amount
from slotkeeper.desk.terms import ActionTerms
from slotkeeper.desk.transitions import next_version
from slotkeeper.domain.actor import Actor
from slotkeeper.domain.booking import Booking
from slotkeeper.domain.fee import Quote
from slotkeeper.domain.ids import Id
from slotkeeper.domain.lifecycle_table import Transition, plain
from slotkeeper.domain.policy import CancellationQuote
from slotkeeper.domain.standard_lifecycle import Action
from slotkeeper.errors import InvalidFieldError, TransitionError
from slotkeeper.ports import UnitOfWork

UPDATE = "update"
MOVES = frozenset({Action.RESCHEDULE, Action.REQUEST_RESCHEDULE})


class Acting(Paying):
    """Everything that changes a booking in its place."""

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
        """Take a booking through an action of the lifecycle.

        A booking that did not take its resources, such as a hold that has lapsed, takes them again only
        where they are still free. ``cancel`` and ``no_show`` apply the service's policy, as `cancel` and
        `mark_no_show` do; any other action into a final status that does not count, such as ``decline``,
        gives back all that was paid.

        Args:
            booking_id: Which.
            action: What; one of the table's that leave the booking's time as it is.
            reason: Why.
            actor: Who asks; None is the host itself.
            key: Makes a repeat give the same result.
            expected_version: Refuse unless the booking is at this version.

        Raises:
            InvalidFieldError: The action moves bookings, or an argument makes no sense.
            NotFoundError: There is no such booking.
            StaleVersionError: It is not at the version expected.
            LifecycleError: Its status, or the time, does not allow the action.
            ForbiddenError: The actor may not do it.
            SlotTakenError: It would take resources that others have taken meanwhile.
            IdempotencyMismatchError: The key belongs to another request.
        """
        name = plain(action)
        if name in MOVES:
            raise InvalidFieldError("action", name, "moves a booking; reschedule does that")
        check_text("reason", reason)

        def change(work: Work) -> Booking:
            before = self._locked(work.unit, booking_id, expected_version)
            return self._take(work, before, name, actor, reason)[0]

        content = {"id": booking_id, "reason": reason, "version": expected_version}
        return self._give_back(self._run(Command(f"act {name}", actor, key, content), Booking, change))

    def confirm(self, booking_id: Id, **terms: Unpack[ActionTerms]) -> Booking:
        """Confirm a hold, a request or a moved booking; takes and raises what `act` does."""
        return self.act(booking_id, Action.CONFIRM, **terms)

    def decline(self, booking_id: Id, **terms: Unpack[ActionTerms]) -> Booking:
        """Decline a request, and give back all that was paid; takes and raises what `act` does."""
        return self.act(booking_id, Action.DECLINE, **terms)

    def start(self, booking_id: Id, **terms: Unpack[ActionTerms]) -> Booking:
        """Note that the appointment has begun; takes and raises what `act` does."""
        return self.act(booking_id, Action.START, **terms)

    def complete(self, booking_id: Id, **terms: Unpack[ActionTerms]) -> Booking:
        """Note that the appointment is over; takes and raises what `act` does."""
        return self.act(booking_id, Action.COMPLETE, **terms)

    def mark_no_show(self, booking_id: Id, **terms: Unpack[ActionTerms]) -> Booking:
        """Note that the customer did not come, and give back what the policy leaves beyond its fee.

        Takes and raises what `act` does.
        """
        return self.act(booking_id, Action.NO_SHOW, **terms)

    def set_status(
        self,
        booking_id: Id,
        status: int | str,
        *,
        reason: str | None = None,
        actor: Actor | None = None,
        key: str | None = None,
        expected_version: int | None = None,
    ) -> Booking:
        """Take a booking to a status, given by name or by external code, by the action that leads there.

        It serves hosts whose clients name the status that they want. Of several actions the first that the
        actor may take is taken; all that `act` says of it holds.

        Raises:
            InvalidFieldError: There is no such status.
            NotFoundError: There is no such booking.
            LifecycleError: No single action that leaves its time as it is leads there, or not now.
            ForbiddenError: The actor may not take it.
            StaleVersionError: The booking is not at the version expected.
            SlotTakenError: As for `act`.
        """
        target = self.lifecycle.parse_status(str(status))
        check_text("reason", reason)

        def change(work: Work) -> Booking:
            before = self._locked(work.unit, booking_id, expected_version)
            return self._take(work, before, self._way(before, target, actor, work.now), actor, reason)[0]

        content = {"id": booking_id, "status": target, "reason": reason, "version": expected_version}
        return self._give_back(self._run(Command("set_status", actor, key, content), Booking, change))

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

        Who may read a booking may update it, at any time. A lifecycle that has an action ``update`` decides
        instead: from which statuses, who and when.

        Raises:
            InvalidFieldError: JSON cannot hold the attributes.
            NotFoundError: There is no such booking.
            StaleVersionError: It is not at the version expected.
            LifecycleError: The lifecycle has an action ``update``, and does not allow it now.
            ForbiddenError: The actor may not.
        """
        check_text("notes", notes)
        merged = plain_attributes(attributes)

        def change(work: Work) -> Booking:
            before = self._locked(work.unit, booking_id, expected_version)
            return self._describe(work, before, actor, notes, merged)

        content = {"id": booking_id, "notes": notes, "attributes": merged, "version": expected_version}
        return self._run(Command(UPDATE, actor, key, content), Booking, change)

    # -- steps -----------------------------------------------------------------------------------------------

    def _describe(
        self, work: Work, before: Booking, actor: Actor | None, notes: str | None, merged: Mapping[str, Any]
    ) -> Booking:
        """Return a booking with other notes and more attributes, where the actor may change them."""
        self._visible(before, actor)
        if any(row.action == UPDATE for row in self.lifecycle.transitions):
            self._row(before, UPDATE, actor, work.now)
        after = next_version(before, work.now, **described(before, notes, merged))
        return self._replace(work, UPDATE, before, after, actor=actor)

    def _take(
        self, work: Work, before: Booking, action: str, actor: Actor | None, reason: str | None
    ) -> tuple[Booking, Quote | None]:
        """Take a booking through an action, and return it with the quote that was applied."""
        row = self._row(before, action, actor, work.now)
        quote = self._quote(work.unit, before, row, actor, work.now)
        payment = None if quote is None else self._owing(before, quote)
        after = self._enter(work, before, row, actor=actor, reason=reason, payment=payment, quote=quote)
        return after, quote

    def _quote(
        self, unit: UnitOfWork, booking: Booking, row: Transition, actor: Actor | None, now: dt.datetime
    ) -> Quote | None:
        if row.action == Action.CANCEL:
            return self._cancellation(unit, booking, actor, now)
        if row.action == Action.NO_SHOW:
            policy = self._service(unit, booking.service_id).policy.no_show
            return policy.quote(paid=paid_amount(booking), price=booking.price, now=now)
        state = self.lifecycle.state(row.target)
        called_off = state.final and not state.counts and row.target != row.source
        return full_refund(booking, now) if called_off else None

    def _cancellation(
        self, unit: UnitOfWork, booking: Booking, actor: Actor | None, now: dt.datetime
    ) -> CancellationQuote:
        policy = self._service(unit, booking.service_id).policy.cancellation
        start = booking.interval.start
        return policy.quote(paid=paid_amount(booking), price=booking.price, start=start, now=now, actor=actor)

    def _way(self, booking: Booking, target: str, actor: Actor | None, now: dt.datetime) -> str:
        """Return the action that takes a booking to a status, its time unchanged."""
        ways = [
            row.action
            for row in self.lifecycle.transitions
            if (row.source, row.target) == (booking.status, target) and row.action not in MOVES | {UPDATE}
        ]
        if (not ways or target == booking.status) and self.lifecycle.action_to(booking.status, target):
            choices = self.lifecycle.actions_from(booking.status)
            raise TransitionError(booking.status, f"become {target}", choices)
        allowed = self._allowed(booking, actor, now)
        return next((way for way in ways if way in allowed), ways[0])


def described(booking: Booking, notes: str | None, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a booking that other notes and more attributes change."""
    merged = {**booking.attributes, **attributes}
    return {"notes": booking.notes if notes is None else notes, "attributes": merged}
