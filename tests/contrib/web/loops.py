"""A desk for event loops over a store in memory, and loops to run it in."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from slotkeeper import AsyncBookingDesk, MemoryStore, Resource, Service, ThreadedStore

R = TypeVar("R")

NOW = dt.datetime(2025, 10, 22, 8, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def an_async_desk(**options: Any) -> AsyncBookingDesk:  # noqa: ANN401 - those of a desk
    return AsyncBookingDesk(ThreadedStore(MemoryStore()), **{"clock": lambda: NOW, **options})


def in_a_loop(work: Callable[[AsyncBookingDesk], Awaitable[R]], **options: Any) -> R:  # noqa: ANN401 - the same
    """Carry out work with a desk that offers a wash."""

    async def run() -> R:
        desk = an_async_desk(**options)
        await desk.add_resource(Resource("bay"))
        await desk.add_service(Service("wash", HOUR))
        return await work(desk)

    return asyncio.run(asyncio.wait_for(run(), 60))
