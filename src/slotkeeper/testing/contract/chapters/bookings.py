"""Bookings by id: each once, and replaced only by its next version."""

from __future__ import annotations

import pytest

from slotkeeper.errors import DuplicateIdError, NotFoundError, StaleVersionError
from slotkeeper.testing.contract.samples import NOW, add, everything, following, furnish, span, visit
from slotkeeper.testing.contract.suite import StoreSuite

VISIT = visit("first", span(9, 10))


class BookingTests(StoreSuite):
    """Getting, adding and replacing; what fits is another chapter."""

    def test_a_booking_that_was_added_is_got_and_another_is_not_found(self) -> None:
        with self.fresh() as store:
            furnish(store)
            add(store, VISIT)
            with store.begin(write=False) as unit:
                assert unit.bookings.get("first") == VISIT
                with pytest.raises(NotFoundError) as missing:
                    unit.bookings.get("second")
        assert (missing.value.kind, missing.value.id) == ("booking", "second")

    def test_an_id_is_given_once_whatever_became_of_its_booking(self) -> None:
        cancelled = following(VISIT, status="cancelled", occupies=False, counts=False)
        with self.fresh() as store:
            furnish(store)
            add(store, VISIT)
            for _ in range(2):
                with pytest.raises(DuplicateIdError) as taken:
                    add(store, visit("first", span(15, 16)))
                assert (taken.value.kind, taken.value.id) == ("booking", "first")
                if everything(store)["bookings"] == [VISIT]:
                    with store.begin() as unit:
                        unit.bookings.replace(cancelled, now=NOW)
            assert everything(store)["bookings"] == [cancelled]

    def test_a_booking_is_replaced_by_its_next_version_only(self) -> None:
        second = following(VISIT, notes="second")
        with self.fresh() as store:
            furnish(store)
            add(store, VISIT)
            with store.begin() as unit:
                unit.bookings.replace(second, now=NOW)
            for given in (VISIT, second, following(following(second))):
                with pytest.raises(StaleVersionError) as stale, store.begin() as unit:
                    unit.bookings.replace(given, now=NOW)
                facts = stale.value.kind, stale.value.id, stale.value.expected, stale.value.actual
                assert facts == ("booking", "first", given.version - 1, 2)
            assert everything(store)["bookings"] == [second]

    def test_what_a_booking_names_is_there(self) -> None:
        strange = {
            "service": visit("first", span(9, 10), service_id=9),
            "resource": visit("first", span(9, 10), on=[9]),
        }
        with self.fresh() as store:
            furnish(store)
            for kind, booking in strange.items():
                with pytest.raises(NotFoundError) as missing:
                    add(store, booking)
                assert (missing.value.kind, missing.value.id) == (kind, 9)
            add(store, VISIT)
            with pytest.raises(NotFoundError), store.begin() as unit:
                unit.bookings.replace(following(VISIT, service_id=9), now=NOW)
            assert everything(store)["bookings"] == [VISIT]

    def test_a_booking_that_is_not_there_is_not_replaced(self) -> None:
        with self.fresh() as store:
            furnish(store)
            with pytest.raises(NotFoundError), store.begin() as unit:
                unit.bookings.replace(following(VISIT), now=NOW)
            assert everything(store)["bookings"] == []
