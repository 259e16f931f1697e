"""Stored slots in their table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from slotkeeper.adapters.sql.rows import timeslot_columns, timeslot_of
from slotkeeper.adapters.sql.spans import overlaps
from slotkeeper.adapters.sql.transaction import Transaction
from slotkeeper.domain.ids import Id, id_to_text
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.slot import Timeslot
from slotkeeper.errors import DuplicateIdError, NotFoundError


class SqlTimeslots:
    """Stored slots by id, and by resource in an index of their starts."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction, self._table = transaction, transaction.tables.timeslots

    def get(self, timeslot_id: Id, /) -> Timeslot:
        """Return one by id."""
        for row in self._rows(timeslot_id):
            return timeslot_of(row)
        raise NotFoundError("timeslot", timeslot_id)

    def add(self, timeslot: Timeslot, /) -> None:
        """Store a new one."""
        resources = self._transaction.tables.resources
        if not self._transaction.rows(
            sa.select(resources.c.id).where(resources.c.id == timeslot.resource_id)
        ):
            raise NotFoundError("resource", timeslot.resource_id)
        if not self._transaction.add(self._transaction.inserting(self._table), timeslot_columns(timeslot)):
            raise DuplicateIdError("timeslot", timeslot.id)

    def find(self, resource_ids: Iterable[Id], overlapping: Interval, /) -> Sequence[Timeslot]:
        """Return those of these resources that overlap an interval."""
        found = [one for resource_id in set(resource_ids) for one in self._of(resource_id, overlapping)]
        return sorted(found, key=lambda one: (one.interval.start, id_to_text(one.id)))

    def delete(self, timeslot_id: Id, /) -> None:
        """Remove one."""
        removed = self._transaction.change(sa.delete(self._table).where(self._table.c.id == timeslot_id), {})
        if not removed:
            raise NotFoundError("timeslot", timeslot_id)

    def _rows(self, timeslot_id: Id) -> Sequence[sa.Row[Any]]:
        return self._transaction.rows(sa.select(self._table).where(self._table.c.id == timeslot_id))

    def _of(self, resource_id: Id, span: Interval) -> Iterable[Timeslot]:
        row, far = self._table.c, self._table.alias("far").c
        longest = sa.select(sa.func.max(far.length)).where(far.resource_id == resource_id).scalar_subquery()
        near = overlaps(row.start_at, row.end_at, span.start, span.end, longest)
        query = sa.select(self._table).where(row.resource_id == resource_id, near)
        return map(timeslot_of, self._transaction.rows(query))
