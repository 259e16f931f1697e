"""Spans: the condition that a row's span overlaps another, written so that an index on starts suffices."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

from slotkeeper.adapters.sql.types import Instant, Whole

Moment = sa.ColumnElement[Any] | dt.datetime


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
    since = sa.type_coerce(first, Instant()) - sa.type_coerce(longest, Whole())
    return sa.and_(start < last, start > since, end > first)
