"""Length classes: whatever its length, what overlaps is found, and what only touches is not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import pairwise

import pytest
import sqlalchemy as sa
from tests.adapters.servers import MARIADB, POSTGRESQL, a_store
from tests.adapters.stores import store_in_memory

from slotkeeper.adapters.sql import SqlStore
from slotkeeper.adapters.sql.lengths import _LONGEST
from slotkeeper.domain.instant import EARLIEST, LATEST, TICK
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.slot import Timeslot
from slotkeeper.testing.contract.samples import ALWAYS, HOUR, add, at, furnish, span, visit

LENGTHS = [HOUR, *(edge + by for edge in _LONGEST for by in (-TICK, 0 * TICK, TICK)), 1000 * _LONGEST[-1]]
"""A length in each class, and those around its edges."""


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def store(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    if request.param == "sqlite":
        made = store_in_memory()
        furnish(made)
        yield made
        made.close()
        return
    with a_store({"postgresql": POSTGRESQL, "mariadb": MARIADB}[request.param]) as made:
        furnish(made)
        yield made


def lasting() -> list[Interval]:
    return [Interval.lasting(at(0), length) for length in LENGTHS]


def test_each_class_ends_where_the_next_begins() -> None:
    assert all(shorter < longer for shorter, longer in pairwise(_LONGEST))


def test_a_booking_of_any_length_is_near_what_it_overlaps_and_nothing_else(store: SqlStore) -> None:
    add(store, *(visit(number, one) for number, one in enumerate(lasting())))
    with store.begin(write=False) as unit:
        for number, one in enumerate(lasting()):
            ids = {
                name: {found.id for found in unit.bookings.relevant([1], Interval.lasting(instant, TICK))}
                for name, instant in {"last": one.end - TICK, "after": one.end}.items()
            }
            assert number in ids["last"]
            assert number not in ids["after"]
        assert unit.bookings.relevant([1], Interval(EARLIEST, at(0))) == []
        assert len(unit.bookings.relevant([1], ALWAYS)) == len(LENGTHS)


def test_a_stored_slot_of_any_length_is_found_where_it_overlaps_and_nowhere_else(store: SqlStore) -> None:
    with store.begin() as unit:
        for number, one in enumerate(lasting()):
            unit.timeslots.add(Timeslot(number, 1, one))
        for number, one in enumerate(lasting()):
            last, after = Interval.lasting(one.end - TICK, TICK), Interval.lasting(one.end, TICK)
            assert number in {slot.id for slot in unit.timeslots.find([1, 2], last)}
            assert number not in {slot.id for slot in unit.timeslots.find([1, 2], after)}
        assert unit.timeslots.find([1], Interval(EARLIEST, at(0))) == []


def test_what_begins_with_time_itself_is_found(store: SqlStore) -> None:
    first = Interval.lasting(EARLIEST, HOUR)
    add(store, visit("first", first), visit("all", Interval(EARLIEST, LATEST)))
    with store.begin(write=False) as unit:
        assert [one.id for one in unit.bookings.relevant([1], Interval.lasting(EARLIEST, TICK))] == [
            "all",
            "first",
        ]
        assert [one.id for one in unit.bookings.relevant([1], span(0, 1))] == ["all"]


MOVE = "UPDATE slotkeeper_allocations SET resource_id = 'int:a1' WHERE booking_id = ?"


@pytest.mark.parametrize("length", LENGTHS, ids=str)
def test_the_trigger_sees_what_is_taken_by_a_booking_of_any_length(length: dt.timedelta) -> None:
    store, taken = store_in_memory(), Interval.lasting(at(0), length)
    furnish(store, capacity=1)
    within, after = Interval.lasting(taken.end - TICK, TICK), Interval.lasting(taken.end, TICK)
    add(store, visit("there", taken), visit("within", within, on=[2]), visit("after", after, on=[2]))
    with store.engine.begin() as connection:
        with pytest.raises(sa.exc.IntegrityError, match="too few free units"):
            connection.exec_driver_sql(MOVE, ("within",))
        assert connection.exec_driver_sql(MOVE, ("after",)).rowcount == 1
    store.close()
