"""Claims on events: each for one relay at a time, those of a booking in their order, and none lost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pytest

from slotkeeper.domain.delivery import Delivery
from slotkeeper.domain.ids import Id
from slotkeeper.errors import NotFoundError
from slotkeeper.ports import Store
from slotkeeper.testing.contract.samples import HOUR, NOW, everything, happening, span, visit
from slotkeeper.testing.contract.suite import StoreSuite

FIRST, SECOND = visit("first", span(9, 10)), visit("second", span(10, 11))
LATER = NOW + HOUR


def append(store: Store, *numbers: int) -> None:
    """Append events with these ids, odd ones of the first booking and even ones of the second."""
    with store.begin() as unit:
        for one in numbers:
            unit.outbox.append(happening(one, FIRST if one % 2 else SECOND))


def claimed(
    store: Store, claim: Id, *, now: dt.datetime = NOW, until: dt.datetime = LATER, limit: int = 9
) -> list[tuple[Id, int]]:
    """Return the ids of the events that a claim is given, and which attempt it is for each."""
    with store.begin() as unit:
        return told(unit.outbox.claim(claim, now=now, until=until, limit=limit))


def told(found: Sequence[Delivery]) -> list[tuple[Id, int]]:
    """Return the ids of events, and which attempt it is for each."""
    return [(one.event.id, one.attempt) for one in found]


class ClaimTests(StoreSuite):
    """`Outbox.claim`, and what becomes of what is claimed."""

    def test_what_waits_is_given_in_order_and_to_one_claim_only(self) -> None:
        with self.fresh() as store:
            append(store, 1, 3, 2, 5)
            assert claimed(store, "a", limit=2) == [(1, 1), (3, 1)]
            assert claimed(store, "b") == [(2, 1)]
            assert claimed(store, "c") == []

    def test_events_come_as_they_were_appended_with_their_bookings(self) -> None:
        with self.fresh() as store:
            append(store, 1, 2)
            with store.begin() as unit:
                found = unit.outbox.claim("a", now=NOW, until=LATER, limit=9)
            assert list(found) == [Delivery(happening(1, FIRST), 1), Delivery(happening(2, SECOND), 1)]

    def test_a_claim_ends_at_its_instant_and_what_it_had_is_given_alone(self) -> None:
        with self.fresh() as store:
            append(store, 1, 3, 2)
            claimed(store, "a")
            assert claimed(store, "b", now=LATER - dt.timedelta(microseconds=1)) == []
            for attempt, claim in ((2, "c"), (3, "d")):
                now, until = LATER + attempt * HOUR, LATER + (attempt + 1) * HOUR
                assert claimed(store, claim, now=now, until=until) == [(1, attempt)]
                assert claimed(store, f"{claim}, too", now=now, until=until) == [(2, attempt)]
                assert claimed(store, "nothing is left", now=now, until=until) == []

    def test_what_was_handed_on_is_given_no_more(self) -> None:
        with self.fresh() as store:
            append(store, 1, 3)
            claimed(store, "a", limit=1)
            with store.begin() as unit:
                unit.outbox.mark_sent([1], at=NOW)
            assert claimed(store, "b") == [(3, 1)]
            assert claimed(store, "c", now=LATER) == [(3, 2)]

    def test_what_was_put_off_pauses_and_the_rest_of_its_booking_waits(self) -> None:
        with self.fresh() as store:
            append(store, 1, 2, 3, 4)
            claimed(store, "a", limit=1)
            with store.begin() as unit:
                unit.outbox.put_off("a", 1, until=LATER, fault="full")
            assert claimed(store, "b") == [(2, 1), (4, 1)]
            with store.begin() as unit:
                (again,) = unit.outbox.claim("c", now=LATER, until=LATER + HOUR, limit=1)
            assert again == Delivery(happening(1, FIRST), 2, "full")

    def test_what_was_put_off_is_given_together_with_the_rest(self) -> None:
        with self.fresh() as store:
            append(store, 1, 2, 4)
            claimed(store, "a", limit=2)
            with store.begin() as unit:
                unit.outbox.put_off("a", 1, until=LATER, fault="full")
                unit.outbox.put_off("a", 2, until=LATER, fault="full")
            assert claimed(store, "b", now=LATER, until=LATER + HOUR) == [(1, 2), (2, 2), (4, 1)]

    def test_what_is_parked_is_given_no_more_and_the_rest_of_its_booking_waits(self) -> None:
        with self.fresh() as store:
            append(store, 1, 2, 3)
            claimed(store, "a", limit=2)
            with store.begin() as unit:
                unit.outbox.park("a", 2, at=LATER, fault="broken, too")
                unit.outbox.park("a", 1, at=NOW, fault="broken")
            assert claimed(store, "b", now=LATER) == []
            with store.begin(write=False) as unit:
                assert list(unit.outbox.parked(limit=9)) == [
                    Delivery(happening(1, FIRST), 1, "broken", NOW),
                    Delivery(happening(2, SECOND), 1, "broken, too", LATER),
                ]
                assert told(unit.outbox.parked(limit=1)) == [(1, 1)]
                assert [one.id for one in unit.outbox.pending(limit=9)] == [1, 2, 3]

    def test_what_is_released_is_given_as_if_for_the_first_time(self) -> None:
        with self.fresh() as store:
            append(store, 1, 3)
            claimed(store, "a", limit=1)
            with store.begin() as unit:
                unit.outbox.park("a", 1, at=NOW, fault="broken")
            with store.begin() as unit:
                unit.outbox.release(1)
            with store.begin() as unit:
                assert list(unit.outbox.parked(limit=9)) == []
                first, second = unit.outbox.claim("b", now=NOW, until=LATER, limit=9)
            assert (first, second) == (Delivery(happening(1, FIRST), 1), Delivery(happening(3, FIRST), 1))

    def test_what_is_parked_and_then_marked_is_parked_no_more(self) -> None:
        with self.fresh() as store:
            append(store, 1, 3)
            claimed(store, "a", limit=1)
            with store.begin() as unit:
                unit.outbox.park("a", 1, at=NOW, fault="broken")
                unit.outbox.mark_sent([1], at=NOW)
            with store.begin(write=False) as unit:
                assert list(unit.outbox.parked(limit=9)) == []
            assert claimed(store, "b") == [(3, 1)]

    def test_only_what_is_parked_can_be_released(self) -> None:
        with self.fresh() as store:
            append(store, 1, 2)
            claimed(store, "a", limit=1)
            with store.begin() as unit:
                unit.outbox.mark_sent([1], at=NOW)
            for one in (1, 2, "nobody"):
                with pytest.raises(NotFoundError) as missing, store.begin() as unit:
                    unit.outbox.release(one)
                assert (missing.value.kind, missing.value.id) == ("parked event", one)

    def test_what_is_given_back_was_never_taken(self) -> None:
        with self.fresh() as store:
            append(store, 1, 2, 3)
            claimed(store, "a")
            with store.begin() as unit:
                unit.outbox.mark_sent([1], at=NOW)
                unit.outbox.give_back("a", [1, 2, 3])
                unit.outbox.give_back("a", [])
            assert claimed(store, "b") == [(2, 1), (3, 1)]

    def test_a_claim_that_has_lost_an_event_changes_nothing(self) -> None:
        with self.fresh() as store:
            append(store, 1)
            claimed(store, "slow")
            claimed(store, "next", now=LATER, until=LATER + HOUR)
            with store.begin() as unit:
                unit.outbox.give_back("slow", [1])
                unit.outbox.put_off("slow", 1, until=NOW, fault="late")
                unit.outbox.park("slow", 1, at=NOW, fault="late")
            assert claimed(store, "third", now=LATER) == []
            with store.begin() as unit:
                assert list(unit.outbox.parked(limit=9)) == []
                (again,) = unit.outbox.claim("third", now=LATER + HOUR, until=LATER + 2 * HOUR, limit=9)
            assert again == Delivery(happening(1, FIRST), 3)

    def test_a_claim_whose_unit_of_work_fails_has_taken_nothing(self) -> None:
        with self.fresh() as store:
            append(store, 1)
            before = everything(store)
            with pytest.raises(InterruptedError), store.begin() as unit:
                assert told(unit.outbox.claim("a", now=NOW, until=LATER, limit=9)) == [(1, 1)]
                raise InterruptedError
            assert everything(store) == before
            assert claimed(store, "b") == [(1, 1)]

    def test_faults_of_any_length_are_kept(self) -> None:
        fault = "x" * 500
        with self.fresh() as store:
            append(store, 1)
            claimed(store, "a")
            with store.begin() as unit:
                unit.outbox.park("a", 1, at=NOW, fault=fault)
                assert [one.fault for one in unit.outbox.parked(limit=1)] == [fault]
