"""One resource that is asked for where one is taken: nothing needs to be known of any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.engine.worlds import CELL, World, at, windows, worlds

from slotkeeper.domain.durations import WholeOpening
from slotkeeper.domain.explanation import Explanation
from slotkeeper.domain.requirement import Requirement
from slotkeeper.domain.service import Service
from slotkeeper.engine.question import Request

if TYPE_CHECKING:
    from slotkeeper.domain.interval import Interval


def of_the_one(world: World) -> World:
    """The same world without the resources that are neither the one asked for nor a part of it."""
    snapshot = world.snapshot
    the_one = snapshot.resource(world.request.resource_ids[0])
    return attrs.evolve(world, snapshot=attrs.evolve(snapshot, resources=snapshot.footprint(the_one)))


@st.composite
def of_one(draw: st.DrawFn) -> World:
    """Draw a world in which one resource is asked for, a candidate, of a service that takes one."""
    world = draw(worlds())
    ids = st.sampled_from(list(world.snapshot.resources))
    needs = [draw(st.sampled_from([Requirement(), Requirement("x"), Requirement.any_of("a", "b")]))]
    asked = world.asking(
        service=attrs.evolve(world.request.service, needs=needs, shared_grid=False), resource_ids=[draw(ids)]
    )
    assert asked.request.the_one is not None
    assume(needs[0].admits(asked.snapshot.resource(asked.request.the_one)))
    return asked


@given(of_one(), windows)
def test_it_is_answered_for_as_if_there_were_no_other(world: World, window: Interval) -> None:
    fewer = of_the_one(world)
    assert list(fewer.evaluator.slots(window)) == list(world.evaluator.slots(window))
    assert fewer.evaluator.permitted(window) == world.evaluator.permitted(window)


@given(of_one(), st.integers(-10, 150))
def test_it_is_refused_in_the_same_words(world: World, cell: int) -> None:
    fewer, more = of_the_one(world).evaluator.offer(at(cell)), world.evaluator.offer(at(cell))
    if isinstance(world.request.service.duration, WholeOpening) and isinstance(more, Explanation):
        assert isinstance(fewer, Explanation)  # not in the length of an opening that others have
    else:
        assert fewer == more


ONE = Service("cut", CELL)


@pytest.mark.parametrize(
    ("service", "named"),
    [
        (ONE, []),
        (attrs.evolve(ONE, shared_grid=True), ["a"]),
        (attrs.evolve(ONE, needs=[Requirement(count=2)]), ["a"]),
        (attrs.evolve(ONE, needs=[Requirement.all_of("a")]), ["a"]),
        (attrs.evolve(ONE, needs=[Requirement(), Requirement()]), ["a"]),
        (attrs.evolve(ONE, needs=[Requirement(), Requirement()]), ["a", "b"]),
    ],
)
def test_where_others_matter_there_is_no_one_resource(service: Service, named: list[str]) -> None:
    assert Request(service, resource_ids=named).the_one is None
