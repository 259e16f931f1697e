"""Stored slots: generated ahead from a resource's hours, listed with what is free of them, and removed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from slotkeeper.desk.core import Command, Work
from slotkeeper.desk.making import Making, as_stored
from slotkeeper.desk.results import FreeTimeslot
from slotkeeper.domain.ids import Id
from slotkeeper.domain.instant import TICK
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet
from slotkeeper.domain.slot import Slot, Timeslot
from slotkeeper.engine.question import Request, Snapshot
from slotkeeper.ports import UnitOfWork


class StoredSlots(Making):
    """Slots with ids, for hosts that keep them."""

    def generate_timeslots(
        self, resource_id: Id, window: Interval, length: dt.timedelta, *, service_id: Id | None = None
    ) -> list[Timeslot]:
        """Store back-to-back slots of one length over the resource's open time within ``window``.

        Each opening is cut from its own start; a rest that is too short is left out, and so is a slot that
        overlaps one that the resource has already. The new ones are returned.

        Raises:
            NotFoundError: There is no such resource.
            InvalidFieldError: The length is not positive.
        """

        def change(work: Work) -> None:
            resource = work.unit.resources.get(resource_id)
            work.unit.lock([resource_id])
            there = IntervalSet(one.interval for one in work.unit.timeslots.find([resource_id], window))
            for piece in resource.schedule.open_between(window).split(length):
                if not there.overlaps(piece):
                    slot = Timeslot(self.new_id(), resource_id, piece, service_id=service_id)
                    work.unit.timeslots.add(slot)
                    made.append(slot)

        made: list[Timeslot] = []
        self._run(Command("generate_timeslots", None, None, {}), type(None), change)
        return made

    def add_timeslot(self, timeslot: Timeslot) -> Timeslot:
        """Store one slot of the host's own making; it may overlap others.

        Raises:
            NotFoundError: There is no such resource.
            DuplicateIdError: There is one with that id.
        """

        def change(work: Work) -> Timeslot:
            work.unit.resources.get(timeslot.resource_id)
            work.unit.timeslots.add(timeslot)
            return timeslot

        return self._run(Command("add_timeslot", None, None, {}), Timeslot, change)

    def get_timeslot(self, timeslot_id: Id) -> Timeslot:
        """Return a stored slot.

        Raises:
            NotFoundError: There is none.
        """
        with self._read() as unit:
            return unit.timeslots.get(timeslot_id)

    def timeslots(
        self,
        resource_ids: Iterable[Id],
        window: Interval,
        *,
        service_id: Id | None = None,
        customer_id: Id | None = None,
        only_free: bool = True,
    ) -> list[FreeTimeslot]:
        """Return the stored slots of resources that overlap ``window``, with the units free over each.

        A slot is judged as `book_timeslot` would judge it, for the service that it names or for ``service_id``;
        without either, by the load on its resource alone.
        """
        with self._read() as unit:
            found = unit.timeslots.find(resource_ids, window)
            rows = [FreeTimeslot(one, self._free_units(unit, one, service_id, customer_id)) for one in found]
        return [row for row in rows if row.free_units or not only_free]

    def delete_timeslot(self, timeslot_id: Id) -> None:
        """Remove a stored slot; bookings that were made on it stay.

        Raises:
            NotFoundError: There is none.
        """
        self._run(
            Command("delete_timeslot", None, None, {}), type(None), lambda work: work.unit.timeslots.delete(timeslot_id)
        )

    def _free_units(self, unit: UnitOfWork, slot: Timeslot, service_id: Id | None, customer_id: Id | None) -> int:
        chosen = slot.service_id if service_id is None else service_id
        if chosen is None:
            resource = unit.resources.get(slot.resource_id)
            taken = unit.bookings.relevant([slot.resource_id], slot.interval)
            return Snapshot(self._now(), [resource], taken).load(resource.id).free_units(resource.capacity, slot.interval)
        service = as_stored(self._service(unit, chosen), slot)
        request = Request(service, customer_id=customer_id, resource_ids=[slot.resource_id])
        moment = Interval(slot.interval.start, slot.interval.start + TICK)
        offer = self._evaluator(unit, request, moment, now=self._now()).offer(slot.interval.start)
        return offer.free_units if isinstance(offer, Slot) else 0
