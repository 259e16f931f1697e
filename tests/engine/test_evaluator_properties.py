"""Listing, checking, booking and explaining agree, in whatever world."""

from __future__ import annotations

from itertools import islice, pairwise
from typing import TYPE_CHECKING

from hypothesis import assume, given
from hypothesis import strategies as st
from tests.engine.oracle import TICK, Oracle
from tests.engine.worlds import DAY, EPOCH, MINUTE, World, at, booking_of, windows, worlds

from slotkeeper.domain.buffers import BufferRule
from slotkeeper.domain.durations import WholeOpening
from slotkeeper.domain.explanation import Explanation
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.slot import Slot
from slotkeeper.engine.evaluator import Evaluator
from slotkeeper.engine.guard import check_capacity
from slotkeeper.engine.preference import by_score

if TYPE_CHECKING:
    import datetime as dt

    from slotkeeper.domain.booking import Booking

starts = st.builds(
    lambda cell, by: at(cell) + by, st.integers(-10, 150), st.sampled_from([0 * MINUTE, TICK, 5 * MINUTE])
)
SOME = 12


def on_its_own_resources(world: World, slot: Slot) -> World:
    return world.asking(resource_ids=slot.resource_ids, duration=slot.interval.duration)


def booked(world: World, slot: Slot, key: str = "new") -> Booking:
    fields = {"service_id": slot.service_id, "customer_id": world.request.customer_id}
    return booking_of(world.evaluator.allocations(slot), key, **fields)


def guarded(world: World, booking: Booking) -> None:
    capacities = {one.id: one.capacity for one in world.snapshot.resources.values()}
    others = [one for one in world.snapshot.bookings if one.id not in world.request.ignore]
    check_capacity(booking, others, capacities, now=world.snapshot.now)


# -- listing and checking ------------------------------------------------------------------------------------


@given(worlds(), windows)
def test_every_listed_slot_is_offered_on_its_resources(world: World, window: Interval) -> None:
    for slot in islice(world.evaluator.slots(window), SOME):
        assert on_its_own_resources(world, slot).evaluator.offer(slot.start) == slot


@given(worlds(), windows)
def test_every_listed_start_is_permitted(world: World, window: Interval) -> None:
    permitted = world.evaluator.permitted(window)
    assert all(slot.start in permitted and slot.start in window for slot in world.evaluator.slots(window))


@given(worlds(), starts)
def test_an_accepted_start_on_the_offered_grid_is_listed(world: World, start: dt.datetime) -> None:
    assume(world.request.service.accept is None)
    offer = world.evaluator.offer(start)
    listed = list(world.evaluator.slots(Interval.lasting(start, TICK)))
    if isinstance(offer, Slot):
        assert offer in listed
    else:
        assert not listed


@given(worlds(), starts)
def test_an_offered_start_is_permitted(world: World, start: dt.datetime) -> None:
    if isinstance(world.evaluator.offer(start), Slot):
        assert start in world.evaluator.permitted(Interval.lasting(start, TICK))


@given(worlds(), starts)
def test_a_start_is_explained_exactly_when_there_is_no_offer(world: World, start: dt.datetime) -> None:
    offer, explanation = world.evaluator.offer(start), world.evaluator.explain(start)
    if isinstance(offer, Explanation):
        assert explanation == offer
        assert explanation.refusals
    else:
        assert explanation.permitted


# -- booking -------------------------------------------------------------------------------------------------


@given(worlds(), windows)
def test_every_listed_slot_passes_the_guard_and_can_be_kept(world: World, window: Interval) -> None:
    for slot in islice(world.evaluator.slots(window), SOME):
        booking = booked(world, slot)
        guarded(world, booking)
        after = on_its_own_resources(world, slot).with_bookings([*world.snapshot.bookings, booking])
        kept = after.asking(ignore={*world.request.ignore, booking.id}).evaluator.offer(slot.start)
        assert kept == slot


@given(worlds(), windows)
def test_a_slot_booked_again_and_again_is_refused_before_it_is_overbooked(
    world: World, window: Interval
) -> None:
    slot = next(world.evaluator.slots(window), None)
    assume(slot is not None)
    assert slot is not None
    world = on_its_own_resources(world, slot)
    for key in range(slot.free_units):
        again = world.evaluator.offer(slot.start)
        if isinstance(again, Slot):
            booking = booked(world, again, f"new-{key}")
            guarded(world, booking)
            world = world.with_bookings([*world.snapshot.bookings, booking])
    assert isinstance(world.evaluator.offer(slot.start), Explanation)


@given(worlds(), windows)
def test_free_units_are_what_the_scarcest_part_has_left(world: World, window: Interval) -> None:
    for slot in islice(world.evaluator.slots(window), SOME):
        oracle = Oracle(world, slot.interval.duration)
        chosen = [world.snapshot.resources[one] for one in slot.resource_ids]
        parts = [part for one in chosen for part in oracle.footprint(one)]
        assert slot.free_units == min(oracle.free_units(part, slot.start) for part in parts)
        assert slot.free_units >= slot.units


@given(worlds(), windows)
def test_under_sum_a_booking_takes_exactly_its_units(world: World, window: Interval) -> None:
    assume(world.request.service.buffers.combine is BufferRule.SUM)
    for slot in islice(world.evaluator.slots(window), 3):
        after = world.with_bookings([*world.snapshot.bookings, booked(world, slot)])
        oracle = Oracle(after, slot.interval.duration)
        left = [
            oracle.free_units(part, slot.start)
            for one in slot.resource_ids
            for part in oracle.footprint(world.snapshot.resources[one])
        ]
        assert min(left) == slot.free_units - slot.units


# -- windows, order, laziness --------------------------------------------------------------------------------


@given(worlds(), windows, st.integers(1, 19))
def test_a_window_cut_in_two_lists_the_same_slots(world: World, window: Interval, cell: int) -> None:
    middle = window.start + cell * (window.duration / 20)
    first, second = Interval(window.start, middle), Interval(middle, window.end)
    whole = list(world.evaluator.slots(window))
    assert [*world.evaluator.slots(first), *world.evaluator.slots(second)] == whole
    assert world.evaluator.permitted(first) | world.evaluator.permitted(second) == world.evaluator.permitted(
        window
    )


@given(worlds(), windows)
def test_what_was_asked_before_changes_no_answer(world: World, window: Interval) -> None:
    evaluator = world.evaluator
    list(evaluator.slots(Interval(window.start - DAY, window.end + DAY)))
    assert list(evaluator.slots(window)) == list(world.evaluator.slots(window))


@given(worlds(), windows, st.permutations(["a", "b", "c", "d"]))
def test_slots_come_by_time_then_by_preference(world: World, window: Interval, order: list[str]) -> None:
    prefer = by_score(lambda one: -order.index(str(one.id)))
    evaluator = Evaluator(world.snapshot, world.request, prefer)
    keys = [(slot.start, order.index(str(slot.resource_id))) for slot in evaluator.slots(window)]
    assert all(one <= other for one, other in pairwise(keys))


@given(worlds())
def test_only_as_much_of_a_window_is_worked_out_as_is_taken(world: World) -> None:
    assume(next(world.evaluator.slots(Interval(EPOCH, EPOCH + 3 * DAY)), None) is not None)
    thousand_years = Interval(EPOCH, EPOCH + 365_000 * DAY)
    assert next(world.evaluator.slots(thousand_years)).start < EPOCH + 3 * DAY


@given(worlds(), windows)
def test_the_order_of_preference_changes_who_is_taken_but_not_when(world: World, window: Interval) -> None:
    other = Evaluator(world.snapshot, world.request, by_score(lambda one: ord(str(one.id)) * 7 % 5))
    assert {one.start for one in other.slots(window)} == {one.start for one in world.evaluator.slots(window)}


# -- whole openings ------------------------------------------------------------------------------------------


@given(worlds().filter(lambda world: isinstance(world.request.service.duration, WholeOpening)), windows)
def test_whole_openings_are_listed_where_every_rule_permits_them(world: World, window: Interval) -> None:
    expected = set()
    for lead in Oracle(world, TICK).pools[0][0]:
        for one in lead.schedule.openings_between(window):
            oracle = Oracle(world, one.duration)
            if world.request.duration not in (None, one.duration) or one.start not in window:
                continue
            who = oracle.leads_of_whole(one)
            if not oracle.service_codes(one.start) and oracle.serves(
                one.start, who if oracle.shared else frozenset([lead.id])
            ):
                expected.add((one.start, one.end, None if oracle.shared else lead.id))
    shared = Oracle(world, TICK).shared
    listed = [
        (one.start, one.end, None if shared else one.resource_id) for one in world.evaluator.slots(window)
    ]
    assert len(set(listed)) == len(listed)
    assert set(listed) == expected
