"""Units of work: all of it or nothing, in every repository."""

from __future__ import annotations

import pytest

from slotkeeper.domain.service import Service
from slotkeeper.domain.slot import Timeslot
from slotkeeper.errors import DuplicateIdError, NotFoundError, SlotTakenError, StaleVersionError
from slotkeeper.ports import UnitOfWork
from slotkeeper.testing.contract.samples import (
    HOUR,
    NOW,
    add,
    everything,
    following,
    happening,
    kept,
    moved_to,
    picture,
    room,
    span,
    visit,
)
from slotkeeper.testing.contract.suite import StoreSuite, needs

VISIT = visit("first", span(9, 10))


class Interruption(BaseException):
    """What ends a unit of work; no `Exception`, as an interrupt from the keyboard is none."""


def write_something(unit: UnitOfWork) -> None:
    """Put one thing into each repository."""
    unit.resources.put(room(1))
    unit.services.put(Service(1, HOUR))
    unit.bookings.add(VISIT, now=NOW)
    unit.timeslots.add(Timeslot("slot", 1, span(9, 10)))
    unit.outbox.append(happening("event", VISIT))
    unit.keys.keep("scope", "key", kept())


def change_everything(unit: UnitOfWork) -> None:
    """Change what `write_something` wrote, and add more of each."""
    unit.resources.put(room(1, capacity=2, version=2))
    unit.services.put(Service(1, 2 * HOUR, version=2))
    unit.bookings.replace(moved_to(VISIT, span(11, 12)), now=NOW)
    unit.bookings.add(visit("second", span(9, 10)), now=NOW)
    unit.timeslots.delete("slot")
    unit.timeslots.add(Timeslot("other slot", 1, span(11, 12)))
    unit.outbox.append(happening("other event", VISIT))
    unit.outbox.mark_sent(["event"], at=NOW)


class UnitOfWorkTests(StoreSuite):
    """A unit of work commits when its block ends, and leaves nothing behind when its block raises."""

    def test_a_new_store_is_empty(self) -> None:
        with self.fresh() as store:
            assert not any(everything(store).values())

    def test_what_a_unit_of_work_wrote_is_there_for_the_next(self) -> None:
        with self.fresh() as store:
            with store.begin() as unit:
                write_something(unit)
            found = everything(store)
        assert found["resources"] == [room(1)]
        assert found["services"] == [Service(1, HOUR)]
        assert found["bookings"] == found["near"] == [VISIT]
        assert found["timeslots"] == [Timeslot("slot", 1, span(9, 10))]
        assert found["pending"] == [happening("event", VISIT)]
        assert found["key"] == kept()

    def test_a_unit_of_work_sees_what_it_wrote(self) -> None:
        with self.fresh() as store:
            with store.begin() as unit:
                write_something(unit)
                change_everything(unit)
                within = picture(unit)
            assert everything(store) == within

    @pytest.mark.parametrize("fault", [ValueError("a fault"), Interruption(), NotFoundError("booking", 1)])
    def test_a_unit_of_work_that_raises_leaves_nothing_in_a_new_store(self, fault: BaseException) -> None:
        with self.fresh() as store:
            with pytest.raises(type(fault)) as raised, store.begin() as unit:
                write_something(unit)
                raise fault
            assert raised.value is fault
            assert not any(everything(store).values())

    def test_a_unit_of_work_that_raises_leaves_everything_as_it_was(self) -> None:
        with self.fresh() as store:
            with store.begin() as unit:
                write_something(unit)
            before = everything(store)
            with pytest.raises(Interruption), store.begin() as unit:
                change_everything(unit)
                raise Interruption
            assert everything(store) == before

    def test_after_a_unit_of_work_that_raised_the_same_can_be_written(self) -> None:
        with self.fresh() as store:
            with pytest.raises(Interruption), store.begin() as unit:
                write_something(unit)
                raise Interruption
            with store.begin() as unit:
                write_something(unit)
            assert everything(store)["bookings"] == [VISIT]

    def test_a_refusal_that_is_caught_leaves_the_rest_of_the_unit_of_work(self) -> None:
        with self.fresh() as store:
            with store.begin() as unit:
                write_something(unit)
                with pytest.raises(SlotTakenError):
                    unit.bookings.add(visit("rival", span(9, 10)), now=NOW)
                with pytest.raises(DuplicateIdError):
                    unit.bookings.add(VISIT, now=NOW)
                with pytest.raises(StaleVersionError):
                    unit.bookings.replace(VISIT, now=NOW)
                unit.bookings.add(visit("later", span(10, 11)), now=NOW)
            assert everything(store)["bookings"] == [VISIT, visit("later", span(10, 11))]

    def test_a_change_refused_for_room_leaves_the_version_before(self) -> None:
        with self.fresh() as store:
            with store.begin() as unit:
                write_something(unit)
            later = visit("later", span(10, 11))
            add(store, later)
            with store.begin() as unit:
                with pytest.raises(SlotTakenError):
                    unit.bookings.replace(moved_to(later, span(9, 10)), now=NOW)
                unit.bookings.replace(following(later, notes="stays"), now=NOW)
            assert everything(store)["near"] == [VISIT, following(later, notes="stays")]

    def test_the_store_says_whether_it_commits(self) -> None:
        with self.fresh() as store:
            assert store.commits is self.capabilities.commits

    @needs("survives_restart")
    def test_what_was_committed_is_there_after_a_restart(self) -> None:
        with self.fresh() as store:
            with store.begin() as unit:
                write_something(unit)
            with pytest.raises(Interruption), store.begin() as unit:
                change_everything(unit)
                raise Interruption
            before = everything(store)
            again = self.reopen(store)
            try:
                assert everything(again) == before
            finally:
                self.dispose(again)
