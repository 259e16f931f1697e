"""PostgreSQL: the isolation that units of work need, row locks, and what the server's errors mean.

Units that write run at READ COMMITTED, where each statement sees what was committed before it began: after
the lock is granted, the check reads what the one before has written. Under the stricter levels it would
decide on the state from before the lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import URL

from slotkeeper.adapters.sql.isolation import FOR_WRITING, is_settled
from slotkeeper.adapters.sql.row_locks import Locked, hold
from slotkeeper.adapters.sql.turns import PATIENCE
from slotkeeper.domain.ids import Id
from slotkeeper.errors import InvalidFieldError

_PASSING: Final = frozenset({"40001", "40P01", "55P03"})
_LOST: Final = frozenset({"57P01", "57P02", "57P03", "08000", "08001", "08003", "08004", "08006"})
"""The server ends or begins, or, as asyncpg says it too, there is no connection."""
_UNRESOLVED: Final = frozenset({"08007", "40003"})
"""What the standard has for it; CockroachDB reports the second."""
_OVERLAP: Final = "23P01"
_DUPLICATE: Final = "23505"


class PostgreSQL:
    """How units of work begin, lock and fail on PostgreSQL."""

    extra = "postgresql"
    own_units_are_alone = False
    interruptible = True
    excludes_overlaps = True

    def options(self, url: URL) -> dict[str, Any]:
        """Have transactions begin at the level that writing needs."""
        del url
        return {"isolation_level": FOR_WRITING}

    def configure(self, engine: sa.Engine) -> None:
        """Let sessions show instants in UTC, and not be patient for ever."""
        sa.event.listen(engine, "connect", _set_up)

    def queued_for(self, url: URL) -> None:
        """Return nothing: the server has its own queues, one for each row."""
        del url

    def patience(self, connection: sa.Connection) -> float:
        """Return how long sessions of our own wait."""
        del connection
        return PATIENCE

    def begin(self, connection: sa.Connection, *, write: bool) -> None:
        """Begin a transaction of our own: one that reads sees a single state and cannot write."""
        if not (write and is_settled(connection)):
            level = FOR_WRITING if write else "REPEATABLE READ"
            connection.execution_options(isolation_level=level, postgresql_readonly=not write)
        connection.begin()

    def join(self, connection: sa.Connection, *, write: bool) -> None:
        """Make sure that the host's connection is in a transaction that the host will end.

        Raises:
            InvalidFieldError: It commits every statement by itself, or writes at another isolation level.
        """
        if not connection.in_transaction():
            connection.begin()
        if getattr(connection.connection.dbapi_connection, "autocommit", False):
            reason = "commits every statement by itself; give one that begins transactions"
            raise InvalidFieldError("connection", connection.engine.url, reason)
        level = connection.get_isolation_level()
        if write and level != FOR_WRITING:
            raise InvalidFieldError("connection.isolation_level", level, f"must be {FOR_WRITING}")

    def lock(self, connection: sa.Connection, resources: sa.Table, ids: Sequence[Id]) -> list[Locked]:
        """Lock the rows of resources until the transaction ends."""
        return hold(connection, resources, ids)

    def insert(self, table: sa.Table) -> sa.Insert:
        """Return an insert that leaves out rows in conflict with others, and aborts nothing by that."""
        return _inserting(table)

    def counting(self, insert: sa.Insert) -> sa.Insert:
        """Have the keys of the rows returned: of several at once, the drivers don't all count them."""
        return _counting(insert)

    def is_passing(self, error: sa.exc.DBAPIError) -> bool:
        """Tell whether the same unit of work may succeed when it is repeated.

        Another one was in its way, or the server was not reached, or the connection to it was lost.
        """
        return _state_of(error) in _PASSING or _is_lost(error)

    def is_unresolved(self, error: sa.exc.DBAPIError) -> bool:
        """Tell whether the server's answer to a commit is missing, or says that it does not know."""
        return _state_of(error) in _UNRESOLVED or _is_lost(error)

    def is_duplicate(self, error: sa.exc.DBAPIError) -> bool:
        """Tell whether a row with the same key is there already."""
        return _state_of(error) == _DUPLICATE

    def is_overlap(self, error: sa.exc.DBAPIError) -> bool:
        """Tell whether the constraint found a rival."""
        return _state_of(error) == _OVERLAP


@cache
def _inserting(table: sa.Table) -> sa.Insert:
    return (
        postgresql.insert(table).on_conflict_do_nothing().inline().execution_options(preserve_rowcount=True)
    )


@cache
def _counting(insert: sa.Insert) -> sa.Insert:
    return insert.returning(*insert.table.primary_key)


def _is_lost(error: sa.exc.DBAPIError) -> bool:
    """Tell whether there is no connection: the server did not answer, or said that it ends it."""
    of_the_driver = isinstance(error, (sa.exc.OperationalError, sa.exc.InternalError))
    unheard = of_the_driver and _state_of(error) is None
    return error.connection_invalidated or unheard or _state_of(error) in _LOST


def _state_of(error: sa.exc.DBAPIError) -> str | None:
    state: str | None = getattr(error.orig, "sqlstate", None)
    return state


def _set_up(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's
    with closing(connection.cursor()) as cursor:
        cursor.execute("SET TIME ZONE 'UTC'")
        cursor.execute(f"SET lock_timeout = '{PATIENCE:.0f}s'")
    connection.commit()
