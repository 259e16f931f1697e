"""Plain inserts, built once for each table."""

from __future__ import annotations

from functools import cache

import sqlalchemy as sa


@cache
def inserting(table: sa.Table) -> sa.Insert:
    """Return the insert into a table, the same one each time."""
    return sa.insert(table)
