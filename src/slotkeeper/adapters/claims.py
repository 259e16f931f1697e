"""Claims: which of the events that are free one relay takes at a time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from slotkeeper.domain.delivery import Delivery

PARKED: Final = "parked event"
"""What errors call an event that waits for somebody's decision."""


def taken_together(free: Iterable[Delivery], limit: int) -> list[Delivery]:
    """Return what is taken of the events that are free, in their order.

    It is a run of fresh ones, or one alone that was taken before, lest it end its relay again and again and
    spoil the attempts of others.
    """
    taken: list[Delivery] = []
    for one in free:
        if len(taken) == limit or (taken and one.attempt > 1):
            break
        taken.append(one)
        if one.attempt > 1:
            break
    return taken
