"""What the evaluator tells beside slots and refusals: reach, rooms, allocations, and the ends of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs
import pytest
from hypothesis import given
from tests.engine.worlds import CELL, EPOCH, World, at, booking_of, span, windows, worlds

from slotkeeper.domain.booking import Allocation
from slotkeeper.domain.buffers import Buffers
from slotkeeper.domain.durations import WholeOpening
from slotkeeper.domain.explanation import Busy, Explanation, OffGrid
from slotkeeper.domain.grid import GapGrid
from slotkeeper.domain.instant import EARLIEST, LATEST, TICK
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.schedule import Schedule
from slotkeeper.domain.service import Service
from slotkeeper.domain.slot import Slot
from slotkeeper.engine.evaluator import Evaluator
from slotkeeper.engine.question import Request, Snapshot
from slotkeeper.errors import InvalidInstantError

if TYPE_CHECKING:
    import datetime as dt

CUT: Final = Service("cut", 2 * CELL, grid=CELL, notice=None)


def near(world: World, reach: Interval) -> World:
    """The same world without the bookings that do not overlap a reach and do not start in it."""
    some = [
        one
        for one in world.snapshot.bookings
        if one.interval.start in reach or any(row.reach.overlaps(reach) for row in one.allocations)
    ]
    return world.with_bookings(some)


def without_neighbours(found: Slot | Explanation) -> Slot | Explanation:
    """What was found, with no start before or after one that is off the grid."""
    if isinstance(found, Slot):
        return found
    bare = (
        OffGrid(None, None, one.resource_id) if isinstance(one, OffGrid) else one for one in found.refusals
    )
    return attrs.evolve(found, refusals=bare)


@given(worlds(), windows)
def test_bookings_outside_the_reach_change_no_answer(world: World, window: Interval) -> None:
    fewer = near(world, world.evaluator.reach(window))
    assert list(fewer.evaluator.slots(window)) == list(world.evaluator.slots(window))
    assert fewer.evaluator.permitted(window) == world.evaluator.permitted(window)


@given(worlds(), windows)
def test_bookings_that_are_not_close_to_a_window_change_no_slot_in_it(world: World, window: Interval) -> None:
    fewer = near(world, world.evaluator.close_to(window))
    assert list(fewer.evaluator.slots(window)) == list(world.evaluator.slots(window))


@given(worlds(), windows)
def test_bookings_outside_the_reach_of_an_instant_change_no_explanation(
    world: World, window: Interval
) -> None:
    for start in (window.start, window.end - TICK):
        fewer = near(world, world.evaluator.reach(Interval(start, start + TICK)))
        assert fewer.evaluator.offer(start) == world.evaluator.offer(start)


@given(worlds(), windows)
def test_bookings_that_are_not_close_to_an_instant_change_at_most_what_starts_lie_beside_it(
    world: World, window: Interval
) -> None:
    for start in (window.start, window.start + 3 * CELL, window.end - TICK):
        fewer = near(world, world.evaluator.close_to(Interval(start, start + TICK)))
        told, offer = fewer.evaluator.offer(start), world.evaluator.offer(start)
        assert without_neighbours(told) == without_neighbours(offer)


def test_the_reach_goes_on_to_the_end_of_a_long_opening_that_starts_within_a_day() -> None:
    hut = Resource("a", Schedule.of([span(90, 400)]))
    snapshot = Snapshot(EPOCH, [hut], [booking_of([Allocation("a", span(450, 1))])])
    world = World(snapshot, Request(Service("stay", WholeOpening(), notice=None)))
    fewer = near(world, world.evaluator.reach(Interval.lasting(EPOCH, TICK)))
    assert world.evaluator.explain(EPOCH).refusals[-1] == OffGrid(None, None, "a")
    assert fewer.evaluator.explain(EPOCH) == world.evaluator.explain(EPOCH)


def test_the_reach_goes_back_to_the_booking_from_which_a_gap_is_counted() -> None:
    service = attrs.evolve(CUT, grid=GapGrid(5 * CELL, align=CELL))
    snapshot = Snapshot(
        EPOCH, [Resource("a", Schedule.of([span(0, 180)]))], [booking_of([Allocation("a", span(1, 2))])]
    )
    world, window = World(snapshot, Request(service)), span(150, 10)
    fewer = near(world, world.evaluator.reach(window))
    assert [slot.start for slot in fewer.evaluator.slots(window)] == [at(153), at(158)]


def test_rooms_say_only_what_capacity_says() -> None:
    closed = Resource("a", Schedule.never(), active=False)
    row = Allocation("a", span(0, 2))
    evaluator = Evaluator(Snapshot(EPOCH, [closed, Resource("b")], [booking_of([row])]), Request(CUT))
    (found,) = evaluator.rooms(["a", "b"], at(1))
    assert isinstance(found, Busy)
    assert (found.resource_id, found.free) == ("a", 0)
    assert evaluator.rooms(["a", "b"], at(2)) == ()


def test_a_booking_takes_units_of_the_chosen_resources_then_of_all_their_parts() -> None:
    resources = [Resource("hall", parts=["left", "right"]), Resource("left"), Resource("right")]
    around = Buffers(CELL)
    request = Request(attrs.evolve(CUT, buffers=around), units=1, resource_ids=["hall"])
    evaluator = Evaluator(Snapshot(EPOCH, resources), request)
    slot = evaluator.offer(at(4))
    assert isinstance(slot, Slot)
    expected = [Allocation(one, slot.interval, 1, buffers=around) for one in ("hall", "left", "right")]
    assert list(evaluator.allocations(slot)) == expected


def test_a_whole_opening_of_another_length_is_not_on_offer() -> None:
    course = Service("course", WholeOpening(), notice=None)
    snapshot = Snapshot(EPOCH, [Resource("a", Schedule.of([span(0, 4), span(0, 6)]), capacity=2)])
    lengths = [slot.interval.duration for slot in Evaluator(snapshot, Request(course)).slots(span(0, 9))]
    assert lengths == [4 * CELL, 6 * CELL]
    longer = Evaluator(snapshot, Request(course, duration=6 * CELL)).offer(EPOCH)
    assert isinstance(longer, Slot)
    assert longer.interval == span(0, 6)
    other = Evaluator(snapshot, Request(course, duration=5 * CELL)).offer(EPOCH)
    assert isinstance(other, Explanation)
    assert any(isinstance(one, OffGrid) for one in other.refusals)


def test_a_length_that_no_opening_has_is_explained_by_bookings_within_it() -> None:
    course = Service("course", WholeOpening(), notice=None)
    snapshot = Snapshot(
        EPOCH, [Resource("a", Schedule.of([span(36, 32)]))], [booking_of([Allocation("a", span(36, 1))])]
    )
    world, start = World(snapshot, Request(course, duration=2 * CELL)), at(35)
    fewer = near(world, world.evaluator.close_to(Interval(start, start + TICK)))
    told = fewer.evaluator.offer(start)
    assert told == world.evaluator.offer(start)
    assert isinstance(told, Explanation)
    assert any(isinstance(one, Busy) for one in told.refusals)


def test_the_neighbouring_starts_of_one_off_the_grid_are_named() -> None:
    evaluator = Evaluator(
        Snapshot(EPOCH, [Resource("a")], [booking_of([Allocation("a", span(5, 4))])]), Request(CUT)
    )
    (found,) = evaluator.explain(at(3) + TICK).refusals[-1:]
    assert found == OffGrid(at(3), at(9), "a")


@pytest.mark.parametrize("start", [EARLIEST, LATEST - TICK, LATEST - CELL])
def test_the_ends_of_time_are_closed(start: dt.datetime) -> None:
    explanation = Evaluator(Snapshot(EPOCH, [Resource("a")]), Request(CUT)).explain(start)
    assert "outside_hours" in {one.code for one in explanation.refusals}


def test_nothing_can_start_at_the_very_last_instant() -> None:
    with pytest.raises(InvalidInstantError):
        Evaluator(Snapshot(EPOCH, [Resource("a")]), Request(CUT)).offer(LATEST)
