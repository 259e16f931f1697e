"""Hits by subject: one row for each, locked while it is counted."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

import sqlalchemy as sa

from slotkeeper.adapters.hits import taken
from slotkeeper.adapters.sql.schema import Tables
from slotkeeper.adapters.sql.transaction import Transaction
from slotkeeper.adapters.sql.types import CODE, Document, instant_of, ticks_of


class _HitStatements:
    """What `SqlHits` asks and changes, built once for a set of tables."""

    def __init__(self, tables: Tables) -> None:
        row, subject = tables.hits.c, sa.bindparam("wanted", type_=CODE)
        self.locked = sa.select(row.instants).where(row.subject == subject).with_for_update()
        self.note = (
            sa.update(tables.hits)
            .where(row.subject == subject)
            .values(instants=sa.bindparam("noted", type_=Document()))
        )


class SqlHits:
    """The instants of the last hits as JSON, by subject."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction, self._table = transaction, transaction.tables.hits
        self._statements = _statements_for(transaction.tables)

    def take(self, subject: str, /, *, now: dt.datetime, count: int, per: dt.timedelta) -> dt.datetime | None:
        """Note a hit unless there were too many; others of the subject wait for the row."""
        self._transaction.check_writes()
        before = map(instant_of, self._locked(subject))
        noted = taken(before, now=now, count=count, per=per)
        if isinstance(noted, dt.datetime):
            return noted
        kept = {"wanted": subject, "noted": [ticks_of(one) for one in noted]}
        self._transaction.change(self._statements.note, kept)
        return None

    def _locked(self, subject: str) -> list[int]:
        wanted: dict[str, Any] = {"wanted": subject}
        rows = self._transaction.rows(self._statements.locked, wanted)
        if not rows:
            new = {"subject": subject, "instants": []}
            self._transaction.add(self._transaction.inserting(self._table), new)
            rows = self._transaction.rows(self._statements.locked, wanted)
        instants: list[int] = rows[0].instants
        return instants


@cache
def _statements_for(tables: Tables) -> _HitStatements:
    return _HitStatements(tables)
