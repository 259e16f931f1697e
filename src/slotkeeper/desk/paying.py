"""Paying: checkouts, settlements and refunds, with no call to the provider inside a unit of work.

The booking's id is the provider's idempotency key, so a step that was interrupted is simply done again. A
payment that comes too late takes the time again where it is still free, and is given back where it is not.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Container

import attrs

from slotkeeper.desk.arguments import check_count, check_text, check_version
from slotkeeper.desk.command import Command, Work
from slotkeeper.desk.transitions import Transitions, next_version, without_expiry
from slotkeeper.domain.actor import Actor
from slotkeeper.domain.booking import Booking, Payment, PaymentStatus
from slotkeeper.domain.fee import Quote
from slotkeeper.domain.ids import Id
from slotkeeper.domain.money import Money
from slotkeeper.domain.policy import FREE_CANCELLATION
from slotkeeper.domain.standard_lifecycle import Action
from slotkeeper.errors import (
    CurrencyMismatchError,
    InvalidFieldError,
    NotModifiableError,
    PaymentError,
    SlotTakenError,
)
from slotkeeper.ports import PaymentGateway

_LOG = logging.getLogger("slotkeeper")
_WAITING = frozenset({PaymentStatus.NONE, PaymentStatus.PENDING, PaymentStatus.FAILED})


class Paying(Transitions):
    """Everything about the money of a booking."""

    def checkout(
        self,
        booking_id: Id,
        *,
        actor: Actor | None = None,
        key: str | None = None,
        expected_version: int | None = None,
    ) -> Booking:
        """Open a checkout with the payment gateway for the booking's price, and keep its reference.

        Repeating it gives the same reference, as far as the provider keeps to its idempotency key.

        Args:
            booking_id: Which.
            actor: Who asks; None is the host itself.
            key: Makes a repeat give the same result, the provider not asked again.
            expected_version: Refuse unless the booking is at this version.

        Raises:
            NotFoundError: There is no such booking.
            StaleVersionError: It is not at the version expected.
            IdempotencyMismatchError: The key belongs to another request.
            ForbiddenError: The actor may not read it.
            InvalidFieldError: There is no gateway, or the booking has no price or is paid.
            NotModifiableError: It was called off.
            PaymentError: The provider refuses.
        """
        gateway = self._gateway()
        content = {"id": booking_id, "version": expected_version}
        command = Command("checkout", actor, key, content)
        with self._read() as unit:
            booking = self._visible(self._stored(unit, booking_id), actor)
            kept = None if key is None else unit.keys.get(command.scope, key)
        if kept is not None:
            return command.replayed(kept, Booking)
        check_version("booking", booking_id, expected_version, booking.version)
        reference = gateway.charge(booking.id, self._unpaid_price(booking))
        payment = Payment(PaymentStatus.PENDING, reference=reference)
        return self._pay(command, booking.id, payment, where=_WAITING)

    def settle(
        self,
        booking_id: Id,
        *,
        paid: Money | None = None,
        reference: str | None = None,
        confirm: bool = True,
        actor: Actor | None = None,
        key: str | None = None,
        expected_version: int | None = None,
    ) -> Booking:
        """Note that a booking is paid, and confirm it where the lifecycle lets the actor do that.

        A payment that is noted already changes nothing. Where the booking has lapsed meanwhile, its time is
        taken again if it is free; otherwise, or where it was called off, the payment is given back.

        Args:
            booking_id: Which.
            paid: How much; None is the whole price.
            reference: The provider's reference; None keeps the checkout's.
            confirm: Whether being paid confirms it; what is paid lapses no more in any case.
            actor: Who says so.
            key: Makes a repeat give the same result.
            expected_version: Refuse unless the booking is at this version.

        Raises:
            NotFoundError: There is no such booking.
            StaleVersionError: It is not at the version expected.
            InvalidFieldError: The amount is not positive, or none is given and the booking has no price.
            CurrencyMismatchError: It is in another currency than the price.
        """
        _check_paid(paid)
        check_text("reference", reference)

        def change(work: Work) -> Booking:
            before = self._locked(work.unit, booking_id, expected_version)
            if before.payment.status not in _WAITING:
                return before
            payment = Payment(
                PaymentStatus.PAID,
                reference=reference or before.payment.reference,
                paid=_amount(before, paid),
            )
            return self._settled(work, before, payment, actor, confirm=confirm)

        content = {"id": booking_id, "paid": paid, "reference": reference, "confirm": confirm}
        content |= {"version": expected_version}
        return self._give_back(self._run(Command("settle", actor, key, content), Booking, change))

    def settle_refunds(self, *, limit: int = 100) -> list[Booking]:
        """Ask the gateway again for refunds that are still pending, at most ``limit``, and return those done.

        It is a sweep, to be run again and again, so it takes no idempotency key.

        Raises:
            InvalidFieldError: There is no gateway.
        """
        self._gateway()
        check_count("limit", limit)
        with self._read() as unit:
            waiting = list(unit.bookings.owed(limit=limit))
        done = [self._give_back(one) for one in waiting]
        return [one for one in done if one.payment.status is PaymentStatus.REFUNDED]

    # -- steps -----------------------------------------------------------------------------------------------

    def _unpaid_price(self, booking: Booking) -> Money:
        """Return what is to be paid for a booking.

        Raises:
            NotModifiableError: It was called off.
            InvalidFieldError: Nothing is.
        """
        if not booking.counts and self.lifecycle.state(booking.status).final:
            raise NotModifiableError(booking.status, "checkout")
        if booking.price is None or booking.payment.status not in _WAITING:
            raise InvalidFieldError(
                "Booking.payment", booking.payment.status.value, "leaves nothing to be paid"
            )
        return booking.price

    def _settled(
        self, work: Work, before: Booking, payment: Payment, actor: Actor | None, *, confirm: bool
    ) -> Booking:
        paid = self._replace(
            work, "pay", before, next_version(before, work.now, payment=payment), actor=actor
        )
        try:
            kept = self._secured(work, paid, actor, confirm=confirm)
        except SlotTakenError:
            self._expire(work, [paid])
            kept = work.unit.bookings.get(paid.id)
        if kept.counts and not kept.lapsed(work.now):
            return kept
        owed = attrs.evolve(payment, status=self._refund_status(), refunded=payment.paid)
        return self._replace(
            work, "refund_due", kept, next_version(kept, work.now, payment=owed), actor=actor
        )

    def _secured(self, work: Work, paid: Booking, actor: Actor | None, *, confirm: bool) -> Booking:
        """Return a paid booking confirmed where that is allowed, and in any case no longer about to lapse.

        Raises:
            SlotTakenError: It has lapsed, and others have taken its resources meanwhile.
        """
        if confirm and Action.CONFIRM in self._allowed(paid, actor, work.now):
            return self._enter(work, paid, self.lifecycle.find(paid.status, Action.CONFIRM), actor=actor)
        if paid.expires_at is None or not paid.occupies:
            return paid
        if not self._surely_keeps(paid, work.now):
            self._check_room(work, paid)
        return self._replace(work, "secure", paid, next_version(without_expiry(paid), work.now), actor=actor)

    def _owing(self, booking: Booking, quote: Quote) -> Payment:
        """Return the payment as an ending leaves it: what the quote gives back is owed, or given at once."""
        if booking.payment.status is not PaymentStatus.PAID or not (quote.refund and quote.refund.amount):
            return booking.payment
        return attrs.evolve(booking.payment, status=self._refund_status(), refunded=quote.refund)

    def _refund_status(self) -> PaymentStatus:
        return PaymentStatus.REFUNDED if self.payments is None else PaymentStatus.REFUND_PENDING

    def _give_back(self, booking: Booking) -> Booking:
        """Ask the gateway for a refund that is owed, outside any unit of work, and note that it was given."""
        waiting = booking.payment.status is PaymentStatus.REFUND_PENDING
        if self.payments is None or not waiting or not self.store.commits:
            return booking
        with self._read() as unit:
            booking = unit.bookings.get(booking.id)  # a repeat may find it given already
        payment = booking.payment
        if payment.status is not PaymentStatus.REFUND_PENDING or payment.refunded is None:
            return booking
        try:
            self.payments.refund(booking.id, payment.reference or "", payment.refunded)
        except PaymentError as error:
            _LOG.warning("the refund of booking %s stays pending: %s", booking.id, error)
            return booking
        given = attrs.evolve(payment, status=PaymentStatus.REFUNDED)
        return self._pay(Command("refund"), booking.id, given, where={PaymentStatus.REFUND_PENDING})

    def _pay(
        self, command: Command, booking_id: Id, payment: Payment, *, where: Container[PaymentStatus]
    ) -> Booking:
        """Put another payment on record, unless it stands elsewhere by now."""

        def change(work: Work) -> Booking:
            before = self._locked(work.unit, booking_id, None)
            if before.payment == payment or before.payment.status not in where:
                return before
            after = next_version(before, work.now, payment=payment)
            return self._replace(work, command.name, before, after, actor=command.actor)

        return self._run(command, Booking, change)

    def _gateway(self) -> PaymentGateway:
        if self.payments is None:
            raise InvalidFieldError("payments", None, "must be given to the desk")
        return self.payments


def paid_amount(booking: Booking) -> Money | None:
    """Return what the customer has paid and not got back, or None."""
    return booking.payment.paid if booking.payment.status is PaymentStatus.PAID else None


def full_refund(booking: Booking, now: dt.datetime) -> Quote:
    """Return the quote that gives back all that was paid."""
    start = booking.interval.start
    return FREE_CANCELLATION.quote(paid=paid_amount(booking), price=booking.price, start=start, now=now)


def _check_paid(paid: object) -> None:
    if paid is not None and not (isinstance(paid, Money) and paid.amount > 0):
        raise InvalidFieldError("paid", paid, "must be Money of more than zero")


def _amount(booking: Booking, paid: Money | None) -> Money:
    amount = booking.price if paid is None else paid
    if amount is None:
        raise InvalidFieldError("paid", None, "must be given for a booking without a price")
    if booking.price is not None and booking.price.currency != amount.currency:
        raise CurrencyMismatchError(booking.price.currency, amount.currency)
    return amount
