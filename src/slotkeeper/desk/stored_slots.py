"""Stored slots: generated ahead from a resource's hours, listed with what is free of them, and removed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

import attrs

from slotkeeper.desk.arguments import (
    check_duration,
    check_expected,
    check_kind,
    check_length,
    check_version,
    check_window,
    optional_id,
)
from slotkeeper.desk.command import Command, Work
from slotkeeper.desk.making import Making, as_stored
from slotkeeper.desk.results import FreeTimeslot
from slotkeeper.domain.actor import Actor
from slotkeeper.domain.booking import Booking
from slotkeeper.domain.explanation import Blocker, Busy, Explanation
from slotkeeper.domain.ids import Id, check_id, id_tuple
from slotkeeper.domain.instant import TICK, ZERO, later
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet
from slotkeeper.domain.schedule import AnySchedule
from slotkeeper.domain.slot import Slot, Timeslot
from slotkeeper.engine.question import Request, Snapshot
from slotkeeper.errors import InvalidFieldError, SlotTakenError
from slotkeeper.ports import UnitOfWork

MOST_SLOTS: Final = 10_000
"""How many slots one call generates at most."""
_A_YEAR: Final = dt.timedelta(days=366)


@attrs.frozen
class _Generated:
    timeslots: tuple[Timeslot, ...]


class StoredSlots(Making):
    """Slots with ids, for hosts that keep them.

    A command that names an actor needs one of the desk's managers, else it raises `ForbiddenError`.
    """

    def generate_timeslots(
        self,
        resource_id: Id,
        window: Interval,
        length: dt.timedelta,
        *,
        schedule: AnySchedule | None = None,
        service_id: Id | None = None,
        actor: Actor | None = None,
        key: str | None = None,
    ) -> list[Timeslot]:
        """Store back-to-back slots of one length over the resource's openings, those that lie in ``window``.

        Each opening is cut from its own start; a rest that is too short is left out, and so is a slot that
        overlaps one that the resource has already. The new ones are returned.

        Args:
            resource_id: On what.
            window: Within what; a slot that is not wholly inside is left out. It holds 10,000 slots at most,
                with those that are there already, and spans a hundred years at most.
            length: How long each is.
            schedule: Other hours than the resource's.
            service_id: What they are for; None leaves it to whoever books.
            actor: Who asks; one who is named must be a manager.
            key: Makes a repeat return the same slots.

        Raises:
            NotFoundError: There is no such resource or service.
            InvalidFieldError: The length is not positive, or the window too long; no slot is stored then.
            ForbiddenError: The actor is no manager.
        """
        check_window(window)
        check_duration(window.duration, field="window")
        check_length("length", length)
        optional_id("service_id", service_id)
        self._manage(actor, "generate_timeslots")

        def change(work: Work) -> _Generated:
            resource = self._resource(work.unit, resource_id)
            if service_id is not None:
                self._service(work.unit, service_id)
            work.unit.lock([resource_id])
            hours = resource.schedule if schedule is None else schedule
            made = [
                Timeslot(self._next_id(work.unit), resource_id, piece, service_id=service_id)
                for piece in self._gaps(work.unit, resource_id, hours, window, length)
            ]
            for slot in made:
                work.unit.timeslots.add(slot)
            return _Generated(tuple(made))

        content: dict[str, Any] = {
            "id": resource_id,
            "window": window,
            "length": length,
            "service_id": service_id,
        }
        content |= {"schedule": schedule}
        return list(
            self._run(Command("generate_timeslots", actor, key, content), _Generated, change).timeslots
        )

    def add_timeslot(
        self, timeslot: Timeslot, *, actor: Actor | None = None, key: str | None = None
    ) -> Timeslot:
        """Store one slot of the host's own making; it may overlap others.

        Raises:
            NotFoundError: There is no such resource or service.
            DuplicateIdError: There is one with that id.
            ForbiddenError: The actor is no manager.
        """
        check_kind("timeslot", timeslot, Timeslot)
        self._manage(actor, "add_timeslot")

        def change(work: Work) -> Timeslot:
            work.unit.resources.get(timeslot.resource_id)
            if timeslot.service_id is not None:
                self._service(work.unit, timeslot.service_id)
            work.unit.timeslots.add(timeslot)
            return timeslot

        return self._run(Command("add_timeslot", actor, key, {"item": timeslot}), Timeslot, change)

    def get_timeslot(self, timeslot_id: Id) -> Timeslot:
        """Return a stored slot.

        Raises:
            NotFoundError: There is none.
        """
        with self._read() as unit:
            return self._timeslot(unit, timeslot_id)

    def timeslots(
        self,
        resource_ids: Iterable[Id],
        window: Interval,
        *,
        service_id: Id | None = None,
        customer_id: Id | None = None,
        at_least: dt.timedelta = ZERO,
        only_free: bool = True,
    ) -> list[FreeTimeslot]:
        """Return the stored slots of resources that overlap ``window``, with the units free over each.

        A slot is judged as `book_timeslot` would judge it, for ``service_id`` or else for the service that it
        names; without either, by the load on its resource alone.

        Args:
            resource_ids: On what.
            window: Half-open.
            service_id: What is wanted.
            customer_id: For whom, for limits per customer.
            at_least: Leave out shorter ones.
            only_free: Leave out those that have no unit free, or that a rule refuses.

        Raises:
            NotFoundError: There is no such service.
        """
        check_window(window)
        optional_id("customer_id", customer_id)
        check_kind("at_least", at_least, dt.timedelta)
        with self._read() as unit:
            found = unit.timeslots.find(id_tuple(resource_ids), window)
            rows = [
                FreeTimeslot(one, self._free_units(unit, one, service_id, customer_id))
                for one in found
                if one.interval.duration >= at_least
            ]
        return [row for row in rows if row.free_units or not only_free]

    def delete_timeslot(
        self,
        timeslot_id: Id,
        *,
        actor: Actor | None = None,
        key: str | None = None,
        expected_version: int | None = None,
    ) -> None:
        """Remove a stored slot that nothing is booked on; what was called off or is over does not matter.

        Raises:
            NotFoundError: There is none.
            StaleVersionError: It is not at the version that was expected.
            SlotTakenError: A booking or hold that was made on it takes its resource.
            ForbiddenError: The actor is no manager.
            IdempotencyMismatchError: The key belongs to another request.
        """
        check_id("timeslot_id", timeslot_id)
        check_expected(expected_version)
        self._manage(actor, "delete_timeslot")

        def change(work: Work) -> Timeslot:
            slot = self._timeslot(work.unit, timeslot_id)
            work.unit.lock([slot.resource_id])
            check_version("timeslot", timeslot_id, expected_version, slot.version)
            taken = work.unit.bookings.relevant([slot.resource_id], slot.interval)
            on_it = [one for one in taken if one.timeslot_id == slot.id and one.blocks(work.now)]
            if on_it:
                raise _in_use(slot, on_it)
            work.unit.timeslots.delete(timeslot_id)
            return slot

        content = {"id": timeslot_id, "version": expected_version}
        self._run(Command("delete_timeslot", actor, key, content), Timeslot, change)

    # -- steps -----------------------------------------------------------------------------------------------

    def _gaps(
        self,
        unit: UnitOfWork,
        resource_id: Id,
        hours: AnySchedule,
        window: Interval,
        length: dt.timedelta,
    ) -> Iterator[Interval]:
        """Yield the pieces of openings that lie in the window and meet no slot there is, nor one another.

        Raises:
            InvalidFieldError: There are too many pieces, which is known before the first is yielded.
        """
        pieces = list(islice(_pieces(hours, window, length), MOST_SLOTS + 1))
        if len(pieces) > MOST_SLOTS:
            raise InvalidFieldError("window", window, f"must not hold more than {MOST_SLOTS:,} slots")
        there = IntervalSet(one.interval for one in unit.timeslots.find([resource_id], window))
        for piece in pieces:
            if not there.overlaps(piece):
                there |= IntervalSet([piece])
                yield piece

    def _free_units(
        self, unit: UnitOfWork, slot: Timeslot, service_id: Id | None, customer_id: Id | None
    ) -> int:
        chosen = slot.service_id if service_id is None else service_id
        if chosen is None:
            resource = unit.resources.get(slot.resource_id)
            taken = unit.bookings.relevant([slot.resource_id], slot.interval)
            load = Snapshot(self._now(), [resource], taken).load(resource.id)
            return load.free_units(resource.capacity, slot.interval)
        service = as_stored(self._service(unit, chosen), slot)
        request = Request(service, customer_id=customer_id, resource_ids=[slot.resource_id])
        moment = Interval(slot.interval.start, slot.interval.start + TICK)
        offer = self._evaluator(unit, request, moment, now=self._now()).offer(slot.interval.start)
        return offer.free_units if isinstance(offer, Slot) else 0


def _pieces(hours: AnySchedule, window: Interval, length: dt.timedelta) -> Iterator[Interval]:
    """Yield the pieces of openings, each cut from its own start, that lie in a window, as they are needed."""
    for part in window.split(_A_YEAR, rest=True):
        for opening in hours.openings_between(part):
            gone = max(part.start - opening.start, ZERO)
            start = later(opening.start, -(-gone // length) * length)
            while start < part.end and length <= min(opening.end, window.end) - start:
                yield Interval(start, start + length)
                start += length


def _in_use(slot: Timeslot, bookings: Iterable[Booking]) -> SlotTakenError:
    taken = list(bookings)
    blockers = [
        Blocker.of(one, row)
        for one in taken
        for row in one.allocations
        if row.resource_id == slot.resource_id
    ]
    busy = Busy(slot.resource_id, 1, 0, tuple(blockers))
    start, duration = slot.interval.start, slot.interval.duration
    return SlotTakenError(Explanation(taken[0].service_id, start, [busy], duration=duration))
