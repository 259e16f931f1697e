"""Results by idempotency key."""

from __future__ import annotations

import datetime as dt
from functools import cache

import sqlalchemy as sa

from slotkeeper.adapters.sql.schema import Tables
from slotkeeper.adapters.sql.transaction import Transaction
from slotkeeper.adapters.sql.types import CODE, Instant, Whole
from slotkeeper.errors import IdempotencyPendingError
from slotkeeper.ports import KeptResult


class _KeyStatements:
    """What `SqlKeys` asks and changes, built once for a set of tables."""

    def __init__(self, tables: Tables) -> None:
        row = tables.keys.c
        one = (
            row.scope == sa.bindparam("wanted_scope", type_=CODE),
            row.key == sa.bindparam("wanted_key", type_=CODE),
        )
        self.get = sa.select(row.fingerprint, row.result, row.at).where(*one)
        self.old = (
            sa.select(row.scope, row.key)
            .where(row.at < sa.bindparam("before", type_=Instant()))
            .order_by(row.at)
            .limit(sa.bindparam("at_most", type_=Whole()))
            .with_for_update(skip_locked=True)
        )
        self.forget = sa.delete(tables.keys).where(*one)


class SqlKeys:
    """Results as JSON, by scope and key."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction, self._table = transaction, transaction.tables.keys
        self._statements = _statements_for(transaction.tables)

    def get(self, scope: str, key: str, /) -> KeptResult | None:
        """Return what is kept under a key, or None."""
        wanted = {"wanted_scope": scope, "wanted_key": key}
        for found in self._transaction.rows(self._statements.get, wanted):
            return KeptResult(found.fingerprint, found.result, found.at)
        return None

    def keep(self, scope: str, key: str, kept: KeptResult, /) -> None:
        """Keep a result under a key."""
        row = {
            "scope": scope,
            "key": key,
            "fingerprint": kept.fingerprint,
            "result": dict(kept.result),
            "at": kept.at,
        }
        if not self._transaction.add(self._transaction.inserting(self._table), row):
            raise IdempotencyPendingError(key)

    def forget(self, before: dt.datetime, /, *, limit: int) -> int:
        """Forget results that were kept before an instant; several may do it at once, each its own."""
        self._transaction.check_writes()
        found = self._transaction.rows(self._statements.old, {"before": before, "at_most": limit})
        old = [{"wanted_scope": row.scope, "wanted_key": row.key} for row in found]
        if old:
            self._transaction.change(self._statements.forget, old)
        return len(old)


@cache
def _statements_for(tables: Tables) -> _KeyStatements:
    return _KeyStatements(tables)
