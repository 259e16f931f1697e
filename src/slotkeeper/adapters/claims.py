"""Claims: which of the events that are free one relay takes at a time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import attrs

from slotkeeper.domain.delivery import Delivery

PARKED: Final = "parked event"
"""What errors call an event that waits for somebody's decision."""


@attrs.frozen
class Free:
    """An event that may be taken.

    Args:
        delivery: The event, and the attempt that it would be.
        suspect: Whether its last claim ended without a word; it may have ended the relay itself.
    """

    delivery: Delivery
    suspect: bool


def taken_together(free: Iterable[Free], limit: int) -> list[Delivery]:
    """Return what is taken of the events that are free, in their order.

    It is a run of events, or a suspect alone, lest it end its relay again and again and spoil the attempts
    of others.
    """
    taken: list[Delivery] = []
    for one in free:
        if len(taken) == limit or (taken and one.suspect):
            break
        taken.append(one.delivery)
        if one.suspect:
            break
    return taken
