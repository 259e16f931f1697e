"""The SQL store for event loops: tasks that race, are cancelled, or share the host's transaction."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, create_async_engine
from sqlalchemy.util import await_only as from_within
from sqlalchemy.util import greenlet_spawn
from tests.adapters.servers import POSTGRESQL
from tests.adapters.stores import remove_file, store_in_a_file

from slotkeeper import AsyncBookingDesk
from slotkeeper.adapters.sql import AsyncSqlStore, Tables
from slotkeeper.adapters.sql.task_turns import TaskTurn
from slotkeeper.domain.booking import Booking
from slotkeeper.domain.event import Event
from slotkeeper.domain.ids import Id
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.service import Service
from slotkeeper.errors import IdempotencyMismatchError, InvalidFieldError, MissingExtraError, SlotTakenError
from slotkeeper.testing.contract.samples import HOUR, NOW, at

NINE = at(9)
MANY = 24

Opened = Callable[[], AsyncSqlStore]
Work = Callable[[AsyncSqlStore, AsyncBookingDesk], Awaitable[None]]


@pytest.fixture(params=["memory", "file", "asyncpg", "psycopg"])
def opened(request: pytest.FixtureRequest) -> Iterator[Opened]:
    """A function that opens a store, of one loop, over the same empty tables each time."""
    if request.param == "memory":
        yield lambda: AsyncSqlStore.from_url("sqlite+aiosqlite://")
    elif request.param == "file":
        file = store_in_a_file()
        url = file.engine.url.set(drivername="sqlite+aiosqlite")
        yield lambda: AsyncSqlStore.from_url(url)
        remove_file(file)
    else:
        store = POSTGRESQL.store()
        url = sa.make_url(POSTGRESQL.url).set(drivername=f"postgresql+{request.param}")
        yield lambda: AsyncSqlStore.from_url(url, tables=store._tables)
        POSTGRESQL.put_back(store)


@asynccontextmanager
async def workshop(opened: Opened) -> AsyncIterator[tuple[AsyncSqlStore, AsyncBookingDesk]]:
    store = opened()
    try:
        await store.create_all()
        desk = a_desk(store)
        await desk.put_resource(Resource("bay"))
        await desk.put_service(Service("visit", HOUR))
        yield store, desk
    finally:
        await store.close()


def a_desk(store: Any) -> AsyncBookingDesk:  # noqa: ANN401 - any store for event loops
    return AsyncBookingDesk(store, clock=lambda: NOW)


def in_a_workshop(opened: Opened, work: Work) -> None:
    async def run() -> None:
        async with workshop(opened) as (store, desk):
            await work(store, desk)

    asyncio.run(asyncio.wait_for(run(), 60))


async def outcomes(calls: list[Awaitable[Booking]]) -> Counter[str]:
    results = await asyncio.gather(*calls, return_exceptions=True)
    return Counter(type(one).__name__ for one in results)


def test_of_many_tasks_one_gets_the_place(opened: Opened) -> None:
    async def work(_: AsyncSqlStore, desk: AsyncBookingDesk) -> None:
        seen = await outcomes([desk.book("visit", NINE, booking_id=number) for number in range(MANY)])
        assert seen == {"Booking": 1, "SlotTakenError": MANY - 1}
        assert (await desk.find()).total == 1

    in_a_workshop(opened, work)


def test_tasks_with_one_key_get_one_booking(opened: Opened) -> None:
    async def work(_: AsyncSqlStore, desk: AsyncBookingDesk) -> None:
        booked = await asyncio.gather(*(desk.book("visit", NINE, key="k") for _ in range(MANY)))
        assert len({one.id for one in booked}) == 1
        with pytest.raises(IdempotencyMismatchError):
            await desk.book("visit", NINE + HOUR, key="k")
        assert len(await desk.history(booked[0].id)) == 1

    in_a_workshop(opened, work)


def test_tasks_that_are_cancelled_leave_nothing_half_done(opened: Opened) -> None:
    async def work(_: AsyncSqlStore, desk: AsyncBookingDesk) -> None:
        tasks = [
            asyncio.ensure_future(desk.book("visit", NINE + number * HOUR, booking_id=number))
            for number in range(MANY)
        ]
        for pause, task in enumerate(tasks):
            await asyncio.sleep(0.001 * (pause % 4))
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(one, Booking | asyncio.CancelledError) for one in ended)
        there = {one.id for one in (await desk.find()).items}
        assert {one.id for one in ended if isinstance(one, Booking)} <= there
        for booking_id in there:
            assert [event.action for event in await desk.history(booking_id)] == ["book"]
        last = await desk.book("visit", NINE + 30 * HOUR)
        assert await desk.get(last.id) == last

    in_a_workshop(opened, work)


def test_a_relay_that_is_cancelled_has_noted_what_was_taken_and_keeps_nothing_else(opened: Opened) -> None:
    async def work(_: AsyncSqlStore, desk: AsyncBookingDesk) -> None:
        for number in range(3):
            await desk.book("visit", NINE + number * HOUR, booking_id=number)
        taken, waiting = list[Id](), asyncio.Event()

        async def receive(event: Event) -> None:
            if taken:
                waiting.set()
                await asyncio.Event().wait()
            taken.append(event.booking_id)

        relay = asyncio.ensure_future(desk.relay(receive))
        await waiting.wait()
        relay.cancel()
        with pytest.raises(asyncio.CancelledError):
            await relay
        assert await desk.relay(lambda event: taken.append(event.booking_id)) == 2
        assert taken == [0, 1, 2]

    in_a_workshop(opened, work)


def test_a_task_that_is_cancelled_while_it_waits_gives_its_place_up(opened: Opened) -> None:
    async def work(store: AsyncSqlStore, desk: AsyncBookingDesk) -> None:
        inside, leave = asyncio.Event(), asyncio.Event()

        def occupy(inner: Any) -> None:  # noqa: ANN401 - the synchronous side
            with inner.begin() as unit:
                unit.lock(["bay"])
                inside.set()
                store.wait(leave.wait())

        first = asyncio.ensure_future(store.run(occupy))
        await inside.wait()
        second = asyncio.ensure_future(desk.book("visit", NINE))
        await asyncio.sleep(0.05)
        assert not second.done()
        second.cancel()
        leave.set()
        await first
        with pytest.raises(asyncio.CancelledError):
            await second
        assert (await desk.book("visit", NINE)).version == 1

    in_a_workshop(opened, work)


# -- the host's transaction ----------------------------------------------------------------------------------


@pytest.fixture(params=["aiosqlite", "asyncpg", "psycopg"])
def server_url(request: pytest.FixtureRequest) -> Iterator[tuple[sa.URL, Tables]]:
    file = store_in_a_file()
    if request.param == "aiosqlite":
        yield file.engine.url.set(drivername="sqlite+aiosqlite"), Tables()
    else:
        store = POSTGRESQL.store()
        yield sa.make_url(POSTGRESQL.url).set(drivername=f"postgresql+{request.param}"), store._tables
        POSTGRESQL.put_back(store)
    remove_file(file)


def test_rows_of_the_host_and_bookings_share_its_transaction(server_url: tuple[sa.URL, Tables]) -> None:
    url, tables = server_url

    async def run() -> None:
        store = AsyncSqlStore.from_url(url, tables=tables)
        desk = a_desk(store)
        await desk.put_resource(Resource("bay"))
        await desk.put_service(Service("visit", HOUR))
        async with store.engine.connect() as connection:
            await _own(connection, tables).book("visit", NINE, booking_id="lost")
            await connection.rollback()
            await _own(connection, tables).book("visit", NINE, booking_id="kept")
            with pytest.raises(SlotTakenError):
                await _own(connection, tables).book("visit", NINE)
            await connection.execute(sa.update(tables.bookings).values(notes="the host's"))
            await connection.commit()
        async with AsyncSession(store.engine) as session:
            await _own(await session.connection(), tables).book("visit", NINE + HOUR, booking_id="session")
            await session.commit()
        there = (await desk.find()).items
        await store.close()
        assert [(one.id, one.notes) for one in there] == [("kept", "the host's"), ("session", "")]

    asyncio.run(run())


def _own(connection: AsyncConnection, tables: Tables) -> AsyncBookingDesk:
    return a_desk(AsyncSqlStore.on(connection, tables=tables))


# -- what is refused -----------------------------------------------------------------------------------------


def test_an_engine_for_threads_is_refused() -> None:
    engine: Any = sa.create_engine("sqlite://")
    with pytest.raises(InvalidFieldError, match="AsyncEngine"):
        AsyncSqlStore(engine)


def test_a_connection_that_is_not_open_is_refused() -> None:
    connection = create_async_engine("sqlite+aiosqlite://").connect()
    with pytest.raises(InvalidFieldError, match="open AsyncConnection"):
        AsyncSqlStore.on(connection)


def test_without_greenlet_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "greenlet", None)
    monkeypatch.delitem(sys.modules, "slotkeeper.adapters.sql.async_store")
    with pytest.raises(MissingExtraError) as missing:
        importlib.import_module("slotkeeper.adapters.sql.async_store")
    assert missing.value.extra == "async"


# -- turns ---------------------------------------------------------------------------------------------------


def test_tasks_take_turns_in_the_order_in_which_they_came() -> None:
    order: list[str] = []

    async def run() -> None:
        turn = TaskTurn()

        def take(number: int) -> None:
            with turn.taken(None), turn.taken(None):
                order.append(f"in {number}")
                from_within(asyncio.sleep(0.001))
                order.append(f"out {number}")

        await asyncio.gather(*(greenlet_spawn(take, number) for number in range(5)))

    asyncio.run(run())
    assert order == [f"{step} {number}" for number in range(5) for step in ("in", "out")]


def test_a_turn_is_given_on_when_a_task_fails_or_gives_up() -> None:
    async def run() -> None:
        turn = TaskTurn()

        def take(pause: float) -> None:
            with turn.taken(None):
                from_within(asyncio.sleep(pause))
                raise OSError

        tasks = [asyncio.ensure_future(greenlet_spawn(take, pause)) for pause in (0.01, 10, 10, 0)]
        await asyncio.sleep(0)
        tasks[2].cancel()
        await asyncio.sleep(0.05)
        tasks[1].cancel()
        ended = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
        assert [type(one) for one in ended] == [
            OSError,
            asyncio.CancelledError,
            asyncio.CancelledError,
            OSError,
        ]

    asyncio.run(run())
