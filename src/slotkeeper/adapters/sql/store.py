"""`SqlStore`: units of work as transactions, of the store's own or within the host's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from slotkeeper.adapters.sql.backends import backend_of
from slotkeeper.adapters.sql.bookings import SqlBookings
from slotkeeper.adapters.sql.catalogue import SqlCatalogue, resource_columns, service_columns
from slotkeeper.adapters.sql.creating import alone
from slotkeeper.adapters.sql.engines import own_engine
from slotkeeper.adapters.sql.faults import connecting_told, deadlocks_told, faults_told, outcome_told
from slotkeeper.adapters.sql.hits import SqlHits
from slotkeeper.adapters.sql.keys import SqlKeys
from slotkeeper.adapters.sql.numbers import next_number
from slotkeeper.adapters.sql.outbox import SqlOutbox
from slotkeeper.adapters.sql.repeating import ATTEMPTS, repeated
from slotkeeper.adapters.sql.schema import Tables, own_tables
from slotkeeper.adapters.sql.schema_check import check_schema
from slotkeeper.adapters.sql.timeslots import SqlTimeslots
from slotkeeper.adapters.sql.transaction import Transaction
from slotkeeper.adapters.sql.turns import PATIENCE, THREADS, ThreadTurn, Turn
from slotkeeper.desk.arguments import check_count
from slotkeeper.desk.awaiting import check_plain, check_result
from slotkeeper.domain.ids import Id
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.service import Service
from slotkeeper.ports import UnitOfWork

R = TypeVar("R")


class SqlUnit:
    """The repositories of one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        tables = transaction.tables
        self.resources = SqlCatalogue(transaction, Resource, tables.resources, resource_columns)
        self.services = SqlCatalogue(transaction, Service, tables.services, service_columns)
        self.bookings = SqlBookings(transaction)
        self.timeslots = SqlTimeslots(transaction)
        self.outbox = SqlOutbox(transaction)
        self.keys = SqlKeys(transaction)
        self.hits = SqlHits(transaction)
        self._transaction = transaction

    def next_number(self) -> int:
        """Return the next number that the database counts."""
        return next_number(self._transaction)

    def lock(self, resource_ids: Iterable[Id], /) -> None:
        """Lock resources until the transaction ends."""
        self._transaction.lock(resource_ids)


class SqlStore:
    """Keeps everything in a database; safe to share between threads, and the database between processes.

    An engine of the host's is used as it is: each unit of work begins and ends a transaction of its own on
    one of its connections, whose settings are the host's (`configure_sqlite` says which suit).

    Args:
        engine: Where the database is.
        tables: The tables to use, where they are not the store's own ones.
        attempts: How often a command is carried out at most while passing faults, such as deadlocks, end it.

    Raises:
        InvalidFieldError: The database is of a kind that the store does not know, or ``attempts`` no number
            of at least 1.

    >>> store = SqlStore.from_url("sqlite://")
    >>> store.create_all()
    >>> with store.begin() as unit:
    ...     unit.resources.put(Resource("bay"))
    >>> with store.begin(write=False) as unit:
    ...     unit.resources.get("bay").capacity
    1
    >>> store.close()
    """

    def __init__(self, engine: sa.Engine, *, tables: Tables | None = None, attempts: int = ATTEMPTS) -> None:
        self._engine, self._tables = engine, tables or own_tables()
        check_count("attempts", attempts)
        self._attempts = attempts
        self._backend = backend_of(engine.dialect)
        self._shares = isinstance(engine.pool, StaticPool)
        self._queued_for = ("engine", id(engine)) if self._shares else self._backend.queued_for(engine.url)
        self._patience = PATIENCE
        self._knows_patience = self._shares or self._queued_for is None
        self._turn_held: Turn | None = None

    @classmethod
    def from_url(
        cls,
        url: str | sa.URL,
        *,
        tables: Tables | None = None,
        attempts: int = ATTEMPTS,
        **options: Any,  # noqa: ANN401 - those of create_engine
    ) -> SqlStore:
        """Return a store with an engine of its own, to be given back with `close`.

        Args:
            url: Such as ``sqlite:///week.sqlite3`` for a file, ``sqlite://`` for memory,
                ``postgresql+psycopg://host/name`` or ``mysql+pymysql://host/name`` for a server.
            tables: The tables to use.
            attempts: How often a command is carried out at most.
            options: For `sqlalchemy.create_engine`.

        Raises:
            InvalidFieldError: The address is none, or names another driver; the error says which one will do.
            MissingExtraError: The driver is not installed.
        """
        return cls(own_engine(url, options), tables=tables, attempts=attempts)

    @staticmethod
    def on(connection: sa.Connection, *, tables: Tables | None = None) -> HostedStore:
        """Return a store within the transaction of a host's connection, which the host commits or rolls back.

        With an ORM session, give its ``session.connection()``.
        """
        return HostedStore(connection, tables=tables)

    @property
    def commits(self) -> bool:
        """A unit of work that ends is committed."""
        return True

    @property
    def engine(self) -> sa.Engine:
        """The engine, for a host's own queries."""
        return self._engine

    def create_all(self, *others: sa.Table, fill: Callable[[sa.Connection], object] | None = None) -> None:
        """Create the tables that are not there yet, with their indexes and triggers, all or none of them.

        Of several processes that start at once one goes first, and the others find its work done.

        Args:
            others: Tables of the host's in the same metadata, to be created with them.
            fill: Puts the first rows in, in a transaction; it is called each time and sees for itself whether
                there is anything to do.

        Raises:
            RetryableError: Another process took too long.
            InvalidFieldError: What ``fill`` returns must be awaited, which only `AsyncSqlStore` does; no row
                was written.
        """
        check_plain("fill", fill, "AsyncSqlStore")
        with (
            self._connection(write=True) as connection,
            faults_told(self._backend),
            alone(connection, self._tables.prefix),
        ):
            self._tables.metadata.create_all(connection, tables=[*self._tables.all, *others])
            if fill is not None:
                check_result("fill", fill(connection), fill, "AsyncSqlStore awaits it")

    def drop_all(self) -> None:
        """Remove the tables and all that is in them."""
        with self._connection(write=True) as connection:
            self._tables.metadata.drop_all(connection, tables=self._tables.all)

    def check_schema(self) -> None:
        """Make sure that the tables in the database are the expected ones; quick enough for every start.

        Raises:
            SchemaMismatchError: They are not; all differences are listed.
        """
        with self._connection(write=False) as connection:
            check_schema(connection, self._tables)

    def close(self) -> None:
        """Close the engine's idle connections; a database in memory is gone then."""
        self._engine.dispose()

    def repeat(self, command: Callable[[], R], /) -> R:
        """Carry out a command, anew after a passing fault, with a growing pause before each attempt.

        Raises:
            RetryableError: The last attempt ended so, or half a minute has gone by.
        """
        return repeated(command, self._attempts)

    def transact(self, work: Callable[[sa.Connection], R], /) -> R:
        """Carry out work of the host's in a transaction, and commit it; all of it anew after a passing fault.

        It begins as the store's own ones do, so a desk over ``SqlStore.on(connection)`` books in it, together
        with the host's own rows. Since the work may be carried out again, nothing in it may reach beyond
        the database.

        >>> store = SqlStore.from_url("sqlite://")
        >>> store.create_all()
        >>> store.transact(lambda connection: connection.scalar(sa.text("SELECT 1")))
        1
        >>> store.close()

        Raises:
            RetryableError: The last attempt ended so; nothing was written.
            OutcomeUnknownError: The connection was lost during the commit.
        """

        def attempt() -> R:
            with self._connection(write=True) as connection, deadlocks_told(self._backend):
                return work(connection)

        return self.repeat(attempt)

    @contextmanager
    def begin(self, *, write: bool = True) -> Iterator[UnitOfWork]:
        """Open a unit of work in a transaction of its own.

        Raises:
            RetryableError: Other writers took too long, or the server was not reached; nothing was written.
            OutcomeUnknownError: The connection was lost during the commit.
        """
        steady = self._backend.own_units_are_alone or not write
        with self._connection(write=write) as connection:
            yield SqlUnit(Transaction(connection, self._tables, self._backend, write=write, steady=steady))

    @contextmanager
    def _connection(self, *, write: bool) -> Iterator[sa.Connection]:
        with self._turn(write=write), self._lent() as connection:
            with faults_told(self._backend):
                self._backend.begin(connection, write=write)
                self._learn_patience(connection)
            yield connection  # leaving by an exception closes the connection, which rolls back
            self._still_wanted()
            with faults_told(self._backend), outcome_told(self._backend) if write else nullcontext():
                connection.commit()

    def _turn(self, *, write: bool) -> AbstractContextManager[None]:
        """Return the turn that a unit of work waits for: each where they share a connection, else writers."""
        if self._queued_for is None or not (write or self._shares):
            return nullcontext()
        return self._queue(self._queued_for).taken(None if self._shares else self._patience)

    def _queue(self, database: object) -> Turn:
        """Return the queue for a database."""
        if self._turn_held is None:
            self._turn_held = THREADS.of(database, ThreadTurn)
        return self._turn_held

    def _learn_patience(self, connection: sa.Connection) -> None:
        """Wait in the queue no longer than connections wait for the file, from the first one on."""
        if not self._knows_patience:
            self._patience, self._knows_patience = self._backend.patience(connection), True

    def _still_wanted(self) -> None:
        """Raise where nobody waits for what is about to be committed."""

    @contextmanager
    def _lent(self) -> Iterator[sa.Connection]:
        """Lend a connection; where an exception ends its use, no failure to give it back hides that."""
        with connecting_told(self._backend):
            connection = self._engine.connect()
        try:
            yield connection
        except BaseException:
            with suppress(sa.exc.DBAPIError, OSError):
                connection.close()
            raise
        connection.close()


class HostedStore:
    """Keeps everything within a transaction of the host's; made by `SqlStore.on`.

    A unit of work is a savepoint: one that fails leaves nothing behind, and the transaction stays usable.
    """

    def __init__(self, connection: sa.Connection, *, tables: Tables | None = None) -> None:
        self._connection, self._tables = connection, tables or own_tables()
        self._backend = backend_of(connection.dialect)

    @property
    def commits(self) -> bool:
        """The transaction is the host's to end."""
        return False

    @contextmanager
    def begin(self, *, write: bool = True) -> Iterator[UnitOfWork]:
        """Open a unit of work as a savepoint.

        Raises:
            RetryableError: Another transaction was in the way; repeat the host's one from its beginning.
            InvalidFieldError: The connection commits every statement by itself, or its isolation is not
                the one that the guard needs.
        """
        with faults_told(self._backend):
            self._backend.join(self._connection, write=write)
        with deadlocks_told(self._backend), self._connection.begin_nested():
            yield SqlUnit(
                Transaction(self._connection, self._tables, self._backend, write=write, steady=False)
            )
