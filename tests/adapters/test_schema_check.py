"""The check of the live schema: what was made passes, and whatever is missing or otherwise is told."""

from __future__ import annotations

import asyncio

import attrs
import pytest
import sqlalchemy as sa
from tests.adapters.databases import KINDS, a_schema, new_prefix, no_tables
from tests.adapters.stores import store_in_memory

from slotkeeper.adapters.sql import SqlStore, Tables
from slotkeeper.adapters.sql.async_store import AsyncSqlStore
from slotkeeper.adapters.sql.guard_ddl import Placement
from slotkeeper.adapters.sql.schema_check import check_schema
from slotkeeper.errors import SchemaDifference, SchemaMismatchError

every_kind = pytest.mark.parametrize("kind", KINDS)


def change(store: SqlStore, *templates: str) -> None:
    """Change the schema behind the store's back; ``{bookings}`` is that table."""
    placement = Placement(store.engine.dialect, store._tables.prefix, store._tables.schema)
    with store.engine.begin() as connection:
        for template in templates:
            connection.execute(placement.statement(template))


def differences(store: SqlStore) -> list[SchemaDifference]:
    """Return what the check tells, with the prefix left out."""
    with pytest.raises(SchemaMismatchError) as told:
        store.check_schema()
    prefix = store._tables.prefix
    return [
        attrs.evolve(one, table=one.table.removeprefix(prefix), name=one.name.replace(prefix, "", 1))
        for one in told.value.differences
    ]


def parts(store: SqlStore) -> list[tuple[str, str, str]]:
    return [(one.table, one.kind, one.name) for one in differences(store)]


# -- what was made passes ------------------------------------------------------------------------------------


@every_kind
@pytest.mark.parametrize("portable", [False, True])
def test_what_create_all_makes_is_what_is_expected(kind: str, portable: bool) -> None:  # noqa: FBT001 - a parameter
    with no_tables(kind, portable=portable) as store:
        store.create_all()
        store.check_schema()


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_tables_are_looked_for_in_their_schema(kind: str) -> None:
    prefix = new_prefix()
    with a_schema(kind, f"{prefix}place") as place, no_tables(kind, schema=place) as store:
        store.create_all()
        store.check_schema()
        elsewhere = Tables(prefix=store._tables.prefix)
        with pytest.raises(SchemaMismatchError):
            SqlStore(store.engine, tables=elsewhere).check_schema()


def test_tables_are_looked_for_where_the_map_of_schemas_says() -> None:
    prefix = new_prefix()
    with a_schema("postgresql", f"{prefix}tenant") as tenant, no_tables("postgresql") as store:
        mapped = store.engine.execution_options(schema_translate_map={None: tenant})
        SqlStore(mapped, tables=store._tables).create_all()
        SqlStore(mapped, tables=store._tables).check_schema()
        with pytest.raises(SchemaMismatchError):
            store.check_schema()


def test_tables_in_an_attached_file_are_checked_with_their_triggers() -> None:
    store = SqlStore.from_url("sqlite://", tables=Tables(schema="other"))
    with store.engine.connect() as connection:
        connection.exec_driver_sql("ATTACH ':memory:' AS other")
    store.create_all()
    store.check_schema()
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER other.slotkeeper_allocation_fits")
    assert parts(store) == [("allocations", "guard", "allocation_fits")]
    store.close()


def test_the_check_is_there_for_event_loops_too() -> None:
    async def check() -> None:
        store = AsyncSqlStore.from_url("sqlite+aiosqlite://")
        with pytest.raises(SchemaMismatchError):
            await store.check_schema()
        await store.create_all()
        await store.check_schema()
        await store.close()

    asyncio.run(check())


def test_within_a_transaction_the_check_sees_what_is_not_yet_committed() -> None:
    with no_tables("postgresql") as store, store.engine.connect() as connection:
        store._tables.metadata.create_all(connection, tables=store._tables.all)
        check_schema(connection, store._tables)
        connection.rollback()
        with pytest.raises(SchemaMismatchError):
            check_schema(connection, store._tables)


# -- what is otherwise is told -------------------------------------------------------------------------------


def test_an_empty_database_is_told_by_its_tables_alone() -> None:
    with no_tables("sqlite") as store:
        told = differences(store)
    assert [(one.table, one.kind, one.found) for one in told] == [
        (name, "table", None)
        for name in (
            *("resources", "services", "bookings", "allocations", "timeslots"),
            *("outbox", "keys", "hits", "numbers"),
        )
    ]


@every_kind
def test_a_table_that_is_missing_is_told(kind: str) -> None:
    with no_tables(kind) as store:
        store.create_all()
        change(store, "DROP TABLE {schema}{timeslots}")
        assert parts(store) == [("timeslots", "table", "")]


@every_kind
def test_an_index_that_is_missing_or_has_other_columns_is_told(kind: str) -> None:
    on_table = " ON {schema}{bookings}" if kind == "mariadb" else ""
    with no_tables(kind) as store:
        store.create_all()
        index = f"ix_{store._tables.prefix}bookings_"
        change(
            store,
            f"DROP INDEX {index}start{on_table}",
            f"DROP INDEX {index}created{on_table}",
            f"CREATE INDEX {index}created ON {{bookings}} (created_at)",
        )
        told = {one.name: (one.expected, one.found) for one in differences(store)}
    assert told == {
        "ix_bookings_start": ("(start_at, id)", None),
        "ix_bookings_created": ("(created_at, id)", "(created_at)"),
    }


@every_kind
def test_a_column_that_is_missing_is_told(kind: str) -> None:
    with no_tables(kind) as store:
        store.create_all()
        change(store, "ALTER TABLE {schema}{bookings} DROP COLUMN moved")
        assert parts(store) == [("bookings", "column", "moved")]


@pytest.mark.parametrize(
    ("kind", "statement", "found"),
    [
        ("postgresql", "ALTER TABLE {bookings} ALTER COLUMN notes DROP NOT NULL", "TEXT null"),
        ("mariadb", "ALTER TABLE {bookings} MODIFY notes LONGTEXT NULL", "LONGTEXT null"),
        ("postgresql", "ALTER TABLE {bookings} ALTER COLUMN notes TYPE varchar(99)", "VARCHAR(99) not null"),
        ("mariadb", "ALTER TABLE {bookings} MODIFY notes VARCHAR(99) NOT NULL", "VARCHAR(99) not null"),
    ],
)
def test_a_column_of_another_type_or_that_may_be_null_is_told(kind: str, statement: str, found: str) -> None:
    with no_tables(kind) as store:
        store.create_all()
        change(store, statement)
        told = differences(store)
    assert [(one.name, one.found) for one in told] == [("notes", found)]


def test_a_column_of_another_type_is_told_on_sqlite() -> None:
    with no_tables("sqlite") as store:
        store.create_all()
        change(
            store,
            "ALTER TABLE {bookings} DROP COLUMN moved",
            "ALTER TABLE {bookings} ADD COLUMN moved TEXT NULL",
        )
        (told,) = differences(store)
    assert (told.name, told.expected, told.found) == ("moved", "INTEGER not null", "TEXT null")


def test_a_default_that_is_gone_is_told() -> None:
    with no_tables("postgresql") as store:
        store.create_all()
        change(store, "ALTER TABLE {resources} ALTER COLUMN times_locked DROP DEFAULT")
        (told,) = differences(store)
    assert (told.name, told.expected, told.found) == (
        "times_locked",
        "BIGINT not null default",
        "BIGINT not null",
    )


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_keys_and_checks_that_are_missing_are_told(kind: str) -> None:
    unique = "INDEX" if kind == "mariadb" else "CONSTRAINT"
    foreign = "FOREIGN KEY" if kind == "mariadb" else "CONSTRAINT"
    with no_tables(kind) as store:
        store.create_all()
        prefix = store._tables.prefix
        change(
            store,
            f"ALTER TABLE {{outbox}} DROP {unique} uq_{prefix}outbox_id",
            f"ALTER TABLE {{bookings}} DROP {foreign} fk_{prefix}bookings_service_id",
            f"ALTER TABLE {{bookings}} DROP CONSTRAINT ck_{prefix}bookings_takes_units",
            "ALTER TABLE {keys} DROP "
            + ("PRIMARY KEY" if kind == "mariadb" else f"CONSTRAINT pk_{prefix}keys"),
        )
        assert set(parts(store)) == {
            ("outbox", "unique key", "uq_outbox_id"),
            ("bookings", "foreign key", "(service_id)"),
            ("bookings", "check", "ck_bookings_takes_units"),
            ("keys", "primary key", ""),
        }


@pytest.mark.parametrize(
    ("kind", "statement", "name"),
    [
        ("sqlite", "DROP TRIGGER {allocation_fits}", "allocation_fits"),
        ("postgresql", "ALTER TABLE {allocations} DROP CONSTRAINT {ex_allocations}", "ex_allocations"),
        ("mariadb", "ALTER TABLE {allocations} DROP INDEX {ex_allocations}", "ex_allocations"),
    ],
)
def test_a_guard_that_is_missing_is_told(kind: str, statement: str, name: str) -> None:
    with no_tables(kind) as store:
        store.create_all()
        change(store, statement)
        assert parts(store) == [("allocations", "guard", name)]


def test_a_trigger_whose_text_is_another_is_told() -> None:
    with no_tables("sqlite") as store:
        store.create_all()
        change(
            store,
            "DROP TRIGGER {allocation_fits}",
            "CREATE TRIGGER {allocation_fits} BEFORE INSERT ON {allocations} BEGIN SELECT 1; END",
        )
        assert parts(store) == [("allocations", "guard", "allocation_fits")]


@every_kind
def test_a_guard_where_portable_tables_expect_none_is_told(kind: str) -> None:
    with no_tables(kind) as store:
        store.create_all()
        portable = Tables(prefix=store._tables.prefix, portable=True)
        told = parts(SqlStore(store.engine, tables=portable))
    assert {(table, sort) for table, sort, _ in told} == {("allocations", "guard")}


# -- what a host adds ----------------------------------------------------------------------------------------


@every_kind
def test_what_a_host_adds_is_left_alone_unless_it_could_refuse_a_row(kind: str) -> None:
    with no_tables(kind) as store:
        store.create_all()
        change(
            store,
            "ALTER TABLE {bookings} ADD COLUMN colour INTEGER",
            "ALTER TABLE {bookings} ADD COLUMN size INTEGER DEFAULT 3 NOT NULL",
            "CREATE INDEX {often} ON {bookings} (colour)",
        )
        store.check_schema()
        change(store, "CREATE UNIQUE INDEX {once} ON {bookings} (colour)")
        (told,) = differences(store)
    assert (told.name, told.expected) == ("once", None)


def test_a_column_of_the_hosts_that_must_be_filled_is_told() -> None:
    with no_tables("postgresql") as store:
        store.create_all()
        change(store, "ALTER TABLE {bookings} ADD COLUMN colour TEXT NOT NULL")
        assert parts(store) == [("bookings", "column", "colour")]


def test_the_check_writes_nothing_and_leaves_the_store_usable() -> None:
    store = store_in_memory()
    with store.engine.connect() as connection:
        before = connection.exec_driver_sql("PRAGMA schema_version").scalar()
    store.check_schema()
    with store.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA schema_version").scalar() == before
    store.close()


def test_a_check_needs_few_statements() -> None:
    asked: list[str] = []
    with no_tables("postgresql") as store:
        store.create_all()
        sa.event.listen(store.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
        store.check_schema()
        assert len(asked) <= 15
