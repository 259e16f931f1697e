"""Transitions: the steps that every change of a booking takes, guarded and recorded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import attrs

from slotkeeper.desk.arguments import check_expected, check_version
from slotkeeper.desk.command import Work
from slotkeeper.desk.judging import Judging
from slotkeeper.domain.actor import SYSTEM, Actor
from slotkeeper.domain.booking import Allocation, Booking, Payment
from slotkeeper.domain.explanation import Busy, Explanation, OffGrid
from slotkeeper.domain.fee import Quote
from slotkeeper.domain.ids import Id
from slotkeeper.domain.instant import TICK
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.lifecycle_table import State, Transition
from slotkeeper.domain.local_start import LocalStart
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.slot import Slot
from slotkeeper.domain.standard_lifecycle import Action
from slotkeeper.domain.zones import zone_name
from slotkeeper.engine.preference import Preference
from slotkeeper.engine.question import Request
from slotkeeper.errors import SlotTakenError
from slotkeeper.ports import UnitOfWork


@attrs.frozen
class FreeSlot:
    """A slot that is free under the lock, and what it takes from its resources and all they consist of."""

    slot: Slot
    allocations: tuple[Allocation, ...]
    local: LocalStart | None


class Transitions(Judging):
    """Locking, judging, entering a state, and lapsing."""

    def _locked(
        self, unit: UnitOfWork, booking_id: Id, expected_version: int | None, *, also: Iterable[Id] = ()
    ) -> Booking:
        """Lock a booking's resources, and others, in one step; then return the booking as it stands."""
        check_expected(expected_version)
        booking, held, others = self._stored(unit, booking_id), set[Id](), set(also)
        while not held.issuperset(wanted := {*booking.resource_ids, *others}):
            unit.lock(wanted)
            held |= wanted
            booking = unit.bookings.get(booking_id)  # it may have been moved while the lock was waited for
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

    def _allowed(self, booking: Booking, actor: Actor | None, now: dt.datetime) -> tuple[str, ...]:
        return self.lifecycle.allowed(
            booking.status,
            actor=actor,
            owner_id=booking.customer_id,
            resource_ids=booking.resource_ids,
            interval=booking.interval,
            now=now,
        )

    def _place(
        self, work: Work, request: Request, start: dt.datetime, *, prefer: Preference | None = None
    ) -> FreeSlot | Explanation:
        """Lock what the request may take, judge the start, and expire what has lapsed and was in its way.

        What may be taken is read before it can be locked, and read again under the lock to be judged. Where
        it has changed in between, a resource may be judged that is not locked; the store locks that when the
        booking is stored, and decides by what it reads then.
        """
        moment = Interval.lasting(start, TICK)
        work.unit.lock(self._contended(work.unit, request))
        evaluator = self._evaluator(
            work.unit, request, moment, now=work.now, prefer=prefer, looks_around=False
        )
        slot = evaluator.offer(start)
        if isinstance(slot, Explanation) and any(isinstance(one, OffGrid) for one in slot.refusals):
            evaluator = self._evaluator(work.unit, request, moment, now=work.now, prefer=prefer)
            slot = evaluator.offer(start)
        if isinstance(slot, Explanation):
            return slot
        around = request.service.buffers.around(slot.interval)
        candidates = evaluator.snapshot.resources
        self._clear(work, candidates, around, evaluator.snapshot.bookings, keep=request.ignore)
        leading = evaluator.snapshot.resource(slot.resource_ids[0])
        return FreeSlot(slot, evaluator.allocations(slot), self._local(leading, slot.start))

    def _local(self, leading: Resource, start: dt.datetime) -> LocalStart | None:
        """Return what the clock reads at a start where the leading resource is."""
        zone = leading.schedule.zone_at(start)
        return LocalStart.at(start, zone, zone_data=self.zone_data(zone_name(zone)))

    def _contended(self, unit: UnitOfWork, request: Request) -> set[Id]:
        """Return the resources whose bookings the answer depends on.

        They are those that the request may take. A limit that counts bookings of the service wherever they
        are needs all of the service's candidates, even if one is asked for, and one that counts those of all
        services every resource there is; else two bookings on different resources could both be the last.
        """
        if any(limit.all_services for limit in request.looks_elsewhere):
            return {one.id for one in (*unit.resources.all(), *self._candidates(unit, request))}
        look = self._all_candidates if request.looks_elsewhere else self._candidates
        return {one.id for one in look(unit, request)}

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
        after = next_version(
            before,
            work.now,
            state=self.lifecycle.state(row.target),
            payment=payment or before.payment,
            reason=before.reason if reason is None else reason,
        )
        if after.blocks(work.now) and not self._surely_keeps(before, work.now):
            self._check_room(work, after)
        return self._replace(work, row.action, before, after, actor=actor, reason=reason, quote=quote)

    def _surely_keeps(self, before: Booking, now: dt.datetime) -> bool:
        """Tell whether nobody can have taken a booking's place.

        Whoever takes the place of what has lapsed expires it first. Where the lifecycle has no ``expire``,
        only the clock tells that it has lapsed, and another desk's clock may be ahead of ours.
        """
        lapsing = before.expires_at is not None and Action.EXPIRE not in self.lifecycle.actions_from(
            before.status
        )
        return before.blocks(now) and not lapsing

    def _check_room(self, work: Work, booking: Booking) -> None:
        """Raise unless a booking that takes its resources anew finds room on them, buffers observed."""
        request = Request(
            self._service(work.unit, booking.service_id),
            duration=booking.interval.duration,
            units=booking.units,
            resource_ids=booking.resource_ids,
            ignore=[booking.id],
        )
        start = booking.interval.start
        evaluator = self._evaluator(work.unit, request, Interval(start, start + TICK), now=work.now)
        busy = [one for one in evaluator.rooms(booking.resource_ids, start) if isinstance(one, Busy)]
        if busy:
            duration = booking.interval.duration
            raise SlotTakenError(Explanation(booking.service_id, start, busy, duration=duration))
        around = request.service.buffers.around(booking.interval)
        self._clear(work, booking.resource_ids, around, evaluator.snapshot.bookings, keep=request.ignore)

    def _replace(
        self,
        work: Work,
        action: str,
        before: Booking,
        after: Booking,
        *,
        actor: Actor | None,
        reason: str | None = None,
        quote: Quote | None = None,
    ) -> Booking:
        work.unit.bookings.replace(after, now=work.now)
        self._record(
            work, action, after, before=before, actor=actor, reason=reason, attributes=_amounts(quote)
        )
        return after

    # -- lapsing ---------------------------------------------------------------------------------------------

    def _clear(
        self,
        work: Work,
        resource_ids: Iterable[Id],
        around: Interval,
        bookings: Iterable[Booking],
        *,
        keep: Iterable[Id],
    ) -> None:
        """Expire what has lapsed on these resources near an interval, so that no store sees it in the way."""
        here, kept = frozenset(resource_ids), frozenset(keep)
        for booking in bookings:
            rows = (row for row in booking.allocations if row.resource_id in here)
            if booking.id not in kept and any(row.reach.overlaps(around) for row in rows):
                self._expire(work, [booking])

    def _expire(self, work: Work, bookings: Iterable[Booking]) -> None:
        """Take those that have lapsed through the lifecycle's ``expire``, where it has that."""
        for booking in bookings:
            lapsed = booking.occupies and booking.lapsed(work.now)
            if lapsed and Action.EXPIRE in self.lifecycle.actions_from(booking.status):
                target = self.lifecycle.state(self.lifecycle.find(booking.status, Action.EXPIRE).target)
                after = next_version(booking, work.now, state=target)
                self._replace(work, Action.EXPIRE, booking, after, actor=SYSTEM)


def next_version(
    booking: Booking,
    now: dt.datetime,
    *,
    state: State | None = None,
    **changes: Any,  # noqa: ANN401
) -> Booking:
    """Return a booking's next version, in another state where one is given.

    What has reached another state that takes its resources lapses no more.
    """
    if state is not None:
        changes |= {"status": state.name, "occupies": state.occupies, "counts": state.counts}
        if state.occupies and state.name != booking.status:
            booking = without_expiry(booking)
    return attrs.evolve(booking, updated_at=now, version=booking.version + 1, **changes)


def without_expiry(booking: Booking) -> Booking:
    """Return a plain booking that does not lapse."""
    if booking.expires_at is None:
        return booking
    values = {field.name: getattr(booking, field.name) for field in attrs.fields(Booking)}
    return Booking(**{**values, "expires_at": None})


def _amounts(quote: Quote | None) -> dict[str, Any]:
    if quote is None:
        return {}
    amounts = {"refund": quote.refund, "fee": quote.fee, "due": quote.due}
    return {name: str(amount) for name, amount in amounts.items() if amount is not None}
