"""Spans: the condition that a row's span overlaps another, written so that an index on starts suffices."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from slotkeeper.adapters.sql.types import Instant, Whole

Moment = sa.ColumnElement[Any] | dt.datetime

_COUNTABLE: Final = 200 * 366 * 86_400 * 1_000_000
"""Two hundred years of microseconds. More are not subtracted: servers would round, or run out of years."""


def overlaps(
    start: sa.ColumnElement[Any],
    end: sa.ColumnElement[Any],
    first: Moment,
    last: Moment,
    longest: sa.ScalarSelect[Any],
) -> sa.ColumnElement[bool]:
    """Return the condition that ``[start, end)`` overlaps ``[first, last)``.

    ``longest`` is the greatest length among the rows: what overlaps cannot have started longer ago.
    """
    since = Earlier(sa.type_coerce(first, Instant()), sa.type_coerce(longest, Whole()))
    return sa.and_(start < last, start > since, end > first)


class Earlier(FunctionElement[dt.datetime]):
    """The instant that lies a number of microseconds before another, or any that is earlier still."""

    name = "earlier"
    type: TypeEngine[dt.datetime] = Instant()
    inherit_cache: bool | None = True


@compiles(Earlier)
def _on_sqlite(element: Earlier, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's signature
    instant, length = (compiler.process(one, **options) for one in element.clauses)
    return f"({instant} - {length})"


@compiles(Earlier, "postgresql")
def _on_postgresql(element: Earlier, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - the same
    instant, length = (compiler.process(one, **options) for one in element.clauses)
    moved = f"{instant} - {length} * interval '1 microsecond'"
    return f"CASE WHEN {length} > {_COUNTABLE} THEN timestamptz '-infinity' ELSE {moved} END"


@compiles(Earlier, "mysql", "mariadb")
def _on_mariadb(element: Earlier, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - the same
    instant, length = (compiler.process(one, **options) for one in element.clauses)
    moved = f"coalesce({instant} - INTERVAL {length} MICROSECOND, '0000-01-01')"
    return f"CASE WHEN {length} IS NULL OR {length} > {_COUNTABLE} THEN '0000-01-01' ELSE {moved} END"
