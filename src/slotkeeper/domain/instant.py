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
"""The last instant; as the end of an interval it is outside, so no interval holds it."""


def as_utc(value: dt.datetime) -> dt.datetime:
    """Return the same instant as a plain `datetime.datetime` in UTC.

    Any offset and any subclass of `datetime.datetime` is accepted, and its ``fold`` is honoured. What a
    subclass holds below a microsecond is dropped.

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
    try:
        if value.utcoffset() is not None:
            there = value.astimezone(dt.UTC)
            return dt.datetime.combine(there.date(), there.time().replace(fold=0), dt.UTC)
    except (OverflowError, ValueError):
        raise InvalidInstantError(value) from None
    raise NaiveDatetimeError(value)


def moved(instant: dt.datetime, by: dt.timedelta) -> dt.datetime:
    """Return ``instant + by``.

    Raises:
        InvalidInstantError: That leaves the years 1 to 9999.
    """
    try:
        return instant + by
    except OverflowError:
        beyond = f"{instant} + {by}"
        raise InvalidInstantError(beyond) from None


def later(instant: dt.datetime, by: dt.timedelta) -> dt.datetime:
    """Return ``instant + by``, held between `EARLIEST` and `LATEST` instead of overflowing."""
    try:
        return instant + by
    except OverflowError:
        return LATEST if by > ZERO else EARLIEST


def negated(by: dt.timedelta) -> dt.timedelta:
    """Return ``-by``; the few lengths whose opposite no timedelta can hold give the longest one there is."""
    return -min(by, -dt.timedelta.min)
