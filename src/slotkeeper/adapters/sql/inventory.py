"""Inventories: what a set of tables consists of, in plain words, whether it is expected or was found.

Two inventories of the same database can be compared word by word. Servers rewrite the texts of conditions and
expressions in their own way, which changes between their versions; so those are told by name and presence.
SQLite keeps the texts as they were given.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any, Final, TypeAlias

import sqlalchemy as sa

Part: TypeAlias = tuple[str, str, str]
"""The table, the kind of part, and its name, or its columns where it has no name of ours."""

Inventory: TypeAlias = dict[Part, str]
"""Each part, and how it is."""

TABLE: Final = "table"
COLUMN: Final = "column"
PRIMARY_KEY: Final = "primary key"
UNIQUE: Final = "unique key"
FOREIGN_KEY: Final = "foreign key"
CHECK: Final = "check"
INDEX: Final = "index"
GUARD: Final = "guard"
"""A trigger or a constraint that keeps allocations within capacity."""

_WIDTH: Final = re.compile(r"\b((?:BIG|SMALL|TINY)?INT(?:EGER)?)\(\d+\)")


def column_is(of: sa.types.TypeEngine[Any], dialect: sa.Dialect, *, nullable: bool, filled: str) -> str:
    """Describe a column: its type, whether it may be null, and what fills it when a row doesn't say."""
    return " ".join([_type(of, dialect), "null" if nullable else "not null", filled]).rstrip()


def _type(of: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> str:
    text = of.compile(dialect)
    if dialect.name == "postgresql":
        return re.sub(r"^VARCHAR(?!\()", "TEXT", text)  # the same to the server
    return _WIDTH.sub(r"\1", re.sub(r"^(?:BOOL|TINYINT\(1\))$", "BOOLEAN", text))


def columns_are(names: Iterable[str | None]) -> str:
    """Describe a list of columns; what is no column is an expression."""
    return f"({', '.join(name or 'expression' for name in names)})"


def index_is(names: Iterable[str | None], *, unique: object, some: object) -> str:
    """Describe an index: its columns, whether it keeps them unique, and whether it has all rows."""
    words = [columns_are(names), "unique" if unique else "", "of some rows" if some else ""]
    return " ".join(filter(None, words))


def text_is(text: object) -> str:
    """Describe a text, whatever its line breaks and spaces."""
    return " ".join(str(text).split())


def trigger_is(text: str) -> str:
    """Describe a trigger by a digest of its text, which is too long to be read in a message."""
    return f"trigger {hashlib.sha256(text_is(text).encode()).hexdigest()[:12]}"
