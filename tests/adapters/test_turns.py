"""Writers to one SQLite database within a process are served in the order in which they came."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import FrameType

import pytest
import sqlalchemy as sa
from tests.adapters.stores import remove_file, store_in_a_file, store_in_memory

from slotkeeper.adapters.sql import AsyncSqlStore, SqlStore, configure_sqlite
from slotkeeper.adapters.sql.turns import THREADS, ThreadTurn
from slotkeeper.domain.resource import Resource
from slotkeeper.errors import InvalidFieldError, RetryableError
from slotkeeper.ports import Store

PATIENCE = 20
MANY = 16


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    if request.param == "memory":
        with closing(store_in_memory()) as made:
            yield made
    else:
        made = store_in_a_file()
        yield made
        remove_file(made)


@pytest.fixture
def in_a_file() -> Iterator[SqlStore]:
    made = store_in_a_file()
    yield made
    remove_file(made)


def turn_of(store: SqlStore) -> ThreadTurn:
    with store.begin():
        turn = store._turn_held
    assert isinstance(turn, ThreadTurn)
    return turn


def until(happened: Callable[[], bool]) -> None:
    """Wait until something has happened that another thread does."""
    for _ in range(PATIENCE * 1000):
        if happened():
            return
        threading.Event().wait(0.001)
    raise TimeoutError


@contextmanager
def queue_of(store: SqlStore, works: list[Callable[[], object]]) -> Iterator[list[Future[object]]]:
    """Have threads queue up one after the other while this one has the turn; the block is still in it."""
    turn = turn_of(store)
    with ThreadPoolExecutor(len(works)) as pool:
        with store.begin():
            queued = []
            for number, work in enumerate(works, 1):
                queued.append(pool.submit(work))
                until(lambda number=number: turn.waiting == number)  # type: ignore[misc]
            yield queued
        for one in queued:
            one.exception(PATIENCE)


def test_threads_are_served_in_the_order_in_which_they_came(store: SqlStore) -> None:
    served: list[int] = []

    def write(number: int) -> Callable[[], None]:
        def work() -> None:
            with store.begin() as unit:
                served.append(number)
                unit.resources.put(Resource(number))

        return work

    with queue_of(store, [write(number) for number in range(MANY)]) as queued:
        assert served == []
    assert [one.exception() for one in queued] == [None] * MANY
    assert served == list(range(MANY))
    with store.begin(write=False) as unit:
        assert [one.id for one in unit.resources.all()] == list(range(MANY))


def test_stores_over_one_file_share_its_queue_however_they_call_it(
    in_a_file: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(str(in_a_file.engine.url.database))
    link = tmp_path / "link.sqlite3"
    link.symlink_to(path)
    monkeypatch.chdir(path.parent)
    names = [path.name, str(link), f"file:{path}?uri=true", f"file:{path.name}?mode=rw&uri=true"]
    with ExitStack() as stack:
        others = [stack.enter_context(closing(SqlStore.from_url(f"sqlite:///{name}"))) for name in names]
        assert {id(turn_of(one)) for one in others} == {id(turn_of(in_a_file))}


def test_other_files_and_other_databases_in_memory_have_queues_of_their_own() -> None:
    files, memories = [store_in_a_file() for _ in range(2)], [store_in_memory() for _ in range(2)]
    assert len({id(turn_of(one)) for one in (*files, *memories)}) == len((*files, *memories))
    for one in files:
        remove_file(one)
    for other in memories:
        other.close()


def test_stores_that_share_one_connection_share_its_queue() -> None:
    with closing(store_in_memory()) as one:
        assert turn_of(SqlStore(one.engine)) is turn_of(one)


def test_a_queue_ends_with_the_last_store_that_has_it() -> None:
    gc.collect()
    before = len(THREADS)
    store = store_in_a_file()
    turn_of(store)
    assert len(THREADS) == before + 1
    remove_file(store)
    del store
    gc.collect()
    assert len(THREADS) == before


def test_readers_of_a_file_do_not_queue(in_a_file: SqlStore) -> None:
    def read() -> None:
        with in_a_file.begin(write=False) as unit:
            unit.resources.all()

    with ThreadPoolExecutor(1) as pool, in_a_file.begin():
        pool.submit(read).result(PATIENCE)


def test_a_unit_of_work_in_the_transaction_of_a_host_does_not_queue(in_a_file: SqlStore) -> None:
    with turn_of(in_a_file).taken(None), ThreadPoolExecutor(1) as pool:

        def write() -> None:
            with in_a_file.engine.connect() as connection:
                with SqlStore.on(connection).begin() as unit:
                    unit.resources.put(Resource("bay"))
                connection.commit()

        pool.submit(write).result(PATIENCE)


def impatient(store: SqlStore) -> SqlStore:
    """A store over the same file, whose connections wait for it next to no time."""
    engine = sa.create_engine(store.engine.url)
    configure_sqlite(engine)
    sa.event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA busy_timeout = 10").close())
    return SqlStore(engine)


def test_who_waits_for_the_turn_longer_than_for_the_file_is_told_and_leaves(in_a_file: SqlStore) -> None:
    with closing(impatient(in_a_file)) as hasty:
        turn = turn_of(hasty)
        assert hasty._patience == 0.01

        def write() -> None:
            with hasty.begin():
                pass

        with ThreadPoolExecutor(1) as pool:
            with in_a_file.begin(), pytest.raises(RetryableError, match="had the turn"):
                pool.submit(write).result(PATIENCE)
            assert turn.waiting == 0
            pool.submit(write).result(PATIENCE)


def test_a_unit_of_work_within_another_waits_for_the_file_and_not_for_its_own_turn(
    in_a_file: SqlStore,
) -> None:
    with closing(impatient(in_a_file)) as hasty:
        turn_of(hasty)
        with in_a_file.begin(), pytest.raises(RetryableError, match="database is locked"), hasty.begin():
            pass
        with hasty.begin():
            pass


def test_a_unit_of_work_within_another_on_one_connection_is_refused_at_once() -> None:
    with closing(store_in_memory()) as store:
        turn_of(store)
        with store.begin(), pytest.raises(InvalidFieldError), store.begin():
            pass
        with store.begin():
            pass


def test_a_thread_that_fails_gives_its_turn_on(store: SqlStore) -> None:
    def fail() -> None:
        with store.begin():
            raise ZeroDivisionError

    def write() -> None:
        with store.begin() as unit:
            unit.resources.put(Resource("bay"))

    with queue_of(store, [fail, fail, write]) as queued:
        pass
    assert [type(one.exception()) for one in queued] == [ZeroDivisionError, ZeroDivisionError, type(None)]


class Interrupted(Exception):  # noqa: N818 - it is no error but what a signal does
    """What a signal's handler raises in a thread that waits."""


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="the system has no such signals")
def test_a_thread_that_is_interrupted_while_it_waits_leaves_the_queue(store: SqlStore) -> None:
    turn = turn_of(store)
    taken, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with store.begin():
            taken.set()
            go_on.wait(PATIENCE)

    def interrupt() -> None:
        until(lambda: turn.waiting == 1)
        os.kill(os.getpid(), signal.SIGUSR1)

    def raising(_signal: int, _frame: FrameType | None) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGUSR1, raising)
    try:
        with ThreadPoolExecutor(2) as pool:
            holding = pool.submit(hold)
            taken.wait(PATIENCE)
            interrupting = pool.submit(interrupt)
            with pytest.raises(Interrupted), store.begin():
                pass
            assert turn.waiting == 0
            go_on.set()
            holding.result(PATIENCE)
            interrupting.result(PATIENCE)
    finally:
        signal.signal(signal.SIGUSR1, before)
    with store.begin():
        pass


FORKING = """
import os, sys, threading
from slotkeeper.adapters.sql import SqlStore

store = SqlStore.from_url(sys.argv[1])
taken, done = threading.Event(), threading.Event()

def hold():
    with store._queue(store._queued_for).taken(None):
        taken.set()
        done.wait()

other = threading.Thread(target=hold)
other.start()
taken.wait()
child = os.fork()
if not child:
    with store.begin() as unit:
        unit.resources.all()
    os._exit(0)
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
done.set()
other.join()
sys.exit(code)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system forks no processes")
def test_a_forked_process_does_not_wait_for_threads_that_it_has_not(in_a_file: SqlStore) -> None:
    url = in_a_file.engine.url.render_as_string()
    subprocess.run([sys.executable, "-W", "ignore", "-c", FORKING, url], check=True, timeout=PATIENCE)


# -- tasks ---------------------------------------------------------------------------------------------------


def put(number: int, served: list[int]) -> Callable[[Store], None]:
    def work(store: Store) -> None:
        with store.begin() as unit:
            served.append(number)
            unit.resources.put(Resource(number))

    return work


@contextmanager
def address(kind: str) -> Iterator[str]:
    if kind == "memory":
        yield "sqlite+aiosqlite://"
    else:
        file = store_in_a_file()
        yield f"sqlite+aiosqlite:///{file.engine.url.database}"
        remove_file(file)


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_tasks_are_served_in_the_order_in_which_they_came_and_a_cancelled_one_leaves(kind: str) -> None:
    served: list[int] = []

    async def run(url: str) -> None:
        store, other = AsyncSqlStore.from_url(url), AsyncSqlStore.from_url(url)
        if kind == "memory":
            other = AsyncSqlStore(store.engine)
        await store.create_all()
        both = (store, other)
        tasks = [asyncio.create_task(both[number % 2].run(put(number, served))) for number in range(MANY)]
        await asyncio.sleep(0)
        gone = [tasks[number] for number in (3, 4, MANY - 1)]
        for one in gone:
            one.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert [task for task, end in zip(tasks, ended, strict=True) if end is not None] == gone
        assert all(one.cancelled() for one in gone)
        await store.close()
        await other.close()

    with address(kind) as url:
        asyncio.run(asyncio.wait_for(run(url), PATIENCE))
    assert served == [number for number in range(MANY) if number not in {3, 4, MANY - 1}]


def test_a_task_that_waits_too_long_for_its_turn_is_told() -> None:
    async def run(url: str) -> None:
        store = AsyncSqlStore.from_url(url)
        started, go_on = asyncio.Event(), asyncio.Event()

        def hold(inner: Store) -> None:
            with inner.begin():
                started.set()
                store.wait(go_on.wait())

        await store.run(put(0, []))
        store._inner._patience = 0.01
        holding = asyncio.create_task(store.run(hold))
        await started.wait()
        with pytest.raises(RetryableError, match="had the turn"):
            await store.run(put(1, []))
        go_on.set()
        await holding
        await store.run(put(2, []))
        await store.close()

    with address("file") as url:
        asyncio.run(asyncio.wait_for(run(url), PATIENCE))
