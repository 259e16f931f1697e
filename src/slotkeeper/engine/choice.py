"""Choice: different resources that meet all requirements at once, the preferred ones where there are several.

Seats are filled one by one, each with the first candidate by preference that leaves the other seats
fillable, as a bipartite matching tells (H. Kuhn, 1955). Only for resources that share parts may a later
seat still turn out to have nobody; then the choice steps back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

import attrs

from slotkeeper.domain.ids import Id
from slotkeeper.domain.resource import Resource
from slotkeeper.engine.question import Snapshot


@attrs.frozen
class Pool:
    """The candidates of one requirement, the preferred first, and how many of them it takes."""

    resources: tuple[Resource, ...]
    count: int


def choose(
    wanted: Sequence[Pool],
    *,
    must: Sequence[Id],
    is_free: Callable[[Resource], bool],
    snapshot: Snapshot,
) -> tuple[Resource, ...] | None:
    """Return different resources that meet all pools, by preference, or None where there are none.

    The choice contains every resource that ``must`` serve, the ones named first in the first seats that
    they can fill, and no two of its resources share a part.
    """
    if len(wanted) == wanted[0].count == 1 and not must:  # one seat needs no search
        return next(((one,) for one in wanted[0].resources if is_free(one)), None)
    free = [Pool(_must_first(filter(is_free, pool.resources), must), pool.count) for pool in wanted]
    if not _is_possible(free, must, frozenset()):
        return None
    return _filled(free, frozenset(must), (), frozenset(), snapshot)


def _must_first(candidates: Iterator[Resource], must: Sequence[Id]) -> tuple[Resource, ...]:
    places = {one: place for place, one in enumerate(must)}
    return tuple(sorted(candidates, key=lambda one: places.get(one.id, len(places))))


def _filled(
    wanted: Sequence[Pool],
    must: frozenset[Id],
    chosen: tuple[Resource, ...],
    parts: frozenset[Id],
    snapshot: Snapshot,
) -> tuple[Resource, ...] | None:
    """Fill the seats left, given the resources chosen and all the parts of them; None where that fails."""
    if not wanted:
        return chosen
    pool, *others = wanted
    for index, one in enumerate(pool.resources):
        own = {part.id for part in snapshot.footprint(one)}
        if own & parts:
            continue
        rest = [Pool(pool.resources[index + 1 :], pool.count - 1), *others] if pool.count > 1 else others
        missing, taken = must - {one.id}, parts | own
        if _is_possible(rest, missing, taken):
            found = _filled(rest, missing, (*chosen, one), taken, snapshot)
            if found is not None:
                return found
    return None


def _is_possible(wanted: Sequence[Pool], must: Collection[Id], taken: frozenset[Id]) -> bool:
    """Tell whether each seat can have a candidate of its own, and each that must serve a seat of its own."""
    seats = [{one.id for one in pool.resources} - taken for pool in wanted for _ in range(pool.count)]
    places = [{number for number, seat in enumerate(seats) if one in seat} for one in must]
    return _all_matched(seats) and _all_matched(places)


def _all_matched(wishes: Sequence[Collection[object]]) -> bool:
    """Tell whether every wish can have one of the things it names, no thing going to two of them."""
    holder: dict[object, int] = {}

    def served(number: int, seen: set[object]) -> bool:
        for thing in wishes[number]:
            if thing not in seen:
                seen.add(thing)
                if thing not in holder or served(holder[thing], seen):
                    holder[thing] = number
                    return True
        return False

    return all(served(number, set()) for number in range(len(wishes)))
