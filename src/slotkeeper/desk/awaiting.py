"""Awaiting: where nobody awaits, what must be awaited is refused, lest it never runs and counts as done."""

from __future__ import annotations

from collections.abc import Callable
from inspect import isawaitable, iscoroutine, iscoroutinefunction
from typing import cast

from slotkeeper.domain.event import Event
from slotkeeper.errors import InvalidFieldError
from slotkeeper.ports import Notifier


def is_asynchronous(function: object) -> bool:
    """Tell whether it is known, before it is called, that what a function returns must be awaited.

    >>> async def greet() -> None: ...
    >>> is_asynchronous(greet), is_asynchronous(print)
    (True, False)
    """
    return iscoroutinefunction(function) or iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def check_plain(field: str, function: object, instead: str) -> None:
    """Raise `InvalidFieldError` where a function is a coroutine function; ``instead`` takes such ones."""
    if is_asynchronous(function):
        raise InvalidFieldError(field, function, f"must not be a coroutine function; {instead} takes it")


def check_result(field: str, result: object, asked: object, instead: str) -> None:
    """Raise `InvalidFieldError` where what ``asked`` returned must be awaited, and say what to do instead."""
    if not isawaitable(result):
        return
    if iscoroutine(result):
        result.close()
    raise InvalidFieldError(field, asked, f"must not return what is to be awaited; {instead}")


def told(notify: Notifier, event: Event) -> object:
    """Tell somebody of an event, and return what `check_taken` is to look at."""
    return cast("Callable[[Event], object]", notify)(event)


def check_taken(notify: Notifier, result: object) -> None:
    """Raise `InvalidFieldError` where an event is taken only once what its receiver returned is awaited."""
    check_result("notify", result, notify, "AsyncBookingDesk awaits it")
