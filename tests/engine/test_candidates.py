"""Who can serve together, against trying every combination."""

from __future__ import annotations

from itertools import combinations, product
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.worlds import CELL, EPOCH, at, span

from slotkeeper.domain.interval_set import IntervalSet
from slotkeeper.domain.requirement import Requirement
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.service import Service
from slotkeeper.engine.candidates import pools, together
from slotkeeper.engine.choice import Pool, choose
from slotkeeper.engine.question import Request, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from slotkeeper.domain.ids import Id

IDS: Final = ("a", "b", "c", "d", "e")
WINDOW: Final = span(0, 8)
cell_sets: Final = st.sets(st.integers(0, 7))


@st.composite
def questions(draw: st.DrawFn, *, composite: bool) -> tuple[Snapshot, list[Pool], list[Id]]:
    """Draw candidates in overlapping pools, and some that must serve; the last may consist of others."""
    parts = draw(st.lists(st.sampled_from(IDS[:-1]), max_size=2, unique=True)) if composite else []
    resources = [Resource(one, parts=parts if one == "e" else ()) for one in IDS]
    some = st.lists(st.sampled_from(resources), min_size=1, unique_by=lambda one: one.id).map(tuple)
    wanted = draw(st.lists(st.builds(Pool, some, st.integers(1, 2)), min_size=1, max_size=3))
    known = sorted({one.id for pool in wanted for one in pool.resources})
    must = draw(st.lists(st.sampled_from(known), max_size=2, unique=True))
    return Snapshot(EPOCH, resources), wanted, must


any_question: Final = questions(composite=False) | questions(composite=True)


def parties(
    snapshot: Snapshot, wanted: Sequence[Pool], must: Sequence[Id], free: set[Id]
) -> Iterator[tuple[Id, ...]]:
    """Yield every party in the order of preference: pool by pool, as listed."""
    choices = [combinations([one for one in pool.resources if one.id in free], pool.count) for pool in wanted]
    for groups in product(*choices):
        party = [one for group in groups for one in group]
        taken = [part.id for one in party for part in snapshot.footprint(one)]
        if len(set(taken)) == len(taken) and {one.id for one in party} >= set(must):
            yield tuple(one.id for one in party)


def sets_of(cells: Mapping[Id, set[int]]) -> dict[Id, IntervalSet]:
    return {key: IntervalSet(span(cell, 1) for cell in some) for key, some in cells.items()}


@given(
    st.booleans().flatmap(lambda composite: questions(composite=composite)),
    st.fixed_dictionaries(dict.fromkeys(IDS, cell_sets)),
)
def test_together_is_where_some_combination_of_free_ones_exists(
    question: tuple[Snapshot, list[Pool], list[Id]], cells: dict[Id, set[int]]
) -> None:
    snapshot, wanted, must = question
    found = together(wanted, sets_of(cells), WINDOW, snapshot=snapshot, must=must)
    for cell in range(8):
        free = {one for one, some in cells.items() if cell in some}
        possible = any(True for _ in parties(snapshot, wanted, must, free))
        assert (at(cell) in found) == (at(cell) + CELL / 2 in found) == possible


@given(any_question, st.sets(st.sampled_from(IDS)))
def test_a_choice_is_made_exactly_where_there_is_one(
    question: tuple[Snapshot, list[Pool], list[Id]], free: set[Id]
) -> None:
    snapshot, wanted, must = question
    found = choose(wanted, must=must, is_free=lambda one: one.id in free, snapshot=snapshot)
    every = set(parties(snapshot, wanted, must, free))
    assert (found is None) == (not every)
    if found is not None:
        counts = [pool.count for pool in wanted]
        assert sum(counts) == len(found)
        assert {one.id for one in found} in map(set, every)


@given(any_question, st.sets(st.sampled_from(IDS)))
def test_the_first_combination_by_preference_is_chosen(
    question: tuple[Snapshot, list[Pool], list[Id]], free: set[Id]
) -> None:
    snapshot, wanted, _ = question
    found = choose(wanted, must=(), is_free=lambda one: one.id in free, snapshot=snapshot)
    first = next(parties(snapshot, wanted, (), free), None)
    assert (None if found is None else tuple(one.id for one in found)) == first


def test_those_who_must_serve_fill_the_seats_in_the_order_in_which_they_are_named() -> None:
    resources = [Resource("a"), Resource("b"), Resource("c")]
    wanted = [Pool(tuple(resources), 1), Pool(tuple(resources), 1)]
    snapshot = Snapshot(EPOCH, resources)
    found = choose(wanted, must=["c", "b"], is_free=lambda _: True, snapshot=snapshot)
    assert found == (resources[2], resources[1])


def test_a_choice_among_many_is_not_a_search_through_all_combinations() -> None:
    resources = [Resource(number) for number in range(60)]
    wanted = [Pool(tuple(resources), 20), Pool(tuple(resources[:10]), 10), Pool(tuple(resources[:30]), 20)]
    snapshot = Snapshot(EPOCH, resources)
    found = choose(wanted, must=[59], is_free=lambda _: True, snapshot=snapshot)
    assert found is not None
    assert len({one.id for one in found}) == 50
    too_few = [Pool(tuple(resources[:20]), 11), Pool(tuple(resources[:20]), 10)]
    assert choose(too_few, must=(), is_free=lambda _: True, snapshot=snapshot) is None


# -- pools ---------------------------------------------------------------------------------------------------


def pool_of(need: Requirement, *, asked: Sequence[Id] = ()) -> tuple[list[Id], int]:
    resources = [Resource("b", roles=["x"]), Resource("a", roles=["x"], active=False), Resource("c")]
    request = Request(Service("cut", CELL, needs=[need]), resource_ids=asked)
    (pool,) = pools(Snapshot(EPOCH, resources), request)
    return [one.id for one in pool.resources], pool.count


@pytest.mark.parametrize(
    ("need", "candidates", "count"),
    [
        (Requirement(), ["b", "c"], 1),
        (Requirement("x"), ["b"], 1),
        (Requirement("z"), [], 1),
        (Requirement.some_of(2, "c", "b"), ["b", "c"], 2),
        (Requirement("x", count=None), ["b", "a"], 2),
        (Requirement.all_of("b", "absent"), ["b"], 2),
    ],
)
def test_candidates_are_the_active_ones_as_listed(
    need: Requirement, candidates: list[Id], count: int
) -> None:
    assert pool_of(need) == (candidates, count)


def test_one_that_is_switched_off_is_a_candidate_if_it_is_asked_for() -> None:
    assert pool_of(Requirement(), asked=["a"]) == (["b", "a", "c"], 1)
