"""Every refusal is true, and none is missing: facts checked again, instant by instant."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import attrs
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.engine.oracle import TICK, Oracle
from tests.engine.worlds import DAY, MINUTE, World, at, worlds

from slotkeeper.domain.durations import WholeOpening
from slotkeeper.domain.explanation import (
    Busy,
    Closed,
    Explanation,
    Inactive,
    LimitReached,
    NotOffered,
    OffGrid,
    Refusal,
    TooFar,
    TooFew,
    TooManyUnits,
    TooSoon,
    WrongDuration,
)
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.limit import Per
from slotkeeper.domain.requirement import Requirement
from slotkeeper.domain.slot import Slot

if TYPE_CHECKING:
    from slotkeeper.domain.ids import Id

starts = st.builds(
    lambda cell, by: at(cell) + by, st.integers(-10, 150), st.sampled_from([0 * MINUTE, TICK, 5 * MINUTE])
)
fixed_worlds = worlds().filter(lambda world: not isinstance(world.request.service.duration, WholeOpening))
"""Worlds in which the length of a booking is known before its start."""


def oracle_of(world: World) -> Oracle:
    offered = world.request.service.duration
    assert not isinstance(offered, WholeOpening)
    return Oracle(world, world.request.duration or offered.shortest)


def refusals_of(world: World, start: dt.datetime) -> tuple[Refusal, ...]:
    offer = world.evaluator.offer(start)
    assume(isinstance(offer, Explanation))
    assert isinstance(offer, Explanation)
    return offer.refusals


def accepting(oracle: Oracle, start: dt.datetime) -> frozenset[Id]:
    """Return who may lead from a start as far as grids are concerned."""
    service = oracle.world.request.service
    grids = [one for one in (service.offered, service.accepted) if one is not None]
    return frozenset().union(*(oracle.leads_on(grid, start) for grid in grids))


# -- facts ---------------------------------------------------------------------------------------------------


@given(fixed_worlds, starts)
def test_what_a_refusal_of_the_service_says_is_true(world: World, start: dt.datetime) -> None:
    oracle, service, now = oracle_of(world), world.request.service, world.snapshot.now
    for one in refusals_of(world, start):
        match one:
            case Inactive(kind="service"):
                assert not service.active
            case WrongDuration():
                assert one.requested == world.request.duration
                assert not oracle.has_length()
            case TooManyUnits(resource_id=None):
                assert one.requested == oracle.units > one.most == service.max_units
            case TooSoon():
                assert service.notice is not None
                assert start + one.missing == one.earliest == now + service.notice
                assert one.missing > dt.timedelta(0)
            case TooFar():
                assert service.horizon is not None
                assert start > one.latest == now + service.horizon
            case LimitReached(resource_id=None):
                assert one.limit in service.limits
                assert oracle.is_reached(one.limit, start, None)
                assert start in one.period
            case _:
                pass


@given(fixed_worlds, starts)
def test_what_a_refusal_of_a_resource_says_is_true(world: World, start: dt.datetime) -> None:
    oracle, resources = oracle_of(world), world.snapshot.resources
    for one in refusals_of(world, start):
        match one:
            case Inactive(kind="resource"):
                assert not resources[one.id].active
            case TooManyUnits() if one.resource_id is not None:
                assert one.requested == oracle.units > one.most == resources[one.resource_id].capacity
            case Closed():
                resource = resources[one.resource_id]
                assert not oracle.is_open(resource, start)
                around = resource.schedule.open_between(Interval(start - 2 * DAY, start + 2 * DAY))
                assert one.open <= around
                assert (start in one.open) == (start in around)
            case Busy():
                part = resources[one.resource_id]
                assert one.requested == oracle.units > one.free == oracle.free_units(part, start)
                ids = {row.id for row in world.snapshot.bookings if part.id in row.resource_ids}
                assert {blocker.booking_id for blocker in one.blockers} <= ids
            case LimitReached() if one.resource_id is not None:
                assert one.limit.per is Per.RESOURCE
                assert oracle.is_reached(one.limit, start, resources[one.resource_id])
            case _:
                pass


@given(fixed_worlds, starts)
def test_what_a_refusal_of_the_grid_says_is_true(world: World, start: dt.datetime) -> None:
    oracle = oracle_of(world)
    for one in refusals_of(world, start):
        if isinstance(one, OffGrid):
            leads = accepting(oracle, start)
            assert not leads if one.resource_id is None else one.resource_id not in leads
            for near in (one.previous, one.following):
                if near is not None and one.resource_id is not None:
                    assert one.resource_id in oracle.listed(near)
                elif near is not None:
                    assert isinstance(world.evaluator.offer(near), Slot)
            assert one.previous is None or start - DAY <= one.previous < start
            assert one.following is None or start < one.following < start + DAY


@given(fixed_worlds, starts)
def test_too_few_are_free_where_no_combination_of_free_ones_exists(world: World, start: dt.datetime) -> None:
    oracle = oracle_of(world)
    for one in refusals_of(world, start):
        if isinstance(one, TooFew):
            assert not oracle.serves(start, accepting(oracle, start))
            assert one.needed == sum(count for _, count in oracle.pools)
        if isinstance(one, NotOffered) and one.resource_id is not None:
            assert not any(one.resource_id in {row.id for row in admitted} for admitted, _ in oracle.pools)


@given(worlds(), starts)
def test_blockers_are_in_the_way_and_in_order(world: World, start: dt.datetime) -> None:
    for one in refusals_of(world, start):
        if isinstance(one, Busy):
            intervals = [blocker.interval for blocker in one.blockers]
            assert intervals == sorted(intervals)
            assert one.blockers or one.requested > world.snapshot.resources[one.resource_id].capacity


# -- completeness --------------------------------------------------------------------------------------------


@given(fixed_worlds, starts)
def test_every_rule_of_the_service_that_refuses_is_named(world: World, start: dt.datetime) -> None:
    refusals = refusals_of(world, start)
    assume(not any(isinstance(one, NotOffered) for one in refusals))
    kinds = Inactive, WrongDuration, TooManyUnits, TooSoon, TooFar, LimitReached
    named = {one.code for one in refusals if isinstance(one, kinds) and one.resource_id is None}
    assert named == oracle_of(world).service_codes(start)


@given(fixed_worlds, starts)
def test_every_rule_of_the_resources_in_question_is_named(world: World, start: dt.datetime) -> None:
    refusals, oracle = refusals_of(world, start), oracle_of(world)
    assume(not any(isinstance(one, NotOffered) for one in refusals))
    named = {(one.code, one.resource_id) for one in refusals}
    leads, asked = accepting(oracle, start), set(world.request.resource_ids)
    missing = False
    for number, (candidates, count) in enumerate(oracle.pools):
        able = [one for one in candidates if oracle.is_free(one, start) and (number or one.id in leads)]
        if len(able) >= count:
            continue
        wanted = [one for one in candidates if one.id in asked]
        for one in wanted if len(wanted) >= count else candidates:
            missing = missing or one not in able
            assert oracle.resource_codes(one, start) <= named
            if number == 0 and one.id not in leads:
                assert ("off_grid", None if oracle.shared else one.id) in named
    if not missing and not oracle.serves(start, leads):
        assert {code for code, _ in named} - oracle.service_codes(start)


@given(fixed_worlds, starts)
def test_exactly_what_refuses_the_one_resource_that_is_asked_for_is_named(
    world: World, start: dt.datetime
) -> None:
    service = attrs.evolve(world.request.service, needs=[Requirement()], shared_grid=False)
    world = world.asking(service=service, resource_ids=["a"])
    named = {(one.code, one.resource_id) for one in refusals_of(world, start)}
    oracle = oracle_of(world)
    expected = oracle.resource_codes(world.snapshot.resources["a"], start)
    expected |= set() if "a" in accepting(oracle, start) else {("off_grid", "a")}
    assert named == expected | {(code, None) for code in oracle.service_codes(start)}


# -- whole openings ------------------------------------------------------------------------------------------


@given(worlds().filter(lambda world: isinstance(world.request.service.duration, WholeOpening)), starts)
def test_where_no_opening_begins_the_grid_refuses(world: World, start: dt.datetime) -> None:
    refusals = refusals_of(world, start)
    assume(not any(isinstance(one, NotOffered) for one in refusals))
    leads = Oracle(world, TICK).pools[0][0]
    moment = Interval(start, start + TICK)
    if not any(one.start == start for lead in leads for one in lead.schedule.openings_between(moment)):
        assert any(isinstance(one, OffGrid) for one in refusals)
