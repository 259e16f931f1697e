"""Resolving anew: bookings whose wall-clock time stands for another instant since the zone data changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import attrs

from slotkeeper.desk.command import Command, Work
from slotkeeper.desk.results import Reresolution, Shift
from slotkeeper.desk.transitions import Transitions, next_version
from slotkeeper.domain.actor import Actor
from slotkeeper.domain.booking import Booking
from slotkeeper.domain.explanation import Explanation
from slotkeeper.domain.ids import Id
from slotkeeper.domain.instant import LATEST, ZERO, later
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.listing import BookingFilter
from slotkeeper.domain.walltime import GapPolicy
from slotkeeper.engine.guard import check_capacity
from slotkeeper.errors import NotFoundError, SlotTakenError
from slotkeeper.ports import UnitOfWork

_ONE_DAY = dt.timedelta(days=1)  # no law moves a clock by more


class Resolving(Transitions):
    """What becomes of bookings when a zone gets other rules."""

    def reresolve(
        self, *, move: bool = False, gap: GapPolicy = GapPolicy.LATER, actor: Actor | None = None
    ) -> Reresolution:
        """Find the bookings ahead whose local time stands for another instant now, and move them when told.

        Looked at is what takes its resources, is not over and starts after now, by the old instant or the
        new one. A booking keeps its local time, its length and its resources; hours, notice and limits don't
        matter, and nobody pays for it. It is refused only where its resource is taken at the new time, and
        stays then. Where bookings move onto each other's old places, they move one after the other, each in
        one step; run it again after a failure, and it goes on where it ended. Each move is an event
        ``reresolve``. A process reads the data of a zone once: restart it after an update.

        It is a sweep, so it takes no idempotency key. It reads every booking ahead, page by page.

        Args:
            move: Whether to move them; else they are only listed, with what would be in the way.
            gap: What a local time stands for that the new rules skip.
            actor: Who asks.

        Raises:
            InvalidZoneError: The zone of a booking is unknown to this process.
            NonexistentTimeError: A local time is skipped, and ``gap`` is ``RAISE`` or ``SKIP``.
            ForbiddenError: The actor is no manager.
        """
        self._manage(actor, "reresolve")
        now = self._now()
        with self._read() as unit:
            checked, found = self._shifted(unit, gap, now)
            if not move:
                listed = [attrs.evolve(one, refusal=self._in_the_way(unit, one, found, now)) for one in found]
                return Reresolution(checked, _by_start(listed))
        done: dict[Id, Shift] = {}
        waiting = _in_order(found)
        while waiting:
            tried = [(one, self._shift(one, gap, actor)) for one in waiting]
            done |= {one.booking.id: shift for one, shift in tried if shift is not None}
            left = [one for one, shift in tried if shift is not None and shift.refusal is not None]
            waiting = left if len(left) < len(waiting) else []
        return Reresolution(checked, _by_start(done.values()))

    # -- steps -----------------------------------------------------------------------------------------------

    def _shifted(self, unit: UnitOfWork, gap: GapPolicy, now: dt.datetime) -> tuple[int, list[Shift]]:
        """Return how many bookings were looked at, and which of them the zone data shift."""
        wanted = BookingFilter(
            starting=Interval(later(now, -_ONE_DAY), LATEST),
            statuses=[one.name for one in self.lifecycle.states if one.occupies and not one.final],
        )
        checked, found = 0, []
        for booking in self._each(unit, wanted):
            checked += booking.local is not None
            shift = self._shift_of(booking, gap, now)
            if shift is not None:
                found.append(shift)
        return checked, found

    def _shift_of(self, booking: Booking, gap: GapPolicy, now: dt.datetime) -> Shift | None:
        """Return how a booking moves, or None where it doesn't."""
        local, start = booking.local, booking.interval.start
        if local is None or not booking.blocks(now) or self.lifecycle.state(booking.status).final:
            return None
        instant = local.instant(gap=gap)
        if instant == start or max(instant, start) <= now:
            return None
        return Shift(booking, booking.interval.shift(instant - start), local.exists, instant - start)

    def _moved_by(self, shift: Shift, now: dt.datetime) -> Booking:
        booking, by = shift.booking, shift.by
        assert booking.local is not None  # noqa: S101 - else there was no shift
        return next_version(
            booking,
            now,
            interval=shift.interval,
            allocations=[attrs.evolve(one, interval=one.interval.shift(by)) for one in booking.allocations],
            local=attrs.evolve(booking.local, zone_data=self.zone_data(booking.local.zone)),
        )

    def _shift(self, found: Shift, gap: GapPolicy, actor: Actor | None) -> Shift | None:
        """Move a booking, and return how that went; None where somebody has changed it meanwhile."""

        def change(work: Work) -> list[Shift]:
            booking = self._locked(work.unit, found.booking.id, None)
            shift = self._shift_of(booking, gap, work.now)
            if shift is None:
                return []
            after = self._moved_by(shift, work.now)
            self._make_way(work, after)
            return [
                attrs.evolve(shift, booking=self._replace(work, "reresolve", booking, after, actor=actor))
            ]

        try:
            return next(iter(self._run(Command("reresolve", actor), list[Shift], change)), None)
        except SlotTakenError as refused:
            return attrs.evolve(found, refusal=refused.explanation)
        except NotFoundError:
            return None

    def _make_way(self, work: Work, after: Booking) -> None:
        """Expire what has lapsed where the booking is going."""
        around = _around(after)
        near = work.unit.bookings.relevant(after.resource_ids, around)
        self._clear(work, after.resource_ids, around, near, keep=[after.id])

    def _in_the_way(
        self, unit: UnitOfWork, shift: Shift, others: Iterable[Shift], now: dt.datetime
    ) -> Explanation | None:
        """Return why a booking could not move if all others had."""
        after = self._moved_by(shift, now)
        moved = {one.booking.id: self._moved_by(one, now) for one in others if one is not shift}
        stored = {one.id: one for one in unit.bookings.relevant(after.resource_ids, _around(after))}
        stored.pop(after.id, None)
        capacities = {one: unit.resources.get(one).capacity for one in after.resource_ids}
        try:
            check_capacity(after, {**stored, **moved}.values(), capacities, now=now)
        except SlotTakenError as refused:
            return refused.explanation
        return None


def _around(booking: Booking) -> Interval:
    first = booking.allocations[0].reach
    for one in booking.allocations[1:]:
        first = first.hull(one.reach)
    return first


def _in_order(shifts: Iterable[Shift]) -> list[Shift]:
    """Return shifts so that what leaves a place comes before what takes it."""
    onwards = sorted((one for one in shifts if one.by > ZERO), key=_start, reverse=True)
    back = sorted((one for one in shifts if one.by < ZERO), key=_start)
    return [*onwards, *back]


def _by_start(shifts: Iterable[Shift]) -> list[Shift]:
    return sorted(shifts, key=_start)


def _start(shift: Shift) -> dt.datetime:
    return shift.interval.start
