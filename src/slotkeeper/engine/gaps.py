"""`Gaps`: where a load leaves room for so long, kept for as long as it does not change.

To walk to the first gap costs what lies ahead of it, to find all gaps a pass over everything, after which
each question is a search. As nobody knows how many more questions come before the next change, they are
walked until the walks have passed as many days as there are, and then all gaps are found: whatever comes,
it costs at most about twice what the better choice would have.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from slotkeeper.domain.instant import EARLIEST, LATEST

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Hashable

    from slotkeeper.engine.steps import Steps

_KINDS: Final = 16


class Gaps:
    """The gaps of one load; whoever asks says by a stamp whether it is still the same.

    Args:
        steps: The load.
    """

    __slots__ = ("_kept", "_stamp", "_steps", "_walked")

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._stamp: Hashable = None
        self._kept: dict[tuple[dt.timedelta, int], tuple[list[dt.datetime], list[dt.datetime]]] = {}
        self._walked = 0

    def first(
        self, start: dt.datetime, until: dt.datetime, duration: dt.timedelta, room: int, *, stamp: Hashable
    ) -> dt.datetime | None:
        """Return where the first stretch of ``duration`` begins with no level above ``room``, or None."""
        if stamp != self._stamp:
            self._stamp, self._walked = stamp, 0
            self._kept.clear()
        kind = duration, room
        if kind not in self._kept:
            if self._walked < self._steps.days():
                return self._walk(start, until, duration, room)
            self._find(duration, room)
        starts, ends = self._kept[kind]
        index = bisect_right(ends, start)
        if index < len(ends) and starts[index] < start and ends[index] - start < duration:
            index += 1
        if index == len(ends):
            return None
        first = max(starts[index], start)
        return first if until >= first and until - first >= duration else None

    def _walk(
        self, start: dt.datetime, until: dt.datetime, duration: dt.timedelta, room: int
    ) -> dt.datetime | None:
        found = self._steps.first_fit(start, until, duration, room)
        self._walked += 1 + self._steps.days(start, found or until)
        return found

    def _find(self, duration: dt.timedelta, room: int) -> None:
        if len(self._kept) == _KINDS:
            self._kept.clear()
        found = self._steps.stretches(EARLIEST, LATEST, room)
        long_enough = [(start, end) for start, end in found if end - start >= duration]
        self._kept[duration, room] = [start for start, _ in long_enough], [end for _, end in long_enough]
