"""Creating: tables are made by one process at a time, so that many may start on one database at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import sqlalchemy as sa

from slotkeeper.errors import RetryableError

_BUSY: Final = "another process creates the tables"
PATIENCE: Final = 30
"""How many seconds to wait for another process that creates."""


@contextmanager
def alone(connection: sa.Connection, name: str) -> Iterator[None]:
    """Wait until nobody else creates what is called so, and commit before the next one may.

    Where the database has no such lock, the transaction that writes excludes others by itself.

    Raises:
        RetryableError: Another one took too long.
    """
    lock = f"slotkeeper {hashlib.sha256(name.encode()).hexdigest()[:32]}"
    if connection.dialect.name == "postgresql":
        number = int.from_bytes(hashlib.sha256(lock.encode()).digest()[:8], signed=True)
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(number)))
        yield
    elif connection.dialect.name in {"mysql", "mariadb"}:
        if connection.scalar(sa.select(sa.func.get_lock(lock, PATIENCE))) != 1:
            raise RetryableError(_BUSY)
        try:
            yield
            connection.commit()
        finally:
            connection.execute(sa.select(sa.func.release_lock(lock)))
    else:
        yield
