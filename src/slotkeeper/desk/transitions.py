"""Transitions: taking a stored booking through a row of the lifecycle, guarded and recorded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import attrs

from slotkeeper.desk.core import Work, check_version
from slotkeeper.desk.making import Making
from slotkeeper.domain.actor import Actor
from slotkeeper.domain.booking import Booking, Payment
from slotkeeper.domain.explanation import Busy, Explanation
from slotkeeper.domain.fee import Quote
from slotkeeper.domain.ids import Id
from slotkeeper.domain.instant import TICK
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.lifecycle_table import Transition
from slotkeeper.engine.question import Request
from slotkeeper.errors import SlotTakenError
from slotkeeper.ports import UnitOfWork


class Transitions(Making):
    """The steps that every change of a booking takes."""

    def _locked(
        self, unit: UnitOfWork, booking_id: Id, expected_version: int | None, *, also: Iterable[Id] = ()
    ) -> Booking:
        """Lock a booking's resources, and others, in one step; then return the booking as it stands."""
        unit.lock({*unit.bookings.get(booking_id).resource_ids, *also})
        booking = unit.bookings.get(booking_id)
        check_version("booking", booking_id, expected_version, booking.version)
        return booking

    def _row(self, booking: Booking, action: str, actor: Actor | None, now: dt.datetime) -> Transition:
        return self.lifecycle.transition(
            booking.status,
            action,
            actor=actor,
            owner_id=booking.customer_id,
            resource_ids=booking.resource_ids,
            interval=booking.interval,
            now=now,
        )

    def _enter(
        self,
        work: Work,
        before: Booking,
        row: Transition,
        *,
        actor: Actor | None,
        reason: str | None = None,
        payment: Payment | None = None,
        quote: Quote | None = None,
    ) -> Booking:
        """Take a booking through a row of the lifecycle, its time unchanged."""
        state = self.lifecycle.state(row.target)
        settled = _without_expiry(before) if state.occupies and state.name != before.status else before
        after = attrs.evolve(
            settled,
            status=state.name,
            occupies=state.occupies,
            counts=state.counts,
            payment=payment or before.payment,
            reason=before.reason if reason is None else reason,
            updated_at=work.now,
            version=before.version + 1,
        )
        if after.blocks(work.now) and not before.blocks(work.now):
            self._check_room(work, after)
        return self._replace(work, row.action, before, after, actor=actor, quote=quote)

    def _check_room(self, work: Work, booking: Booking) -> None:
        """Raise unless a booking that takes its resources anew finds room on them, buffers observed."""
        request = Request(
            self._service(work.unit, booking.service_id),
            duration=booking.interval.duration,
            units=booking.units,
            ignore=[booking.id],
        )
        start = booking.interval.start
        moment = Interval(start, start + TICK)
        evaluator = self._evaluator(work.unit, request, moment, now=work.now)
        self._expire(work, evaluator.snapshot.bookings)
        busy = [one for one in evaluator.rooms(booking.resource_ids, start) if isinstance(one, Busy)]
        if busy:
            raise SlotTakenError(Explanation(booking.service_id, start, busy))

    def _replace(
        self,
        work: Work,
        action: str,
        before: Booking,
        after: Booking,
        *,
        actor: Actor | None,
        quote: Quote | None = None,
    ) -> Booking:
        work.unit.bookings.replace(after, now=work.now)
        self._record(work, action, after, before=before, actor=actor, attributes=_facts(quote))
        return after


def _without_expiry(booking: Booking) -> Booking:
    """Return a plain booking that no longer lapses."""
    values = {field.name: getattr(booking, field.name) for field in attrs.fields(Booking)}
    return Booking(**{**values, "expires_at": None})


def _facts(quote: Quote | None) -> dict[str, Any]:
    if quote is None:
        return {}
    amounts = {"refund": quote.refund, "fee": quote.fee, "due": quote.due}
    return {name: str(amount) for name, amount in amounts.items() if amount is not None}
