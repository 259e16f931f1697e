"""The relay of an event loop: woken by commits, looking again, going on after failures, cancelled cleanly."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.contrib.web.loops import HOUR, NOW, an_async_desk, in_a_loop

from slotkeeper import (
    AsyncBookingDesk,
    BookingDesk,
    Event,
    InvalidFieldError,
    MemoryStore,
    Resource,
    RetryableError,
    Service,
)
from slotkeeper.adapters.sql import AsyncSqlStore
from slotkeeper.contrib.web import RelayTask, RelayThread

SOON = dt.timedelta(milliseconds=5)
NAME = "slotkeeper relay"
NEVER = dt.timedelta(hours=1)


class Heard:
    """A receiver that is awaited, and tells when it has heard so many events."""

    def __init__(self) -> None:
        self.actions = list[str]()
        self._more = asyncio.Event()

    async def __call__(self, event: Event) -> None:
        await asyncio.sleep(0)
        self.actions.append(event.action)
        self._more.set()

    async def several(self, count: int) -> list[str]:
        while len(self.actions) < count:
            self._more.clear()
            await self._more.wait()
        return self.actions


@asynccontextmanager
async def on_sqlite(relay: RelayTask) -> AsyncIterator[AsyncBookingDesk]:
    store = AsyncSqlStore.from_url("sqlite+aiosqlite://")
    await store.create_all()
    yield AsyncBookingDesk(store, clock=lambda: NOW, subscribers=[relay])
    await store.close()


@asynccontextmanager
async def in_memory(relay: RelayTask) -> AsyncIterator[AsyncBookingDesk]:
    yield an_async_desk(subscribers=[relay])


@pytest.mark.parametrize("opened", [on_sqlite, in_memory])
def test_each_commit_of_the_desk_wakes_it(opened: Callable[[RelayTask], Any]) -> None:
    async def run() -> list[str]:
        heard = Heard()
        relay = RelayTask(heard, every=NEVER)
        async with opened(relay) as desk, relay.running(desk) as running:
            assert running is relay
            await desk.add_resource(Resource("bay"))
            await desk.add_service(Service("wash", HOUR))
            booking = await desk.book("wash", NOW + HOUR)
            await heard.several(1)
            await desk.cancel(booking.id)
            return await heard.several(2)

    assert asyncio.run(asyncio.wait_for(run(), 60)) == ["book", "cancel"]


def test_what_others_commit_is_found_by_looking_again_or_by_waking_it() -> None:
    async def work(desk: AsyncBookingDesk) -> None:
        heard = Heard()
        async with RelayTask(heard, every=SOON).running(desk):
            await desk.book("wash", NOW + HOUR, booking_id=1)
            await heard.several(1)
        relay = RelayTask(heard, every=NEVER)
        relay.wake()
        async with relay.running(desk):
            await asyncio.sleep(0.05)
            await desk.cancel(1)
            await asyncio.to_thread(relay.wake)
            assert await heard.several(2) == ["book", "cancel"]

    in_a_loop(work)


class Counted(AsyncBookingDesk):
    """A desk that counts how often it is asked to relay, and fails at first."""

    asked, failures = 0, 0

    async def relay(self, *args: Any, **kwargs: Any) -> int:  # noqa: ANN401 - those of the desk
        self.asked += 1
        if self.asked <= self.failures:
            raise RetryableError("gone")
        return await super().relay(*args, **kwargs)


def counted(desk: AsyncBookingDesk, failures: int = 0) -> Counted:
    found = Counted(desk.store, clock=desk.clock)
    found.failures = failures
    return found


def test_it_does_not_spin_while_there_is_nothing_to_do() -> None:
    async def work(desk: AsyncBookingDesk) -> None:
        idle = counted(desk)
        async with RelayTask(Heard()).running(idle):
            await asyncio.sleep(0.3)
        assert idle.asked == 1

    in_a_loop(work)


def test_after_a_failure_it_is_logged_and_goes_on_after_a_pause(caplog: pytest.LogCaptureFixture) -> None:
    async def work(desk: AsyncBookingDesk) -> None:
        heard, failing = Heard(), counted(desk, failures=2)
        relay = RelayTask(heard, every=dt.timedelta(milliseconds=100))
        await desk.book("wash", NOW + HOUR)
        begun = asyncio.get_running_loop().time()
        async with relay.running(failing):
            for _ in range(20):  # no wake cuts the pause short
                relay.wake()
                await asyncio.sleep(0)
            assert await heard.several(1) == ["book"]
        assert asyncio.get_running_loop().time() - begun > 0.19

    in_a_loop(work)
    assert [record.levelname for record in caplog.records] == ["ERROR"] * 2
    assert "goes on" in caplog.text


def test_what_the_end_of_the_block_cuts_short_comes_again() -> None:
    async def run() -> list[str]:
        hanging = asyncio.Event()

        async def hang(_: Event) -> None:
            hanging.set()
            await asyncio.Event().wait()

        async with on_sqlite(RelayTask(hang)) as desk:
            await desk.add_resource(Resource("bay"))
            await desk.add_service(Service("wash", HOUR))
            await desk.book("wash", NOW + HOUR)
            async with RelayTask(hang).running(desk):
                await hanging.wait()
            assert NAME not in {task.get_name() for task in asyncio.all_tasks()}
            heard = Heard()
            async with RelayTask(heard).running(desk):
                return await heard.several(1)

    assert asyncio.run(asyncio.wait_for(run(), 60)) == ["book"]


def test_it_ends_with_a_task_that_is_cancelled_or_fails() -> None:
    async def work(desk: AsyncBookingDesk) -> None:
        async def serve() -> None:
            async with RelayTask(Heard()).running(desk):
                await asyncio.Event().wait()

        serving = asyncio.create_task(serve())
        await asyncio.sleep(0.02)
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        with pytest.raises(ZeroDivisionError):
            async with RelayTask(Heard()).running(desk):
                raise ZeroDivisionError
        assert NAME not in {task.get_name() for task in asyncio.all_tasks()}

    in_a_loop(work)


# -- the wrong relay for a desk ------------------------------------------------------------------------------


def test_the_thread_refuses_a_desk_for_event_loops_and_the_task_one_for_threads() -> None:
    awaited: Any = an_async_desk()
    plain: Any = BookingDesk(MemoryStore())
    with pytest.raises(InvalidFieldError, match="RelayTask takes"):
        RelayThread(lambda _: None).start(awaited)

    async def run() -> None:
        with pytest.raises(InvalidFieldError, match="RelayThread takes"):
            async with RelayTask(lambda _: None).running(plain):
                raise NotImplementedError

    asyncio.run(run())


def test_the_thread_refuses_a_receiver_that_must_be_awaited() -> None:
    async def notify(_: Event) -> None:
        """Take no notice."""

    wrong: Any = notify
    with pytest.raises(InvalidFieldError, match="RelayTask takes it"):
        RelayThread(wrong)


@pytest.mark.parametrize("wrong", [{"notify": 7}, {"every": dt.timedelta(0)}])
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidFieldError):
        RelayTask(**{"notify": lambda _: None, **wrong})
