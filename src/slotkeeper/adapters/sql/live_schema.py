"""The live inventory: what a database says its tables consist of."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import ReflectedColumn

from slotkeeper.adapters.sql import inventory as of
from slotkeeper.adapters.sql.mariadb_guard import found_period
from slotkeeper.adapters.sql.postgresql_guard import found_exclusions
from slotkeeper.adapters.sql.schema import Tables
from slotkeeper.adapters.sql.sqlite_guard import found_triggers


def live(connection: sa.Connection, tables: Tables, schema: str | None) -> of.Inventory:
    """Return what tables of these names consist of in a schema."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Unknown schema content", sa.exc.SAWarning)  # MariaDB's period
        reflected = _Reflected(connection, schema, [table.name for table in tables.all])
    found = {
        (table.name, kind, name): how
        for table in tables.all
        for kind, name, how in reflected.parts(table.name)
    }
    allocations = tables.allocations.name
    if (allocations, of.TABLE, "") in found:
        for name, how in _guards(connection, tables, schema):
            found[allocations, of.GUARD, name] = how
            found.pop((allocations, of.UNIQUE, name), None)  # as which MariaDB tells its guard
    return found


def _guards(connection: sa.Connection, tables: Tables, schema: str | None) -> Iterator[tuple[str, str]]:
    if connection.dialect.name == "sqlite":
        return found_triggers(connection, tables, schema)
    if connection.dialect.name == "postgresql":
        return found_exclusions(connection, tables, schema)
    return found_period(connection, tables, schema)


class _Reflected:
    """What SQLAlchemy's inspector tells, asked once for all tables."""

    def __init__(self, connection: sa.Connection, schema: str | None, names: Sequence[str]) -> None:
        inspector = sa.inspect(connection)
        self._dialect, self._schema = connection.dialect, schema
        there = set(inspector.get_table_names(schema=schema))
        names = [one for one in names if one in there]

        def asked(ask: Callable[..., dict[tuple[str | None, str], Any]]) -> dict[str, Any]:
            return (
                {name: one for (_, name), one in ask(schema=schema, filter_names=names).items()}
                if names
                else {}
            )

        self._options = asked(inspector.get_multi_table_options)
        self._columns = asked(inspector.get_multi_columns)
        self._primary_keys = asked(inspector.get_multi_pk_constraint)
        self._unique = asked(inspector.get_multi_unique_constraints)
        self._foreign_keys = asked(inspector.get_multi_foreign_keys)
        self._checks = asked(inspector.get_multi_check_constraints)
        self._indexes = asked(inspector.get_multi_indexes)

    def parts(self, table: str) -> Iterator[tuple[str, str, str]]:
        """Yield the kind, the name and the description of each part of a table; nothing if there is none."""
        if not self._columns.get(table):
            return
        yield of.TABLE, "", self._options.get(table, {}).get("mysql_collate", "")
        yield from self._of_columns(table)
        yield of.PRIMARY_KEY, "", of.columns_are(self._primary_keys[table]["constrained_columns"])
        for key in self._unique[table]:
            yield of.UNIQUE, key["name"], of.columns_are(key["column_names"])
        for key in self._foreign_keys[table]:
            there = of.columns_are(key["referred_columns"])
            yield (
                of.FOREIGN_KEY,
                of.columns_are(key["constrained_columns"]),
                f"{key['referred_table']} {there}",
            )
        for check in self._checks[table]:
            text = of.text_is(check["sqltext"]) if self._dialect.name == "sqlite" else ""
            yield of.CHECK, check["name"] or check["sqltext"], text
        yield from self._of_indexes(table)

    def _of_columns(self, table: str) -> Iterator[tuple[str, str, str]]:
        for column in self._columns[table]:
            how = of.column_is(
                column["type"], self._dialect, nullable=column["nullable"], filled=_filled(column)
            )
            yield of.COLUMN, column["name"], how

    def _of_indexes(self, table: str) -> Iterator[tuple[str, str, str]]:
        keys = {one["name"] for one in self._unique[table]}
        for index in self._indexes[table]:
            if index["name"] not in keys and "duplicates_constraint" not in index:
                some = index.get("dialect_options", {}).get(f"{self._dialect.name}_where") is not None
                how = of.index_is(index["column_names"], unique=index["unique"], some=some)
                yield of.INDEX, index["name"] or how, how


def _filled(column: ReflectedColumn) -> str:
    if column.get("computed"):
        return "generated"
    counted = column.get("identity") or column.get("autoincrement") is True
    return "default" if counted or column.get("default") is not None else ""
