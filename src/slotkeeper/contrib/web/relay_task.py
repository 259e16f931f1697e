"""`RelayTask`: hands events on as soon as they are committed, as a task beside those that answer requests."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Final, Self

from slotkeeper.contrib.web.relay_thread import EVERY
from slotkeeper.desk.arguments import check_function, check_length
from slotkeeper.desk.async_desk import AnyNotifier, AsyncBookingDesk
from slotkeeper.domain.event import Event
from slotkeeper.errors import InvalidFieldError

_LOG: Final = logging.getLogger("slotkeeper")


class RelayTask:
    """Relays a desk's events in a task of its own, while a block runs, woken by whoever commits.

    It is a subscriber, too, as `RelayThread` is: a desk that has it among its own wakes it after each
    commit. Other events it finds by looking again and again.

    Args:
        notify: Told of each event, at least once, those of a booking in order; it may be a coroutine
            function.
        every: How long it waits before it looks again, also after it failed.

    Raises:
        InvalidFieldError: ``notify`` is no function, or the time not positive.
    """

    def __init__(self, notify: AnyNotifier, *, every: dt.timedelta = EVERY) -> None:
        check_function("notify", notify)
        check_length("every", every)
        self._notify, self._every = notify, every.total_seconds()
        self._wakers: list[Callable[[], object]] = []

    def __call__(self, event: Event, /) -> None:
        """Wake up."""
        del event
        self.wake()

    def wake(self) -> None:
        """Look at once; any thread may ask for it, and while nothing runs it does nothing."""
        for wake in tuple(self._wakers):
            wake()

    @asynccontextmanager
    async def running(self, desk: AsyncBookingDesk) -> AsyncIterator[Self]:
        """Relay what a desk records until the block ends; the desk's store must commit.

        At the end the task is cancelled. What was not taken by then waits in the outbox, and an event whose
        sending that cut short comes again.

        Raises:
            InvalidFieldError: The desk is not for event loops; `RelayThread` takes it.
        """
        if not isinstance(desk, AsyncBookingDesk):
            raise InvalidFieldError("desk", desk, "must be an AsyncBookingDesk; RelayThread takes others")
        woken = asyncio.Event()
        waker = partial(asyncio.get_running_loop().call_soon_threadsafe, woken.set)
        self._wakers.append(waker)
        task = asyncio.create_task(self._run(desk, woken), name="slotkeeper relay")
        try:
            yield self
        finally:
            self._wakers.remove(waker)
            task.cancel()
            await asyncio.wait([task])

    async def _run(self, desk: AsyncBookingDesk, woken: asyncio.Event) -> None:
        while True:
            woken.clear()
            try:
                while await desk.relay(self._notify):
                    pass
            except Exception:  # noqa: BLE001 - it is logged, and tried again
                _LOG.exception("the relay failed and goes on")
                await asyncio.sleep(self._every)
            else:
                await self._until(woken)

    async def _until(self, woken: asyncio.Event) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._every):
                await woken.wait()
