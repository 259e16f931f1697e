"""Ending bookings: what cancelling gives back, cancelling, and expiring what has lapsed."""

from __future__ import annotations

import attrs

from slotkeeper.desk.acting import Acting
from slotkeeper.desk.arguments import check_count, check_text
from slotkeeper.desk.command import Command, Work
from slotkeeper.desk.results import Cancellation
from slotkeeper.domain.actor import SYSTEM, Actor
from slotkeeper.domain.booking import Booking
from slotkeeper.domain.ids import Id
from slotkeeper.domain.policy import CancellationQuote
from slotkeeper.domain.standard_lifecycle import Action


class Ending(Acting):
    """Everything that calls a booking off."""

    def quote_cancellation(self, booking_id: Id, *, actor: Actor | None = None) -> CancellationQuote:
        """Return what cancelling now would give back, without cancelling; `cancel` applies the same quote.

        Raises:
            NotFoundError: There is no such booking.
            LifecycleError: It cannot be cancelled.
            ForbiddenError: The actor may not cancel it.
        """
        with self._read() as unit:
            booking, now = self._stored(unit, booking_id), self._now()
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
            IdempotencyMismatchError: The key belongs to another request.
        """
        check_text("reason", reason)

        def change(work: Work) -> Cancellation:
            before = self._locked(work.unit, booking_id, expected_version)
            after, quote = self._take(work, before, Action.CANCEL, actor, reason)
            assert isinstance(quote, CancellationQuote)  # noqa: S101 - that is what cancelling is quoted by
            return Cancellation(after, quote)

        content = {"id": booking_id, "reason": reason, "version": expected_version}
        done = self._run(Command("cancel", actor, key, content), Cancellation, change)
        return attrs.evolve(done, booking=self._give_back(done.booking))

    def expire_holds(self, *, limit: int = 100) -> list[Booking]:
        """Expire what has lapsed, at most ``limit`` bookings, the longest overdue first, and return it.

        Nothing depends on it for correctness, since what has lapsed takes nothing; it tidies up, and its
        events tell. It is a sweep, to be run again and again, so it takes no idempotency key.
        """
        check_count("limit", limit)

        def sweep(work: Work) -> list[Booking]:
            found = work.unit.bookings.lapsed(work.now, limit=limit)
            work.unit.lock({one for booking in found for one in booking.resource_ids})
            self._expire(work, [work.unit.bookings.get(one.id) for one in found])
            return [event.booking for event in work.events]

        return self._run(Command("expire_holds", SYSTEM), list[Booking], sweep)
