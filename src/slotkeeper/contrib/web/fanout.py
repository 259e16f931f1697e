"""Fanout: what an event of the desk is told as, on every channel that it concerns."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from inspect import isawaitable
from typing import Any, TypeAlias

import attrs

from slotkeeper.desk.awaiting import is_asynchronous
from slotkeeper.domain.event import Event


@attrs.frozen
class Message:
    """What is told on a channel."""

    channel: str
    event: str
    payload: Mapping[str, Any] = attrs.field(factory=dict, hash=False)


Channel: TypeAlias = Callable[[Event], Iterable[Message] | Awaitable[Iterable[Message]]]
"""What an event of the desk is told as."""


@attrs.frozen
class Fanout:
    """A notifier that tells each event on every channel that it concerns.

    Give it to `BookingDesk.relay`: what a sender raises has the event delivered again. With a sender or a
    channel that is a coroutine function it is for `AsyncBookingDesk.relay`, which awaits one message after
    the other; a `BookingDesk` refuses it then, and the events stay in the outbox.

    Args:
        send: Sends one message; it may be sent again.
        channels: What events are told as.
    """

    send: Callable[[Message], object]
    channels: tuple[Channel, ...] = attrs.field(converter=tuple[Channel, ...])

    def __call__(self, event: Event, /) -> Any:  # noqa: ANN401 - a notifier of both kinds of desk
        """Tell of an event; where sending must be awaited, what is returned must be."""
        steps = self._steps(event)
        first = next(steps, None)
        return _awaited(steps, first) if first is not None or self._is_asynchronous else None

    @property
    def _is_asynchronous(self) -> bool:
        """Whether something must be awaited even where there is nothing to tell."""
        return any(map(is_asynchronous, (self.send, *self.channels)))

    def _steps(self, event: Event) -> Generator[Awaitable[Any], Any, None]:
        """Send all messages, and hand out what must be awaited before it goes on."""
        for channel in self.channels:
            found = channel(event)
            for message in (yield found) if isawaitable(found) else found:
                sending = self.send(message)
                if isawaitable(sending):
                    yield sending


async def _awaited(steps: Generator[Awaitable[Any], Any, None], waiting: Awaitable[Any] | None) -> None:
    while waiting is not None:
        result = await waiting
        try:
            waiting = steps.send(result)
        except StopIteration:
            waiting = None
