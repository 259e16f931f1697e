"""Suggestions: of the slots on offer, those that leave the leading resource's day least fragmented.

A booking cuts the free stretch in which it lies. What is lost is the time in pieces too short for the same
service again; a slot that begins or ends with the stretch makes no new piece at all.
"""

from __future__ import annotations

import datetime as dt

import attrs

from slotkeeper.domain.instant import ZERO
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.slot import Slot
from slotkeeper.engine.evaluator import Evaluator


@attrs.frozen
class Suggestion:
    """A slot, the time that it would leave in pieces too short to use, and the free pieces it would leave."""

    slot: Slot
    wasted: dt.timedelta
    pieces: int


def suggestions(evaluator: Evaluator, window: Interval) -> list[Suggestion]:
    """Return the slots within ``window``, those that waste least first, then those that leave fewest pieces.

    Free time is what the leading resource has open and unoccupied; equal ones keep the order of slots.
    """
    found = (_suggestion(evaluator, slot) for slot in evaluator.slots(window))
    return sorted(found, key=lambda one: (one.wasted, one.pieces))


def _suggestion(evaluator: Evaluator, slot: Slot) -> Suggestion:
    taken = evaluator.request.service.buffers.occupied(slot.interval)
    stretch = evaluator.free_stretch(slot) or taken
    left = [piece for piece in (taken.start - stretch.start, stretch.end - taken.end) if piece > ZERO]
    return Suggestion(slot, sum((piece for piece in left if piece < slot.interval.duration), ZERO), len(left))
