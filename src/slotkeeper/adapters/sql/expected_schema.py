"""The expected inventory: what `create_all` or the migrations make of tables on a database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from slotkeeper.adapters.sql import inventory as of
from slotkeeper.adapters.sql.collation import collation_of
from slotkeeper.adapters.sql.guard_ddl import Placement
from slotkeeper.adapters.sql.mariadb_guard import WITHOUT_OVERLAPS
from slotkeeper.adapters.sql.postgresql_guard import EXCLUSION
from slotkeeper.adapters.sql.schema import Tables, made_on
from slotkeeper.adapters.sql.sqlite_guard import TRIGGERS


def expected(tables: Tables, dialect: sa.Dialect) -> of.Inventory:
    """Return what tables consist of on a database."""
    found: of.Inventory = {}
    for table in tables.all:
        parts = (
            *_columns(table, dialect),
            *_keys(table),
            *_checks(table, dialect),
            *_indexes(table, dialect),
        )
        found.update({(table.name, kind, name): how for kind, name, how in parts})
        found[table.name, of.TABLE, ""] = (
            collation_of(dialect) if dialect.name in {"mysql", "mariadb"} else ""
        )
    if not tables.portable:
        allocations = tables.allocations.name
        found.update({(allocations, of.GUARD, name): how for name, how in _guards(tables, dialect)})
    return found


def _columns(table: sa.Table, dialect: sa.Dialect) -> Iterator[tuple[str, str, str]]:
    for column in table.columns:
        how = of.column_is(
            column.type, dialect, nullable=bool(column.nullable), filled=_filled(column, dialect)
        )
        yield of.COLUMN, column.name, how


def _filled(column: sa.Column[Any], dialect: sa.Dialect) -> str:
    if column.computed is not None:
        return "generated"
    counted = column is column.table.autoincrement_column and dialect.name != "sqlite"
    return "default" if counted or column.server_default is not None else ""


def _keys(table: sa.Table) -> Iterator[tuple[str, str, str]]:
    yield of.PRIMARY_KEY, "", of.columns_are(one.name for one in table.primary_key.columns)
    for constraint in table.constraints:
        if isinstance(constraint, sa.UniqueConstraint):
            names = of.columns_are(one.name for one in constraint.columns)
            yield of.UNIQUE, str(constraint.name), names
        elif isinstance(constraint, sa.ForeignKeyConstraint):
            there = of.columns_are(one.column.name for one in constraint.elements)
            columns = of.columns_are(one.name for one in constraint.columns)
            yield of.FOREIGN_KEY, columns, f"{constraint.referred_table.name} {there}"


def _checks(table: sa.Table, dialect: sa.Dialect) -> Iterator[tuple[str, str, str]]:
    for constraint in table.constraints:
        if isinstance(constraint, sa.CheckConstraint) and made_on(constraint, dialect):
            text = of.text_is(constraint.sqltext) if dialect.name == "sqlite" else ""
            yield of.CHECK, str(constraint.name), text


def _indexes(table: sa.Table, dialect: sa.Dialect) -> Iterator[tuple[str, str, str]]:
    for index in table.indexes:
        if made_on(index, dialect):
            some = index.dialect_kwargs.get(f"{dialect.name}_where") is not None
            how = of.index_is((one.name for one in index.columns), unique=index.unique, some=some)
            yield of.INDEX, str(index.name), how


def _guards(tables: Tables, dialect: sa.Dialect) -> Iterator[tuple[str, str]]:
    """Yield the guards' names and what is known of them."""
    if dialect.name == "sqlite":
        placement = Placement(dialect, tables.prefix, None)  # SQLite keeps the text without the schema
        for name, template in TRIGGERS.items():
            yield f"{tables.prefix}{name}", of.trigger_is(placement.text(template))
    elif dialect.name == "postgresql":
        yield f"ex_{tables.allocations.name}", EXCLUSION
    elif getattr(dialect, "is_mariadb", False):
        yield f"ex_{tables.allocations.name}", WITHOUT_OVERLAPS
