"""Broken stores: guards that look right and are wrong, to see that a run finds them out.

Unless they say otherwise, they use portable tables, where no constraint stands behind the guard.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import sqlalchemy as sa

from slotkeeper.adapters.sql import SqlStore, rows
from slotkeeper.adapters.sql.bookings import SqlBookings
from slotkeeper.adapters.sql.faults import faults_told
from slotkeeper.adapters.sql.mariadb import MariaDB
from slotkeeper.adapters.sql.postgresql import PostgreSQL
from slotkeeper.adapters.sql.row_locks import bump, hold
from slotkeeper.adapters.sql.schema import Tables
from slotkeeper.adapters.sql.sqlite import SQLite
from slotkeeper.adapters.sql.store import SqlUnit
from slotkeeper.adapters.sql.transaction import Transaction
from slotkeeper.domain.booking import Booking
from slotkeeper.domain.ids import Id, id_to_text
from slotkeeper.ports import UnitOfWork


class Unlocked(Transaction):
    """A transaction that locks nothing."""

    def lock(self, resource_ids: Iterable[Id]) -> None:
        self._locked |= set(resource_ids)


class Broken(SqlStore):
    """A store whose units of work are made of other parts."""

    transaction: ClassVar[type[Transaction]] = Unlocked
    bookings: ClassVar[type[SqlBookings]] = SqlBookings

    @contextmanager
    def begin(self, *, write: bool = True) -> Iterator[UnitOfWork]:
        with self._connection(write=write) as connection:
            made = self.transaction(connection, self._tables, self._backend, write=write, steady=False)
            unit = SqlUnit(made)
            unit.bookings = self.bookings(made)
            yield unit


class CheckThenInsert(Broken):
    """It reads whether the time is free, and inserts if so; others do that between the two."""


class KeyAlone(Broken):
    """It checks, and leaves rivals to the key without overlaps, which nodes of a cluster hold each by itself.

    On ordinary tables, unlike the others.
    """


# -- the check within the insert -----------------------------------------------------------------------------


def _rivals(tables: Tables, booking: Booking, row: rows.Columns) -> sa.Exists:
    """Return the condition that what a row takes is taken."""
    taken = tables.allocations.c
    return sa.exists().where(
        taken.resource_id == row["resource_id"],
        taken.booking_id != booking.id,
        taken.occupies.is_(sa.true()),
        taken.occupied_start < row["occupied_end"],
        taken.occupied_end > row["occupied_start"],
    )


class _InsertingWhereFree(SqlBookings):
    def add(self, booking: Booking, /, *, now: dt.datetime) -> None:
        transaction, tables = self._transaction, self._transaction.tables
        transaction.change(sa.insert(tables.bookings), rows.booking_columns(booking))
        for row in rows.allocation_columns(booking, dict.fromkeys(booking.resource_ids, 1), now=now):
            columns = tables.allocations.c
            values = [sa.literal(value, columns[name].type).label(name) for name, value in row.items()]
            free = sa.select(*values).where(~_rivals(tables, booking, row))
            insert = sa.insert(tables.allocations).from_select(list(row), free)
            if not transaction.add(insert.returning(columns.booking_id), {}):
                self._refuse_overtaken(booking, now)


class WhereNotExists(Broken):
    """It checks and inserts in one statement, ``INSERT … WHERE NOT EXISTS``; another one sees neither."""

    bookings: ClassVar[type[SqlBookings]] = _InsertingWhereFree


class _LockingWhereFree(SqlBookings):
    def _check(self, booking: Booking, now: dt.datetime) -> dict[Id, int]:
        tables = self._transaction.tables
        resource, capacities = tables.resources.c, dict[Id, int]()
        for row in rows.allocation_columns(booking, dict.fromkeys(booking.resource_ids, 1), now=now):
            free = sa.select(resource.id, resource.capacity).where(
                resource.id == row["resource_id"], ~_rivals(tables, booking, row)
            )
            capacities |= {one.id: one.capacity for one in self._transaction.rows(free.with_for_update())}
        return capacities if len(capacities) == len(booking.resource_ids) else super()._check(booking, now)


class LockAndCheckInOne(Broken):
    """It locks the resource in the statement that checks, whose view is from before it waited."""

    bookings: ClassVar[type[SqlBookings]] = _LockingWhereFree


# -- what a transaction sees ---------------------------------------------------------------------------------


class _RepeatableOnPostgreSQL(PostgreSQL):
    def begin(self, connection: sa.Connection, *, write: bool) -> None:
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=not write)
        connection.begin()


class _RepeatableOnMariaDB(MariaDB):
    def begin(self, connection: sa.Connection, *, write: bool) -> None:
        del write
        connection.begin()
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


class _LockingLate(Transaction):
    """It locks, after the plain reads of the command have fixed what it sees."""

    def lock(self, resource_ids: Iterable[Id]) -> None:
        lock = hold if self._connection.dialect.name == "postgresql" else bump
        wanted = sorted(set(resource_ids) - self._locked, key=id_to_text)
        if wanted and self._write:
            with faults_told(self._backend):
                lock(self._connection, self.tables.resources, wanted)
        self._locked |= set(wanted)


class StaleSnapshot(Broken):
    """It locks before it checks, at ``REPEATABLE READ``; it sees what was there before it read anything."""

    transaction: ClassVar[type[Transaction]] = _LockingLate

    def __init__(self, engine: sa.Engine, **options: Any) -> None:  # noqa: ANN401 - those of SqlStore
        super().__init__(engine, **options)
        on_postgresql = engine.dialect.name == "postgresql"
        self._backend = _RepeatableOnPostgreSQL() if on_postgresql else _RepeatableOnMariaDB()


class _AsTheDriverBegins(SQLite):
    def begin(self, connection: sa.Connection, *, write: bool) -> None:
        del write
        connection.begin()


class DefaultTransactions(Broken):
    """It lets Python's driver for SQLite begin transactions, which it does after the reads."""

    def __init__(self, engine: sa.Engine, **options: Any) -> None:  # noqa: ANN401 - those of SqlStore
        super().__init__(engine, **options)
        self._backend = _AsTheDriverBegins()
