"""Conflicts in whole collections: which occupancies overlap, and where a resource is overbooked.

Everything is a sweep along time, one resource after the other, in n log n plus the size of the answer.
Resources come in the order in which they first appear, everything on one resource in order of time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from slotkeeper.domain.fields import at_least
from slotkeeper.domain.ids import Id, id_validator
from slotkeeper.domain.interval import Interval
from slotkeeper.engine.load import Load, loaded

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

    from slotkeeper.domain.interval_set import IntervalSet

K = TypeVar("K", bound="Hashable")


@attrs.frozen
class Occupancy(Generic[K]):
    """Something that takes units of a resource for an interval, such as one allocation of a booking.

    Args:
        resource_id: What is taken.
        interval: When; half-open.
        key: What the caller knows it by, such as the booking's id; it need not be unique.
        units: How many units it takes.
    """

    resource_id: Id = attrs.field(validator=id_validator("Occupancy.resource_id"))
    interval: Interval
    key: K
    units: int = attrs.field(default=1, kw_only=True, validator=at_least(1))


@attrs.frozen
class ConflictGroup(Generic[K]):
    """A maximal span over which a resource is booked beyond its capacity, and all that takes part in it."""

    resource_id: Id
    span: Interval
    capacity: int
    peak: int
    members: tuple[Occupancy[K], ...]


def overlapping_pairs(occupancies: Iterable[Occupancy[K]]) -> Iterator[tuple[Occupancy[K], Occupancy[K]]]:
    """Yield every two occupancies of one resource that share an instant, the earlier start first.

    Pairs come in order of the second one's start. Units and capacity play no part. Nothing is read before the
    first pair is asked for, and no more of the sweep is done than the pairs taken need.

    >>> morning, noon = (
    ...     Interval.parse("2025-10-23T08:00Z/PT5H"),
    ...     Interval.parse("2025-10-23T12:00Z/PT1H"),
    ... )
    >>> found = overlapping_pairs([Occupancy("bay", noon, "b"), Occupancy("bay", morning, "a")])
    >>> [(first.key, second.key) for first, second in found]
    [('a', 'b')]
    """
    for members in _by_resource(occupancies).values():
        going: list[tuple[dt.datetime, Occupancy[K]]] = []
        for one in _in_order(members):
            start = one.interval.start
            going = [pair for pair in going if pair[0] > start]
            for _, other in going:
                yield other, one
            going.append((one.interval.end, one))


def overbooked(occupancies: Iterable[Occupancy[K]], capacities: Mapping[Any, int]) -> dict[Id, IntervalSet]:
    """Return, for each resource booked beyond its capacity, the instants at which it is.

    A resource without a capacity given has one unit.
    """
    found = {
        resource_id: _too_full(members, capacities.get(resource_id, 1))
        for resource_id, members in _by_resource(occupancies).items()
    }
    return {resource_id: instants for resource_id, instants in found.items() if instants}


def conflict_groups(
    occupancies: Iterable[Occupancy[K]], capacities: Mapping[Any, int]
) -> Iterator[ConflictGroup[K]]:
    """Yield each maximal span over which a resource is booked beyond its capacity, with its members.

    Members are the occupancies that overlap the span, in order of start, then end, then as given; a long one
    may be a member of several groups. A resource without a capacity given has one unit.

    >>> span = Interval.parse("2025-10-23T08:00Z/PT1H")
    >>> groups = list(
    ...     conflict_groups([Occupancy("bay", span, key) for key in "abc"], {"bay": 2})
    ... )
    >>> [(group.peak, [one.key for one in group.members]) for group in groups]
    [(3, ['a', 'b', 'c'])]
    """
    for resource_id, members in _by_resource(occupancies).items():
        capacity = capacities.get(resource_id, 1)
        load = Load.of((one.interval, one.units) for one in members)
        for span, taking_part in _meeting(_in_order(members), load.at_least(capacity + 1)):
            yield ConflictGroup(resource_id, span, capacity, load.peak(span), taking_part)


def _by_resource(occupancies: Iterable[Occupancy[K]]) -> dict[Id, list[Occupancy[K]]]:
    found: dict[Id, list[Occupancy[K]]] = {}
    for one in occupancies:
        found.setdefault(one.resource_id, []).append(one)
    return found


def _in_order(members: Iterable[Occupancy[K]]) -> list[Occupancy[K]]:
    return sorted(members, key=lambda one: (one.interval.start, one.interval.end))


def _too_full(members: Sequence[Occupancy[K]], capacity: int) -> IntervalSet:
    return loaded([(one.interval, one.units) for one in members], capacity + 1)


def _meeting(
    ordered: Sequence[Occupancy[K]], spans: IntervalSet
) -> Iterator[tuple[Interval, tuple[Occupancy[K], ...]]]:
    """Yield each span with the occupancies that overlap it; both come in order of start."""
    going: list[Occupancy[K]] = []
    ahead = 0
    for span in spans:
        first = ahead
        while ahead < len(ordered) and ordered[ahead].interval.start < span.end:
            ahead += 1
        going = [one for one in [*going, *ordered[first:ahead]] if one.interval.end > span.start]
        yield span, tuple(going)
