"""The store on SQLAlchemy Core: `SqlStore`, over an engine of its own, the host's, or an open connection.

What differs between databases is in modules of their own; the rest is the same for all.
"""

from __future__ import annotations

from slotkeeper.errors import MissingExtraError

try:
    import sqlalchemy as _sqlalchemy  # noqa: F401 - asked for first, so that its absence has one clear error
except ModuleNotFoundError:
    raise MissingExtraError("sqlalchemy", "sql") from None

from slotkeeper.adapters.sql.schema import Tables
from slotkeeper.adapters.sql.sqlite import configure_sqlite
from slotkeeper.adapters.sql.store import SqlStore

__all__ = ["SqlStore", "Tables", "configure_sqlite"]
