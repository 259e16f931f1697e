"""The tables themselves: their names, their checks, and what a writer who bypasses the store is refused."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.adapters.stores import store_in_memory

from slotkeeper.adapters.sql import SqlStore, Tables
from slotkeeper.domain.booking import Hold
from slotkeeper.domain.service import Service
from slotkeeper.testing.contract.samples import HOUR, NOW, add, at, following, furnish, room, span, visit

BYPASS = """
INSERT INTO slotkeeper_allocations (booking_id, resource_id, position, start_at, end_at, units,
    buffer_before, buffer_after, buffer_rule, occupied_start, occupied_end, reach_start, reach_end,
    length, occupies, relevant,
    expires_at, judged_at)
SELECT :booking_id, :resource_id, 0, :first, :last, :units, 0, 0, 'sum', :first, :last, :first, :last,
    :last - :first, :occupies, 1, :expires_at, :judged_at
"""


@pytest.fixture
def store() -> Iterator[SqlStore]:
    made = store_in_memory()
    yield made
    made.close()


def hour(value: float) -> int:
    """Return the microseconds from 1970 to an hour of the base day."""
    return round(at(value).timestamp()) * 1_000_000


def bypass(store: SqlStore, booking_id: str, first: float, last: float, **facts: Any) -> None:  # noqa: ANN401 - columns
    """Take a resource for a booking by a statement of one's own, as no store would."""
    columns = {
        "resource_id": "int:a1",
        "units": 1,
        "occupies": 1,
        "expires_at": None,
        "judged_at": hour(-1),
        **facts,
    }
    with store.engine.begin() as connection:
        row = {"booking_id": booking_id, "first": hour(first), "last": hour(last), **columns}
        connection.execute(sa.text(BYPASS), row)


def execute(store: SqlStore, statement: str, **parameters: Any) -> list[sa.Row[Any]]:  # noqa: ANN401 - columns
    with store.engine.begin() as connection:
        result = connection.execute(sa.text(statement), parameters)
        return list(result.all()) if result.returns_rows else []


def booked_elsewhere(store: SqlStore, *names: str, **facts: Any) -> None:  # noqa: ANN401 - columns
    """Store bookings on resource 2, whose resource 1 is then taken by hand."""
    add(store, *(visit(one, span(9, 10), on=[2], **facts) for one in names))


# -- names ---------------------------------------------------------------------------------------------------


def test_every_name_begins_with_the_prefix(store: SqlStore) -> None:
    names = [name for (name,) in execute(store, "SELECT name FROM sqlite_schema")]
    ours = [one for one in names if not one.startswith(("sqlite_", "ix_slotkeeper_"))]
    assert len(ours) > 7
    assert all(one.startswith("slotkeeper_") for one in ours)


def test_a_host_chooses_metadata_and_prefix_and_keeps_its_own_tables() -> None:
    metadata = sa.MetaData()
    own = sa.Table("people", metadata, sa.Column("id", sa.Integer, primary_key=True))
    tables = Tables(metadata, prefix="desk_")
    store = SqlStore.from_url("sqlite://", tables=tables)
    own.create(store.engine)
    store.create_all()
    assert set(sa.inspect(store.engine).get_table_names()) == {"people", *(one.name for one in tables.all)}
    assert set(metadata.tables) == {"people", *(one.name for one in tables.all)}
    furnish(store, capacity=1)
    add(store, visit(1, span(9, 10)))
    store.drop_all()
    assert sa.inspect(store.engine).get_table_names() == ["people"]
    store.close()


def test_two_sets_of_tables_stand_side_by_side() -> None:
    tables = Tables(prefix="other_")
    first = store_in_memory()
    second = SqlStore(first.engine, tables=tables)
    second.create_all()
    for store in (first, second):
        furnish(store, capacity=1)
        add(store, visit(1, span(9, 10)))
    with second.begin() as unit:
        unit.bookings.replace(following(unit.bookings.get(1), notes="of the second"), now=NOW)
    with first.begin(write=False) as unit:
        assert unit.bookings.get(1) == visit(1, span(9, 10))
    first.close()


def test_tables_may_lie_in_another_schema() -> None:
    store = SqlStore.from_url("sqlite://", tables=Tables(schema="other"))
    with store.engine.connect() as connection:
        connection.exec_driver_sql("ATTACH ':memory:' AS other")
    store.create_all()
    furnish(store, capacity=1)
    add(store, visit(1, span(9, 10)))
    assert len(execute(store, "SELECT name FROM other.sqlite_schema WHERE type = 'trigger'")) == 4
    store.close()


def test_creating_the_tables_again_leaves_what_is_in_them(store: SqlStore) -> None:
    furnish(store)
    store.create_all()
    with store.begin(write=False) as unit:
        assert len(unit.resources.all()) == 4


# -- checks --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE slotkeeper_bookings SET end_at = start_at",
        "UPDATE slotkeeper_bookings SET length = 1",
        "UPDATE slotkeeper_bookings SET units = 0",
        "UPDATE slotkeeper_bookings SET version = 0",
        "UPDATE slotkeeper_bookings SET is_hold = 1",
        "UPDATE slotkeeper_bookings SET start_at = 'nine'",
        "UPDATE slotkeeper_bookings SET service_id = 'none'",
        "UPDATE slotkeeper_allocations SET units = 0",
        "UPDATE slotkeeper_allocations SET relevant = 0",
        "UPDATE slotkeeper_allocations SET reach_start = occupied_start + 1",
        "UPDATE slotkeeper_allocations SET resource_id = 'none'",
        "UPDATE slotkeeper_resources SET capacity = 0",
        "DELETE FROM slotkeeper_resources",
        "DELETE FROM slotkeeper_bookings",
    ],
)
def test_rows_that_make_no_sense_are_refused(store: SqlStore, change: str) -> None:
    furnish(store)
    add(store, visit(1, span(9, 10)))
    with pytest.raises(sa.exc.IntegrityError):
        execute(store, change)


# -- a writer who bypasses the store -------------------------------------------------------------------------


def test_who_bypasses_the_store_cannot_take_what_is_taken(store: SqlStore) -> None:
    furnish(store, capacity=1)
    add(store, visit("there", span(9, 10)))
    add(store, visit("rival", span(11, 12), on=[2]))
    for first, last in [(9, 10), (8, 11), (9.25, 9.5), (8, 9.5)]:
        with pytest.raises(sa.exc.IntegrityError, match="too few free units"):
            bypass(store, "rival", first, last)
    bypass(store, "rival", 10, 11)


def test_who_bypasses_the_store_cannot_move_onto_what_is_taken(store: SqlStore) -> None:
    furnish(store, capacity=1)
    add(store, visit("there", span(9, 10)), visit("rival", span(11, 12)))
    move = """
        UPDATE slotkeeper_allocations
        SET occupied_start = :first, reach_start = :first, length = reach_end - :first
        WHERE booking_id = 'rival'
    """
    with pytest.raises(sa.exc.IntegrityError, match="too few free units"):
        execute(store, move, first=hour(9.5))
    execute(store, move, first=hour(10))


def test_who_bypasses_the_store_cannot_revive_a_booking_whose_place_is_taken(store: SqlStore) -> None:
    furnish(store, capacity=1)
    add(store, visit("ended", span(9, 10), occupies=False), visit("there", span(9, 10)))
    with pytest.raises(sa.exc.IntegrityError, match="too few free units"):
        execute(store, "UPDATE slotkeeper_bookings SET occupies = 1 WHERE id = 'ended'")
    execute(store, "UPDATE slotkeeper_bookings SET occupies = 0 WHERE id = 'there'")
    execute(store, "UPDATE slotkeeper_bookings SET occupies = 1 WHERE id = 'ended'")
    flags = execute(store, "SELECT booking_id, occupies, relevant FROM slotkeeper_allocations ORDER BY 1")
    assert [tuple(one) for one in flags] == [("ended", 1, 1), ("there", 0, 1)]


def test_who_bypasses_the_store_cannot_keep_a_hold_that_lapsed_and_was_replaced(store: SqlStore) -> None:
    furnish(store, capacity=1)
    held = Hold(
        id="hold",
        service_id=1,
        interval=span(9, 10),
        allocations=visit("hold", span(9, 10)).allocations,
        status="held",
        expires_at=at(2),
        created_at=NOW,
        updated_at=NOW,
    )
    add(store, held)
    add(store, visit("there", span(9, 10)), now=at(2))
    with pytest.raises(sa.exc.IntegrityError, match="too few free units"):
        execute(store, "UPDATE slotkeeper_bookings SET is_hold = 0, expires_at = NULL WHERE id = 'hold'")


def test_an_allocation_must_say_what_its_booking_says(store: SqlStore) -> None:
    furnish(store, capacity=1)
    booked_elsewhere(store, "one")
    with pytest.raises(sa.exc.IntegrityError, match="must agree with its booking"):
        bypass(store, "one", 9, 10, occupies=0)
    with pytest.raises(sa.exc.IntegrityError, match="must agree with its booking"):
        bypass(store, "one", 9, 10, expires_at=hour(1))


def test_a_resource_that_is_not_there_has_nothing_to_give() -> None:
    connection = sqlite3.connect(":memory:")
    engine = sa.create_engine("sqlite://", creator=lambda: connection, poolclass=sa.pool.StaticPool)
    store = SqlStore(engine)
    store.create_all()
    furnish(store)
    booked_elsewhere(store, "one")
    with closing(connection), pytest.raises(sa.exc.IntegrityError, match="too few free units"):
        bypass(store, "one", 9, 10, resource_id="none")


Wanted = list[tuple[int, int, int]]


@settings(max_examples=40)
@given(
    wanted=st.lists(st.tuples(st.integers(0, 8), st.integers(1, 4), st.integers(1, 3)), max_size=10),
    capacity=st.integers(1, 4),
)
def test_by_hand_exactly_what_fits_can_be_taken(wanted: Wanted, capacity: int) -> None:
    store = store_in_memory()
    with store.begin() as unit:
        unit.resources.put(room(1, capacity=capacity))
    furnish_rest(store)
    booked_elsewhere(store, *map(str, range(len(wanted))))
    taken: list[tuple[int, int, int]] = []
    for number, (first, length, units) in enumerate(wanted):
        new = (first, first + length, units)
        peak = max(
            sum(one[2] for one in [*taken, new] if one[0] <= hour_ < one[1]) for hour_ in range(*new[:2])
        )
        if peak <= capacity:
            bypass(store, str(number), *new[:2], units=units)
            taken.append(new)
        else:
            with pytest.raises(sa.exc.IntegrityError):
                bypass(store, str(number), *new[:2], units=units)
    store.close()


def furnish_rest(store: SqlStore) -> None:
    with store.begin() as unit:
        unit.resources.put(room(2, capacity=1000))
        unit.services.put(Service(1, HOUR))
