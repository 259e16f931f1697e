"""A portal: what knows no event loop, such as the contract, uses an asynchronous store through it.

One loop runs in a thread of its own. Each call of a unit of work is a task there, so that threads which wait
for each other's locks are tasks which do.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar, cast

from slotkeeper.adapters.sql.async_store import AsyncHostedStore, AsyncSqlStore
from slotkeeper.ports import Store, UnitOfWork

R = TypeVar("R")
REPOSITORIES = ("resources", "services", "bookings", "timeslots", "outbox", "keys", "hits")


@cache
def loop() -> asyncio.AbstractEventLoop:
    """Return the loop, which ends with the process."""
    made = asyncio.new_event_loop()
    threading.Thread(target=made.run_forever, daemon=True).start()
    return made


def waited(coroutine: Coroutine[Any, Any, R]) -> R:
    """Run a coroutine in the loop, and wait for it."""
    return asyncio.run_coroutine_threadsafe(coroutine, loop()).result(60)


def through(store: AsyncSqlStore | AsyncHostedStore, work: Callable[[Store], R]) -> R:
    """Do some work with an asynchronous store, and wait for it."""
    return waited(store.run(work))


class PortalStore:
    """A `Store` whose every step is a task over an asynchronous one."""

    def __init__(self, store: AsyncSqlStore | AsyncHostedStore) -> None:
        self.inner = store
        self.commits: bool = through(store, lambda inner: inner.commits)

    @contextmanager
    def begin(self, *, write: bool = True) -> Iterator[UnitOfWork]:
        block = through(self.inner, lambda inner: inner.begin(write=write))
        unit = through(self.inner, lambda _: block.__enter__())
        try:
            yield cast("UnitOfWork", _Far(self.inner, unit))
        except BaseException as error:
            caught = error
            if not through(self.inner, lambda _: block.__exit__(type(caught), caught, caught.__traceback__)):
                raise
        else:
            through(self.inner, lambda _: block.__exit__(None, None, None))


class _Far:
    """An object whose methods are called in the loop."""

    def __init__(self, store: AsyncSqlStore | AsyncHostedStore, near: object) -> None:
        self._store, self._near = store, near

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever is there
        found = getattr(self._near, name)
        if name in REPOSITORIES:
            return _Far(self._store, found)

        def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - those of the method
            return through(self._store, lambda _: found(*args, **kwargs))

        return call
