"""Candidates: which resources can meet a service's requirements together, as a set of starts.

By Hall's marriage theorem (P. Hall, 1935) the requirements can all be met with different resources exactly
where every group of them finds, among the united candidates of the group, as many free resources as it needs
in all. Each such count is one "at least so many sets overlap". Where candidates consist of parts of each
other, counting is not enough: there each stretch with the same free candidates is tried by `choose`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from slotkeeper.domain.ids import Id
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import EMPTY, IntervalSet
from slotkeeper.domain.requirement import Requirement
from slotkeeper.engine.anchors import cut
from slotkeeper.engine.choice import Pool, choose
from slotkeeper.engine.question import Request, Snapshot


def pools(snapshot: Snapshot, request: Request) -> tuple[Pool, ...]:
    """Return the pool of each requirement of the service, its resources in the snapshot's order."""
    return tuple(_pool(snapshot, need, request.resource_ids) for need in request.service.needs)


def _pool(snapshot: Snapshot, need: Requirement, forced: Sequence[Id]) -> Pool:
    admitted = tuple(one for one in snapshot.resources.values() if need.admits(one))
    if need.count is None:  # one that is switched off is missing, not left out
        return Pool(admitted, max(len(admitted), len(need.among), 1))
    return Pool(tuple(one for one in admitted if one.active or one.id in forced), need.count)


def together(
    wanted: Sequence[Pool],
    starts: Mapping[Id, IntervalSet],
    window: Interval,
    *,
    snapshot: Snapshot,
    must: Sequence[Id] = (),
) -> IntervalSet:
    """Return the starts at which all pools can be served at once, by different resources that share no part.

    ``starts`` has each candidate's own permitted starts. The resources that ``must`` serve, all of them
    candidates, are among those taken.
    """
    found = _by_counting(wanted, starts, window) & IntervalSet.overlapping(
        [IntervalSet((window,)), *(starts[one] for one in must)], len(must) + 1
    )
    if _share_parts(wanted, snapshot):
        return IntervalSet(
            one for one in _pieces(found, starts) if _is_served(wanted, starts, one, snapshot, must)
        )
    # Resources that can serve together can also do so within any full service: an exchange property.
    if len(must) > 1 and choose(wanted, must=must, is_free=lambda _: True, snapshot=snapshot) is None:
        return EMPTY
    return found


def _by_counting(wanted: Sequence[Pool], starts: Mapping[Id, IntervalSet], window: Interval) -> IntervalSet:
    found = IntervalSet((window,))
    for size in range(1, len(wanted) + 1):
        for group in combinations(wanted, size):
            united = {one.id for pool in group for one in pool.resources}
            needed = sum(pool.count for pool in group)
            found &= IntervalSet.overlapping((starts[one] for one in united), needed)
    return found


def _share_parts(wanted: Sequence[Pool], snapshot: Snapshot) -> bool:
    if sum(pool.count for pool in wanted) == 1:
        return False
    candidates = {one.id: one for pool in wanted for one in pool.resources}
    parts = [part.id for one in candidates.values() for part in snapshot.footprint(one)]
    return len(set(parts)) < len(parts)


def _pieces(found: IntervalSet, starts: Mapping[Id, IntervalSet]) -> Sequence[Interval]:
    """Return the set in pieces within which the same candidates are free."""
    return cut(found, {bound for one in starts.values() for pair in one.pairs for bound in pair})


def _is_served(
    wanted: Sequence[Pool],
    starts: Mapping[Id, IntervalSet],
    piece: Interval,
    snapshot: Snapshot,
    must: Sequence[Id],
) -> bool:
    free = {resource_id for resource_id, one in starts.items() if piece.start in one}
    return choose(wanted, must=must, is_free=lambda one: one.id in free, snapshot=snapshot) is not None
