"""Keysets: the condition that a row comes after another in an order, written as each database seeks it.

The comparison of two rows of values, ``(start_at, id) > (?, ?)``, is one place in an index on SQLite and on
PostgreSQL. MariaDB reads the index from its beginning for it, and finds the place when it is spelt out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


def beyond(key: Sequence[sa.Column[Any]], last: Sequence[object], *, descending: bool) -> Ahead | Behind:
    """Return the condition that a row's two columns come after two values, in an order of both."""
    instant, tie = (sa.bindparam(None, value, type_=one.type) for value, one in zip(last, key, strict=True))
    return Behind(*key, instant, tie) if descending else Ahead(*key, instant, tie)


class _Compared(FunctionElement[bool]):
    """Two columns, compared as one with two values; of no type, as a boolean would get `` = 1`` behind it."""

    sign = ""


class Ahead(_Compared):
    """The columns are greater."""

    name = "ahead"
    inherit_cache: bool | None = True
    sign = ">"


class Behind(_Compared):
    """The columns are less."""

    name = "behind"
    inherit_cache: bool | None = True
    sign = "<"


@compiles(Ahead)
@compiles(Behind)
def _as_rows(element: _Compared, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's signature
    column, other, instant, tie = (compiler.process(one, **options) for one in element.clauses)
    return f"({column}, {other}) {element.sign} ({instant}, {tie})"


@compiles(Ahead, "mysql", "mariadb")
@compiles(Behind, "mysql", "mariadb")
def _spelt_out(element: _Compared, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - the same
    column, other, instant, tie = (compiler.process(one, **options) for one in element.clauses)
    sign = element.sign
    return f"({column} {sign} {instant} OR ({column} = {instant} AND {other} {sign} {tie}))"
