"""SQLite: when a transaction begins, who may write, and which faults pass.

Python's driver begins a transaction before the first change only, so that whatever is read to decide on the
change was read outside it; two writers then decide on the same state. Here every unit of work begins
explicitly, one that writes with ``BEGIN IMMEDIATE``: from then on it is the only writer of the whole file.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, cast
from urllib.parse import unquote, urlsplit

import sqlalchemy as sa
from sqlalchemy.engine import URL
from sqlalchemy.pool import SingletonThreadPool, StaticPool

from slotkeeper.adapters.sql.inserts import inserting
from slotkeeper.adapters.sql.row_locks import Locked, bump
from slotkeeper.adapters.sql.turns import PATIENCE
from slotkeeper.domain.ids import Id
from slotkeeper.errors import InvalidFieldError

_URI: Final = "file:"
_PASSING: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})
_PRIMARY: Final = 0xFF
_DUPLICATE: Final = frozenset(
    {sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_ROWID}
)


class SQLite:
    """How units of work begin on SQLite."""

    extra = "sql"
    own_units_are_alone = True
    interruptible = False
    """A unit of work of our own that writes is the only one; locks within it are there already."""

    excludes_overlaps = False

    def options(self, url: URL) -> dict[str, Any]:
        """Let a database in memory live as long as its engine, in one connection for all threads."""
        one = {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
        return one if _in_memory(url) else {}

    def configure(self, engine: sa.Engine) -> None:
        """Give connections the settings of `configure_sqlite`."""
        configure_sqlite(engine)

    def queued_for(self, url: URL) -> object | None:
        """Return the file, by its true path; a URI of the driver's own form by the path in it."""
        name = url.database or ""
        path = unquote(urlsplit(name).path) if name.startswith(_URI) else name
        return os.path.realpath(path) if path and not _in_memory(url) else None

    def patience(self, connection: sa.Connection) -> float:
        """Return the busy timeout."""
        milliseconds: int = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
        return milliseconds / 1000

    def begin(self, connection: sa.Connection, *, write: bool) -> None:
        """Begin a transaction of our own on a connection fresh from the pool.

        Raises:
            InvalidFieldError: The engine shares one connection, and a transaction is open on it; or its
                driver commits by itself.
        """
        raw = _raw(connection)
        automatic = getattr(raw, "autocommit", None)
        if automatic is True:
            raise InvalidFieldError("engine", connection.engine.url, "must not have autocommit=True")
        if raw.in_transaction and automatic is not False:
            reason = "shares a connection on which a transaction is open; use SqlStore.on(connection)"
            raise InvalidFieldError("engine", connection.engine.url, reason)
        connection.begin()
        if raw.in_transaction:  # begun by the driver or by an event of the host's, and not immediately
            connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    def join(self, connection: sa.Connection, *, write: bool) -> None:
        """Make sure that the host's connection is in a transaction that the host will end.

        Raises:
            InvalidFieldError: It commits every statement by itself.
        """
        raw = _raw(connection)
        if not connection.in_transaction():
            connection.begin()
        if raw.in_transaction:
            return
        if raw.isolation_level is None or getattr(raw, "autocommit", None) is True:
            reason = "commits every statement by itself; give one that begins transactions"
            raise InvalidFieldError("connection", connection.engine.url, reason)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    def lock(self, connection: sa.Connection, resources: sa.Table, ids: Sequence[Id]) -> list[Locked]:
        """Lock the whole file, by a change to the rows of resources."""
        return bump(connection, resources, ids)

    def insert(self, table: sa.Table) -> sa.Insert:
        """Return an insert; a row in conflict with another is an error, which undoes that statement only."""
        return inserting(table)

    def counting(self, insert: sa.Insert) -> sa.Insert:
        """Return it unchanged: none is left out."""
        return insert

    def is_passing(self, error: sa.exc.DBAPIError) -> bool:
        """Tell whether the same unit of work may succeed when it is repeated: another one was in its way."""
        code = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        return code & _PRIMARY in _PASSING

    def is_unresolved(self, error: sa.exc.DBAPIError) -> bool:
        """Tell that it is not: nobody stands between us and the file."""
        del error
        return False

    def is_duplicate(self, error: sa.exc.DBAPIError) -> bool:
        """Tell whether a row with the same key is there already."""
        return getattr(error.orig, "sqlite_errorcode", None) in _DUPLICATE

    def is_overlap(self, error: sa.exc.DBAPIError) -> bool:
        """Tell that it is not: a trigger sees no rival that our own check, alone with the file, did not."""
        del error
        return False


def _raw(connection: sa.Connection) -> sqlite3.Connection:
    """Return the connection of Python's own driver, which aiosqlite has in a thread."""
    driver = connection.connection.driver_connection
    return cast("sqlite3.Connection", getattr(driver, "_conn", driver))


def configure_sqlite(engine: sa.Engine) -> None:
    """Give every new connection of an engine the settings that suit a store shared by many processes.

    Foreign keys are enforced, commits are on disk before they are acknowledged (``synchronous=FULL``),
    writers wait half a minute for each other, and readers don't wait for writers (WAL). A savepoint has a
    transaction around it, which the driver alone does not see to. A host may call it
    for an engine of its own; without it that engine's settings stay, and commits are as durable as they say.

    Raises:
        InvalidFieldError: The engine keeps another database in memory for each thread.
    """
    if isinstance(engine.pool, SingletonThreadPool):
        raise InvalidFieldError(
            "engine", engine.url, "keeps another database for each thread; use StaticPool"
        )
    sa.event.listen(engine, "connect", _set_pragmas)
    sa.event.listen(engine, "savepoint", _begin_before_a_savepoint)


def _set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {int(PATIENCE * 1000)}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = FULL")
    with suppress(
        sqlite3.OperationalError
    ):  # another process is switching at this moment; either mode is safe
        cursor.execute("PRAGMA journal_mode = WAL")
    cursor.close()


def _begin_before_a_savepoint(connection: sa.Connection, _name: str) -> None:
    """Begin what the driver has not begun; the release of a savepoint outside a transaction would commit."""
    raw = _raw(connection)
    automatic = raw.isolation_level is None or getattr(raw, "autocommit", None) is True
    if not raw.in_transaction and not automatic:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _in_memory(url: URL) -> bool:
    return url.database in {None, "", ":memory:"} or url.query.get("mode") == "memory"
