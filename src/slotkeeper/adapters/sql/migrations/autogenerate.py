"""What Alembic's autogenerate is to leave alone: our tables are for our branch to change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import sqlalchemy as sa

from slotkeeper.adapters.sql.schema import Tables, own_tables

IncludeObject: TypeAlias = Callable[
    [
        sa.schema.SchemaItem,
        str | None,
        Literal["schema", "table", "column", "index", "unique_constraint", "foreign_key_constraint"],
        bool,
        sa.schema.SchemaItem | None,
    ],
    bool,
]


def leaving_out(tables: Tables | None = None, *, besides: IncludeObject | None = None) -> IncludeObject:
    """Return the ``include_object`` with which a host's autogenerate neither changes nor drops our tables.

    Args:
        tables: Which tables, where they are not the store's own ones.
        besides: An ``include_object`` of the host's, for everything else.
    """
    ours = {(table.schema, table.name) for table in (tables or own_tables()).all}

    def include(item: Any, name: Any, kind: Any, reflected: Any, other: Any) -> bool:  # noqa: ANN401 - Alembic's
        if kind == "table" and (item.schema, item.name) in ours:
            return False
        return besides is None or besides(item, name, kind, reflected, other)

    return include
