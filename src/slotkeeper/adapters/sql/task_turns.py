"""Turns of tasks: the same for an event loop, whose other tasks go on meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy.util import await_only

from slotkeeper.adapters.sql.turns import TOO_LONG, Turns
from slotkeeper.errors import RetryableError


class TaskTurn:
    """A turn that the tasks of one loop take, from within greenlets; a cancelled one leaves the queue."""

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget everybody."""
        self._lock = asyncio.Lock()
        self._owner: asyncio.Task[Any] | None = None
        self._depth = 0

    @contextmanager
    def taken(self, patience: float | None) -> Iterator[None]:
        """Wait for the turn, and give it on at the end of the block."""
        task = asyncio.current_task()
        if task is None or self._owner is not task:
            await_only(self._acquired(patience))
            self._owner = task
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if not self._depth:
                self._owner = None
                self._lock.release()

    async def _acquired(self, patience: float | None) -> None:
        try:
            async with asyncio.timeout(patience):
                await self._lock.acquire()
        except TimeoutError:
            raise RetryableError(TOO_LONG) from None


TASKS: Final[Turns[TaskTurn]] = Turns()
"""The queues of tasks, by event loop and database."""
