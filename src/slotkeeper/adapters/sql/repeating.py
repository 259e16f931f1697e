"""Repeating: a whole command again after a passing fault, a bounded number of times, at random intervals.

Pauses grow from a few milliseconds, since most faults are deadlocks that end within that time, and are drawn
at random, so that those who were in each other's way don't meet again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Final, TypeVar

from slotkeeper.errors import MissingExtraError, RetryableError

try:
    import stamina
except ModuleNotFoundError:
    raise MissingExtraError("stamina", "sql") from None

R = TypeVar("R")

ATTEMPTS: Final = 8
"""How often a command is carried out at most, unless a store is told otherwise."""

PACE: Final = {"timeout": 30.0, "wait_initial": 0.01, "wait_max": 1.0, "wait_jitter": 0.05}
"""In seconds: how long all attempts may take, the first pause, the longest, and what chance adds to each."""


def repeated(command: Callable[[], R], attempts: int) -> R:
    """Carry out a command until it does not end in a `RetryableError`, and return its result.

    Most commands succeed at once; only one that did not is handed on, with its fault as the first attempt.
    """
    try:
        return command()
    except RetryableError as error:
        met = [error]

    def again() -> R:
        if met:
            raise met.pop()
        return command()

    return _trying(attempts)(RetryableError, again)


@cache
def _trying(attempts: int) -> stamina.RetryingCaller:
    return stamina.RetryingCaller(attempts=attempts, **PACE)


async def repeated_awaiting(command: Callable[[], Awaitable[R]], attempts: int) -> R:
    """Do as `repeated` does without keeping the event loop from other tasks."""
    trying = stamina.AsyncRetryingCaller(attempts=attempts, **PACE)
    return await trying(RetryableError, command)
