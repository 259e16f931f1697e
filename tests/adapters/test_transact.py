"""A host's work in one transaction of the store's kind, and tables that many processes make at once."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.adapters.servers import MARIADB, POSTGRESQL

from slotkeeper import (
    AsyncBookingDesk,
    BookingDesk,
    InvalidFieldError,
    Resource,
    RetryableError,
    Service,
    SlotTakenError,
)
from slotkeeper.adapters.sql import AsyncSqlStore, SqlStore, Tables

NOW = dt.datetime(2025, 10, 22, 8, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
FAULT = "a deadlock, say"
DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "mysql": "mysql+aiomysql"}


class Host:
    """A host's table beside the store's, in one set of metadata with a prefix of its own."""

    def __init__(self, url: sa.URL, prefix: str) -> None:
        self.url, self.prefix = url, prefix
        metadata = sa.MetaData()
        self.tables = Tables(metadata, prefix=prefix)
        self.notes = sa.Table(f"{prefix}notes", metadata, sa.Column("text", sa.String(80), primary_key=True))
        self.store = SqlStore.from_url(url, tables=self.tables)

    def texts(self) -> list[str]:
        with self.store.engine.connect() as connection:
            return sorted(connection.scalars(sa.select(self.notes.c.text)))

    def desk(self, connection: sa.Connection | None = None) -> BookingDesk:
        store = self.store if connection is None else SqlStore.on(connection, tables=self.tables)
        return BookingDesk(store, clock=lambda: NOW)


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def host(request: pytest.FixtureRequest, tmp_path: os.PathLike[str]) -> Iterator[Host]:
    urls = {"postgresql": lambda: POSTGRESQL.url, "mariadb": lambda: MARIADB.url}
    url = urls.get(request.param, lambda: f"sqlite:///{tmp_path}/host.sqlite3")()
    found = Host(sa.make_url(url), f"t{uuid4().hex[:8]}_")
    yield found
    found.tables.metadata.drop_all(found.store.engine)
    found.store.close()


def furnish(host: Host, connection: sa.Connection) -> None:
    if connection.scalar(sa.select(host.notes.c.text)) is None:
        connection.execute(host.notes.insert().values(text="first"))
        desk = host.desk(connection)
        desk.add_resource(Resource("bay"))
        desk.add_service(Service("wash", HOUR))


def made(host: Host) -> Host:
    host.store.create_all(host.notes, fill=lambda connection: furnish(host, connection))
    return host


def test_rows_of_the_host_and_a_booking_are_stored_together_or_not_at_all(host: Host) -> None:
    made(host)

    def work(text: str) -> None:
        def both(connection: sa.Connection) -> None:
            connection.execute(host.notes.insert().values(text=text))
            host.desk(connection).book("wash", NOW + HOUR)

        host.store.transact(both)

    work("kept")
    with pytest.raises(SlotTakenError):
        work("lost")
    assert host.texts() == ["first", "kept"]
    assert host.desk().find().total == 1


def test_the_whole_work_is_carried_out_anew_after_a_passing_fault(host: Host) -> None:
    made(host)
    times = []

    def work(connection: sa.Connection) -> int:
        times.append(1)
        connection.execute(host.notes.insert().values(text="once"))
        if len(times) < 3:
            raise RetryableError(FAULT)
        return len(times)

    assert host.store.transact(work) == 3
    assert host.texts() == ["first", "once"]


def test_what_is_read_within_can_be_decided_on(host: Host) -> None:
    made(host)

    def count_up(connection: sa.Connection) -> None:
        with SqlStore.on(connection, tables=host.tables).begin() as unit:
            unit.lock(["bay"])
        number = connection.scalar(sa.select(sa.func.count()).select_from(host.notes))
        connection.execute(host.notes.insert().values(text=f"number {number}"))

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(host.store.transact, count_up) for _ in range(12)]:
            done.result(60)
    assert len(host.texts()) == 13


def test_it_can_be_awaited(host: Host) -> None:
    made(host)

    async def both() -> list[str]:
        store = awaited_store(host)
        times = []

        async def work(connection: AsyncConnection) -> str:
            times.append(1)
            await connection.execute(host.notes.insert().values(text="kept"))
            if len(times) == 1:
                raise RetryableError(FAULT)
            desk = AsyncBookingDesk(AsyncSqlStore.on(connection, tables=host.tables), clock=lambda: NOW)
            return (await desk.book("wash", NOW + HOUR)).status

        try:
            return [await store.transact(work)]
        finally:
            await store.close()

    assert asyncio.run(both()) == ["confirmed"]
    assert host.texts() == ["first", "kept"]


# -- first rows ----------------------------------------------------------------------------------------------


def awaited_store(host: Host) -> AsyncSqlStore:
    url = host.url.set(drivername=DRIVERS[host.url.get_backend_name()])
    return AsyncSqlStore.from_url(url, tables=host.tables)


async def furnish_awaited(host: Host, connection: AsyncConnection) -> None:
    if await connection.scalar(sa.select(host.notes.c.text)) is None:
        await connection.execute(host.notes.insert().values(text="first"))
        await asyncio.sleep(0.01)
        desk = AsyncBookingDesk(AsyncSqlStore.on(connection, tables=host.tables), clock=lambda: NOW)
        await desk.add_resource(Resource("bay"))
        await desk.add_service(Service("wash", HOUR))


async def make_awaited(host: Host, fill: Any, times: int = 1) -> None:  # noqa: ANN401 - of every kind
    stores = [awaited_store(host) for _ in range(times)]
    try:
        await asyncio.gather(*(store.create_all(host.notes, fill=fill) for store in stores))
    finally:
        for store in stores:
            await store.close()


def test_of_many_that_start_at_once_one_fills_the_tables_and_awaits_it(host: Host) -> None:
    asyncio.run(make_awaited(host, partial(furnish_awaited, host), times=4))
    assert host.texts() == ["first"]
    assert host.desk().book("wash", NOW + HOUR).version == 1


def test_first_rows_that_need_no_waiting_get_a_plain_connection(host: Host) -> None:
    asyncio.run(make_awaited(host, partial(furnish, host)))
    assert host.texts() == ["first"]


def test_first_rows_that_fail_are_not_there(host: Host) -> None:
    async def fail(connection: AsyncConnection) -> None:
        await furnish_awaited(host, connection)
        raise ZeroDivisionError

    asyncio.run(make_awaited(host, None))
    with pytest.raises(ZeroDivisionError):
        asyncio.run(make_awaited(host, fail))
    assert host.texts() == []
    assert host.desk().resources() == []


def test_first_rows_that_nobody_would_await_are_refused(host: Host) -> None:
    disguised: Any = lambda connection: furnish_awaited(host, connection)  # noqa: E731 - it hides what it is
    with pytest.raises(InvalidFieldError, match="make it a coroutine function"):
        asyncio.run(make_awaited(host, disguised))
    with pytest.raises(InvalidFieldError, match="AsyncSqlStore awaits it"):
        host.store.create_all(host.notes, fill=disguised)
    with pytest.raises(InvalidFieldError, match="AsyncSqlStore takes it"):
        host.store.create_all(host.notes, fill=partial(furnish_awaited, host))
    host.store.create_all(host.notes)
    assert host.texts() == []


STARTING = """
import sys
import sqlalchemy as sa
sys.path.insert(0, sys.argv[3])
from tests.adapters.test_transact import Host, made
made(Host(sa.make_url(sys.argv[1]), sys.argv[2])).store.close()
"""
STARTING_AWAITED = """
import asyncio, functools, sys
import sqlalchemy as sa
sys.path.insert(0, sys.argv[3])
from tests.adapters.test_transact import Host, furnish_awaited, make_awaited
host = Host(sa.make_url(sys.argv[1]), sys.argv[2])
asyncio.run(make_awaited(host, functools.partial(furnish_awaited, host)))
"""


@pytest.mark.parametrize("program", [STARTING, STARTING_AWAITED], ids=["plain", "awaited"])
def test_of_many_processes_that_start_at_once_one_fills_the_tables(host: Host, program: str) -> None:
    url = host.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", program, url, host.prefix, str(Path.cwd())]
    starting = [subprocess.Popen(command) for _ in range(4)]
    assert [one.wait(60) for one in starting] == [0] * 4
    assert host.texts() == ["first"]
    assert len(host.desk().resources()) == 1
    host.store.check_schema()
