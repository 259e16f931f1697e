"""The outbox: events in order, pending until they are marked, history for ever."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from slotkeeper.errors import DuplicateIdError
from slotkeeper.testing.contract.samples import NOW, everything, following, furnish, happening, span, visit
from slotkeeper.testing.contract.suite import StoreSuite, for_all

FIRST, SECOND = visit(1, span(9, 10)), visit("1", span(9, 10))


class OutboxTests(StoreSuite):
    """`UnitOfWork.outbox`."""

    @for_all(
        order=st.lists(st.sampled_from((FIRST, SECOND)), max_size=8),
        sent=st.sets(st.integers(0, 7)),
        limit=st.integers(1, 9),
    )
    def test_events_wait_in_the_order_of_their_appending_until_they_are_marked(
        self, order: list[object], sent: set[int], limit: int
    ) -> None:
        events = [happening(f"event {9 - number}", one) for number, one in enumerate(order)]  # type: ignore[arg-type]
        with self.fresh() as store:
            furnish(store)
            for one in events:
                with store.begin() as unit:
                    unit.outbox.append(one)
            with store.begin() as unit:
                unit.outbox.mark_sent([one.id for number, one in enumerate(events) if number in sent], at=NOW)
            waiting = [one for number, one in enumerate(events) if number not in sent]
            with store.begin(write=False) as unit:
                assert list(unit.outbox.pending(limit=limit)) == waiting[:limit]
                for booking in (FIRST, SECOND):
                    history = [one for one in events if one.booking_id == booking.id]
                    assert list(unit.outbox.history(booking.id)) == history

    def test_several_events_of_one_unit_of_work_keep_their_order(self) -> None:
        events = [happening(9 - version, following(FIRST, notes=str(version))) for version in range(5)]
        with self.fresh() as store:
            with store.begin() as unit:
                for one in events:
                    unit.outbox.append(one)
            with store.begin(write=False) as unit:
                assert list(unit.outbox.pending(limit=9)) == events
                assert list(unit.outbox.history(1)) == events

    def test_an_id_is_given_once(self) -> None:
        first, second = happening("event", FIRST), happening("event", SECOND)
        with self.fresh() as store:
            furnish(store)
            with store.begin() as unit:
                unit.outbox.append(first)
            with pytest.raises(DuplicateIdError) as taken, store.begin() as unit:
                unit.outbox.append(second)
            assert (taken.value.kind, taken.value.id) == ("event", "event")
            assert everything(store)["pending"] == [first]

    def test_marking_again_changes_nothing(self) -> None:
        with self.fresh() as store:
            with store.begin() as unit:
                unit.outbox.append(happening("event", FIRST))
                unit.outbox.append(happening("other", FIRST))
            for _ in range(2):
                with store.begin() as unit:
                    unit.outbox.mark_sent(["event"], at=NOW)
                    unit.outbox.mark_sent([], at=NOW)
                assert everything(store)["pending"] == [happening("other", FIRST)]

    def test_events_that_a_unit_of_work_marks_before_it_raises_are_pending_again(self) -> None:
        with self.fresh() as store:
            with store.begin() as unit:
                unit.outbox.append(happening("event", FIRST))
            with pytest.raises(InterruptedError), store.begin() as unit:
                unit.outbox.mark_sent(["event"], at=NOW)
                raise InterruptedError
            assert everything(store)["pending"] == [happening("event", FIRST)]

    def test_a_booking_without_events_has_no_history(self) -> None:
        with self.fresh() as store, store.begin(write=False) as unit:
            assert list(unit.outbox.history("nobody")) == []
