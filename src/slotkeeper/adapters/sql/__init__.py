"""The store on SQLAlchemy Core: `SqlStore`, over an engine of its own, the host's, or an open connection.

`AsyncSqlStore` is the same for event loops; it needs the extra ``async``, and is loaded when first named.
What differs between databases is in modules of their own; the rest is the same for all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slotkeeper.errors import MissingExtraError

try:
    import sqlalchemy as _sqlalchemy  # noqa: F401 - asked for first, so that its absence has one clear error
except ModuleNotFoundError:
    raise MissingExtraError("sqlalchemy", "sql") from None

from slotkeeper.adapters.sql.borrowing import borrowed
from slotkeeper.adapters.sql.collation import exact_text
from slotkeeper.adapters.sql.schema import Tables
from slotkeeper.adapters.sql.sqlite import configure_sqlite
from slotkeeper.adapters.sql.store import SqlStore

if TYPE_CHECKING:
    from slotkeeper.adapters.sql.async_store import AsyncSqlStore

__all__ = ["AsyncSqlStore", "SqlStore", "Tables", "borrowed", "configure_sqlite", "exact_text"]


def __getattr__(name: str) -> object:
    if name != "AsyncSqlStore":
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from slotkeeper.adapters.sql.async_store import AsyncSqlStore  # noqa: PLC0415 - what it needs is an extra

    return AsyncSqlStore
