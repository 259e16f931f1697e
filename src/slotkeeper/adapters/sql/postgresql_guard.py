"""The guard as PostgreSQL's exclusion constraint: a writer who bypasses slotkeeper is refused too.

No two rows that take a resource of capacity one may overlap on it. A row says so itself, in ``exclusive``;
what has lapsed gives that up before the row that follows it is written, since a constraint knows no clock.
Resources are compared by id through ``btree_gist`` where the database has that extension, and otherwise as
ranges of one id each, of a type made for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

if TYPE_CHECKING:
    from slotkeeper.adapters.sql.schema import Tables

_INSTALLED: Final = sa.text("SELECT count(*) FROM pg_extension WHERE extname = 'btree_gist'")
_CONSTRAINT: Final = """
ALTER TABLE {allocations} ADD CONSTRAINT {constraint} EXCLUDE USING gist
({resource}, tstzrange(occupied_start, occupied_end) WITH &&) WHERE (occupies AND exclusive)
"""
_RANGE_OF_IDS: Final = 'CREATE TYPE {type} AS RANGE (subtype = text, collation = "C")'


def add_exclusion(tables: Tables) -> None:
    """Have the constraint created with the tables, and its type removed with them, on PostgreSQL only."""

    def create(table: sa.Table, connection: sa.Connection, **_: Any) -> None:  # noqa: ANN401 - of the event
        if connection.dialect.name == "postgresql":
            _create(table, connection, tables.prefix)

    def drop(table: sa.Table, connection: sa.Connection, **_: Any) -> None:  # noqa: ANN401 - of the event
        if connection.dialect.name == "postgresql":
            connection.execute(_ddl("DROP TYPE IF EXISTS {type}", table, connection, tables.prefix))

    sa.event.listen(tables.allocations, "after_create", create)
    sa.event.listen(tables.allocations, "after_drop", drop)


def _create(table: sa.Table, connection: sa.Connection, prefix: str) -> None:
    if connection.scalar(_INSTALLED):
        resource = "resource_id WITH ="
    else:
        connection.execute(_ddl(_RANGE_OF_IDS, table, connection, prefix))
        resource = "{type}(resource_id, resource_id, '[]') WITH &&"
    connection.execute(_ddl(_CONSTRAINT.replace("{resource}", resource), table, connection, prefix))


def _ddl(text: str, table: sa.Table, connection: sa.Connection, prefix: str) -> sa.DDL:
    preparer = connection.dialect.identifier_preparer
    schema = connection.schema_for_object(table)
    placed = "" if schema is None else f"{preparer.quote(schema)}."
    names = {
        "allocations": placed + preparer.quote(table.name),
        "constraint": preparer.quote(f"ex_{table.name}"),
        "type": placed + preparer.quote(f"{prefix}ids"),
    }
    statement: sa.DDL = sa.DDL(text.format(**names).replace("%", "%%"))  # type: ignore[no-untyped-call]
    return statement
