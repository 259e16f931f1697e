"""Borrowing: an engine over connections that another library has open, such as those of Django's ORM.

SQLAlchemy ends the transaction of a connection that it gives back, and closes what it opened. Here both are
somebody else's, so an engine made by `borrowed` never commits, never rolls back and never closes; savepoints
are its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import NullPool


def borrowed(url: str | sa.URL, connection: Callable[[], Any]) -> sa.Engine:
    """Return an engine over whatever driver's connection is current, for `SqlStore.on`.

    Args:
        url: Tells the database and the driver, such as ``postgresql+psycopg://``; nothing is connected to.
        connection: Returns the driver's own connection, in a transaction that its owner ends.

    >>> import sqlite3
    >>> theirs = sqlite3.connect(":memory:", isolation_level=None)
    >>> _ = theirs.execute("BEGIN")
    >>> with borrowed("sqlite://", lambda: theirs).connect() as ours:
    ...     ours.scalar(sa.text("SELECT 1"))
    1
    >>> theirs.in_transaction
    True
    >>> theirs.close()
    """
    engine = sa.create_engine(url, creator=connection, poolclass=NullPool)
    for name in ("do_commit", "do_rollback", "do_close", "do_terminate"):
        setattr(engine.dialect, name, _leave)
    return engine


def _leave(connection: object) -> None:
    """Leave a connection to its owner."""
