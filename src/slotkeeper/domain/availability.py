"""What every schedule can answer, and what follows from its openings alone."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from slotkeeper.domain.instant import LATEST, TICK, as_utc, later
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet

if TYPE_CHECKING:
    from collections.abc import Iterable

_FIRST_LOOK: Final = dt.timedelta(days=8)


@runtime_checkable
class Availability(Protocol):
    """When something is open. The answers about an opening never depend on the window asked for."""

    def hours_between(self, window: Interval) -> tuple[Interval, ...]:
        """Return, whole and sorted, the openings that overlap the window, before closures cut them."""
        ...

    def openings_between(self, window: Interval) -> tuple[Interval, ...]:
        """Return, whole and sorted, the openings that overlap the window; those that touch stay apart."""
        ...

    def open_between(self, window: Interval) -> IntervalSet:
        """Return the open time within the window, cut to it, with touching openings merged."""
        ...


class Openings:
    """The part of a schedule that follows from its open time."""

    __slots__ = ()

    def open_between(self, window: Interval) -> IntervalSet:
        """Return the open time within the window, cut to it, with touching openings merged."""
        raise NotImplementedError

    def is_open(self, instant: dt.datetime) -> bool:
        """Tell whether it is open at an instant; closing time itself is closed.

        Raises:
            NaiveDatetimeError: ``instant`` has no offset.
        """
        moment = as_utc(instant)
        return moment < LATEST and bool(self.open_between(Interval(moment, moment + TICK)))

    def next_open(self, instant: dt.datetime, within: dt.timedelta) -> dt.datetime | None:
        """Return the first open instant from ``instant`` on, or None if none comes before ``within`` ends.

        Raises:
            NaiveDatetimeError: ``instant`` has no offset.
        """
        moment = as_utc(instant)
        limit, step = later(moment, within), _FIRST_LOOK
        while moment < limit:
            end = min(limit, later(moment, step))
            if found := self.open_between(Interval(moment, end)):
                return found.next_from(moment)
            moment, step = end, step * 2
        return None


def overlapping(openings: Iterable[Interval], window: Interval) -> tuple[Interval, ...]:
    """Return those that overlap the window, sorted and each once."""
    found = {(one.start, one.end): one for one in openings if one.overlaps(window)}
    return tuple(found[bounds] for bounds in sorted(found))


def without(openings: Iterable[Interval], closed: IntervalSet) -> list[Interval]:
    """Return what closed time leaves of each opening, the pieces apart."""
    if not closed:
        return list(openings)
    left: list[Interval] = []
    for one in openings:
        left.extend(IntervalSet((one,)) - closed.clip(one) if closed.overlaps(one) else (one,))
    return left


def hull(openings: Iterable[Interval]) -> Interval | None:
    """Return the shortest interval that holds all of them, or None if there are none."""
    return IntervalSet(openings).span()


def pairwise_overlaps(left: Iterable[Interval], right: Iterable[Interval]) -> list[Interval]:
    """Return what each opening of one side shares with each of the other; both sides are sorted."""
    found: list[Interval] = []
    waiting = list(right)
    for one in left:
        waiting = [other for other in waiting if other.end > one.start]
        for other in waiting:
            if other.start >= one.end:
                break
            found.append(Interval(max(one.start, other.start), min(one.end, other.end)))
    return found
