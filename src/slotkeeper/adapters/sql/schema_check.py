"""The check of a live schema: whether what lies in the database is what the store expects.

Differences are what is missing, what is otherwise, and what a host has added that could refuse a row of ours:
a unique key, or a column that must be filled and has no default. What else a host adds is the host's.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from slotkeeper.adapters.sql import inventory as of
from slotkeeper.adapters.sql.expected_schema import expected
from slotkeeper.adapters.sql.live_schema import live
from slotkeeper.adapters.sql.schema import Tables
from slotkeeper.errors import SchemaDifference, SchemaMismatchError


def check_schema(connection: sa.Connection, tables: Tables) -> None:
    """Make sure that tables are in the database as they are expected.

    Raises:
        SchemaMismatchError: They are not; all differences are listed.
    """
    schema = connection.schema_for_object(tables.allocations)
    wanted, found = expected(tables, connection.dialect), live(connection, tables, schema)
    differences = tuple(_differences(wanted, found))
    if differences:
        raise SchemaMismatchError(differences)


def _differences(wanted: of.Inventory, found: of.Inventory) -> Iterator[SchemaDifference]:
    missing = {table for table, kind, name in wanted if (table, of.TABLE, "") not in found}
    for (table, kind, name), how in wanted.items():
        there = found.get((table, kind, name))
        if there != how and (table not in missing or kind == of.TABLE):
            yield SchemaDifference(table, kind, name, how, there)
    for (table, kind, name), how in found.items():
        if (table, kind, name) not in wanted and _may_refuse(kind, how):
            yield SchemaDifference(table, kind, name, None, how)


def _may_refuse(kind: str, how: str) -> bool:
    """Tell whether a part that is not ours may be in the way of a row of ours."""
    if kind in {of.UNIQUE, of.GUARD}:
        return True
    return how.endswith("not null") if kind == of.COLUMN else kind == of.INDEX and "unique" in how
