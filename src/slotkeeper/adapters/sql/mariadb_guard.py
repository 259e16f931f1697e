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

from slotkeeper.adapters.sql.guard_ddl import Placement, carry_out

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slotkeeper.adapters.sql.schema import Tables

TAKEN_ALONE: Final = "taken_alone"
PERIOD: Final = "occupied"
WITH_PERIOD: Final = (
    f"""
ALTER TABLE {{schema}}{{allocations}}
ADD COLUMN {TAKEN_ALONE} VARCHAR(255)
  AS (CASE WHEN occupies AND exclusive THEN resource_id END) STORED INVISIBLE,
ADD PERIOD FOR {PERIOD} (occupied_start, occupied_end),
ADD CONSTRAINT {{ex_allocations}} UNIQUE ({TAKEN_ALONE}, {PERIOD} WITHOUT OVERLAPS)
""",
)
WITHOUT_OVERLAPS: Final = "unique key without overlaps"
_SHOWN: Final = "SHOW CREATE TABLE {schema}{allocations}"
_KEY: Final = re.compile(r"UNIQUE KEY `(?P<name>ex_[^`]+)` \(.* WITHOUT OVERLAPS\)")
_RIVAL: Final = re.compile(r"for key '(?:[^']*\.)?ex_[^']*'")


def add_period(tables: Tables) -> None:
    """Have the key created with the tables, on MariaDB only."""

    def create(table: sa.Table, connection: sa.Connection, **_: Any) -> None:  # noqa: ANN401 - of the event
        if getattr(connection.dialect, "is_mariadb", False):
            carry_out(connection, table, tables.prefix, WITH_PERIOD)

    sa.event.listen(tables.allocations, "after_create", create)


def is_rival(message: str) -> bool:
    """Tell whether the server's message about a duplicate speaks of the key without overlaps."""
    return _RIVAL.search(message) is not None


def found_period(connection: sa.Connection, tables: Tables, schema: str | None) -> Iterator[tuple[str, str]]:
    """Yield the name of the key without overlaps that the database has."""
    placement = Placement(connection.dialect, tables.prefix, schema)
    shown = connection.execute(placement.statement(_SHOWN)).one()
    for key in _KEY.finditer(shown[1]):
        yield key["name"], WITHOUT_OVERLAPS
