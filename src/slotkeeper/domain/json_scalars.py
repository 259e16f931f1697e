"""The JSON forms of single facts: ISO 8601 text for time, decimal text for exact numbers, the rest as it is.

A datetime without an offset is a wall-clock time and stays one; where an instant is needed the value's own
check refuses it.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import zoneinfo
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from slotkeeper.domain import iso8601
from slotkeeper.domain.hours import Hours
from slotkeeper.domain.ids import Id, check_id, id_from_text, id_to_text
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.json_form import Form, MisfitError, Scalar, Value
from slotkeeper.domain.zones import as_zone
from slotkeeper.errors import ParseError

if TYPE_CHECKING:
    from enum import Enum

_DECIMAL: Final = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?")
_FRACTION: Final = re.compile(r"-?[0-9]{1,40}(?:/[0-9]{1,40})?")


def _as_it_is(value: Value) -> Value:
    return value


def _write_moment(value: dt.datetime) -> str:
    return value.isoformat() if value.tzinfo is None else iso8601.format_instant(value)


def _read_moment(text: str) -> dt.datetime:
    try:
        value = dt.datetime.fromisoformat(text)
    except ValueError:
        raise ParseError(text, "an ISO 8601 instant") from None
    return value if value.tzinfo is None else iso8601.parse_instant(text)


def _write_time(value: dt.time) -> str:
    if value.tzinfo is not None:
        raise MisfitError(value, "a time of day without a zone")
    return value.isoformat()


def _read_time(text: str) -> dt.time:
    value = dt.time.fromisoformat(text)
    if value.tzinfo is not None:
        raise ParseError(text, "a time of day without a zone")
    return value


def _write_zone(zone: zoneinfo.ZoneInfo) -> str:
    if not zone.key:
        raise MisfitError(zone, "a zone with an IANA name, not one read from a file")
    return zone.key


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise MisfitError(value, "a finite number")
    return float(value)


def _write_decimal(value: Decimal) -> str:
    if not value.is_finite():
        raise MisfitError(value, "a finite number")
    return f"{value:f}"


def _read_decimal(text: str) -> Decimal:
    if not _DECIMAL.fullmatch(text):
        raise ParseError(text, "a decimal number as text")
    return Decimal(text)


def _read_fraction(text: str) -> Fraction:
    if not _FRACTION.fullmatch(text):
        raise ParseError(text, "a fraction as text, such as 1/2")
    return Fraction(text)


def _write_id(value: Id) -> int | str:
    check_id("id", value)
    return int(value) if isinstance(value, int) else id_to_text(value)


def _read_id(data: int | str) -> Id:
    value = id_from_text(data) if isinstance(data, str) else data
    check_id("id", value)
    return value


ID: Final = Scalar(
    "a whole number, a text or a UUID", (int, str, UUID), (int, str), _write_id, _read_id, but_not=(bool,)
)
_TEXT: Final = (str,)
_WHOLE: Final = (int,)
_NUMBER: Final = (int, float)

SCALARS: Final[dict[Any, Form]] = {
    str: Scalar("a text", _TEXT, _TEXT, str.__str__, _as_it_is),
    int: Scalar("a whole number", _WHOLE, _WHOLE, int.__int__, _as_it_is, but_not=(bool,)),
    bool: Scalar("true or false", (bool,), (bool,), _as_it_is, _as_it_is),
    float: Scalar("a number", _NUMBER, _NUMBER, _finite, _finite, but_not=(bool,)),
    Decimal: Scalar("a decimal number as text", (Decimal,), _TEXT, _write_decimal, _read_decimal),
    Fraction: Scalar("a fraction as text", (Fraction,), _TEXT, str, _read_fraction),
    UUID: Scalar("the URN of a UUID", (UUID,), _TEXT, lambda value: value.urn, UUID),
    dt.datetime: Scalar("an ISO 8601 instant", (dt.datetime,), _TEXT, _write_moment, _read_moment),
    dt.date: Scalar(
        "an ISO 8601 date", (dt.date,), _TEXT, str, dt.date.fromisoformat, but_not=(dt.datetime,)
    ),
    dt.time: Scalar("an ISO 8601 time of day", (dt.time,), _TEXT, _write_time, _read_time),
    dt.timedelta: Scalar(
        "an ISO 8601 duration", (dt.timedelta,), _TEXT, iso8601.format_duration, iso8601.parse_duration
    ),
    zoneinfo.ZoneInfo: Scalar("the name of a time zone", (zoneinfo.ZoneInfo,), _TEXT, _write_zone, as_zone),
    Interval: Scalar("an ISO 8601 interval", (Interval,), _TEXT, str, Interval.parse),
    Hours: Scalar("hours such as 09:00-12:00", (Hours,), _TEXT, str, Hours.parse),
}
"""The form of each type that is one JSON value."""


def enum_form(cls: type[Enum]) -> Scalar:
    """Return the form of an enumeration: its members' values."""
    members = {member.value: member for member in cls}
    expected = f"one of {', '.join(map(repr, members))}"

    def read(data: int | str) -> Enum:
        if data not in members:
            raise MisfitError(data, expected)
        return members[data]

    kinds = tuple({type(value) for value in members})
    return Scalar(expected, (cls,), kinds, lambda member: member.value, read)
