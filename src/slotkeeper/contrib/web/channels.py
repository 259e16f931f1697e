"""Channels: who may listen to what names such as ``bookings:7`` stand for.

What sends the messages, a socket server or a queue, is the application's; `Fanout` gives it what to send.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from inspect import isawaitable
from typing import Final, TypeAlias

import attrs

from slotkeeper.desk.awaiting import check_plain, check_result
from slotkeeper.domain.actor import Actor
from slotkeeper.errors import ForbiddenError, NotFoundError

MayListen: TypeAlias = Callable[[Actor, int], bool]
"""Tells whether an actor may listen to what one number names; only ``True`` says so."""

MayListenAwaited: TypeAlias = Callable[[Actor, int], bool | Awaitable[bool]]
"""The same, and what it returns may have to be awaited."""

_FIELD: Final = "Channels.listeners"
_INSTEAD: Final = "AsyncChannels"


@attrs.frozen
class Channels:
    """Who may listen to which channel.

    Args:
        listeners: For each kind of channel, what comes before the colon, who may listen. One that raises
            `NotFoundError`, as ``desk.get`` does, says no.

    Raises:
        InvalidFieldError: A listener is a coroutine function; `AsyncChannels` takes it.

    >>> Channels({"user": lambda actor, number: actor.id == number}).check("user:7", Actor(7))
    'user:7'
    """

    listeners: Mapping[str, MayListen] = attrs.field(hash=False)

    @listeners.validator
    def _answer_at_once(self, _: object, listeners: Mapping[str, MayListen]) -> None:
        for may in listeners.values():
            check_plain(_FIELD, may, _INSTEAD)

    def check(self, name: object, actor: Actor) -> str:
        """Return the channel's name in its plain form.

        Raises:
            ForbiddenError: There is no such channel, nothing has that number, or the actor may not listen;
                all are told alike.
            InvalidFieldError: The listener returned what must be awaited.
        """
        kind, number = _read(name)
        may = self.listeners.get(kind)
        if number is not None and may is not None and self._allows(may, actor, number):
            return f"{kind}:{number}"
        raise _refused(actor)

    def _allows(self, may: MayListen, actor: Actor, number: int) -> bool:
        try:
            answer = may(actor, number)
        except NotFoundError:
            return False
        check_result(_FIELD, answer, may, f"{_INSTEAD} awaits it")
        return answer is True


@attrs.frozen
class AsyncChannels:
    """What `Channels` is, for an event loop: listeners may be coroutine functions.

    >>> import asyncio
    >>> async def own(actor: Actor, number: int) -> bool:
    ...     return actor.id == number
    >>> asyncio.run(AsyncChannels({"user": own}).check("user:7", Actor(7)))
    'user:7'
    """

    listeners: Mapping[str, MayListenAwaited] = attrs.field(hash=False)

    async def check(self, name: object, actor: Actor) -> str:
        """Return the channel's name in its plain form.

        Raises:
            ForbiddenError: As for `Channels.check`.
        """
        kind, number = _read(name)
        may = self.listeners.get(kind)
        if number is not None and may is not None and await _allowed(may, actor, number):
            return f"{kind}:{number}"
        raise _refused(actor)


async def _allowed(may: MayListenAwaited, actor: Actor, number: int) -> bool:
    try:
        answer = may(actor, number)
        return (await answer if isawaitable(answer) else answer) is True
    except NotFoundError:
        return False


def _read(name: object) -> tuple[str, int | None]:
    """Return the kind and the number that a channel's name consists of; None where there is no number."""
    kind, _, number = name.partition(":") if isinstance(name, str) else ("", "", "")
    return kind, int(number) if _is_number(number) else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18  # noqa: PLR2004 - what 64 bits hold for sure


def _refused(actor: Actor) -> ForbiddenError:
    return ForbiddenError(actor.id, "listen", [])
