"""Load as a step function: how many units of one resource are taken at every instant.

Load changes only where something starts or ends, so the whole function is the list of those instants with the
level from each on. Peak, free units, utilisation and the instants that are too full are all read off it.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections import defaultdict
from itertools import accumulate, chain, compress, pairwise
from operator import lt, mul, ne, sub
from typing import TYPE_CHECKING, Final

import attrs

from slotkeeper.domain.instant import ZERO, as_utc
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet
from slotkeeper.domain.sweep import at_depth
from slotkeeper.errors import InvalidFieldError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@attrs.frozen
class LoadStep:
    """A maximal span over which the load is constant and above zero."""

    interval: Interval
    units: int


def _instants(given: Iterable[dt.datetime]) -> tuple[dt.datetime, ...]:
    return tuple(map(as_utc, given))


def _levels(given: Iterable[int]) -> tuple[int, ...]:
    return tuple(given)


@attrs.frozen
class Load:
    """The units taken at every instant, as a step function; nothing is taken before its first change.

    Args:
        instants: Where the load changes, ascending.
        levels: The load from each of these instants on, up to the next; the last is zero.

    Raises:
        InvalidFieldError: The instants do not ascend, or a level is negative, equal to the one before it, or
            missing its return to zero.

    >>> load = Load.of(
    ...     [
    ...         (Interval.parse("2025-10-23T09:00Z/PT2H"), 1),
    ...         (Interval.parse("2025-10-23T10:00Z/PT2H"), 2),
    ...     ]
    ... )
    >>> [(str(step.interval.start.time()), step.units) for step in load.steps()]
    [('09:00:00', 1), ('10:00:00', 3), ('11:00:00', 2)]
    >>> load.free_units(4, Interval.parse("2025-10-23T08:00Z/PT2H"))
    3
    """

    instants: tuple[dt.datetime, ...] = attrs.field(default=(), converter=_instants)
    levels: tuple[int, ...] = attrs.field(default=(), converter=_levels)

    @instants.validator
    def _ascend(self, _: object, instants: tuple[dt.datetime, ...]) -> None:
        if not all(map(lt, instants, instants[1:])):
            raise InvalidFieldError("Load.instants", instants, "must ascend")

    @levels.validator
    def _step_down_to_zero(self, _: object, levels: tuple[int, ...]) -> None:
        if len(levels) != len(self.instants):
            raise InvalidFieldError("Load.levels", levels, "must be as many as the instants")
        if not all(map(ne, levels, (0, *levels))) or min(levels, default=0) < 0 or (levels and levels[-1]):
            raise InvalidFieldError("Load.levels", levels, "must differ from step to step and return to zero")

    @classmethod
    def of(cls, pairs: Iterable[tuple[Interval, int]]) -> Load:
        """Return the load of intervals that each take a number of units.

        Raises:
            InvalidFieldError: An interval takes less than one unit.
        """
        changes: defaultdict[dt.datetime, int] = defaultdict(int)
        for interval, units in pairs:
            check_units("units", units)
            changes[interval.start] += units
            changes[interval.end] -= units
        return cls._of_changes(changes)

    @classmethod
    def _of_changes(cls, changes: Mapping[dt.datetime, int]) -> Load:
        instants = sorted(compress(changes, changes.values()))
        return cls(instants, accumulate(changes[instant] for instant in instants))

    def __add__(self, other: Load) -> Load:
        if not isinstance(other, Load):
            return NotImplemented
        changes = defaultdict(int, zip(self.instants, map(sub, self.levels, (0, *self.levels)), strict=False))
        for instant, by in zip(other.instants, map(sub, other.levels, (0, *other.levels)), strict=False):
            changes[instant] += by
        return Load._of_changes(changes)

    def __bool__(self) -> bool:
        return bool(self.levels)

    def steps(self) -> tuple[LoadStep, ...]:
        """Return the maximal spans of constant load above zero, in order of time."""
        spans = zip(pairwise(self.instants), self.levels, strict=False)
        return tuple(LoadStep(Interval(*span), level) for span, level in spans if level)

    def at(self, instant: dt.datetime) -> int:
        """Return the load at one instant."""
        index = bisect_right(self.instants, as_utc(instant))
        return self.levels[index - 1] if index else 0

    def peak(self, window: Interval | None = None) -> int:
        """Return the largest load, at any time or within a window."""
        if window is None:
            return max(self.levels, default=0)
        first = bisect_right(self.instants, window.start)
        last = bisect_left(self.instants, window.end, first)
        return max(self.levels[max(first - 1, 0) : last], default=0)

    def free_units(self, capacity: int, window: Interval) -> int:
        """Return how many units can be taken for the whole window; overbooked means zero, never less."""
        return max(capacity - self.peak(window), 0)

    def at_least(self, units: int) -> IntervalSet:
        """Return the instants at which the load is at least ``units``.

        Raises:
            InvalidFieldError: ``units`` is below one: load is never below zero, so that would be all of time.
        """
        check_units("units", units)
        return IntervalSet.from_pairs(compress(pairwise(self.instants), map(units.__le__, self.levels)))

    def clip(self, window: Interval) -> Load:
        """Return the load within the window, and none outside."""
        first = bisect_right(self.instants, window.start)
        last = bisect_left(self.instants, window.end, first)
        instants, levels = [*self.instants[first:last]], [*self.levels[first:last]]
        entering = self.levels[first - 1] if first else 0
        if entering:
            instants, levels = [window.start, *instants], [entering, *levels]
        if levels and levels[-1]:
            instants, levels = [*instants, window.end], [*levels, 0]
        return Load(instants, levels)

    def capped(self, capacity: int) -> Load:
        """Return the load with whatever exceeds ``capacity`` left out, so that overbooking counts as full.

        Raises:
            InvalidFieldError: ``capacity`` is negative.
        """
        if capacity < 0:
            raise InvalidFieldError("capacity", capacity, "must not be negative")
        levels = [min(level, capacity) for level in self.levels]
        changed = list(map(ne, levels, chain((0,), levels)))
        return Load(compress(self.instants, changed), compress(levels, changed))

    @property
    def unit_time(self) -> dt.timedelta:
        """The load summed over time: two units for one hour are two hours."""
        return sum(map(mul, map(sub, self.instants[1:], self.instants), self.levels), ZERO)

    def booked_time(self, within: IntervalSet) -> dt.timedelta:
        """Return `unit_time` counted only inside a set, such as the opening hours."""
        return sum((self.clip(one).unit_time for one in within), ZERO)


NO_LOAD: Final = Load()
"""Nothing is taken at any time."""


def check_units(field: str, units: object) -> None:
    """Raise `InvalidFieldError` unless ``units`` is a whole number of at least one."""
    if isinstance(units, bool) or not isinstance(units, int) or units < 1:
        raise InvalidFieldError(field, units, "must be a whole number of at least 1")


def loaded(pairs: Sequence[tuple[Interval, int]], at_least: int) -> IntervalSet:
    """Return the instants at which intervals, each with its units, take at least ``at_least`` units together.

    The same as ``Load.of(pairs).at_least(at_least)``, but without the step function where every interval
    takes one unit.

    Raises:
        InvalidFieldError: An interval takes less than one unit, or ``at_least`` is below one.
    """
    check_units("at_least", at_least)
    if any(units != 1 for _, units in pairs):
        return Load.of(pairs).at_least(at_least)
    starts, ends = at_depth([one.start for one, _ in pairs], [one.end for one, _ in pairs], at_least)
    return IntervalSet.from_pairs(zip(starts, ends, strict=True))
