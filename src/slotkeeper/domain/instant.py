"""An instant is a `datetime.datetime` in UTC, to the microsecond; this is the gate to that form.

Everything inside the library compares and adds plain UTC datetimes. They are made here, once, at the edge.
Since instants are whole microseconds, the closed end of a set of starts is written as the half-open end
one `TICK` later.
"""

from __future__ import annotations

import datetime as dt

from slotkeeper.errors import InvalidInstantError, NaiveDatetimeError

TICK = dt.timedelta(microseconds=1)
ZERO = dt.timedelta(0)
EARLIEST = dt.datetime.min.replace(tzinfo=dt.UTC)
LATEST = dt.datetime.max.replace(tzinfo=dt.UTC)


def as_utc(value: dt.datetime) -> dt.datetime:
    """Return the same instant as a plain `datetime.datetime` in UTC.

    Any offset and any subclass of `datetime.datetime` is accepted, and its ``fold`` is honoured.

    Raises:
        NaiveDatetimeError: ``value`` has no offset.
        InvalidInstantError: ``value`` is no datetime, or leaves the years 1 to 9999 in UTC.

    >>> as_utc(dt.datetime.fromisoformat("2025-10-23T11:00+02:00")).isoformat()
    '2025-10-23T09:00:00+00:00'
    """
    if type(value) is dt.datetime and value.tzinfo is dt.UTC:
        return value.replace(fold=0) if value.fold else value
    if not isinstance(value, dt.datetime):
        raise InvalidInstantError(value)
    if value.utcoffset() is None:
        raise NaiveDatetimeError(value)
    try:
        moved = value.astimezone(dt.UTC)
    except OverflowError:
        raise InvalidInstantError(value) from None
    return dt.datetime.combine(moved.date(), moved.timetz())


def later(instant: dt.datetime, by: dt.timedelta) -> dt.datetime:
    """Return ``instant + by``, held within the years 1 to 9999 instead of overflowing."""
    try:
        return instant + by
    except OverflowError:
        return LATEST if by > ZERO else EARLIEST
