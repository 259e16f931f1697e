"""Stored slots in their table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from slotkeeper.adapters.sql import lengths
from slotkeeper.adapters.sql.by_ids import ByIds, by_ids
from slotkeeper.adapters.sql.rows import timeslot_columns, timeslot_of
from slotkeeper.adapters.sql.transaction import Transaction, in_portions
from slotkeeper.adapters.sql.types import IdText
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
        if not self._transaction.rows(_resource(resources), {"wanted_id": timeslot.resource_id}):
            raise NotFoundError("resource", timeslot.resource_id)
        if not self._transaction.add(self._transaction.inserting(self._table), timeslot_columns(timeslot)):
            raise DuplicateIdError("timeslot", timeslot.id)

    def find(self, resource_ids: Iterable[Id], overlapping: Interval, /) -> Sequence[Timeslot]:
        """Return those of these resources that overlap an interval."""
        near, span = _near(self._table), lengths.bounds(overlapping)
        found: list[Timeslot] = []
        for portion in in_portions(resource_ids):
            query, ids = near.about(portion)
            found += map(timeslot_of, self._transaction.rows(query, {**ids, **span}))
        return sorted(found, key=lambda one: (one.interval.start, id_to_text(one.id)))

    def delete(self, timeslot_id: Id, /) -> None:
        """Remove one."""
        if not self._transaction.change(_removal(self._table), {"wanted_id": timeslot_id}):
            raise NotFoundError("timeslot", timeslot_id)

    def _rows(self, timeslot_id: Id) -> Sequence[sa.Row[Any]]:
        return self._transaction.rows(_by_id(self._table), {"wanted_id": timeslot_id})


@cache
def _near(table: sa.Table) -> ByIds[sa.CompoundSelect[Any]]:
    row = table.c
    spans = list(lengths.overlapping(row.length_class, row.start_at, row.end_at))
    return by_ids(
        lambda wanted: sa.union_all(
            *(sa.select(table).where(wanted(row.resource_id), span) for span in spans)
        )
    )


def _has_id(table: sa.Table) -> sa.ColumnElement[bool]:
    return table.c.id == sa.bindparam("wanted_id", type_=IdText())


@cache
def _by_id(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table).where(_has_id(table))


@cache
def _resource(resources: sa.Table) -> sa.Select[Any]:
    return sa.select(resources.c.id).where(_has_id(resources))


@cache
def _removal(table: sa.Table) -> sa.Delete:
    return sa.delete(table).where(_has_id(table))
