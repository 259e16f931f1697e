"""What a slot would leave of the day, against cutting it cell by cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from tests.engine.worlds import CELL, EPOCH, World, booking_of, span, windows, worlds

from slotkeeper.domain.booking import Allocation
from slotkeeper.domain.buffers import Buffers
from slotkeeper.domain.instant import ZERO
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.schedule import Schedule
from slotkeeper.domain.service import Service
from slotkeeper.engine.question import Request, Snapshot
from slotkeeper.engine.suggestions import suggestions

if TYPE_CHECKING:
    import datetime as dt

    from slotkeeper.domain.booking import Booking
    from slotkeeper.domain.interval import Interval
    from slotkeeper.domain.slot import Slot


@st.composite
def days(draw: st.DrawFn) -> World:
    """Draw one resource with one or two openings and some bookings, and a service of up to four cells."""
    bookings = [
        booking_of([Allocation("a", span(draw(st.integers(0, 40)), draw(st.integers(1, 6))))], key)
        for key in range(draw(st.integers(0, 4)))
    ]
    hours = draw(st.sampled_from([[span(0, 30)], [span(0, 12), span(16, 20)], [span(0, 10), span(10, 14)]]))
    before, after = draw(st.integers(0, 1)), draw(st.integers(0, 1))
    service = Service(
        "cut", draw(st.integers(1, 4)) * CELL, grid=CELL, buffers=Buffers(before * CELL, after * CELL)
    )
    capacity = draw(st.integers(1, 2))
    snapshot = Snapshot(EPOCH, [Resource("a", Schedule.of(hours), capacity=capacity)], bookings)
    return World(snapshot, Request(service))


def leftovers(world: World, slot: Slot) -> list[int]:
    """Walk from both ends of what the slot occupies to where free time ends, and return the cells passed."""
    resource = world.snapshot.resources["a"]

    def is_free(cell: dt.datetime) -> bool:
        load = sum(cell in row.occupied for one in world.snapshot.bookings for row in one.allocations)
        return resource.schedule.is_open(cell) and load < resource.capacity

    taken = world.request.service.buffers.occupied(slot.interval)
    found = []
    for edge, step in ((slot.start - CELL, -CELL), (slot.end, CELL)):
        count, cell = 0, edge
        while is_free(cell):
            count += not taken.start <= cell < taken.end
            cell += step
        found.append(count)
    return found


@given(days())
def test_what_is_wasted_and_left_is_what_lies_beside_the_slot(world: World) -> None:
    needed = world.request.service.offered
    assert needed is not None
    for one in suggestions(world.evaluator, span(0, 48)):
        left = [count for count in leftovers(world, one.slot) if count]
        short = [count for count in left if count * CELL < one.slot.interval.duration]
        assert (one.wasted, one.pieces) == (sum(short) * CELL, len(left))


@given(worlds(), windows)
def test_suggestions_are_the_slots_those_that_waste_least_first(world: World, window: Interval) -> None:
    found = suggestions(world.evaluator, window)
    slots = list(world.evaluator.slots(window))
    assert sorted(slots.index(one.slot) for one in found) == list(range(len(slots)))
    keys = [(one.wasted, one.pieces, slots.index(one.slot)) for one in found]
    assert keys == sorted(keys)
    assert all(one.wasted >= ZERO and one.pieces in {0, 1, 2} for one in found)


def test_the_ends_of_a_gap_come_before_its_middle() -> None:
    world = World(
        Snapshot(EPOCH, [Resource("a", Schedule.of([span(0, 10)]))], [_booking(4, 2)]),
        Request(Service("cut", 2 * CELL, grid=CELL)),
    )
    found = suggestions(world.evaluator, span(0, 10))
    assert [(one.slot.start - EPOCH) // CELL for one in found] == [0, 2, 6, 8, 1, 7]
    assert [one.wasted // CELL for one in found] == [0, 0, 0, 0, 2, 2]


def _booking(cell: int, length: int) -> Booking:
    return booking_of([Allocation("a", span(cell, length))])


def test_the_booking_that_is_being_moved_takes_no_time_from_its_own_suggestions() -> None:
    snapshot = Snapshot(EPOCH, [Resource("a", Schedule.of([span(0, 4)]))], [_booking(0, 2)])
    world = World(snapshot, Request(Service("cut", 2 * CELL, grid=CELL), ignore=["new"]))
    found = suggestions(world.evaluator, span(0, 4))
    assert [(one.slot.start - EPOCH) // CELL for one in found] == [0, 2, 1]
