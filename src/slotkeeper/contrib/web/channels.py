"""Channels: which events are told to whom, under names such as ``bookings:7``, and who may listen.

What sends the messages, a socket server or a queue, is the application's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

import attrs

from slotkeeper.domain.actor import Actor
from slotkeeper.domain.event import Event
from slotkeeper.errors import ForbiddenError

MayListen: TypeAlias = Callable[[Actor, int], bool]
"""Tells whether an actor may listen to what one number names."""


@attrs.frozen
class Message:
    """What is told on a channel."""

    channel: str
    event: str
    payload: Mapping[str, Any] = attrs.field(factory=dict, hash=False)


Channel: TypeAlias = Callable[[Event], Iterable[Message]]
"""What an event of the desk is told as."""


@attrs.frozen
class Fanout:
    """A notifier that tells each event on every channel that it concerns.

    Give it to `BookingDesk.relay`: what a sender raises has the event delivered again.

    Args:
        send: Sends one message; it may be sent again.
        channels: What events are told as.
    """

    send: Callable[[Message], object]
    channels: tuple[Channel, ...] = attrs.field(converter=tuple[Channel, ...])

    def __call__(self, event: Event, /) -> None:
        """Tell of an event."""
        for channel in self.channels:
            for message in channel(event):
                self.send(message)


@attrs.frozen
class Channels:
    """Who may listen to which channel.

    Args:
        listeners: For each kind of channel, what comes before the colon, who may listen.

    >>> Channels({"user": lambda actor, number: actor.id == number}).check("user:7", Actor(7))
    'user:7'
    """

    listeners: Mapping[str, MayListen] = attrs.field(hash=False)

    def check(self, name: object, actor: Actor) -> str:
        """Return the channel's name in its plain form.

        Raises:
            ForbiddenError: There is no such channel, or the actor may not listen; the two are told alike.
        """
        kind, _, number = name.partition(":") if isinstance(name, str) else ("", "", "")
        may = self.listeners.get(kind)
        if may is None or not _is_number(number) or not may(actor, int(number)):
            raise ForbiddenError(actor.id, "listen", [])
        return f"{kind}:{int(number)}"


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18  # noqa: PLR2004 - what 64 bits hold for sure
