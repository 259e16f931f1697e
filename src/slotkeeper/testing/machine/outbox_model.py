"""An outbox as a plain list: which events a relay is given, and when."""

from __future__ import annotations

import datetime as dt

import attrs

from slotkeeper.domain.event import Event
from slotkeeper.domain.ids import Id


@attrs.define
class Parcel:
    """An event, and what has become of it."""

    event: Event
    attempts: int = 0
    claim: Id | None = None
    held_until: dt.datetime | None = None
    parked: bool = False
    sent: bool = False

    def has_it(self, claim: Id) -> bool:
        """Tell whether a claim still has the event."""
        return self.claim == claim and not self.parked and not self.sent

    def free(self, now: dt.datetime) -> bool:
        """Tell whether anybody may be given it."""
        return not self.parked and (self.held_until is None or self.held_until <= now)


@attrs.define
class OutboxModel:
    """Events in the order of their appending."""

    parcels: list[Parcel] = attrs.field(factory=list)

    def copy(self) -> OutboxModel:
        """Return the same contents, free to go another way."""
        return OutboxModel([attrs.evolve(one) for one in self.parcels])

    def append(self, event: Event) -> None:
        """Add an event."""
        self.parcels.append(Parcel(event))

    def pending(self) -> list[Event]:
        """Return the events that were not marked."""
        return [one.event for one in self.parcels if not one.sent]

    def parked(self) -> list[Id]:
        """Return the ids of the events that were given up."""
        return [one.event.id for one in self.parcels if one.parked and not one.sent]

    def history(self, booking_id: Id) -> list[Event]:
        """Return the events of a booking."""
        return [one.event for one in self.parcels if one.event.booking_id == booking_id]

    def claim(self, claim: Id, now: dt.datetime, until: dt.datetime, limit: int) -> list[tuple[Event, int]]:
        """Take what may be taken together, and return it with the number of the attempt."""
        chosen: list[Parcel] = []
        for number, one in enumerate(self.parcels):
            before = [p for p in self.parcels[:number] if p.event.booking_id == one.event.booking_id]
            if one.sent or not all(p.sent or p.free(now) for p in (*before, one)):
                continue
            if chosen and (one.claim or chosen[0].claim):
                break
            chosen.append(one)
        chosen = chosen[:limit]
        for one in chosen:
            one.attempts, one.claim, one.held_until = one.attempts + 1, claim, until
        return [(one.event, one.attempts) for one in chosen]

    def mark_sent(self, event_id: Id) -> None:
        """Count an event as handed on."""
        self._find(event_id).sent = True

    def put_off(self, claim: Id, event_id: Id, until: dt.datetime) -> None:
        """Have an event pause."""
        one = self._find(event_id)
        if one.has_it(claim):
            one.claim, one.held_until = None, until

    def park(self, claim: Id, event_id: Id) -> None:
        """Give an event up."""
        one = self._find(event_id)
        if one.has_it(claim):
            one.claim, one.held_until, one.parked = None, None, True

    def give_back(self, claim: Id, event_id: Id) -> None:
        """Undo the taking of an event."""
        one = self._find(event_id)
        if one.has_it(claim):
            one.claim, one.held_until, one.attempts = None, None, one.attempts - 1

    def release(self, event_id: Id) -> bool:
        """Have a parked event wait again, and tell whether it was one."""
        one = self._find(event_id)
        if one.sent or not one.parked:
            return False
        one.parked, one.attempts = False, 0
        return True

    def _find(self, event_id: Id) -> Parcel:
        return next(one for one in self.parcels if one.event.id == event_id)
