from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hypothesis import given
from hypothesis import strategies as st
from tests.engine.worlds import CELL, EPOCH, booking_of, span, worlds

from slotkeeper.domain.booking import Allocation
from slotkeeper.domain.resource import Resource
from slotkeeper.engine.preference import as_listed, by_rank, by_score, least_loaded, round_robin
from slotkeeper.engine.question import Snapshot

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from tests.engine.worlds import World

    from slotkeeper.domain.booking import Booking
    from slotkeeper.domain.ids import Id
    from slotkeeper.engine.preference import Preference

PREFERENCES: Final = (as_listed, by_rank, least_loaded, round_robin, by_score(lambda one: one.rank))


def ids(prefer: Preference, resources: Sequence[Resource], snapshot: Snapshot) -> list[Id]:
    return [one.id for one in prefer(resources, snapshot)]


def taking(
    resource_id: Id, *, cells: int = 1, units: int = 1, made: int = 0, key: Id = 0, **rest: object
) -> Booking:
    row = Allocation(resource_id, span(0, cells), units)
    return booking_of([row], key, created_at=EPOCH + made * CELL, **rest)


@given(worlds(), st.sampled_from(PREFERENCES))
def test_a_preference_orders_all_candidates_the_same_each_time(world: World, prefer: Preference) -> None:
    resources = tuple(world.snapshot.resources.values())
    found = ids(prefer, resources, world.snapshot)
    assert sorted(map(str, found)) == sorted(str(one.id) for one in resources)
    assert ids(prefer, resources, world.snapshot) == found


@given(st.lists(st.sampled_from([0.0, 1.0, 2.0]), min_size=1))
def test_larger_ranks_and_scores_come_first_and_equal_ones_as_listed(ranks: list[float]) -> None:
    resources = [Resource(number, rank=rank) for number, rank in enumerate(ranks)]
    expected = sorted(range(len(ranks)), key=lambda number: (-ranks[number], number))
    snapshot = Snapshot(EPOCH, resources)
    assert ids(by_rank, resources, snapshot) == expected
    assert ids(by_score(lambda one: one.rank), resources, snapshot) == expected


def test_the_least_loaded_comes_first_by_time_units_and_capacity() -> None:
    resources = [
        Resource("long"),
        Resource("units", capacity=4),
        Resource("big", capacity=4),
        Resource("free"),
    ]
    bookings = [
        taking("long", cells=3, key=1),
        taking("units", cells=2, units=3, key=2),
        taking("big", cells=5, key=3),
    ]
    snapshot = Snapshot(EPOCH, resources, bookings)
    assert ids(least_loaded, resources, snapshot) == ["free", "big", "units", "long"]


def test_what_does_not_block_is_no_load() -> None:
    resources = [Resource("a"), Resource("b")]
    bookings = [taking("a", key=1, occupies=False), taking("a", key=2, expires_at=EPOCH)]
    assert ids(least_loaded, resources, Snapshot(EPOCH, resources, bookings)) == ["a", "b"]


def test_turns_go_round() -> None:
    resources = [Resource("a"), Resource("b"), Resource("c")]
    bookings: list[Booking] = []
    order = []
    for made in range(6):
        snapshot = Snapshot(EPOCH, resources, bookings)
        order.append(ids(round_robin, resources, snapshot)[0])
        bookings.append(taking(order[-1], made=made + 1, key=made))
    assert order == ["a", "b", "c", "a", "b", "c"]


def test_turns_that_the_host_remembers_count_unless_a_booking_is_later() -> None:
    resources = [Resource("a"), Resource("b"), Resource("c")]
    turns: dict[Id, dt.datetime] = {"a": EPOCH + 2 * CELL, "b": EPOCH + CELL}
    assert ids(round_robin, resources, Snapshot(EPOCH, resources, turns=turns)) == ["c", "b", "a"]
    later = Snapshot(EPOCH, resources, [taking("b", made=3)], turns=turns)
    assert ids(round_robin, resources, later) == ["c", "a", "b"]
