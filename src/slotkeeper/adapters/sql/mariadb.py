"""MariaDB: the isolation that units of work need, row locks, and what the server's errors mean.

Its default isolation would double-book: under REPEATABLE READ a check sees the state of the transaction's
first read, however long it waited for the lock after that. Units that write run at READ COMMITTED. Text
compares by code point, trailing blanks included, so that ids that differ stay apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Any, Final, cast

import sqlalchemy as sa
from sqlalchemy.engine import URL

from slotkeeper.adapters.sql import collation
from slotkeeper.adapters.sql.inserts import inserting
from slotkeeper.adapters.sql.isolation import FOR_WRITING, is_settled
from slotkeeper.adapters.sql.mariadb_guard import is_rival
from slotkeeper.adapters.sql.row_locks import Locked, bump
from slotkeeper.adapters.sql.turns import PATIENCE
from slotkeeper.domain.ids import Id
from slotkeeper.errors import InvalidFieldError

TABLE_OPTIONS: Final = {
    f"{name}_{option}": value
    for name in ("mysql", "mariadb")
    for option, value in (
        ("engine", "InnoDB"),
        ("default_charset", "utf8mb4"),
        ("collate", collation.MARIADB),
    )
}
"""What tables are made with; other databases don't read it."""

_SAVEPOINT_GONE: Final = 1305
_PASSING: Final = frozenset({1020, 1205, 1213, _SAVEPOINT_GONE})
"""A deadlock undoes the whole transaction, savepoints included, which the return to one then misses."""
_LOST: Final = frozenset({1040, 1053, 1927, 2002, 2003, 2006, 2013})
"""The server could not be reached, took nobody any more, or ended the connection."""
_NOT_READY: Final = 1047
"""A node of a cluster answers that it is no part of it at present."""
_UNRESOLVED: Final = frozenset({1180, 1317})
"""A commit was interrupted."""
_DUPLICATE: Final = 1062
_EVERY_STATEMENT: Final = 7
"""Before the first statement of a transaction a node of a Galera cluster catches up with the others.

Otherwise a command does not find the booking that another node acknowledged a moment ago.
"""


class MariaDB:
    """How units of work begin, lock and fail on MariaDB."""

    extra = "mariadb"
    own_units_are_alone = False
    interruptible = True
    excludes_overlaps = True

    def options(self, url: URL) -> dict[str, Any]:
        """Have transactions begin at the level that writing needs."""
        del url
        return {"isolation_level": FOR_WRITING}

    def configure(self, engine: sa.Engine) -> None:
        """Let sessions cut no text short, not be patient for ever, and see what a cluster committed."""
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
        connection.begin()
        if not (write and is_settled(connection)):
            level = f"{FOR_WRITING}, READ WRITE" if write else "REPEATABLE READ, READ ONLY"
            connection.exec_driver_sql(f"SET TRANSACTION ISOLATION LEVEL {level}")
        if _commits_by_itself(connection):
            connection.exec_driver_sql("START TRANSACTION")

    def join(self, connection: sa.Connection, *, write: bool) -> None:
        """Make sure that the host's connection is in a transaction that the host will end.

        Raises:
            InvalidFieldError: It commits every statement by itself, or writes at another isolation level.
        """
        if not connection.in_transaction():
            connection.begin()
        if _commits_by_itself(connection):
            reason = "commits every statement by itself; give one that begins transactions"
            raise InvalidFieldError("connection", connection.engine.url, reason)
        level = connection.get_isolation_level()
        if write and level != FOR_WRITING:
            raise InvalidFieldError("connection.isolation_level", level, f"must be {FOR_WRITING}")

    def lock(self, connection: sa.Connection, resources: sa.Table, ids: Sequence[Id]) -> list[Locked]:
        """Lock the rows of resources until the transaction ends."""
        return bump(connection, resources, ids)

    def insert(self, table: sa.Table) -> sa.Insert:
        """Return an insert; a row in conflict with another is an error, which undoes that statement only."""
        return inserting(table)

    def counting(self, insert: sa.Insert) -> sa.Insert:
        """Return it unchanged: none is left out."""
        return insert

    def is_passing(self, error: sa.exc.DBAPIError) -> bool:
        """Tell whether the same unit of work may succeed when it is repeated.

        Another one was in its way, or the server was not reached, or the connection to it was lost.
        """
        return _number_of(error) in _PASSING | {_NOT_READY} or _is_lost(error)

    def is_unresolved(self, error: sa.exc.DBAPIError) -> bool:
        """Tell whether the server's answer to a commit is missing, or says that it was interrupted."""
        return _number_of(error) in _UNRESOLVED or _is_lost(error)

    def is_duplicate(self, error: sa.exc.DBAPIError) -> bool:
        """Tell whether a row with the same key is there already."""
        return _number_of(error) == _DUPLICATE

    def is_overlap(self, error: sa.exc.DBAPIError) -> bool:
        """Tell whether the key without overlaps found a rival."""
        return is_rival(str(error.orig)) if self.is_duplicate(error) else False


def _is_lost(error: sa.exc.DBAPIError) -> bool:
    return error.connection_invalidated or _number_of(error) in _LOST


def _number_of(error: sa.exc.DBAPIError) -> object:
    arguments = getattr(error.orig, "args", ())
    return arguments[0] if arguments else None


def _commits_by_itself(connection: sa.Connection) -> bool:
    raw: Any = connection.connection.dbapi_connection
    return cast("bool", raw.get_autocommit())


def _set_up(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's
    with closing(connection.cursor()) as cursor:
        cursor.execute(
            "SET SESSION sql_mode = concat(@@sql_mode, ',STRICT_ALL_TABLES'),"
            f" innodb_lock_wait_timeout = {PATIENCE:.0f}"
        )
        cursor.execute("SHOW SESSION VARIABLES LIKE 'wsrep_on'")
        if any(value == "ON" for _, value in cursor.fetchall()):
            cursor.execute(f"SET SESSION wsrep_sync_wait = {_EVERY_STATEMENT}")
