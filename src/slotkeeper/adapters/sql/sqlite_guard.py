"""The guard as SQLite's triggers: a writer who bypasses slotkeeper is refused too.

Before an allocation is inserted, or changed to take more, the units taken over its occupied interval are
added up as a running sum over starts and ends; ends sort before starts, since intervals are half-open. What
has lapsed at the instant at which the row was judged takes nothing. When a booking's flags change, its
allocations follow, judged at its new time of change, or at the present if the writer left that as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite.base import SQLiteDialect

from slotkeeper.adapters.sql.lengths import overlapping_in_sqlite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slotkeeper.adapters.sql.schema import Tables

OVER_CAPACITY: Final = "slotkeeper: the resource has too few free units"
DISAGREES: Final = "slotkeeper: an allocation must agree with its booking"

_FIT: Final = """
CREATE TRIGGER {trigger} BEFORE {change} ON {allocations}
WHEN NEW.occupies AND (NEW.expires_at IS NULL OR NEW.expires_at > NEW.judged_at) {unless}
BEGIN
  SELECT RAISE(ABORT, '{message}')
  WHERE NEW.units + coalesce((
      SELECT max(taken) FROM (
        SELECT sum(change) OVER (ORDER BY at, change) AS taken FROM (
          SELECT occupied_start AS at, units AS change FROM {allocations} WHERE {rival}
          UNION ALL
          SELECT occupied_end, -units FROM {allocations} WHERE {rival}
        )
      )
    ), 0) > coalesce((SELECT capacity FROM {resources} WHERE id = NEW.resource_id), 0);
END
"""
_RIVAL: Final = """resource_id = NEW.resource_id AND booking_id <> NEW.booking_id AND occupies
            AND (expires_at IS NULL OR expires_at > NEW.judged_at)
            AND {near} AND occupied_start < NEW.occupied_end AND occupied_end > NEW.occupied_start"""
_NO_MORE_THAN_BEFORE: Final = """AND NOT (
  OLD.occupies AND (OLD.expires_at IS NULL OR OLD.expires_at > NEW.judged_at)
  AND (OLD.expires_at IS NULL OR coalesce(NEW.expires_at <= OLD.expires_at, 0))
  AND OLD.resource_id = NEW.resource_id AND OLD.units >= NEW.units
  AND OLD.occupied_start <= NEW.occupied_start AND NEW.occupied_end <= OLD.occupied_end)"""
_AGREE: Final = """
CREATE TRIGGER {trigger} BEFORE INSERT ON {allocations}
WHEN NOT EXISTS (
  SELECT 1 FROM {bookings}
  WHERE id = NEW.booking_id AND occupies = NEW.occupies AND expires_at IS NEW.expires_at)
BEGIN
  SELECT RAISE(ABORT, '{message}');
END
"""
_FOLLOW: Final = """
CREATE TRIGGER {trigger} AFTER UPDATE OF occupies, counts, expires_at ON {bookings}
WHEN OLD.occupies <> NEW.occupies OR OLD.counts <> NEW.counts OR OLD.expires_at IS NOT NEW.expires_at
BEGIN
  UPDATE {allocations}
  SET occupies = NEW.occupies, relevant = NEW.occupies OR NEW.counts, expires_at = NEW.expires_at,
    judged_at = CASE WHEN NEW.updated_at > OLD.updated_at THEN NEW.updated_at ELSE {present} END
  WHERE booking_id = NEW.id AND (
    occupies <> NEW.occupies OR relevant <> (NEW.occupies OR NEW.counts) OR expires_at IS NOT NEW.expires_at);
END
"""
_PRESENT: Final = "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"
_CHANGE: Final = "UPDATE OF resource_id, occupied_start, occupied_end, units, occupies, expires_at"


def add_triggers(tables: Tables) -> None:
    """Have the triggers created with the tables, on SQLite only."""
    for text in _triggers(tables):
        statement: sa.DDL = sa.DDL(text.replace("%", "%%"))  # type: ignore[no-untyped-call]
        statement = statement.execute_if(dialect="sqlite")
        sa.event.listen(tables.allocations, "after_create", statement)


def _triggers(tables: Tables) -> Iterator[str]:
    quote = SQLiteDialect().identifier_preparer.quote
    named = {one: quote(getattr(tables, one).name) for one in ("allocations", "bookings", "resources")}
    schema = "" if tables.schema is None else f"{quote(tables.schema)}."

    def trigger(text: str, name: str, **facts: str) -> str:
        return text.format(**named, **facts, trigger=f"{schema}{quote(f'{tables.prefix}{name}')}")

    near = overlapping_in_sqlite("reach_start", "NEW.occupied_start", "NEW.occupied_end")
    rival = _RIVAL.format(near=near)
    yield trigger(_AGREE, "allocation_agrees", message=DISAGREES)
    yield trigger(_FIT, "allocation_fits", change="INSERT", unless="", message=OVER_CAPACITY, rival=rival)
    yield trigger(
        _FIT,
        "changed_allocation_fits",
        change=_CHANGE,
        unless=_NO_MORE_THAN_BEFORE,
        message=OVER_CAPACITY,
        rival=rival,
    )
    yield trigger(_FOLLOW, "allocations_follow", present=_PRESENT)
