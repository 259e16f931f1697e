"""The outbox: events in the transaction that they tell of, in the order of their appending."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from slotkeeper.adapters.claims import PARKED, Free, taken_together
from slotkeeper.adapters.sql.outbox_statements import outbox_statements_for
from slotkeeper.adapters.sql.transaction import Transaction, in_portions
from slotkeeper.domain.codec import from_json, to_json
from slotkeeper.domain.delivery import Delivery
from slotkeeper.domain.event import Event
from slotkeeper.domain.ids import Id
from slotkeeper.errors import DuplicateIdError, NotFoundError


class SqlOutbox:
    """Events as JSON, with what they are looked up by, and how far the handing on of each has come."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction, self._table = transaction, transaction.tables.outbox
        self._statements = outbox_statements_for(transaction.tables)

    def append(self, event: Event, /) -> None:
        """Add an event."""
        row = {
            "id": event.id,
            "booking_id": event.booking_id,
            "sequence": event.sequence,
            "action": event.action,
            "at": event.at,
            "body": json.dumps(to_json(event), separators=(",", ":")),
        }
        if not self._transaction.add(self._transaction.inserting(self._table), row):
            raise DuplicateIdError("event", event.id)

    def pending(self, *, limit: int) -> Sequence[Event]:
        """Return events not yet marked."""
        return self._events(self._statements.pending, at_most=limit)

    def claim(self, claim: Id, /, *, now: dt.datetime, until: dt.datetime, limit: int) -> Sequence[Delivery]:
        """Take events to hand on.

        Rows that another transaction has locked are passed over where the database can do that. So what was
        found is looked at again beside all that waits: an event stays if an earlier one was passed over.
        """
        self._transaction.check_writes()
        found = self._transaction.rows(self._statements.free, {"now": now, "at_most": limit})
        first = self._with_all_before(found)
        free = (
            Free(_delivery(row, row.attempts + 1), suspect=row.claim is not None)
            for row in found
            if row.id in first
        )
        taken = taken_together(free, limit)
        for portion in in_portions(one.event.id for one in taken):
            facts = {"event_ids": portion, "taken_by": claim, "until": until}
            self._transaction.change(self._statements.take, facts)
        return taken

    def _with_all_before(self, found: Sequence[sa.Row[Any]]) -> set[Id]:
        """Return the ids of those before which no event of the same booking waits that was not found."""
        ids, complete, broken = {row.id for row in found}, set[Id](), set[Id]()
        for portion in in_portions(row.booking_id for row in found):
            for waiting in self._transaction.rows(self._statements.waiting, {"booking_ids": portion}):
                if waiting.id not in ids:
                    broken.add(waiting.booking_id)
                elif waiting.booking_id not in broken:
                    complete.add(waiting.id)
        return complete

    def mark_sent(self, event_ids: Iterable[Id], /, *, at: dt.datetime) -> None:
        """Mark events as handed on."""
        marked = [{"event_id": one, "marked_at": at} for one in event_ids]
        if marked:
            self._transaction.change(self._statements.mark_sent, marked)

    def put_off(self, claim: Id, event_id: Id, /, *, until: dt.datetime, fault: str) -> None:
        """Have a claimed event pause."""
        facts = {"taken_by": claim, "event_id": event_id, "until": until, "said": fault}
        self._transaction.change(self._statements.put_off, facts)

    def park(self, claim: Id, event_id: Id, /, *, at: dt.datetime, fault: str) -> None:
        """Give up a claimed event."""
        facts = {"taken_by": claim, "event_id": event_id, "given_up_at": at, "said": fault}
        self._transaction.change(self._statements.park, facts)

    def give_back(self, claim: Id, event_ids: Iterable[Id], /) -> None:
        """Free what a claim still has of these events."""
        freed = [{"taken_by": claim, "event_id": one} for one in event_ids]
        if freed:
            self._transaction.change(self._statements.give_back, freed)

    def parked(self, *, limit: int) -> Sequence[Delivery]:
        """Return events that were given up."""
        found = self._transaction.rows(self._statements.parked, {"at_most": limit})
        return [_delivery(row, row.attempts, row.parked_at) for row in found]

    def release(self, event_id: Id, /) -> None:
        """Have a parked event wait to be handed on."""
        if self._transaction.change(self._statements.release, {"event_id": event_id}) != 1:
            raise NotFoundError(PARKED, event_id)

    def history(self, booking_id: Id, /) -> Sequence[Event]:
        """Return all events of a booking."""
        return self._events(self._statements.history, booking_id=booking_id)

    def _events(self, query: sa.Select[Any], **parameters: object) -> list[Event]:
        return [_event(row) for row in self._transaction.rows(query, parameters)]


def _event(row: sa.Row[Any]) -> Event:
    return from_json(Event, json.loads(row.body))


def _delivery(row: sa.Row[Any], attempt: int, parked_at: dt.datetime | None = None) -> Delivery:
    return Delivery(_event(row), attempt, row.fault, parked_at)
