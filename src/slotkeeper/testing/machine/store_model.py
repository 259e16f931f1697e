"""A store as plain dicts and lists: what every adapter must amount to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import attrs

from slotkeeper.domain.booking import Allocation, Booking
from slotkeeper.domain.ids import Id, id_to_text
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.slot import Timeslot
from slotkeeper.errors import (
    DuplicateIdError,
    IdempotencyPendingError,
    NotFoundError,
    SlotTakenError,
    StaleVersionError,
)
from slotkeeper.ports import KeptResult
from slotkeeper.testing.machine.outbox_model import OutboxModel

Outcome = type[Exception] | None
"""The error that a change must end with; None where it must succeed."""


@attrs.define
class StoreModel:
    """Everything that was stored, unindexed."""

    resources: dict[Id, Resource] = attrs.field(factory=dict)
    bookings: dict[Id, Booking] = attrs.field(factory=dict)
    timeslots: dict[Id, Timeslot] = attrs.field(factory=dict)
    outbox: OutboxModel = attrs.field(factory=OutboxModel)
    keys: dict[tuple[str, str], KeptResult] = attrs.field(factory=dict)
    hits: dict[str, tuple[dt.datetime, ...]] = attrs.field(factory=dict)
    number: int = 0

    def copy(self) -> StoreModel:
        """Return the same contents, free to go another way."""
        return StoreModel(
            dict(self.resources),
            dict(self.bookings),
            dict(self.timeslots),
            self.outbox.copy(),
            dict(self.keys),
            dict(self.hits),
            self.number,
        )

    # -- changing ----------------------------------------------------------------------------------------

    def put(self, resource: Resource) -> Outcome:
        """Store a resource if it is the next version."""
        stored = self.resources.get(resource.id)
        if resource.version != (stored.version if stored else 0) + 1:
            return StaleVersionError
        self.resources[resource.id] = resource
        return None

    def add(self, booking: Booking, now: dt.datetime) -> Outcome:
        """Store a new booking if it fits."""
        if booking.id in self.bookings:
            return DuplicateIdError
        return self._store(booking, now)

    def replace(self, booking: Booking, now: dt.datetime) -> Outcome:
        """Store a booking's next version if it fits."""
        stored = self.bookings.get(booking.id)
        if stored is None:
            return NotFoundError
        if booking.version != stored.version + 1:
            return StaleVersionError
        return self._store(booking, now)

    def _store(self, booking: Booking, now: dt.datetime) -> Outcome:
        if booking.blocks(now) and not all(self._fits(booking, one, now) for one in booking.allocations):
            return SlotTakenError
        self.bookings[booking.id] = booking
        return None

    def _fits(self, booking: Booking, wanted: Allocation, now: dt.datetime) -> bool:
        before = self.bookings.get(booking.id)
        if (
            before is not None
            and before.blocks(now)
            and any(_covers(one, wanted) for one in before.allocations)
        ):
            return True
        rivals = self._rows(wanted.resource_id, now, besides=booking.id)
        starts = [wanted.occupied.start, *(one.occupied.start for one in rivals)]
        loads = (
            sum(one.units for one in rivals if at in one.occupied) for at in starts if at in wanted.occupied
        )
        return max(loads) + wanted.units <= self.resources[wanted.resource_id].capacity

    def _rows(self, resource_id: Id, now: dt.datetime, *, besides: Id) -> list[Allocation]:
        blocking = (one for one in self.bookings.values() if one.id != besides and one.blocks(now))
        return [row for one in blocking for row in one.allocations if row.resource_id == resource_id]

    def add_slot(self, slot: Timeslot) -> Outcome:
        """Store a new slot."""
        if slot.id in self.timeslots:
            return DuplicateIdError
        self.timeslots[slot.id] = slot
        return None

    def delete_slot(self, slot_id: Id) -> Outcome:
        """Remove a slot."""
        return None if self.timeslots.pop(slot_id, None) else NotFoundError

    def keep(self, scope: str, key: str, result: KeptResult) -> Outcome:
        """Keep a result if there is none."""
        if (scope, key) in self.keys:
            return IdempotencyPendingError
        self.keys[scope, key] = result
        return None

    def forget(self, before: dt.datetime) -> int:
        """Forget what was kept before an instant, and return how many."""
        old = [pair for pair, one in self.keys.items() if one.at < before]
        for pair in old:
            del self.keys[pair]
        return len(old)

    def take(self, subject: str, now: dt.datetime, count: int, per: dt.timedelta) -> dt.datetime | None:
        """Note a hit, or return when there may be one."""
        kept = [one for one in self.hits.get(subject, ()) if now < one + per]
        recent = sorted(one for one in kept if one < now + per)
        if len(recent) < count:
            self.hits[subject] = (*kept, now)
            return None
        return recent[len(recent) - count] + per

    # -- asking ------------------------------------------------------------------------------------------

    def relevant(self, resource_ids: Iterable[Id], reach: Interval) -> list[Booking]:
        """Return the bookings that occupy or count near a time."""
        wanted = set(resource_ids)
        found = (
            booking
            for booking in self.bookings.values()
            if (booking.occupies or booking.counts)
            and any(one.resource_id in wanted and one.reach.overlaps(reach) for one in booking.allocations)
        )
        return sorted(found, key=lambda one: (one.interval.start, id_to_text(one.id)))

    def lapsed(self, now: dt.datetime) -> set[Id]:
        """Return the ids of what occupies although its expiry is reached."""
        return {one.id for one in self.bookings.values() if one.occupies and one.lapsed(now)}

    def unreminded(self, starting: Interval, now: dt.datetime) -> list[Id]:
        """Return the ids of what is to be reminded of, by start."""
        found = (
            one
            for one in self.bookings.values()
            if one.blocks(now) and one.reminded_at is None and one.interval.start in starting
        )
        return [one.id for one in sorted(found, key=lambda one: (one.interval.start, id_to_text(one.id)))]


def _covers(held: Allocation, wanted: Allocation) -> bool:
    return (
        held.resource_id == wanted.resource_id
        and wanted.occupied in held.occupied
        and wanted.units <= held.units
    )
