"""What the desk asks of bookings beside lists: those near a time, lapsed, owed money, to be reminded of."""

from __future__ import annotations

import datetime as dt

import attrs
import pytest
from hypothesis import strategies as st

from slotkeeper.domain.booking import Booking, Payment, PaymentStatus
from slotkeeper.domain.buffers import BufferRule, Buffers
from slotkeeper.domain.ids import Id, id_to_text
from slotkeeper.domain.instant import TICK
from slotkeeper.domain.interval import Interval
from slotkeeper.testing.contract.samples import (
    HOUR,
    NOW,
    RESOURCE_IDS,
    add,
    at,
    following,
    furnish,
    moved_to,
    span,
    visit,
)
from slotkeeper.testing.contract.suite import StoreSuite, for_all
from slotkeeper.testing.strategies import bookings, few_ids, holds, instants, intervals

several = st.lists(bookings() | holds(), max_size=6, unique_by=lambda one: (type(one.id), one.id))
LONG_BUFFERS = Buffers(HOUR, 2 * HOUR, combine=BufferRule.MAX)


def near(booking: Booking, resource_ids: list[Id], reach: Interval) -> bool:
    """Tell whether a booking takes one of these resources near an interval, by the words of the port."""
    rows = (one for one in booking.allocations if one.resource_id in resource_ids)
    return (booking.occupies or booking.counts) and any(one.reach.overlaps(reach) for one in rows)


def first_versions(given: list[Booking]) -> list[Booking]:
    """Return bookings as they are when they are made."""
    return [attrs.evolve(one, version=1) for one in given]


class SchedulingTests(StoreSuite):
    """`Bookings.relevant`, `Bookings.lapsed`, `Bookings.owed` and `Bookings.unreminded`."""

    @for_all(given=several, resource_ids=st.lists(few_ids(), max_size=3), reach=intervals())
    def test_the_bookings_near_a_time_are_those_that_occupy_or_count_there(
        self, given: list[Booking], resource_ids: list[Id], reach: Interval
    ) -> None:
        self.assume_storable(given)
        stored = first_versions(given)
        wanted = [one for one in stored if near(one, resource_ids, reach)]
        with self.fresh() as store:
            furnish(store)
            add(store, *stored)
            with store.begin(write=False) as unit:
                found = list(unit.bookings.relevant(resource_ids, reach))
        assert found == sorted(wanted, key=lambda one: (one.interval.start, id_to_text(one.id)))

    @pytest.mark.parametrize(
        ("reach", "found"),
        [
            (Interval(at(7), at(8)), False),
            (Interval(at(7), at(8) + TICK), True),
            (Interval(at(12) - TICK, at(13)), True),
            (Interval(at(12), at(13)), False),
        ],
        ids=["touches the start", "meets the start", "meets the end", "touches the end"],
    )
    def test_buffers_belong_to_the_reach_and_touching_is_not_overlapping(
        self, reach: Interval, *, found: bool
    ) -> None:
        one = visit(1, span(9, 10), buffers=LONG_BUFFERS)
        with self.fresh() as store:
            furnish(store)
            add(store, one)
            with store.begin(write=False) as unit:
                assert list(unit.bookings.relevant([1], reach)) == [one] * found

    def test_a_booking_on_several_resources_is_found_once(self) -> None:
        one = visit(1, span(9, 10), on=[1, 2, 3])
        with self.fresh() as store:
            furnish(store)
            add(store, one)
            with store.begin(write=False) as unit:
                assert list(unit.bookings.relevant([3, 1, 2, 1], span(9, 10))) == [one]

    def test_a_long_booking_is_found_in_its_middle(self) -> None:
        long = visit(1, Interval(at(0), at(24 * 400)))
        with self.fresh() as store:
            furnish(store)
            add(store, long, visit(2, span(9, 10)))
            with store.begin(write=False) as unit:
                assert list(unit.bookings.relevant([1], span(24 * 200, 24 * 200 + 1))) == [long]

    def test_a_change_moves_a_booking_to_where_it_is_found(self) -> None:
        first = visit(1, span(9, 10))
        second = moved_to(first, span(15, 16))
        third = following(second, occupies=False, counts=False)
        with self.fresh() as store:
            furnish(store)
            add(store, first)
            for version, places in ((first, [9]), (second, [15]), (third, [])):
                with store.begin() as unit:
                    if version is not first:
                        unit.bookings.replace(version, now=NOW)
                    found = [hour for hour in (9, 15) if unit.bookings.relevant([1], span(hour, hour + 1))]
                assert found == places

    @for_all(given=several, now=instants(), limit=st.integers(1, 7))
    def test_what_has_lapsed_comes_longest_overdue_first(
        self, given: list[Booking], now: dt.datetime, limit: int
    ) -> None:
        self.assume_storable(given)
        stored = first_versions(given)
        overdue = [
            one for one in stored if one.occupies and one.expires_at is not None and one.expires_at <= now
        ]
        with self.fresh() as store:
            furnish(store)
            add(store, *stored)
            with store.begin(write=False) as unit:
                found = list(unit.bookings.lapsed(now, limit=limit))
        assert all(one in overdue for one in found)
        assert len({id_to_text(one.id) for one in found}) == len(found)
        assert [one.expires_at for one in found] == sorted(
            one.expires_at for one in overdue if one.expires_at
        )[:limit]

    def test_a_hold_has_lapsed_from_its_expiry_on(self) -> None:
        one = visit(1, span(9, 10), expires_at=at(2))
        with self.fresh() as store:
            furnish(store)
            add(store, one)
            with store.begin(write=False) as unit:
                assert list(unit.bookings.lapsed(at(2) - TICK, limit=9)) == []
                assert list(unit.bookings.lapsed(at(2), limit=9)) == [one]

    @for_all(given=several, limit=st.integers(1, 7))
    def test_refunds_that_are_pending_come_longest_waiting_first(
        self, given: list[Booking], limit: int
    ) -> None:
        self.assume_storable(given)
        stored = first_versions(given)
        owed = [one for one in stored if one.payment.status is PaymentStatus.REFUND_PENDING]
        with self.fresh() as store:
            furnish(store)
            add(store, *stored)
            with store.begin(write=False) as unit:
                found = list(unit.bookings.owed(limit=limit))
        assert all(one in owed for one in found)
        assert len({id_to_text(one.id) for one in found}) == len(found)
        assert [one.updated_at for one in found] == sorted(one.updated_at for one in owed)[:limit]

    def test_a_refund_is_owed_until_it_is_given(self) -> None:
        one = visit(1, span(9, 10), payment=Payment(PaymentStatus.REFUND_PENDING))
        given = following(one, payment=Payment(PaymentStatus.REFUNDED))
        with self.fresh() as store:
            furnish(store)
            add(store, one)
            with store.begin() as unit:
                assert list(unit.bookings.owed(limit=9)) == [one]
                unit.bookings.replace(given, now=NOW)
                assert list(unit.bookings.owed(limit=9)) == []

    @for_all(given=several, starting=intervals(), now=instants(), limit=st.integers(1, 7))
    def test_what_is_to_be_reminded_of_comes_by_start(
        self, given: list[Booking], starting: Interval, now: dt.datetime, limit: int
    ) -> None:
        self.assume_storable(given)
        stored = first_versions(given)
        due = [
            one
            for one in stored
            if one.blocks(now) and one.reminded_at is None and one.interval.start in starting
        ]
        with self.fresh() as store:
            furnish(store)
            add(store, *stored)
            with store.begin(write=False) as unit:
                found = list(unit.bookings.unreminded(starting, now=now, limit=limit))
        assert all(one in due for one in found)
        assert len({id_to_text(one.id) for one in found}) == len(found)
        assert [one.interval.start for one in found] == sorted(one.interval.start for one in due)[:limit]

    def test_nobody_is_reminded_twice_or_of_what_is_off_or_lapsed_or_starts_at_another_time(self) -> None:
        first = visit(1, span(9, 10), expires_at=at(2))
        others = (
            visit(2, span(9, 10), occupies=False),
            visit(3, span(9, 10), reminded_at=NOW),
            visit(4, span(8, 10)),
            visit(5, span(10, 11)),
        )
        with self.fresh() as store:
            furnish(store)
            add(store, first, *others)
            with store.begin() as unit:
                assert list(unit.bookings.unreminded(span(9, 10), now=at(2) - TICK, limit=9)) == [first]
                assert list(unit.bookings.unreminded(span(9, 10), now=at(2), limit=9)) == []
                unit.bookings.replace(following(first, reminded_at=NOW), now=NOW)
                assert list(unit.bookings.unreminded(span(9, 10), now=NOW, limit=9)) == []

    def test_resources_are_looked_up_one_and_all(self) -> None:
        visits = [visit(one, span(9, 10), on=[one]) for one in RESOURCE_IDS]
        with self.fresh() as store:
            furnish(store)
            add(store, *visits)
            with store.begin(write=False) as unit:
                assert list(unit.bookings.relevant(RESOURCE_IDS, span(9, 10))) == visits
                assert list(unit.bookings.relevant((), span(9, 10))) == []
                assert list(unit.bookings.relevant(["1"], span(9, 10))) == []
