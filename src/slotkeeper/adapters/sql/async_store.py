"""`AsyncSqlStore`: the SQL store for an event loop.

Nothing is written twice: SQLAlchemy runs code that knows no event loop within a greenlet, and switches to the
loop wherever a driver waits. So the units of work are those of `SqlStore`, on the engine's synchronous side.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module
from typing import Any, Generic, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.util import await_only, greenlet_spawn

from slotkeeper.adapters.sql.cancelling import carried_out, connected, still_wanted
from slotkeeper.adapters.sql.engines import own_engine
from slotkeeper.adapters.sql.repeating import ATTEMPTS, repeated_awaiting
from slotkeeper.adapters.sql.schema import Tables
from slotkeeper.adapters.sql.store import HostedStore, SqlStore
from slotkeeper.adapters.sql.task_turns import TASKS, TaskTurn
from slotkeeper.adapters.sql.turns import Turn
from slotkeeper.desk.awaiting import check_result, is_asynchronous
from slotkeeper.errors import InvalidFieldError, MissingExtraError
from slotkeeper.ports import Store

try:
    import_module("greenlet")
except ModuleNotFoundError:
    raise MissingExtraError("greenlet", "async") from None

R = TypeVar("R")


AnyStore = TypeVar("AnyStore", bound=Store)


class _Bridge(Generic[AnyStore]):
    """How code that knows no event loop runs over one."""

    def __init__(self, inner: AnyStore) -> None:
        self._inner = inner

    async def run(self, work: Callable[[Store], R], /) -> R:
        """Carry out what needs a store, and return its result; other tasks run while it waits.

        When the task is cancelled meanwhile, the unit of work that is open is rolled back.
        """
        return await carried_out(lambda: work(self._inner))

    def wait(self, awaitable: Awaitable[R], /) -> R:
        """Return what an awaitable gives, from within the work of `run`."""
        return await_only(awaitable)


class AsyncSqlStore(_Bridge[SqlStore]):
    """Keeps everything in a database, for an event loop; safe to share between the tasks of one loop.

    Args:
        engine: Where the database is; the host's, used as it is.
        tables: The tables to use, where they are not the store's own ones.
        attempts: How often a command is carried out at most while passing faults, such as deadlocks, end it.

    Raises:
        InvalidFieldError: The database is of a kind that the store does not know, ``engine`` is no
            `AsyncEngine`, or ``attempts`` no number of at least 1.

    >>> from slotkeeper import AsyncBookingDesk, Resource
    >>> async def capacity() -> int:
    ...     store = AsyncSqlStore.from_url("sqlite+aiosqlite://")
    ...     await store.create_all()
    ...     desk = AsyncBookingDesk(store)
    ...     await desk.add_resource(Resource("bay"))
    ...     bay = await desk.get_resource("bay")
    ...     await store.close()
    ...     return bay.capacity
    >>> asyncio.run(capacity())
    1
    """

    def __init__(
        self, engine: AsyncEngine, *, tables: Tables | None = None, attempts: int = ATTEMPTS
    ) -> None:
        if not isinstance(engine, AsyncEngine):
            raise InvalidFieldError("engine", engine, "must be an AsyncEngine; SqlStore takes the others")
        super().__init__(BridgedStore(engine.sync_engine, tables=tables, attempts=attempts))
        self._engine = engine

    @classmethod
    def from_url(
        cls,
        url: str | sa.URL,
        *,
        tables: Tables | None = None,
        attempts: int = ATTEMPTS,
        **options: Any,  # noqa: ANN401 - those of create_async_engine
    ) -> AsyncSqlStore:
        """Return a store with an engine of its own, to be given back with `close`.

        Args:
            url: Such as ``sqlite+aiosqlite:///week.sqlite3``, ``postgresql+asyncpg://host/name`` or
                ``postgresql+psycopg://host/name``.
            tables: The tables to use.
            attempts: How often a command is carried out at most.
            options: For `sqlalchemy.ext.asyncio.create_async_engine`.

        Raises:
            InvalidFieldError: The address is none, or names another driver; the error says which one will do.
            MissingExtraError: The driver is not installed.
        """
        engine = AsyncEngine(own_engine(url, options, create=_synchronous_side, awaited=True))
        return cls(engine, tables=tables, attempts=attempts)

    @staticmethod
    def on(connection: AsyncConnection, *, tables: Tables | None = None) -> AsyncHostedStore:
        """Return a store within the transaction of a host's connection, which the host commits or rolls back.

        With an ORM session, give its ``await session.connection()``.
        """
        return AsyncHostedStore(connection, tables=tables)

    @property
    def engine(self) -> AsyncEngine:
        """The engine, for a host's own queries."""
        return self._engine

    async def create_all(
        self,
        *others: sa.Table,
        fill: Callable[[AsyncConnection], Awaitable[object]]
        | Callable[[sa.Connection], object]
        | None = None,
    ) -> None:
        """Create the tables that are not there yet, as `SqlStore.create_all` does.

        Args:
            others: Tables of the host's in the same metadata, to be created with them.
            fill: Puts the first rows in, in the same transaction. A coroutine function is given an
                `AsyncConnection` and awaited; a plain one is given a `sqlalchemy.Connection`.

        Raises:
            RetryableError: Another process took too long.
            InvalidFieldError: ``fill`` is no coroutine function, but returns what must be awaited; no row was
                written.
        """
        filling = None if fill is None else self._filling(fill)
        await carried_out(lambda: self._inner.create_all(*others, fill=filling))

    async def transact(self, work: Callable[[AsyncConnection], Awaitable[R]], /) -> R:
        """Carry out work of the host's in a transaction and commit it, as `SqlStore.transact` does.

        Raises:
            RetryableError: The last attempt ended so; nothing was written.
            OutcomeUnknownError: The connection was lost during the commit.
        """
        return await carried_out(lambda: self._inner.transact(self._within(work)))

    async def drop_all(self) -> None:
        """Remove the tables and all that is in them."""
        await greenlet_spawn(self._inner.drop_all)

    async def check_schema(self) -> None:
        """Make sure that the tables in the database are the expected ones.

        Raises:
            SchemaMismatchError: They are not; all differences are listed.
        """
        await greenlet_spawn(self._inner.check_schema)

    async def close(self) -> None:
        """Close the engine's idle connections; a database in memory is gone then."""
        await self._engine.dispose()

    def _within(self, work: Callable[[AsyncConnection], Awaitable[R]]) -> Callable[[sa.Connection], R]:
        """Return work that is awaited as the synchronous side calls it."""
        return lambda connection: await_only(work(AsyncConnection(self._engine, connection)))

    def _filling(self, fill: Callable[[Any], object]) -> Callable[[sa.Connection], object]:
        if is_asynchronous(fill):
            return self._within(cast("Callable[[AsyncConnection], Awaitable[object]]", fill))

        def plain(connection: sa.Connection) -> None:
            check_result("fill", fill(connection), fill, "make it a coroutine function")

        return plain


class AsyncHostedStore(_Bridge[HostedStore]):
    """Keeps everything within a transaction of the host's; made by `AsyncSqlStore.on`.

    A unit of work is a savepoint, as in `HostedStore`. One task at a time may use it, as it is with the
    connection.
    """

    def __init__(self, connection: AsyncConnection, *, tables: Tables | None = None) -> None:
        started = getattr(connection, "sync_connection", None)
        if started is None:
            reason = "must be an open AsyncConnection, such as await session.connection()"
            raise InvalidFieldError("connection", connection, reason)
        super().__init__(HostedStore(started, tables=tables))


class BridgedStore(SqlStore):
    """A `SqlStore` for code that runs in a greenlet: it lets the event loop go on where it has to wait."""

    _loop: asyncio.AbstractEventLoop | None = None

    @contextmanager
    def _lent(self) -> Iterator[sa.Connection]:
        with nullcontext() if self._backend.interruptible else connected(), super()._lent() as connection:
            yield connection

    def _still_wanted(self) -> None:
        still_wanted()

    def repeat(self, command: Callable[[], R], /) -> R:
        """Carry out a command, anew after a passing fault; other tasks run during the pauses."""
        return await_only(repeated_awaiting(lambda: greenlet_spawn(command), self._attempts))

    def _queue(self, database: object) -> Turn:
        """Return the queue of the tasks of this loop for a database."""
        loop = asyncio.get_running_loop()
        if self._turn_held is None or self._loop is not loop:
            self._turn_held, self._loop = TASKS.of((loop, database), TaskTurn), loop
        return self._turn_held


def _synchronous_side(url: sa.URL, **options: Any) -> sa.Engine:  # noqa: ANN401 - those of create_async_engine
    return create_async_engine(url, **options).sync_engine
