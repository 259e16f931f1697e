"""The stores that a crew's workers open, by name: ours, and the broken ones that a run must find out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tests.chaos.broken import (
    CheckThenInsert,
    DefaultTransactions,
    LockAndCheckInOne,
    StaleSnapshot,
    WhereNotExists,
)

from slotkeeper.adapters.sql import SqlStore, Tables
from slotkeeper.adapters.sql.async_store import AsyncSqlStore

Opened = SqlStore | AsyncSqlStore
OURS: Final = "ours"
ON_A_NODE: Final = "ours, on a node that others can stand in for"
ASYNC: Final = "async"
BROKEN: Final[dict[str, type[SqlStore]]] = {
    "check then insert": CheckThenInsert,
    "insert where not exists": WhereNotExists,
    "lock and check in one statement": LockAndCheckInOne,
    "stale snapshot": StaleSnapshot,
    "default transactions": DefaultTransactions,
}
NODE: Final[dict[str, Any]] = {"attempts": 3, "connect_args": {"connect_timeout": 5, "read_timeout": 60}}
"""What a store is opened with that is on a node, whose place others can take."""


def _opening(kind: type[SqlStore], **options: Any) -> Callable[[str, Tables], Opened]:  # noqa: ANN401 - of from_url
    return lambda url, tables: kind.from_url(url, tables=tables, **options)


def _open_async(url: str, tables: Tables) -> Opened:
    return AsyncSqlStore.from_url(url, tables=tables)


STORES: Final[dict[str, Callable[[str, Tables], Opened]]] = {
    OURS: _opening(SqlStore),
    ASYNC: _open_async,
    ON_A_NODE: _opening(SqlStore, **NODE),
    **{name: _opening(kind) for name, kind in BROKEN.items()},
}
