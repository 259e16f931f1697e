"""The guard as MariaDB's key without overlaps: a writer who bypasses slotkeeper is refused too.

The occupied interval is an application-time period. A column made from the row's own flags names the resource
while the row takes it exclusively, and is null otherwise, so that the unique key over both looks at nothing
else. What has lapsed gives its exclusiveness up before the row that follows it is written, since a key knows
no clock. MySQL has no such periods; there the store's own lock and check stand alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

if TYPE_CHECKING:
    from slotkeeper.adapters.sql.schema import Tables

TAKEN_ALONE: Final = "taken_alone"
PERIOD: Final = "occupied"
_DDL: Final = """
ALTER TABLE {allocations}
ADD COLUMN {taken_alone} VARCHAR(255)
  AS (CASE WHEN occupies AND exclusive THEN resource_id END) STORED INVISIBLE,
ADD PERIOD FOR {period} (occupied_start, occupied_end),
ADD CONSTRAINT {constraint} UNIQUE ({taken_alone}, {period} WITHOUT OVERLAPS)
"""
_RIVAL: Final = re.compile(r"for key '(?:[^']*\.)?ex_[^']*'")


def add_period(tables: Tables) -> None:
    """Have the key created with the tables, on MariaDB only."""

    def create(table: sa.Table, connection: sa.Connection, **_: Any) -> None:  # noqa: ANN401 - of the event
        if getattr(connection.dialect, "is_mariadb", False):
            connection.execute(_ddl(table, connection))

    sa.event.listen(tables.allocations, "after_create", create)


def is_rival(message: str) -> bool:
    """Tell whether the server's message about a duplicate speaks of the key without overlaps."""
    return _RIVAL.search(message) is not None


def _ddl(table: sa.Table, connection: sa.Connection) -> sa.DDL:
    preparer = connection.dialect.identifier_preparer
    schema = connection.schema_for_object(table)
    placed = "" if schema is None else f"{preparer.quote(schema)}."
    text = _DDL.format(
        allocations=placed + preparer.quote(table.name),
        constraint=preparer.quote(f"ex_{table.name}"),
        taken_alone=TAKEN_ALONE,
        period=PERIOD,
    )
    statement: sa.DDL = sa.DDL(text.replace("%", "%%"))  # type: ignore[no-untyped-call]
    return statement
