"""Buffers: the time kept free around a booking, and how two neighbours' buffers combine.

Who owns a buffer and whether neighbours share it is what booking systems disagree about. Here each booking
owns its own two buffers, and the pair decides: under ``sum`` the time between two bookings is the first
one's ``after`` plus the second one's ``before``; under ``max`` it is the larger of the two; under ``none``
there is none. Of two different rules ``sum`` prevails, and a booking under ``none`` then brings no buffers
of its own; ``max`` and ``none`` keep no time free between them. Buffers may reach over closed time.
"""

from __future__ import annotations

import datetime as dt
from enum import Enum
from typing import TYPE_CHECKING

import attrs

from slotkeeper.domain.fields import member_of, not_negative
from slotkeeper.domain.instant import ZERO

if TYPE_CHECKING:
    from slotkeeper.domain.interval import Interval


class BufferRule(Enum):
    """How the buffers of two neighbours on one resource combine."""

    SUM = "sum"
    MAX = "max"
    NONE = "none"


def _rule(value: BufferRule | str) -> BufferRule:
    return member_of(BufferRule, value, "Buffers.combine")


@attrs.frozen
class Buffers:
    """The time kept free before and after a booking, and the rule by which it meets its neighbour's."""

    before: dt.timedelta = attrs.field(default=ZERO, validator=not_negative)
    after: dt.timedelta = attrs.field(default=ZERO, validator=not_negative)
    combine: BufferRule = attrs.field(default=BufferRule.SUM, converter=_rule, kw_only=True)

    @property
    def kept(self) -> Buffers:
        """These buffers as far as they count at all: of no length under ``none``."""
        return _NOTHING_KEPT if self.combine is BufferRule.NONE else self

    def rule_with(self, neighbour: Buffers) -> BufferRule:
        """Return the rule that holds between a booking with these buffers and one with the neighbour's."""
        pair = {self.combine, neighbour.combine}
        if BufferRule.SUM in pair:
            return BufferRule.SUM
        return BufferRule.NONE if BufferRule.NONE in pair else BufferRule.MAX

    def gap_after(self, earlier: Buffers) -> dt.timedelta:
        """Return the least time between the end of a booking with ``earlier`` buffers and our start."""
        return _combine(self.rule_with(earlier), earlier.kept.after, self.kept.before)

    def gap_before(self, later: Buffers) -> dt.timedelta:
        """Return the least time between our end and the start of a booking with ``later`` buffers."""
        return _combine(self.rule_with(later), self.kept.after, later.kept.before)

    def around(self, interval: Interval) -> Interval:
        """Return the interval with the whole of both buffers added."""
        return interval.expand(self.before, self.after)

    def occupied(self, interval: Interval) -> Interval:
        """Return what a booking takes from its resource: with its buffers under ``sum``, else without.

        Occupied intervals of bookings on one resource never exceed its capacity, whatever the rule.
        """
        return self.around(interval) if self.combine is BufferRule.SUM else interval


def _combine(rule: BufferRule, first: dt.timedelta, second: dt.timedelta) -> dt.timedelta:
    if rule is BufferRule.NONE:
        return ZERO
    return max(first, second) if rule is BufferRule.MAX else first + second


NO_BUFFERS = Buffers()
"""No time kept free on either side."""
_NOTHING_KEPT = Buffers(combine=BufferRule.NONE)
