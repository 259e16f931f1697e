"""Paying: checkouts, settlements and refunds, with no call to the provider inside a unit of work.

The booking's id is the provider's idempotency key, so a step that was interrupted is simply done again. A
payment that comes too late takes the time again where it is still free, and is given back where it is not.
"""

from __future__ import annotations

from typing import Any

import attrs

from slotkeeper.desk.core import Command, Work
from slotkeeper.desk.transitions import Transitions
from slotkeeper.domain.actor import Actor
from slotkeeper.domain.booking import Booking, Payment, PaymentStatus
from slotkeeper.domain.fee import Quote
from slotkeeper.domain.ids import Id
from slotkeeper.domain.money import Money
from slotkeeper.domain.standard_lifecycle import Action
from slotkeeper.errors import InvalidFieldError, SlotTakenError
from slotkeeper.ports import PaymentGateway

_WAITING = frozenset({PaymentStatus.NONE, PaymentStatus.PENDING, PaymentStatus.FAILED})


def paid_amount(booking: Booking) -> Money | None:
    """Return what the customer has paid and not got back, or None."""
    return booking.payment.paid if booking.payment.status is PaymentStatus.PAID else None


class Paying(Transitions):
    """Everything about the money of a booking."""

    def checkout(self, booking_id: Id, *, actor: Actor | None = None) -> Booking:
        """Open a checkout with the payment gateway for the booking's price, and keep its reference.

        Repeating it gives the same reference, as far as the provider keeps to its idempotency key.

        Raises:
            InvalidFieldError: There is no gateway, or the booking has no price or is paid.
            PaymentError: The provider refuses.
        """
        gateway = self._gateway()
        with self._read() as unit:
            booking = self._visible(unit.bookings.get(booking_id), actor)
        if booking.price is None or booking.payment.status not in _WAITING:
            raise InvalidFieldError("Booking.payment", booking.payment.status.value, "leaves nothing to be paid")
        reference = gateway.charge(booking.id, booking.price)
        payment = Payment(PaymentStatus.PENDING, reference=reference)
        return self._pay("checkout", booking.id, payment, actor)

    def settle(
        self,
        booking_id: Id,
        *,
        paid: Money | None = None,
        reference: str | None = None,
        actor: Actor | None = None,
        key: str | None = None,
    ) -> Booking:
        """Note that a booking is paid, and confirm it where that is its next step.

        A payment that is noted already changes nothing. Where the booking has lapsed or was ended meanwhile, its
        time is taken again if it is free; otherwise the payment is given back.

        Args:
            booking_id: Which.
            paid: How much; None is the whole price.
            reference: The provider's reference; None keeps the checkout's.
            actor: Who says so.
            key: Makes a repeat give the same result.

        Raises:
            NotFoundError: There is no such booking.
            InvalidFieldError: No amount is given and the booking has no price.
        """

        def change(work: Work) -> Booking:
            before = self._locked(work.unit, booking_id, None)
            if before.payment.status not in _WAITING:
                return before
            amount = before.price if paid is None else paid
            if amount is None:
                raise InvalidFieldError("paid", None, "must be given for a booking without a price")
            payment = Payment(PaymentStatus.PAID, reference=reference or before.payment.reference, paid=amount)
            return self._settled(work, before, payment, actor)

        content = {"id": booking_id, "paid": paid, "reference": reference}
        return self._give_back(self._run(Command("settle", actor, key, content), Booking, change))

    def settle_refunds(self, *, limit: int = 100) -> list[Booking]:
        """Ask the gateway again for refunds that are still pending, at most ``limit``, and return those done."""
        self._gateway()
        with self._read() as unit:
            waiting = list(unit.bookings.owed(limit=limit))
        done = (self._give_back(one) for one in waiting)
        return [one for one in done if one.payment.status is PaymentStatus.REFUNDED]

    # -- steps -----------------------------------------------------------------------------------------------

    def _settled(self, work: Work, before: Booking, payment: Payment, actor: Actor | None) -> Booking:
        paid = self._replace(work, "pay", before, _next(work, before, payment), actor=actor)
        if Action.CONFIRM in self.lifecycle.actions_from(paid.status):
            try:
                return self._enter(work, paid, self.lifecycle.find(paid.status, Action.CONFIRM), actor=actor)
            except SlotTakenError:
                self._expire(work, [paid])
                paid = work.unit.bookings.get(paid.id)
        if paid.blocks(work.now):
            return paid
        owed = attrs.evolve(payment, status=self._refund_status(), refunded=payment.paid)
        return self._replace(work, "refund_due", paid, _next(work, paid, owed), actor=actor)

    def _owing(self, booking: Booking, quote: Quote) -> Payment:
        """Return the payment as an ending leaves it: what the quote gives back is owed, or given at once."""
        if booking.payment.status is not PaymentStatus.PAID or not (quote.refund and quote.refund.amount):
            return booking.payment
        return attrs.evolve(booking.payment, status=self._refund_status(), refunded=quote.refund)

    def _refund_status(self) -> PaymentStatus:
        return PaymentStatus.REFUNDED if self.payments is None else PaymentStatus.REFUND_PENDING

    def _give_back(self, booking: Booking) -> Booking:
        """Ask the gateway for a refund that is owed, outside any unit of work, and note that it was given."""
        payment = booking.payment
        if self.payments is None or payment.status is not PaymentStatus.REFUND_PENDING or payment.refunded is None:
            return booking
        if not self.store.commits:
            return booking
        self.payments.refund(booking.id, payment.reference or "", payment.refunded)
        return self._pay("refund", booking.id, attrs.evolve(payment, status=PaymentStatus.REFUNDED), None)

    def _pay(self, action: str, booking_id: Id, payment: Payment, actor: Actor | None) -> Booking:
        def change(work: Work) -> Booking:
            before = self._locked(work.unit, booking_id, None)
            return self._replace(work, action, before, _next(work, before, payment), actor=actor)

        return self._run(Command(action, actor, None, {}), Booking, change)

    def _gateway(self) -> PaymentGateway:
        if self.payments is None:
            raise InvalidFieldError("payments", None, "must be given to the desk")
        return self.payments


def _next(work: Work, booking: Booking, payment: Payment) -> Booking:
    changes: dict[str, Any] = {"updated_at": work.now, "version": booking.version + 1}
    return attrs.evolve(booking, payment=payment, **changes)
