"""The stores for event loops keep the contract, and are what the machines' models say."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import ClassVar

import pytest
import sqlalchemy as sa
from hypothesis import settings
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from tests.adapters.portal import PortalStore, waited
from tests.adapters.servers import MARIADB, POSTGRESQL, Server
from tests.adapters.stores import store_in_a_file

from slotkeeper.adapters.sql import AsyncSqlStore, Tables
from slotkeeper.testing.contract import Capabilities, StoreContract
from slotkeeper.testing.machine import run_desk_machine, run_store_machine

FEW = settings(settings(), deadline=None, max_examples=8, stateful_step_count=20)


def in_a_file() -> PortalStore:
    file = store_in_a_file()
    file.close()
    url = file.engine.url.set(drivername="sqlite+aiosqlite")
    return PortalStore(AsyncSqlStore.from_url(url))


def remove_file(store: PortalStore) -> None:
    engine = engine_of(store)
    waited(engine.dispose())
    shutil.rmtree(Path(str(engine.url.database)).parent, ignore_errors=True)


def engine_of(store: PortalStore) -> AsyncEngine:
    assert isinstance(store.inner, AsyncSqlStore)
    return store.inner.engine


class Driver:
    """An asynchronous driver, and stores over it on a server whose tables are emptied and used again."""

    def __init__(self, name: str, server: Server = POSTGRESQL) -> None:
        self._name, self._server = name, server
        self.used = False
        self._tables: dict[int, Tables] = {}
        self._connections: dict[int, AsyncConnection] = {}

    def store(self) -> PortalStore:
        tables = self._server.store()._tables
        return self._known(PortalStore(AsyncSqlStore(self.engine, tables=tables)), tables)

    def put_back(self, store: PortalStore) -> None:
        if engine_of(store) is not self.engine:
            waited(engine_of(store).dispose())
            return
        self._server.put_back_tables(self._tables.pop(id(store)))

    def reopen(self, store: PortalStore) -> PortalStore:
        again = AsyncSqlStore.from_url(self.engine.url, tables=self._tables[id(store)])
        return PortalStore(again)

    def store_in_a_host(self) -> PortalStore:
        tables = self._server.store()._tables
        connection = self.engine.connect()
        waited(_started(connection))
        store = self._known(PortalStore(AsyncSqlStore.on(connection, tables=tables)), tables)
        self._connections[id(store)] = connection
        return store

    def end_host(self, store: PortalStore) -> None:
        waited(self._connections.pop(id(store)).close())
        self._server.release(self._tables.pop(id(store)))

    @property
    def engine(self) -> AsyncEngine:
        return _engine(self._name, self._server)

    def _known(self, store: PortalStore, tables: Tables) -> PortalStore:
        self._tables[id(store)], self.used = tables, True
        return store


@cache
def _engine(driver: str, server: Server) -> AsyncEngine:
    url = sa.make_url(server.url)
    url = url.set(drivername=f"{url.get_backend_name()}+{driver}")
    return create_async_engine(url, isolation_level="READ COMMITTED")


async def _started(connection: AsyncConnection) -> None:
    _ = await connection.start()


DRIVERS = {name: Driver(name) for name in ("asyncpg", "psycopg")}
AIOMYSQL = Driver("aiomysql", MARIADB)


@pytest.fixture(scope="module", autouse=True)
def _engines_end_with_the_module() -> Iterator[None]:
    yield
    for driver in (*DRIVERS.values(), AIOMYSQL):
        if driver.used:
            waited(driver.engine.dispose())


class TestSqliteFile(StoreContract):
    capabilities = Capabilities(concurrent_units=True, survives_restart=True)
    examples: ClassVar[int | None] = 8

    def make_store(self) -> PortalStore:
        return in_a_file()

    def dispose(self, store: PortalStore) -> None:
        remove_file(store)

    def reopen(self, store: PortalStore) -> PortalStore:
        url = engine_of(store).url
        waited(engine_of(store).dispose())
        return PortalStore(AsyncSqlStore.from_url(url))


class OnAServer:
    driver: ClassVar[Driver]
    examples: ClassVar[int | None] = 8

    def make_store(self) -> PortalStore:
        return self.driver.store()

    def dispose(self, store: PortalStore) -> None:
        self.driver.put_back(store)

    def reopen(self, store: PortalStore) -> PortalStore:
        return self.driver.reopen(store)


class TestPostgresqlWithAsyncpg(OnAServer, StoreContract):
    capabilities = Capabilities(concurrent_units=True, survives_restart=True, any_text=False)
    driver = DRIVERS["asyncpg"]


class TestPostgresqlWithPsycopg(OnAServer, StoreContract):
    capabilities = Capabilities(concurrent_units=True, survives_restart=True, any_text=False)
    driver = DRIVERS["psycopg"]


class TestPostgresqlOfTheHost(StoreContract):
    capabilities = Capabilities(commits=False, threads=False, any_text=False)
    examples: ClassVar[int | None] = 8

    def make_store(self) -> PortalStore:
        return DRIVERS["asyncpg"].store_in_a_host()

    def dispose(self, store: PortalStore) -> None:
        DRIVERS["asyncpg"].end_host(store)


class TestMariadb(OnAServer, StoreContract):
    capabilities = Capabilities(concurrent_units=True, survives_restart=True)
    driver = AIOMYSQL


def test_mariadb_is_what_the_model_says() -> None:
    run_store_machine(AIOMYSQL.store, dispose=AIOMYSQL.put_back, settings=FEW)


def test_the_desk_over_mariadb_does_what_the_model_foretells() -> None:
    run_desk_machine(AIOMYSQL.store, dispose=AIOMYSQL.put_back, settings=FEW)


def test_the_sqlite_file_is_what_the_model_says() -> None:
    run_store_machine(in_a_file, dispose=remove_file, settings=FEW)


def test_the_desk_over_a_sqlite_file_does_what_the_model_foretells() -> None:
    run_desk_machine(in_a_file, dispose=remove_file, settings=FEW)


@pytest.mark.parametrize("name", DRIVERS)
def test_postgresql_is_what_the_model_says(name: str) -> None:
    run_store_machine(DRIVERS[name].store, dispose=DRIVERS[name].put_back, settings=FEW)


@pytest.mark.parametrize("name", DRIVERS)
def test_the_desk_over_postgresql_does_what_the_model_foretells(name: str) -> None:
    run_desk_machine(DRIVERS[name].store, dispose=DRIVERS[name].put_back, settings=FEW)
