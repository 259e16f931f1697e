"""Late localisation: wall-clock spans become intervals only here, where the offsets of a zone are known.

By default an instant is open when its local reading lies within the hours. So hours that the clock repeats
are open twice, and hours that it skips vanish. `ResolveEnds` resolves the two ends instead and opens all
between.

A wall-clock reading travels as a datetime marked UTC that holds the local time: subtracting the offset in
force gives the instant, with no zoned arithmetic.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Final

import attrs

from slotkeeper.domain.instant import later
from slotkeeper.domain.walltime import FoldPolicy, GapPolicy, resolve_or_skip
from slotkeeper.domain.zones import Segment, offset_segments

if TYPE_CHECKING:
    import zoneinfo
    from collections.abc import Iterable, Iterator, Sequence

Span = tuple[dt.datetime, dt.datetime]

MEMBERSHIP: Final = None
"""The default around clock changes: an instant is open when its local reading lies within the hours."""


@attrs.frozen
class ResolveEnds:
    """Hours around clock changes run from the instant of their start to the instant of their end.

    Args:
        gap: What an end that the clock skips stands for; `GapPolicy.SKIP` drops the opening.
        fold: Which pass a start that the clock repeats takes.
        end_fold: The same for an end; None is as ``fold``.
    """

    gap: GapPolicy
    fold: FoldPolicy
    end_fold: FoldPolicy | None = None

    def instants(self, start: dt.datetime, end: dt.datetime, zone: zoneinfo.ZoneInfo) -> list[Span]:
        """Return the opening of a wall-clock span, or nothing where the policies leave none."""
        first = resolve_or_skip(start.replace(tzinfo=None), zone, gap=self.gap, fold=self.fold)
        last = resolve_or_skip(end.replace(tzinfo=None), zone, gap=self.gap, fold=self.end_fold or self.fold)
        return [(first, last)] if first is not None and last is not None and first < last else []


class Localiser:
    """The clocks of one zone over a stretch of time, as segments of constant offset.

    Most spans lie where the clock shows each time once and within one segment; they cost a subtraction.
    """

    def __init__(
        self, zone: zoneinfo.ZoneInfo, start: dt.datetime, end: dt.datetime, on_change: ResolveEnds | None
    ) -> None:
        self._zone = zone
        self._on_change = on_change
        self._segments = offset_segments(zone, start, end)
        firsts = [later(begin, offset) for begin, _, offset in self._segments]
        lasts = [later(finish, offset) for _, finish, offset in self._segments]
        self._plain_from = [firsts[0], *map(max, firsts[1:], accumulate(lasts[:-1], max))]
        shown_again = list(accumulate(reversed(firsts[1:]), min))[::-1]
        self._plain_until = [*map(min, lasts[:-1], shown_again), lasts[-1]]

    def localise(self, spans: Iterable[Span]) -> Iterator[list[Span]]:
        """Yield, for each wall-clock span, the intervals of absolute time in which it is open, in order."""
        index = 0
        offset, low, high = self._plain(index)
        for start, end in spans:
            if not (low <= start and end <= high):
                index = max(bisect_right(self._plain_from, start) - 1, 0)
                offset, low, high = self._plain(index)
                if not (low <= start and end <= high):
                    yield self._around_changes(start, end)
                    continue
            yield [(start - offset, end - offset)]

    def instants(
        self, walls: Sequence[dt.datetime], *, gap: GapPolicy, fold: FoldPolicy
    ) -> list[dt.datetime]:
        """Return the instants of sorted wall-clock readings; those of skipped and repeated ones by policy.

        They come in order, save around clock changes.
        """
        found: list[dt.datetime] = []
        done = 0
        for (_, _, offset), low, high in zip(
            self._segments, self._plain_from, self._plain_until, strict=True
        ):
            begin = bisect_left(walls, low, done)
            end = bisect_left(walls, high, begin)
            found += self._resolved(walls[done:begin], gap, fold)
            found += [wall - offset for wall in walls[begin:end]]
            done = end
        return found + self._resolved(walls[done:], gap, fold)

    def _resolved(self, walls: Iterable[dt.datetime], gap: GapPolicy, fold: FoldPolicy) -> list[dt.datetime]:
        readings = (wall.replace(tzinfo=None) for wall in walls)
        found = (resolve_or_skip(wall, self._zone, gap=gap, fold=fold) for wall in readings)
        return [instant for instant in found if instant is not None]

    def _plain(self, index: int) -> tuple[dt.timedelta, dt.datetime, dt.datetime]:
        return self._segments[index][2], self._plain_from[index], self._plain_until[index]

    def _around_changes(self, start: dt.datetime, end: dt.datetime) -> list[Span]:
        if self._on_change is not None:
            return self._on_change.instants(start, end, self._zone)
        pieces: list[Span] = []
        for first, last in _pieces(start, end, self._segments):
            if pieces and pieces[-1][1] == first:
                first = pieces.pop()[0]  # noqa: PLW2901 - one opening across the change
            pieces.append((first, last))
        return pieces


def _pieces(start: dt.datetime, end: dt.datetime, segments: Iterable[Segment]) -> Iterator[Span]:
    for begin, finish, offset in segments:
        first, last = max(begin, later(start, -offset)), min(finish, later(end, -offset))
        if first < last:
            yield first, last
