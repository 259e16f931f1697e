"""Results by idempotency key."""

from __future__ import annotations

import sqlalchemy as sa

from slotkeeper.adapters.sql.transaction import Transaction
from slotkeeper.errors import IdempotencyPendingError
from slotkeeper.ports import KeptResult


class SqlKeys:
    """Results as JSON, by scope and key."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction, self._table = transaction, transaction.tables.keys

    def get(self, scope: str, key: str, /) -> KeptResult | None:
        """Return what is kept under a key, or None."""
        row = self._table.c
        query = sa.select(row.fingerprint, row.result, row.at).where(row.scope == scope, row.key == key)
        for found in self._transaction.rows(query):
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
