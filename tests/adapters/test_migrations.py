"""Migrations make what `create_all` makes, undo it, and leave the host's own branch and tables alone."""

from __future__ import annotations

import ast
import importlib
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import autogenerate, command
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from tests.adapters.alembic_host import ASYNCHRONOUS, AlembicHost, a_host
from tests.adapters.databases import KINDS, a_schema, new_prefix, no_tables
from tests.adapters.freeze_migration import VERSIONS, frozen
from tests.adapters.portraits import portrait

from slotkeeper.adapters.sql import SqlStore, Tables
from slotkeeper.adapters.sql.migrations import BRANCH, leaving_out
from slotkeeper.errors import InvalidFieldError, MissingExtraError, SchemaMismatchError

every_kind = pytest.mark.parametrize("kind", KINDS)


@contextmanager
def store_of(host: AlembicHost, tables: Tables) -> Iterator[SqlStore]:
    """Lend a store over what a host migrates."""
    store = SqlStore.from_url(host.url, tables=tables)
    try:
        yield store
    finally:
        store.close()


@pytest.fixture
def metadata() -> sa.MetaData:
    return sa.MetaData()


# -- the same as create_all ----------------------------------------------------------------------------------


@every_kind
@pytest.mark.parametrize("portable", [False, True])
def test_an_upgrade_makes_exactly_what_create_all_makes(kind: str, tmp_path: Path, portable: bool) -> None:  # noqa: FBT001 - a parameter
    with no_tables(kind, portable=portable) as created:
        created.create_all()
        expected = portrait(created.engine, created._tables)
    tables = Tables(prefix=new_prefix(), portable=portable)
    with a_host(kind, tmp_path, target_metadata=tables.metadata) as host, store_of(host, tables) as store:
        with pytest.raises(SchemaMismatchError):
            store.check_schema()
        host.upgrade()
        store.check_schema()
        assert portrait(store.engine, tables) == expected


@every_kind
def test_a_downgrade_leaves_nothing_and_can_be_upgraded_again(kind: str, tmp_path: Path) -> None:
    tables = Tables(prefix=new_prefix())
    with a_host(kind, tmp_path, target_metadata=tables.metadata) as host, store_of(host, tables) as store:
        host.upgrade()
        host.downgrade()
        left = sa.inspect(store.engine).get_table_names()
        assert not [one for one in left if one.startswith(tables.prefix)]
        if kind == "postgresql":
            count = sa.text("SELECT count(*) FROM pg_type WHERE typname LIKE :ours")
            with store.engine.connect() as connection:
                assert connection.execute(count, {"ours": f"{tables.prefix}%"}).scalar_one() == 0
        host.upgrade()
        store.check_schema()


def test_the_revision_is_what_the_generator_writes() -> None:
    """Until the release: a schema that has changed needs `make migration`, afterwards a new revision."""
    (only,) = VERSIONS.glob("slotkeeper_*.py")
    assert ast.dump(ast.parse(only.read_text(encoding="utf-8"))) == ast.dump(ast.parse(frozen()))


def test_sql_that_is_only_written_makes_the_same_tables(tmp_path: Path) -> None:
    tables = Tables(prefix=new_prefix())
    written = io.StringIO()
    with (
        a_host("postgresql", tmp_path, slotkeeper_tables=tables) as host,
        store_of(host, tables) as store,
    ):
        host.config.output_buffer = written
        command.upgrade(host.config, "slotkeeper@head", sql=True)
        script = written.getvalue().replace("BEGIN;", "").replace("COMMIT;", "")
        with store.engine.begin() as connection:
            connection.exec_driver_sql(script)
        store.check_schema()


# -- which tables --------------------------------------------------------------------------------------------


def test_without_metadata_the_stores_own_tables_are_made(tmp_path: Path) -> None:
    with a_host("sqlite", tmp_path) as host, store_of(host, Tables()) as store:
        host.upgrade()
        store.check_schema()


def test_tables_may_lie_in_a_schema(tmp_path: Path) -> None:
    with a_schema("postgresql", f"{new_prefix()}place") as schema:
        tables = Tables(schema=schema)
        with (
            a_host("postgresql", tmp_path, target_metadata=tables.metadata) as host,
            store_of(host, tables) as store,
        ):
            host.upgrade()
            store.check_schema()
            host.downgrade()
            assert sa.inspect(store.engine).get_table_names(schema=schema) == []


def test_of_several_sets_of_tables_one_must_be_named(tmp_path: Path, metadata: sa.MetaData) -> None:
    Tables(metadata, prefix="a_")
    second = Tables(metadata, prefix="b_")
    with a_host("sqlite", tmp_path, target_metadata=metadata) as host, store_of(host, second) as store:
        with pytest.raises(InvalidFieldError, match="several sets of tables"):
            host.upgrade()
        host.config.attributes["slotkeeper_tables"] = second
        host.upgrade()
        store.check_schema()
        assert "a_bookings" not in sa.inspect(store.engine).get_table_names()


def test_a_naming_convention_of_the_hosts_changes_no_name_of_ours(tmp_path: Path) -> None:
    convention = {one: f"theirs_{one}_%(table_name)s" for one in ("ix", "uq", "fk", "pk")}
    checks = "theirs_%(table_name)s_%(constraint_name)s"
    metadata = sa.MetaData(naming_convention={**convention, "ck": checks})
    tables = Tables(metadata, prefix=new_prefix())
    with a_host("sqlite", tmp_path, target_metadata=metadata) as host, store_of(host, tables) as store:
        host.upgrade()
        store.check_schema()
        store.drop_all()
        store.create_all()
        store.check_schema()
        with store.engine.connect() as connection:
            texts = connection.exec_driver_sql("SELECT sql FROM sqlite_master").scalars().all()
        assert not [text for text in texts if text and "theirs" in text]


# -- beside the host's own branch ----------------------------------------------------------------------------


@every_kind
def test_the_hosts_branch_and_ours_move_on_their_own(
    kind: str, tmp_path: Path, metadata: sa.MetaData
) -> None:
    tables = Tables(metadata, prefix=new_prefix())
    own = f"{tables.prefix}people"
    with a_host(kind, tmp_path, target_metadata=metadata) as host, store_of(host, tables) as store:
        host.add_own_revision(own)

        def state() -> tuple[set[str], set[str]]:
            with store.engine.connect() as connection:
                reached = set(
                    MigrationContext.configure(
                        connection, opts={"version_table": host.version_table}
                    ).get_current_heads()
                )
            names = sa.inspect(store.engine).get_table_names()
            return reached, {one for one in names if one.startswith(tables.prefix)}

        ours = {table.name for table in tables.all}
        head = ScriptDirectory.from_config(host.config).as_revision_number(f"{BRANCH}@head")
        host.upgrade("heads")
        assert state() == ({"host_1", head}, {own, *ours})
        host.downgrade("host@base")
        assert state() == ({head}, ours)
        host.upgrade("host@head")
        host.downgrade()
        assert state() == ({"host_1"}, {own})


@pytest.mark.parametrize("driver", ["sqlite+aiosqlite", "postgresql+asyncpg", "postgresql+psycopg"])
def test_an_environment_for_event_loops_takes_the_branch_too(driver: str, tmp_path: Path) -> None:
    tables = Tables(prefix=new_prefix())
    given = {"env": ASYNCHRONOUS, "driver": driver, "target_metadata": tables.metadata}
    with a_host(driver.partition("+")[0], tmp_path, **given) as host, store_of(host, tables) as store:
        host.upgrade()
        store.check_schema()
        host.downgrade()
        with pytest.raises(SchemaMismatchError):
            store.check_schema()


# -- autogenerate --------------------------------------------------------------------------------------------


def autogenerated(
    engine: sa.Engine,
    metadata: sa.MetaData,
    prefix: str = "",
    **options: Any,  # noqa: ANN401 - Alembic's
) -> list[Any]:
    """Return what Alembic would change; tables that others make and remove meanwhile are not looked at."""

    def include_name(name: str | None, kind: str, _: object) -> bool:
        return kind != "table" or str(name).startswith(prefix)

    opts = {"compare_server_default": False, "include_name": include_name, **options}
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=opts)
        return list(autogenerate.compare_metadata(context, metadata))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_alembic_itself_sees_no_difference_but_the_indexes_for_other_databases(kind: str) -> None:
    with no_tables(kind) as store:
        store.create_all()
        found = autogenerated(store.engine, store._tables.metadata, store._tables.prefix)
        assert [one for one in found if not str(one[1].name).endswith("_of_all")] == []


@pytest.mark.filterwarnings("ignore:Unknown schema content")
@every_kind
@pytest.mark.parametrize("shared", [False, True])
def test_autogenerate_leaves_our_tables_to_our_branch(kind: str, shared: bool, metadata: sa.MetaData) -> None:  # noqa: FBT001 - a parameter
    with no_tables(kind, **({"metadata": metadata} if shared else {})) as store:
        store.create_all()
        sa.Table(f"{store._tables.prefix}_own", metadata, sa.Column("id", sa.Integer, primary_key=True))
        chosen = leaving_out(store._tables)
        (one,) = autogenerated(store.engine, metadata, store._tables.prefix, include_object=chosen)
    assert (one[0], one[1].name) == ("add_table", f"{store._tables.prefix}_own")


def test_a_hosts_own_choice_of_objects_is_asked_too(metadata: sa.MetaData) -> None:
    def nothing(*_: object) -> bool:
        return False

    sa.Table("own", metadata, sa.Column("id", sa.Integer, primary_key=True))
    engine = sa.create_engine("sqlite://")
    assert autogenerated(engine, metadata, include_object=leaving_out(besides=nothing)) == []
    assert len(autogenerated(engine, metadata, include_object=leaving_out())) == 1
    engine.dispose()


# -- the extra -----------------------------------------------------------------------------------------------


def test_without_alembic_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "alembic", None)
    monkeypatch.delitem(sys.modules, "slotkeeper.adapters.sql.migrations")
    with pytest.raises(MissingExtraError) as missing:
        importlib.import_module("slotkeeper.adapters.sql.migrations")
    assert missing.value.extra == "migrations"
