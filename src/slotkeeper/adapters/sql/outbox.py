"""The outbox: events in the transaction that they tell of, in the order of their appending."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from slotkeeper.adapters.sql.transaction import Transaction
from slotkeeper.adapters.sql.types import IdText, Whole
from slotkeeper.domain.codec import from_json, to_json
from slotkeeper.domain.event import Event
from slotkeeper.domain.ids import Id
from slotkeeper.errors import DuplicateIdError


class SqlOutbox:
    """Events as JSON, with what they are looked up by."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction, self._table = transaction, transaction.tables.outbox

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
        waiting = self._ordered().where(self._table.c.sent_at.is_(None))
        return self._read(waiting.limit(sa.bindparam("at_most", type_=Whole())), at_most=limit)

    def mark_sent(self, event_ids: Iterable[Id], /, *, at: dt.datetime) -> None:
        """Mark events as handed on."""
        marked = [{"wanted_id": one, "sent_at": at} for one in event_ids]
        if marked:
            wanted = self._table.c.id == sa.bindparam("wanted_id", type_=IdText())
            self._transaction.change(sa.update(self._table).where(wanted), marked)

    def history(self, booking_id: Id, /) -> Sequence[Event]:
        """Return all events of a booking."""
        return self._read(self._ordered().where(self._table.c.booking_id == booking_id))

    def _ordered(self) -> sa.Select[Any]:
        return sa.select(self._table.c.body).order_by(self._table.c.position)

    def _read(self, query: sa.Select[Any], **parameters: object) -> list[Event]:
        return [from_json(Event, json.loads(row.body)) for row in self._transaction.rows(query, parameters)]
