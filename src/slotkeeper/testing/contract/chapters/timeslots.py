"""Stored slots: added once, found by resource and time, removed."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from slotkeeper.domain.ids import Id, id_to_text
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.slot import Timeslot
from slotkeeper.errors import DuplicateIdError, NotFoundError
from slotkeeper.testing.contract.samples import add, everything, furnish, span, visit
from slotkeeper.testing.contract.suite import StoreSuite, for_all
from slotkeeper.testing.strategies import few_ids, intervals, timeslots

SLOT = Timeslot("slot", 1, span(9, 10))


class TimeslotTests(StoreSuite):
    """`UnitOfWork.timeslots`."""

    def test_an_id_is_given_once(self) -> None:
        with self.fresh() as store:
            furnish(store)
            with store.begin() as unit:
                unit.timeslots.add(SLOT)
            with pytest.raises(DuplicateIdError) as taken, store.begin() as unit:
                unit.timeslots.add(Timeslot("slot", 2, span(11, 12)))
            assert (taken.value.kind, taken.value.id) == ("timeslot", "slot")
            assert everything(store)["timeslots"] == [SLOT]

    def test_a_slot_is_on_a_resource_that_there_is(self) -> None:
        with self.fresh() as store:
            with pytest.raises(NotFoundError) as missing, store.begin() as unit:
                unit.timeslots.add(SLOT)
            assert (missing.value.kind, missing.value.id) == ("resource", 1)
            assert not any(everything(store).values())

    def test_what_is_not_there_is_neither_got_nor_deleted(self) -> None:
        with self.fresh() as store, store.begin() as unit:
            with pytest.raises(NotFoundError) as missing:
                unit.timeslots.get("slot")
            with pytest.raises(NotFoundError):
                unit.timeslots.delete("slot")
        assert (missing.value.kind, missing.value.id) == ("timeslot", "slot")

    def test_a_deleted_slot_is_gone_and_its_id_is_free(self) -> None:
        with self.fresh() as store:
            furnish(store)
            with store.begin() as unit:
                unit.timeslots.add(SLOT)
            with store.begin() as unit:
                unit.timeslots.delete("slot")
            assert everything(store)["timeslots"] == []
            with store.begin() as unit:
                unit.timeslots.add(SLOT)
                assert unit.timeslots.get("slot") == SLOT

    def test_bookings_made_on_a_deleted_slot_stay(self) -> None:
        booking = visit(1, span(9, 10), timeslot_id="slot")
        with self.fresh() as store:
            furnish(store)
            with store.begin() as unit:
                unit.timeslots.add(SLOT)
            add(store, booking)
            with store.begin() as unit:
                unit.timeslots.delete("slot")
            assert everything(store)["bookings"] == [booking]

    def test_slots_may_overlap_and_touching_is_not_overlapping(self) -> None:
        slots = [Timeslot(1, 1, span(9, 10)), Timeslot(2, 1, span(9, 10)), Timeslot(3, 1, span(10, 11))]
        with self.fresh() as store:
            furnish(store)
            with store.begin() as unit:
                for one in slots:
                    unit.timeslots.add(one)
                assert list(unit.timeslots.find([1], span(9, 10))) == slots[:2]
                assert list(unit.timeslots.find([1], span(8, 9))) == []

    @for_all(
        given=st.lists(timeslots(), max_size=6, unique_by=lambda one: id_to_text(one.id)),
        resource_ids=st.lists(few_ids(), max_size=3),
        wanted=intervals(),
    )
    def test_those_found_are_those_of_the_resources_that_overlap_by_start_and_id(
        self, given: list[Timeslot], resource_ids: list[Id], wanted: Interval
    ) -> None:
        self.assume_storable(given)
        expected = [one for one in given if one.resource_id in resource_ids and one.interval.overlaps(wanted)]
        with self.fresh() as store:
            furnish(store)
            with store.begin() as unit:
                for one in given:
                    unit.timeslots.add(one)
            with store.begin(write=False) as unit:
                found = list(unit.timeslots.find(resource_ids, wanted))
        assert found == sorted(expected, key=lambda one: (one.interval.start, id_to_text(one.id)))
