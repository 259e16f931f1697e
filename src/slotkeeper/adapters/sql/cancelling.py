"""Cancelling: a task that is cancelled ends between statements, not within one, where a database needs that.

A statement of SQLite's that is left alone goes on in its driver's thread. What its connection had locked may
stay locked then until the garbage collector finds it, and a database in memory is gone with its connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from sqlalchemy.util import greenlet_spawn

R = TypeVar("R")


class Call:
    """A call that is carried out in a task of its own, and whether it may be interrupted where it stands."""

    def __init__(self) -> None:
        self.connected = self.given_up = False

    def check(self) -> None:
        """Raise where nobody waits for the result any more, once: what tidies up after that goes on."""
        if self.given_up:
            self.given_up = False
            raise asyncio.CancelledError


_CALL: ContextVar[Call | None] = ContextVar("_CALL", default=None)


async def carried_out(work: Callable[[], R]) -> R:
    """Carry out work that knows no event loop; where the task is cancelled, let no statement go on behind."""
    call = Call()
    token = _CALL.set(call)
    task = asyncio.ensure_future(greenlet_spawn(work))
    _CALL.reset(token)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if call.connected:
            call.given_up = True
        else:
            task.cancel()
        await _ended(task)
        raise


@contextmanager
def connected() -> Iterator[None]:
    """Let nothing interrupt the block, which is to look for `still_wanted` where it can turn back."""
    call = _CALL.get() or Call()
    call.check()
    call.connected = True
    try:
        yield
    finally:
        call.connected = False


def still_wanted() -> None:
    """Raise `asyncio.CancelledError` where the task that waits for the result is cancelled."""
    (_CALL.get() or Call()).check()


async def _ended(task: Awaitable[object]) -> None:
    """Wait until a task has ended, however often the waiting one is cancelled, and drop how it ended."""
    future = asyncio.ensure_future(task)
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError:
            continue
    if not future.cancelled():
        future.exception()
