"""Names: what tables, constraints and indexes of ours are called, whatever the host's metadata say.

Checks of the live schema and migrations go by these names, so no naming convention of a host's changes them.
A prefix is letters, digits and underscores, since it stands in names that need no quotes elsewhere either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa
from sqlalchemy.sql.elements import conv

from slotkeeper.errors import InvalidFieldError

_LETTERS: Final = re.compile(r"(?:[A-Za-z_][A-Za-z0-9_]*)?")
_LONGEST: Final = 63
"""PostgreSQL cuts longer names off, so that two could become one; MariaDB takes 64 characters."""


def check_prefix(prefix: str) -> None:
    """Raise `InvalidFieldError` unless a prefix is the beginning of a plain name."""
    if not isinstance(prefix, str) or not _LETTERS.fullmatch(prefix):  # type: ignore[redundant-expr]
        reason = "must be letters a to z, digits and underscores, and begin with no digit"
        raise InvalidFieldError("Tables.prefix", prefix, reason)


def name_before(items: Iterable[sa.schema.SchemaItem], table: str) -> None:
    """Complete the names of indexes and checks before a table has them, when conventions see them."""
    for item in items:
        if isinstance(item, sa.Index):
            item.name = sa.quoted_name(f"ix_{table}_{item.name}", quote=None)
        elif isinstance(item, sa.CheckConstraint):
            item.name = conv(f"ck_{table}_{item.name}")


def name_after(table: sa.Table) -> None:
    """Name the keys of a table.

    Raises:
        InvalidFieldError: A name is longer than databases take.
    """
    for constraint in table.constraints:
        if isinstance(constraint, sa.PrimaryKeyConstraint):
            constraint.name = conv(f"pk_{table.name}")
        elif isinstance(constraint, (sa.ForeignKeyConstraint, sa.UniqueConstraint)):
            kind = "fk" if isinstance(constraint, sa.ForeignKeyConstraint) else "uq"
            constraint.name = conv("_".join([kind, table.name, *(one.name for one in constraint.columns)]))
    named: list[sa.Table | sa.Index | sa.Constraint] = [table, *table.indexes, *table.constraints]
    longest = max((str(one.name) for one in named), key=len)
    if len(longest) > _LONGEST:
        raise InvalidFieldError(
            "Tables.prefix", longest, f"must make no name longer than {_LONGEST} characters"
        )
