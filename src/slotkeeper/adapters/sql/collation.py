"""Collation: text compares by code point, trailing blanks included, so that ids that differ stay apart.

MariaDB and MySQL have such a collation under different names, and one name of dialect. Which server it is,
SQLAlchemy knows when it has connected.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.ext.compiler import compiles

MARIADB: Final = "utf8mb4_nopad_bin"
MYSQL: Final = "utf8mb4_0900_bin"


def exact_text(length: int) -> sa.String:
    """Return the type of a column of the host's whose texts are equal only where every character is.

    So it is on SQLite and PostgreSQL with any text; MariaDB and MySQL take letters of either case, with
    accents or without, and trailing blanks for equal unless a column says otherwise. It is for tokens,
    names, plates.

    >>> exact_text(80).length
    80
    """
    exact = mysql.VARCHAR(length, collation=MARIADB)
    return sa.String(length).with_variant(exact, "mysql", "mariadb")


def collation_of(dialect: sa.Dialect) -> str:
    """Return the name of the collation on a server that calls itself ``mysql`` or ``mariadb``."""
    return MARIADB if getattr(dialect, "is_mariadb", False) else MYSQL


@compiles(sa.schema.CreateTable, "mysql")
def _create_table(element: sa.schema.CreateTable, compiler: Any, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's
    """Write MySQL's name where a table is made with MariaDB's; no other table is."""
    text: str = compiler.visit_create_table(element, **options)
    return text.replace(f"COLLATE {MARIADB}", f"COLLATE {collation_of(compiler.dialect)}")
