"""The guard as PostgreSQL's exclusion constraint: a writer who bypasses slotkeeper is refused too.

No two rows that take a resource of capacity one may overlap on it. A row says so itself, in ``exclusive``;
what has lapsed gives that up before the row that follows it is written, since a constraint knows no clock.
Resources are compared by id through ``btree_gist`` where the database has that extension, and otherwise as
ranges of one id each, of a type made for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from slotkeeper.adapters.sql.guard_ddl import carry_out

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slotkeeper.adapters.sql.schema import Tables

EXTENSION: Final = "SELECT count(*) FROM pg_extension WHERE extname = 'btree_gist'"
"""The query that tells whether ids can be compared through the extension."""
_CONSTRAINT: Final = """
ALTER TABLE {schema}{allocations} ADD CONSTRAINT {ex_allocations} EXCLUDE USING gist
(<resource>, tstzrange(occupied_start, occupied_end) WITH &&) WHERE (occupies AND exclusive)
"""
WITH_EXTENSION: Final = (_CONSTRAINT.replace("<resource>", "resource_id WITH ="),)
WITH_RANGES: Final = (
    'CREATE TYPE {schema}{ids} AS RANGE (subtype = text, collation = "C")',
    _CONSTRAINT.replace("<resource>", "{schema}{ids}(resource_id, resource_id, '[]') WITH &&"),
)
EXCLUSION: Final = "exclusion constraint"
"""What is known of a constraint that is there; the server tells its text in words of its own."""
_FOUND: Final = """
SELECT conname FROM pg_constraint
JOIN pg_class ON pg_class.oid = conrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE contype = 'x' AND relname = :allocations AND nspname = coalesce(:schema, current_schema())
UNION
SELECT 'ex_' || relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind = 'p' AND relname = :allocations AND nspname = coalesce(:schema, current_schema())
AND NOT EXISTS (
    SELECT FROM pg_inherits WHERE inhparent = pg_class.oid
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = inhrelid AND contype = 'x')
)
"""
"""Of a table in partitions, the constraint is there if each of them has one."""
AFTER_DROP: Final = ("DROP TYPE IF EXISTS {schema}{ids}",)


def add_exclusion(tables: Tables) -> None:
    """Have the constraint created with the tables, and its type removed with them, on PostgreSQL only."""

    def create(table: sa.Table, connection: sa.Connection, **_: Any) -> None:  # noqa: ANN401 - of the event
        if connection.dialect.name == "postgresql":
            templates = WITH_EXTENSION if connection.exec_driver_sql(EXTENSION).scalar() else WITH_RANGES
            carry_out(connection, table, tables.prefix, templates)

    def drop(table: sa.Table, connection: sa.Connection, **_: Any) -> None:  # noqa: ANN401 - of the event
        if connection.dialect.name == "postgresql":
            carry_out(connection, table, tables.prefix, AFTER_DROP)

    sa.event.listen(tables.allocations, "after_create", create)
    sa.event.listen(tables.allocations, "after_drop", drop)


def found_exclusions(
    connection: sa.Connection, tables: Tables, schema: str | None
) -> Iterator[tuple[str, str]]:
    """Yield the names of the constraints that the database has, each with what is known of it."""
    place = {"allocations": tables.allocations.name, "schema": schema}
    for name in connection.execute(sa.text(_FOUND), place).scalars():
        yield name, EXCLUSION
