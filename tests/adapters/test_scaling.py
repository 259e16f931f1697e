"""Allocations in partitions by resource: the guard, the plans, the schema; and the statements for Citus."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.adapters.plans import plans
from tests.adapters.races import assert_kept_apart, log_of, open_workshop, run_worker
from tests.adapters.servers import OURS, POSTGRESQL, POSTGRESQL_PARTITIONED, Server, a_store

from slotkeeper import BookingDesk, InvalidFieldError, Resource, SchemaMismatchError, Service
from slotkeeper.adapters.sql import SqlStore, Tables
from slotkeeper.adapters.sql.postgresql_guard import EXTENSION
from slotkeeper.adapters.sql.scaling import distribute_by_resource, partition_by_resource
from slotkeeper.testing.contract.samples import HOUR, NOW, add, at, everything, furnish, span, visit

SERVER = POSTGRESQL_PARTITIONED


@pytest.fixture
def store() -> Iterator[SqlStore]:
    with a_store(SERVER) as made:
        yield made


def test_processes_that_race_book_nothing_twice_and_lose_nothing(store: SqlStore, tmp_path: Path) -> None:
    open_workshop(store)
    run_worker("race", SERVER.url, Server.place_of(store._tables), tmp_path, 8, 40)
    assert_kept_apart(store, log_of(tmp_path))


def test_a_writer_who_bypasses_the_store_is_refused_by_the_partitions_constraint(store: SqlStore) -> None:
    furnish(store, capacity=1)
    add(store, visit("first", span(9, 10)))
    add(store, visit("second", span(10, 11)))
    taken = store._tables.allocations
    shifted = sa.update(taken).where(taken.c.booking_id == "second")
    with pytest.raises(sa.exc.IntegrityError, match="exclusion"), store.engine.begin() as connection:
        connection.execute(shifted.values(occupied_start=at(9), reach_start=at(9), length=2 * HOUR))


def test_the_partitioned_table_is_the_expected_schema_until_a_partition_loses_its_constraint(
    store: SqlStore,
) -> None:
    tables = store._tables
    store.check_schema()
    name = f"ex_{tables.prefix}allocations_p2"
    with store.engine.begin() as connection:
        extended = bool(connection.exec_driver_sql(EXTENSION).scalar())
        part = f'"{tables.schema}".{tables.prefix}allocations_p2'
        connection.exec_driver_sql(f"ALTER TABLE {part} DROP CONSTRAINT {name}")
    with pytest.raises(SchemaMismatchError) as found:
        store.check_schema()
    assert [one.name for one in found.value.differences] == [f"ex_{tables.prefix}allocations"]
    statements = partition_by_resource(tables, partitions=4, by_extension=extended)
    (again,) = (one for one in statements if name in one)
    with store.engine.begin() as connection:
        connection.exec_driver_sql(again)
    store.check_schema()


def test_what_is_taken_of_a_resource_is_looked_for_in_one_partition(store: SqlStore) -> None:
    furnish(store)
    add(store, *(visit(number, span(number, number + 1), on=[1]) for number in range(20)))
    (plan, *_) = plans(store, lambda unit: unit.bookings.relevant([1], span(5, 6)))
    partitions = re.compile(r"allocations_p(\d)")
    by_reach = [partitions.findall(one.text) for one in plan.steps if "length_class" in one.text]
    assert by_reach
    assert len({number for found in by_reach for number in found}) == 1


def test_rows_that_are_there_are_copied_and_kept_apart() -> None:
    tables = Tables(prefix="sk_grown_", schema=f"{OURS}_grown")
    with POSTGRESQL.engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema(str(tables.schema)))
    try:
        with closing(SqlStore.from_url(POSTGRESQL.url, tables=tables)) as store:
            store.create_all()
            furnish(store, capacity=1)
            add(store, *(visit(number, span(number, number + 1), on=[number % 3 + 1]) for number in range(9)))
            before = everything(store)
            with store.engine.begin() as connection:
                extended = bool(connection.exec_driver_sql(EXTENSION).scalar())
                for one in partition_by_resource(tables, partitions=3, by_extension=extended):
                    connection.exec_driver_sql(one)
            assert everything(store) == before
            store.check_schema()
            desk = BookingDesk(store, clock=lambda: NOW)
            desk.add_resource(Resource("new"))
            desk.add_service(Service("new", HOUR))
            desk.cancel(desk.reschedule(desk.book("new", at(9), resource_ids=["new"]).id, at(12)).booking.id)
            tables.metadata.drop_all(store.engine)
    finally:
        with POSTGRESQL.engine.begin() as connection:
            connection.execute(sa.schema.DropSchema(str(tables.schema), cascade=True))


@pytest.mark.parametrize("number", [0, 1, -2, 1025, True, "4", 2.0])
def test_a_number_of_partitions_that_makes_no_sense_is_refused(number: int) -> None:
    with pytest.raises(InvalidFieldError, match="partitions"):
        partition_by_resource(Tables(), partitions=number)


def test_portable_tables_are_divided_without_a_constraint() -> None:
    assert not any("EXCLUDE" in one for one in partition_by_resource(Tables(portable=True), partitions=2))


def test_on_citus_what_is_taken_is_spread_by_resource_and_all_else_is_on_every_node() -> None:
    statements = distribute_by_resource(Tables(schema="booking"))
    assert statements == (
        "SELECT create_reference_table('booking.slotkeeper_resources')",
        "SELECT create_reference_table('booking.slotkeeper_services')",
        "SELECT create_reference_table('booking.slotkeeper_bookings')",
        "SELECT create_reference_table('booking.slotkeeper_timeslots')",
        "SELECT create_reference_table('booking.slotkeeper_outbox')",
        "SELECT create_reference_table('booking.slotkeeper_keys')",
        "SELECT create_reference_table('booking.slotkeeper_hits')",
        "SELECT create_reference_table('booking.slotkeeper_numbers')",
        "SELECT create_distributed_table('booking.slotkeeper_allocations', 'resource_id')",
    )


def test_every_key_of_the_distributed_table_holds_the_distribution_column() -> None:
    allocations = Tables().allocations
    assert "resource_id" in allocations.primary_key.columns
    assert not [one for one in allocations.constraints if isinstance(one, sa.UniqueConstraint)]
    assert not [one for one in allocations.indexes if one.unique]
