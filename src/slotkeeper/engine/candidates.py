"""Candidates: which resources can meet a service's requirements together, as a set of starts and at one start.

As a set: by Hall's marriage theorem (P. Hall, 1935) the requirements can all be met with different resources
exactly where every group of them finds, among the united candidates of the group, as many free resources as
it needs in all. Each such count is one "at least so many sets overlap". At one start, the choice itself is
made by trying candidates in order of preference and stepping back where a choice leaves the rest unmet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations

import attrs

from slotkeeper.domain.ids import Id
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet
from slotkeeper.domain.requirement import Requirement
from slotkeeper.domain.resource import Resource
from slotkeeper.engine.question import Request, Snapshot


@attrs.frozen
class Pool:
    """The candidates of one requirement, and how many of them it takes."""

    resources: tuple[Resource, ...]
    count: int


def pools(snapshot: Snapshot, request: Request) -> tuple[Pool, ...]:
    """Return the pool of each requirement of the service, in its order; the resources in the snapshot's order."""
    return tuple(_pool(snapshot, need, request.resource_ids) for need in request.service.needs)


def _pool(snapshot: Snapshot, need: Requirement, forced: Sequence[Id]) -> Pool:
    admitted = [one for one in snapshot.resources.values() if need.admits(one)]
    chosen = tuple(one for one in admitted if one.active or one.id in forced)
    return Pool(chosen, need.count or max(len(admitted), 1))


def together(wanted: Sequence[Pool], starts: Mapping[Id, IntervalSet], window: Interval) -> IntervalSet:
    """Return the starts at which all pools can be served at once, by different resources.

    ``starts`` has each candidate's own permitted starts. Resources that consist of parts of each other are
    taken for different here; `choose` is exact about them.
    """
    found = IntervalSet((window,))
    for size in range(1, len(wanted) + 1):
        for group in combinations(wanted, size):
            united = {one.id for pool in group for one in pool.resources}
            needed = sum(pool.count for pool in group)
            found &= IntervalSet.overlapping((starts[one] for one in united), needed)
    return found


def choose(
    wanted: Sequence[Pool],
    *,
    forced: Iterable[Id],
    is_free: Callable[[Resource], bool],
    prefer: Callable[[Sequence[Resource]], Sequence[Resource]],
    snapshot: Snapshot,
) -> tuple[Resource, ...] | None:
    """Return different resources that meet all pools, by preference, or None where there are none.

    The choice contains every forced resource, and no two of its resources share a part.
    """
    must = frozenset(forced)
    orders = [_forced_first(prefer([one for one in pool.resources if is_free(one)]), must) for pool in wanted]
    return next((found for found in _fill(wanted, orders, (), snapshot) if must <= {one.id for one in found}), None)


def _forced_first(ordered: Sequence[Resource], must: frozenset[Id]) -> tuple[Resource, ...]:
    return tuple(sorted(ordered, key=lambda one: one.id not in must))


def _fill(
    wanted: Sequence[Pool], orders: Sequence[Sequence[Resource]], taken: tuple[Resource, ...], snapshot: Snapshot
) -> Iterator[tuple[Resource, ...]]:
    if not wanted:
        yield taken
        return
    for some in combinations(orders[0], wanted[0].count):
        chosen = (*taken, *some)
        if _are_apart(chosen, snapshot):
            yield from _fill(wanted[1:], orders[1:], chosen, snapshot)


def _are_apart(chosen: Sequence[Resource], snapshot: Snapshot) -> bool:
    ids = [part.id for one in chosen for part in snapshot.footprint(one)]
    return len(set(ids)) == len(ids)
