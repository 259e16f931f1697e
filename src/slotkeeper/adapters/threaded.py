"""`ThreadedStore`: any store for an event loop, its work done in threads.

It serves stores that know nothing of event loops: the one in memory, in the tests of a host, and those that
others have written. A database with an asynchronous driver is better served by a store of its own. `asyncio`
is imported when it is used, as it is a fifth of all that ``import slotkeeper`` would load.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar

from slotkeeper.ports import Store

if TYPE_CHECKING:
    import asyncio

R = TypeVar("R")

_LOOP: ContextVar[asyncio.AbstractEventLoop] = ContextVar("_LOOP")


class ThreadedStore:
    """An `AsyncStore` over a store that may be shared between threads.

    A task that is cancelled leaves its thread to finish: the command is then carried out whole, unseen.

    Args:
        store: What is worked with in the threads.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def run(self, work: Callable[[Store], R], /) -> R:
        """Carry out work in another thread."""
        import asyncio  # noqa: PLC0415 - only who has an event loop needs it

        _LOOP.set(asyncio.get_running_loop())
        return await asyncio.to_thread(work, self._store)

    def wait(self, awaitable: Awaitable[R], /) -> R:
        """Return what an awaitable gives, awaited in the loop that the work was begun from."""
        import asyncio  # noqa: PLC0415 - as above

        return asyncio.run_coroutine_threadsafe(_given(awaitable), _LOOP.get()).result()


async def _given(awaitable: Awaitable[R]) -> R:
    return await awaitable
