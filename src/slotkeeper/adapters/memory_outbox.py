"""The outbox in memory: events in the order of their appending, and how far each of them has come."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import attrs

from slotkeeper.adapters.claims import PARKED, Free, taken_together
from slotkeeper.adapters.undo import Undo, put
from slotkeeper.domain.delivery import Delivery
from slotkeeper.domain.event import Event
from slotkeeper.domain.ids import Id
from slotkeeper.errors import DuplicateIdError, NotFoundError


@attrs.frozen
class _Way:
    """How far an event has come.

    Args:
        attempts: How often it was taken.
        claim: Who has it, or had it last.
        held_until: Before which instant nobody else is given it.
        fault: What went wrong the last time.
        parked_at: When it was given up.
        sent_at: When it was handed on.
    """

    attempts: int = 0
    claim: Id | None = None
    held_until: dt.datetime | None = None
    fault: str | None = None
    parked_at: dt.datetime | None = None
    sent_at: dt.datetime | None = None

    def is_free(self, now: dt.datetime) -> bool:
        return self.parked_at is None and (self.held_until is None or self.held_until <= now)

    def is_at(self, claim: Id) -> bool:
        return self.claim == claim and self.sent_at is None and self.parked_at is None


_BEGINNING = _Way()


class MemoryOutbox:
    """Events in the order of their appending, and how far each has come."""

    def __init__(self, undo: Undo) -> None:
        self._undo = undo
        self._events: dict[Id, Event] = {}
        self._ways: dict[Id, _Way] = {}

    def append(self, event: Event, /) -> None:
        """Add an event."""
        if event.id in self._events:
            raise DuplicateIdError("event", event.id)
        put(self._events, event.id, event, self._undo)

    def pending(self, *, limit: int) -> Sequence[Event]:
        """Return events not yet marked."""
        return [one for one, _ in self._waiting()][:limit]

    def claim(self, claim: Id, /, *, now: dt.datetime, until: dt.datetime, limit: int) -> Sequence[Delivery]:
        """Take events to hand on."""
        taken = taken_together(self._free(now), limit)
        for one in taken:
            self._change(one.event.id, attempts=one.attempt, claim=claim, held_until=until)
        return taken

    def _free(self, now: dt.datetime) -> Iterator[Free]:
        blocked = set[Id]()
        for event, way in self._waiting():
            if not way.is_free(now):
                blocked.add(event.booking_id)
            elif event.booking_id not in blocked:
                yield Free(Delivery(event, way.attempts + 1, way.fault), suspect=way.claim is not None)

    def mark_sent(self, event_ids: Iterable[Id], /, *, at: dt.datetime) -> None:
        """Mark events as handed on."""
        for one in event_ids:
            self._change(one, sent_at=at)

    def put_off(self, claim: Id, event_id: Id, /, *, until: dt.datetime, fault: str) -> None:
        """Have a claimed event pause."""
        if self._way(event_id).is_at(claim):
            self._change(event_id, claim=None, held_until=until, fault=fault)

    def park(self, claim: Id, event_id: Id, /, *, at: dt.datetime, fault: str) -> None:
        """Give up a claimed event."""
        if self._way(event_id).is_at(claim):
            self._change(event_id, claim=None, held_until=None, fault=fault, parked_at=at)

    def give_back(self, claim: Id, event_ids: Iterable[Id], /) -> None:
        """Free what a claim still has of these events."""
        for one in event_ids:
            way = self._way(one)
            if way.is_at(claim):
                self._change(one, claim=None, held_until=None, attempts=way.attempts - 1)

    def parked(self, *, limit: int) -> Sequence[Delivery]:
        """Return events that were given up."""
        found = [
            Delivery(event, way.attempts, way.fault, way.parked_at)
            for event, way in self._waiting()
            if way.parked_at is not None
        ]
        return sorted(found, key=lambda one: one.parked_at or one.event.at)[:limit]

    def release(self, event_id: Id, /) -> None:
        """Have a parked event wait to be handed on."""
        way = self._way(event_id)
        if way.parked_at is None or way.sent_at is not None:
            raise NotFoundError(PARKED, event_id)
        self._change(event_id, attempts=0, parked_at=None, fault=None)

    def history(self, booking_id: Id, /) -> Sequence[Event]:
        """Return all events of a booking."""
        return [one for one in self._events.values() if one.booking_id == booking_id]

    def _waiting(self) -> list[tuple[Event, _Way]]:
        ways = ((event, self._way(event.id)) for event in self._events.values())
        return [(event, way) for event, way in ways if way.sent_at is None]

    def _way(self, event_id: Id) -> _Way:
        return self._ways.get(event_id, _BEGINNING)

    def _change(self, event_id: Id, **changes: Any) -> None:  # noqa: ANN401 - fields of _Way
        put(self._ways, event_id, attrs.evolve(self._way(event_id), **changes), self._undo)
