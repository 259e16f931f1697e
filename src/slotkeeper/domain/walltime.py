"""The only road from a wall-clock time to an instant: a zone, and an explicit choice for clock changes.

A clock set forward skips some wall-clock times (a gap); a clock set back shows some twice (a fold). No choice
is made silently: every resolution names a `GapPolicy` and a `FoldPolicy`.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from enum import Enum

import attrs

from slotkeeper.domain.instant import TICK, as_utc
from slotkeeper.domain.zones import as_zone, offset_at, offset_segments, zone_name
from slotkeeper.errors import AmbiguousTimeError, InvalidFieldError, InvalidInstantError, NonexistentTimeError


class GapPolicy(Enum):
    """What a wall-clock time that the clock skips stands for."""

    LATER = "later"
    """The offset before the change: the clock then reads later; PEP 495's ``fold=0``, the usual choice."""
    EARLIER = "earlier"
    """The offset after the change: the clock then reads earlier."""
    TRANSITION = "transition"
    """The instant of the change."""
    RAISE = "raise"
    """Refuse it with `NonexistentTimeError`."""
    SKIP = "skip"
    """Drop that occurrence of a recurrence; a single time cannot be dropped and is refused."""


class FoldPolicy(Enum):
    """Which pass a wall-clock time that the clock repeats stands for."""

    EARLIER = "earlier"
    LATER = "later"
    RAISE = "raise"
    """Refuse it with `AmbiguousTimeError`."""


class WallTimeKind(Enum):
    """How often the clock shows a wall-clock time: once, never, or twice."""

    UNIQUE = "unique"
    GAP = "gap"
    FOLD = "fold"


@attrs.frozen
class Resolution:
    """Everything a wall-clock time can stand for in a zone.

    Args:
        kind: Unique, in a gap, or in a fold.
        earlier: The earlier candidate, in UTC; equal to ``later`` where the time is unique.
        later: The later candidate, in UTC. In a gap neither candidate reads as the wall-clock time asked for.
        transition: The instant of the change, or None where the time is unique.
        wall_after: What the clock reads at the transition, or None where the time is unique.
    """

    wall: dt.datetime
    zone: zoneinfo.ZoneInfo
    kind: WallTimeKind
    earlier: dt.datetime
    later: dt.datetime
    transition: dt.datetime | None = None
    wall_after: dt.datetime | None = None

    def choose(self, *, gap: GapPolicy, fold: FoldPolicy) -> dt.datetime | None:
        """Return the instant that the policies choose, or None where `GapPolicy.SKIP` drops it."""
        if self.kind is WallTimeKind.GAP:
            return self._in_gap(gap)
        if self.kind is WallTimeKind.FOLD and fold is FoldPolicy.RAISE:
            raise AmbiguousTimeError(self.wall, zone_name(self.zone))
        return self.later if fold is FoldPolicy.LATER else self.earlier

    def _in_gap(self, gap: GapPolicy) -> dt.datetime | None:
        if gap is GapPolicy.RAISE:
            raise NonexistentTimeError(self.wall, zone_name(self.zone))
        choices = {
            GapPolicy.LATER: self.later,
            GapPolicy.EARLIER: self.earlier,
            GapPolicy.TRANSITION: self.transition,
        }
        return choices.get(gap)


def classify(wall: dt.datetime, zone: str | zoneinfo.ZoneInfo) -> Resolution:
    """Return what a wall-clock time can stand for in a zone; its ``fold`` attribute is ignored.

    Raises:
        InvalidFieldError: ``wall`` has an offset or a zone of its own, or is no datetime.
        InvalidInstantError: The instant leaves the years 1 to 9999 in UTC.

    >>> classify(dt.datetime(2025, 3, 30, 2, 30), "Europe/Warsaw").kind
    <WallTimeKind.GAP: 'gap'>
    """
    local, place = as_wall(wall), as_zone(zone)
    first, second = (place.utcoffset(local.replace(fold=fold)) or dt.timedelta(0) for fold in (0, 1))
    earlier, later = _utc(local, max(first, second)), _utc(local, min(first, second))
    if first == second:
        return Resolution(local, place, WallTimeKind.UNIQUE, earlier, later)
    kind = WallTimeKind.GAP if first < second else WallTimeKind.FOLD
    transition, _, offset = offset_segments(place, earlier, later + TICK)[-1]
    return Resolution(
        local, place, kind, earlier, later, transition, (transition + offset).replace(tzinfo=None)
    )


def as_wall(value: dt.datetime) -> dt.datetime:
    """Return a wall-clock time as a plain naive datetime with ``fold=0``.

    Raises:
        InvalidFieldError: It has an offset or a zone, or is no datetime.
    """
    given: object = value
    if not isinstance(given, dt.datetime) or given.tzinfo is not None:
        raise InvalidFieldError("wall", value, "must be a naive datetime: a wall-clock time has no offset")
    return dt.datetime.combine(value.date(), value.time().replace(fold=0))


def _utc(wall: dt.datetime, offset: dt.timedelta) -> dt.datetime:
    try:
        return (wall - offset).replace(tzinfo=dt.UTC)
    except OverflowError:
        raise InvalidInstantError(wall) from None


def resolve(
    wall: dt.datetime, zone: str | zoneinfo.ZoneInfo, *, gap: GapPolicy, fold: FoldPolicy
) -> dt.datetime:
    """Return the instant, in UTC, that a wall-clock time stands for.

    Raises:
        NonexistentTimeError: The time is skipped, and ``gap`` is ``RAISE`` or ``SKIP``.
        AmbiguousTimeError: The time is repeated, and ``fold`` is ``RAISE``.
        InvalidFieldError: ``wall`` is not naive.
        InvalidInstantError: The instant leaves the years 1 to 9999 in UTC.

    >>> noon = dt.datetime(2025, 10, 23, 12)
    >>> resolve(noon, "Europe/Warsaw", gap=GapPolicy.RAISE, fold=FoldPolicy.RAISE).isoformat()
    '2025-10-23T10:00:00+00:00'
    """
    instant = resolve_or_skip(wall, zone, gap=gap, fold=fold)
    if instant is None:
        raise NonexistentTimeError(wall, zone_name(as_zone(zone)))
    return instant


def resolve_or_skip(
    wall: dt.datetime, zone: str | zoneinfo.ZoneInfo, *, gap: GapPolicy, fold: FoldPolicy
) -> dt.datetime | None:
    """Return the instant as `resolve` does, or None for a skipped time under `GapPolicy.SKIP`."""
    return classify(wall, zone).choose(gap=gap, fold=fold)


def reading(instant: dt.datetime, zone: str | zoneinfo.ZoneInfo) -> dt.datetime:
    """Return what clocks in the zone read at an instant, as a naive datetime.

    Raises:
        NaiveDatetimeError: ``instant`` has no offset.
        InvalidInstantError: The reading leaves the years 1 to 9999.
    """
    moment = as_utc(instant)
    try:
        return (moment + offset_at(moment, as_zone(zone))).replace(tzinfo=None)
    except OverflowError:
        raise InvalidInstantError(instant) from None
