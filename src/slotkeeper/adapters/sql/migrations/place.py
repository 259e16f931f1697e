"""Where a revision makes its tables: their prefix, their schema, and which guard the database takes.

Revisions once released never change, and neither does what this module offers them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import sqlalchemy as sa
from alembic import op
from alembic.runtime.migration import MigrationContext
from sqlalchemy.sql.elements import conv

from slotkeeper.adapters.sql.guard_ddl import Placement
from slotkeeper.adapters.sql.postgresql_guard import EXTENSION
from slotkeeper.adapters.sql.schema import REGISTERED, Tables, own_tables
from slotkeeper.errors import InvalidFieldError

ATTRIBUTE: Final = "slotkeeper_tables"
"""Under which name a host's Alembic config may hold the `Tables` to migrate, in its ``attributes``."""


class Place:
    """Where one run of a revision makes its tables.

    Args:
        tables: Which tables, of which only prefix, schema and kind are used.
        context: Alembic's.
    """

    def __init__(self, tables: Tables, context: MigrationContext) -> None:
        self.prefix, self.schema, self._portable = tables.prefix, tables.schema, tables.portable
        self.dialect = context.dialect
        self._context = context
        self._placement = Placement(context.dialect, tables.prefix, tables.schema)

    def table(self, name: str) -> str:
        """Return the full name of a table."""
        return f"{self.prefix}{name}"

    def column(self, table: str, name: str) -> str:
        """Return what a foreign key refers to a column by."""
        return ".".join(filter(None, [self.schema, self.table(table), name]))

    def name(self, kind: str, rest: str) -> conv:
        """Return the full name of an index or a constraint, which no naming convention changes."""
        return conv(f"{kind}_{self.prefix}{rest}")

    def is_one_of(self, *dialects: str) -> bool:
        """Tell whether the database is of one of these dialects."""
        return self.dialect.name in dialects

    @property
    def guard(self) -> str | None:
        """Which guard the database takes: ``sqlite``, ``mariadb``, ``gist``, ``ranges``, or None."""
        if self._portable:
            return None
        if self.is_one_of("postgresql"):
            return "gist" if self._has_extension() else "ranges"
        if self.is_one_of("sqlite"):
            return "sqlite"
        return "mariadb" if getattr(self.dialect, "is_mariadb", False) else None

    def _has_extension(self) -> bool:
        """Tell whether btree_gist is there; where SQL is only written, the guard does without."""
        connection = None if self._context.as_sql else self._context.connection
        return connection is not None and bool(connection.exec_driver_sql(EXTENSION).scalar())

    def carry_out(self, templates: Iterable[str]) -> None:
        """Carry out templates of DDL, whose fields are names of ours."""
        for template in templates:
            op.execute(self._placement.statement(template))


def placed() -> Place:
    """Return the place of the run that is under way.

    The tables are those under `ATTRIBUTE` in the attributes of Alembic's config, or those that were entered
    in the environment's ``target_metadata``, or the store's own ones.

    Raises:
        InvalidFieldError: The metadata hold more than one set of tables.
    """
    context = op.get_context()
    given = context.config.attributes.get(ATTRIBUTE) if context.config is not None else None
    return Place(given or _entered(context.opts), context)


def _entered(options: Mapping[str, Any]) -> Tables:
    metadata = options.get("target_metadata") or ()
    sets = [
        tables
        for one in ([metadata] if isinstance(metadata, sa.MetaData) else metadata)
        for tables in one.info.get(REGISTERED, ())
    ]
    if len(sets) > 1:
        prefixes = [one.prefix for one in sets]
        reason = f"hold several sets of tables; name one in config.attributes[{ATTRIBUTE!r}]"
        raise InvalidFieldError("target_metadata", prefixes, reason)
    return sets[0] if sets else own_tables()
