"""The guard: no booking is stored that would lift a resource's peak load above its capacity."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import attrs
import pytest
from hypothesis import strategies as st

from slotkeeper.domain.booking import Booking, Hold
from slotkeeper.domain.buffers import BufferRule, Buffers
from slotkeeper.domain.ids import Id
from slotkeeper.domain.instant import TICK
from slotkeeper.domain.interval import Interval
from slotkeeper.errors import SlotkeeperError, SlotTakenError
from slotkeeper.ports import Store
from slotkeeper.testing.contract.samples import (
    HOUR,
    NOW,
    add,
    at,
    everything,
    following,
    furnish,
    moved_to,
    room,
    span,
    visit,
)
from slotkeeper.testing.contract.suite import StoreSuite, for_all

HALF_HOURS = Buffers(HOUR / 2, HOUR / 2)
OCCUPYING = ("held", "pending", "confirmed", "in_progress", "rescheduled", "a status of the host's")


def load(bookings: Iterable[Booking], resource_id: Id, instant: dt.datetime, now: dt.datetime) -> int:
    """Return the units that bookings take from a resource at one instant, added up one by one."""
    return sum(
        one.units
        for booking in bookings
        if booking.occupies and (booking.expires_at is None or booking.expires_at > now)
        for one in booking.allocations
        if one.resource_id == resource_id and instant in one.occupied
    )


def overbooked(bookings: list[Booking], capacity: int, now: dt.datetime) -> bool:
    """Tell whether any resource carries more than its capacity; load peaks where something starts."""
    rows = [one for booking in bookings for one in booking.allocations]
    return any(load(bookings, one.resource_id, one.occupied.start, now) > capacity for one in rows)


@st.composite
def small_visits(draw: st.DrawFn) -> Booking:
    """Draw a visit of a few hours of one day, of any size, with any buffers and in any state."""
    start = draw(st.integers(0, 5))
    buffers = Buffers(
        draw(st.sampled_from((0, 1))) * HOUR,
        draw(st.sampled_from((0, 1))) * HOUR,
        combine=draw(st.sampled_from((BufferRule.SUM, *BufferRule))),
    )
    return visit(
        draw(st.integers(1, 6)),
        span(start, start + draw(st.integers(1, 3))),
        on=draw(st.lists(st.integers(1, 2), min_size=1, max_size=2, unique=True)),
        units=draw(st.integers(1, 2)),
        buffers=buffers,
        occupies=draw(st.sampled_from((True, True, True, False))),
        expires_at=draw(st.sampled_from((*[None] * 5, at(-2), NOW, at(2)))),
    )


class GuardTests(StoreSuite):
    """`Bookings.add` and `Bookings.replace` refuse what does not fit, whoever calls them."""

    @for_all(wanted=st.lists(small_visits(), max_size=8), capacity=st.integers(1, 3))
    def test_what_is_stored_is_exactly_what_fits_beside_what_is_there(
        self, wanted: list[Booking], capacity: int
    ) -> None:
        there: dict[Id, Booking] = {}
        with self.fresh() as store:
            furnish(store, capacity=capacity)
            for one in wanted:
                before = there.get(one.id)
                new = one if before is None else attrs.evolve(one, version=before.version + 1)
                others = [other for other in there.values() if other.id != one.id]
                fits = not new.blocks(NOW) or not overbooked([*others, new], capacity, NOW)
                assert self._stored(store, new, first=before is None) is fits
                if fits:
                    there[one.id] = new
            stored = everything(store)["bookings"]
        assert isinstance(stored, list)
        assert {one.id: one for one in stored} == there

    @pytest.mark.parametrize("other", [span(8, 9), span(10, 11), span(20, 21)])
    def test_touching_bookings_fit(self, other: Interval) -> None:
        assert self._fit(visit(1, span(9, 10)), visit(2, other))

    @pytest.mark.parametrize(
        "other",
        [
            span(9, 10),
            span(8, 11),
            Interval(at(9) + HOUR / 4, at(9) + HOUR / 2),
            Interval(at(8), at(9) + TICK),
            Interval(at(10) - TICK, at(11)),
        ],
        ids=["the same", "around", "inside", "a tick too long", "a tick too early"],
    )
    def test_overlapping_bookings_do_not_fit_a_capacity_of_one(self, other: Interval) -> None:
        assert not self._fit(visit(1, span(9, 10)), visit(2, other))

    def test_a_refusal_names_the_resource_the_free_units_and_the_bookings_in_the_way(self) -> None:
        with self.fresh() as store:
            furnish(store, capacity=3)
            add(store, visit("there", span(9, 10), units=2))
            with pytest.raises(SlotTakenError) as refused:
                add(store, visit("new", span(9, 10), units=2))
        busy = refused.value.explanation.refusals[0]
        assert (busy.resource_id, busy.requested, busy.free) == (1, 2, 1)  # type: ignore[union-attr]
        assert [one.booking_id for one in busy.blockers] == ["there"]  # type: ignore[union-attr]

    def test_bookings_side_by_side_fill_a_capacity_of_several(self) -> None:
        three = [visit(number, span(9, 10)) for number in range(3)]
        assert self._fit(*three, capacity=3)
        assert not self._fit(*three, visit(4, span(9, 10)), capacity=3)

    def test_the_peak_counts_and_not_the_sum_of_what_overlaps(self) -> None:
        one_after_the_other = [visit(1, span(9, 10)), visit(2, span(10, 11))]
        assert self._fit(*one_after_the_other, visit(3, span(9, 11)), capacity=2)

    def test_units_count(self) -> None:
        assert self._fit(visit(1, span(9, 10), units=2), visit(2, span(9, 10)), capacity=3)
        assert not self._fit(visit(1, span(9, 10), units=2), visit(2, span(9, 10), units=2), capacity=3)
        assert not self._fit(visit(1, span(9, 10), units=2), capacity=1)

    def test_of_several_resources_all_are_taken_or_none(self) -> None:
        with self.fresh() as store:
            furnish(store, capacity=1)
            add(store, visit(1, span(9, 10), on=[2]))
            with pytest.raises(SlotTakenError):
                add(store, visit(2, span(9, 10), on=[1, 2, 3]))
            add(store, visit(3, span(9, 10), on=[1, 3]))

    def test_sum_buffers_are_occupied(self) -> None:
        assert not self._fit(visit(1, span(9, 10), buffers=HALF_HOURS), visit(2, span(10, 11)))
        assert not self._fit(visit(1, span(9, 10)), visit(2, span(10, 11), buffers=HALF_HOURS))
        first = visit(1, span(9, 10), buffers=HALF_HOURS)
        assert self._fit(first, visit(2, span(11, 12), buffers=HALF_HOURS))
        assert not self._fit(first, visit(2, Interval(at(11) - TICK, at(12)), buffers=HALF_HOURS))

    @pytest.mark.parametrize("rule", [BufferRule.MAX, BufferRule.NONE])
    def test_other_buffers_are_left_to_the_rules(self, rule: BufferRule) -> None:
        buffers = Buffers(HOUR, HOUR, combine=rule)
        assert self._fit(visit(1, span(9, 10), buffers=buffers), visit(2, span(10, 11), buffers=buffers))

    @pytest.mark.parametrize("status", OCCUPYING)
    def test_a_booking_blocks_by_its_flag_whatever_its_status_is_called(self, status: str) -> None:
        assert not self._fit(visit(1, span(9, 10), status=status), visit(2, span(9, 10), status=status))

    @pytest.mark.parametrize("counts", [True, False])
    def test_a_booking_that_does_not_occupy_neither_blocks_nor_is_blocked(self, *, counts: bool) -> None:
        ended = visit(1, span(9, 10), status="completed", occupies=False, counts=counts)
        assert self._fit(ended, visit(2, span(9, 10)))
        assert self._fit(visit(2, span(9, 10)), ended)

    def test_a_hold_blocks_until_its_expiry_and_not_from_then_on(self) -> None:
        held = visit(1, span(9, 10), status="held")
        hold = Hold(**{**attrs.asdict(held, recurse=False), "expires_at": at(2)})
        with self.fresh() as store:
            furnish(store, capacity=1)
            add(store, hold)
            with pytest.raises(SlotTakenError):
                add(store, visit(2, span(9, 10)), now=at(2) - TICK)
            add(store, visit(2, span(9, 10)), now=at(2))

    def test_a_hold_that_becomes_firm_is_judged_anew(self) -> None:
        hold = visit(1, span(9, 10), status="held", expires_at=NOW + HOUR)
        with self.fresh() as store:
            furnish(store, capacity=1)
            add(store, hold)
            with (
                store.begin() as unit
            ):  # a writer whose clock is ahead takes the time once the hold has lapsed
                unit.bookings.add(visit(2, span(9, 10)), now=NOW + HOUR)
            for expiry in (None, NOW + 2 * HOUR):
                firm = following(hold, expires_at=expiry)
                with pytest.raises(SlotTakenError), store.begin() as unit:
                    unit.bookings.replace(firm, now=NOW)
            with store.begin() as unit:
                unit.bookings.replace(following(hold, expires_at=NOW + HOUR / 2), now=NOW)

    def test_a_booking_that_lapsed_neither_blocks_nor_is_blocked(self) -> None:
        lapsed = visit(1, span(9, 10), expires_at=NOW)
        assert self._fit(lapsed, visit(2, span(9, 10)))
        assert self._fit(visit(2, span(9, 10)), lapsed)

    def test_a_booking_that_takes_its_time_again_is_guarded(self) -> None:
        ended = visit(1, span(9, 10), occupies=False)
        with self.fresh() as store:
            furnish(store, capacity=1)
            add(store, ended, visit(2, span(9, 10)))
            with pytest.raises(SlotTakenError), store.begin() as unit:
                unit.bookings.replace(following(ended, occupies=True), now=NOW)

    def test_a_booking_is_not_in_its_own_way(self) -> None:
        first = visit(1, span(9, 11))
        assert self._fit(first, moved_to(first, span(10, 12)))

    def test_a_moved_booking_frees_its_old_time_and_takes_the_new(self) -> None:
        first = visit(1, span(9, 10))
        assert self._fit(first, moved_to(first, span(12, 13)), visit(2, span(9, 10)))
        assert not self._fit(first, moved_to(first, span(12, 13)), visit(2, span(12, 13)))

    def test_a_booking_is_not_moved_onto_another(self) -> None:
        first = visit(1, span(9, 10))
        assert not self._fit(first, visit(2, span(12, 13)), moved_to(first, span(12, 13)))

    def test_a_change_that_takes_nothing_more_is_stored_though_the_capacity_was_lowered(self) -> None:
        first, second = visit(1, span(9, 10)), visit(2, span(9, 10))
        with self.fresh() as store:
            furnish(store, capacity=2)
            add(store, first, second)
            with store.begin() as unit:
                unit.resources.put(room(1, capacity=1, version=2))
            with store.begin() as unit:
                unit.bookings.replace(following(first, status="in_progress"), now=NOW)
            with pytest.raises(SlotTakenError), store.begin() as unit:
                unit.bookings.replace(moved_to(second, Interval(at(9), at(10) + TICK)), now=NOW)
            with pytest.raises(SlotTakenError):
                add(store, visit(3, span(9, 10)))

    def test_a_resource_that_is_not_stored_has_no_room(self) -> None:
        with self.fresh() as store:
            with pytest.raises(SlotkeeperError):
                add(store, visit(1, span(9, 10), on=["nowhere"]))
            assert not any(everything(store).values())

    def _fit(self, *bookings: Booking, capacity: int = 1) -> bool:
        """Store bookings, first versions by adding; tell whether all of them were taken."""
        with self.fresh() as store:
            furnish(store, capacity=capacity)
            outcomes = [self._stored(store, one, first=one.version == 1) for one in bookings]
        return all(outcomes)

    def _stored(self, store: Store, booking: Booking, *, first: bool) -> bool:
        try:
            with store.begin() as unit:
                (unit.bookings.add if first else unit.bookings.replace)(booking, now=NOW)
        except SlotTakenError:
            return False
        return True
