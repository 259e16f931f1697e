"""The guard as SQLite's triggers: a writer who bypasses slotkeeper is refused too.

Before an allocation is inserted, or changed to take more, the units taken over its occupied interval are
added up as a running sum over starts and ends; ends sort before starts, since intervals are half-open. What
has lapsed at the instant at which the row was judged takes nothing. When a booking's flags change, its
allocations follow, judged at its new time of change, or at the present if the writer left that as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from slotkeeper.adapters.sql.guard_ddl import carry_out
from slotkeeper.adapters.sql.inventory import trigger_is
from slotkeeper.adapters.sql.lengths import overlapping_in_sqlite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slotkeeper.adapters.sql.schema import Tables

OVER_CAPACITY: Final = "slotkeeper: the resource has too few free units"
DISAGREES: Final = "slotkeeper: an allocation must agree with its booking"

_FIT: Final = """
CREATE TRIGGER {schema}<trigger> BEFORE <change> ON {allocations}
WHEN NEW.occupies AND (NEW.expires_at IS NULL OR NEW.expires_at > NEW.judged_at) <unless>
BEGIN
  SELECT RAISE(ABORT, '<message>')
  WHERE NEW.units + coalesce((
      SELECT max(taken) FROM (
        SELECT sum(change) OVER (ORDER BY at, change) AS taken FROM (
          SELECT occupied_start AS at, units AS change FROM {allocations} WHERE <rival>
          UNION ALL
          SELECT occupied_end, -units FROM {allocations} WHERE <rival>
        )
      )
    ), 0) > coalesce((SELECT capacity FROM {resources} WHERE id = NEW.resource_id), 0);
END
"""
_RIVAL: Final = """resource_id = NEW.resource_id AND booking_id <> NEW.booking_id AND occupies
            AND (expires_at IS NULL OR expires_at > NEW.judged_at)
            AND <near> AND occupied_start < NEW.occupied_end AND occupied_end > NEW.occupied_start"""
_NO_MORE_THAN_BEFORE: Final = """AND NOT (
  OLD.occupies AND (OLD.expires_at IS NULL OR OLD.expires_at > NEW.judged_at)
  AND (OLD.expires_at IS NULL OR coalesce(NEW.expires_at <= OLD.expires_at, 0))
  AND OLD.resource_id = NEW.resource_id AND OLD.units >= NEW.units
  AND OLD.occupied_start <= NEW.occupied_start AND NEW.occupied_end <= OLD.occupied_end)"""
_AGREE: Final = """
CREATE TRIGGER {schema}<trigger> BEFORE INSERT ON {allocations}
WHEN NOT EXISTS (
  SELECT 1 FROM {bookings}
  WHERE id = NEW.booking_id AND occupies = NEW.occupies AND expires_at IS NEW.expires_at)
BEGIN
  SELECT RAISE(ABORT, '<message>');
END
"""
_FOLLOW: Final = """
CREATE TRIGGER {schema}<trigger> AFTER UPDATE OF occupies, counts, expires_at ON {bookings}
WHEN OLD.occupies <> NEW.occupies OR OLD.counts <> NEW.counts OR OLD.expires_at IS NOT NEW.expires_at
BEGIN
  UPDATE {allocations}
  SET occupies = NEW.occupies, relevant = NEW.occupies OR NEW.counts, expires_at = NEW.expires_at,
    judged_at = CASE WHEN NEW.updated_at > OLD.updated_at THEN NEW.updated_at ELSE <present> END
  WHERE booking_id = NEW.id AND (
    occupies <> NEW.occupies OR relevant <> (NEW.occupies OR NEW.counts) OR expires_at IS NOT NEW.expires_at);
END
"""
_PRESENT: Final = "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"
_CHANGE: Final = "UPDATE OF resource_id, occupied_start, occupied_end, units, occupies, expires_at"


def _filled(template: str, **facts: str) -> str:
    for name, text in facts.items():
        template = template.replace(f"<{name}>", text)
    return template


_FITS: Final = _filled(
    _FIT,
    message=OVER_CAPACITY,
    rival=_filled(
        _RIVAL, near=overlapping_in_sqlite("reach_start", "NEW.occupied_start", "NEW.occupied_end")
    ),
)
TRIGGERS: Final = {
    name: _filled(text, trigger=f"{{{name}}}")
    for name, text in {
        "allocation_agrees": _filled(_AGREE, message=DISAGREES),
        "allocation_fits": _filled(_FITS, change="INSERT", unless=""),
        "changed_allocation_fits": _filled(_FITS, change=_CHANGE, unless=_NO_MORE_THAN_BEFORE),
        "allocations_follow": _filled(_FOLLOW, present=_PRESENT),
    }.items()
}
"""Each trigger's name, without the prefix, and its template."""


def add_triggers(tables: Tables) -> None:
    """Have the triggers created with the tables, on SQLite only."""

    def create(table: sa.Table, connection: sa.Connection, **_: Any) -> None:  # noqa: ANN401 - of the event
        if connection.dialect.name == "sqlite":
            carry_out(connection, table, tables.prefix, TRIGGERS.values())

    sa.event.listen(tables.allocations, "after_create", create)


def found_triggers(
    connection: sa.Connection, tables: Tables, schema: str | None
) -> Iterator[tuple[str, str]]:
    """Yield the names of the triggers of ours that the database has, each with what is known of it."""
    columns = (sa.column("type", sa.Text()), sa.column("name", sa.Text()), sa.column("sql", sa.Text()))
    one = sa.table("sqlite_master", *columns, schema=schema).c
    query = sa.select(one.name, one.sql).where(one.type == "trigger")
    for name, text in connection.execute(query):
        if name.startswith(tables.prefix) and name.removeprefix(tables.prefix) in TRIGGERS:
            yield name, trigger_is(text)
