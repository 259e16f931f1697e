"""ISO 8601 text for instants, durations and intervals, written and read in one place.

Written: instants in UTC with ``Z``, seconds and fractions only where they are not zero; durations with
designators, in hours at most, since a day of wall-clock time is not always 24 hours. Read: what
`datetime.datetime.fromisoformat` takes with an offset, and durations in weeks, days (24 hours), hours,
minutes and seconds; years and months have no fixed length and are refused (ISO 8601-1:2019, 5.5.2).
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from slotkeeper.domain.instant import ZERO, as_utc
from slotkeeper.errors import ParseError

_DURATION: Final = re.compile(
    r"(?P<sign>[+-]?)P(?:(?P<weeks>\d+(?:[.,]\d+)?)W)?(?:(?P<days>\d+(?:[.,]\d+)?)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+(?:[.,]\d+)?)H)?(?:(?P<minutes>\d+(?:[.,]\d+)?)M)?(?:(?P<seconds>\d+(?:[.,]\d{1,6})?)S)?)?",
    re.ASCII,
)


def format_instant(instant: dt.datetime) -> str:
    """Write an instant in UTC, as short as its precision allows: ``2025-10-23T09:00Z``."""
    moment = as_utc(instant)
    return f"{moment.date()}T{_format_time(moment)}Z"


def format_span(start: dt.datetime, end: dt.datetime) -> str:
    """Write two instants for people, in UTC, the second date only where it differs."""
    first, last = as_utc(start), as_utc(end)
    to = _format_time(last) if first.date() == last.date() else f"{last.date()} {_format_time(last)}"
    return f"{first.date()} {_format_time(first)}–{to}"


def _format_time(instant: dt.datetime) -> str:
    if instant.microsecond:
        return instant.strftime("%H:%M:%S.%f").rstrip("0")
    return instant.strftime("%H:%M:%S" if instant.second else "%H:%M")


def parse_instant(text: str) -> dt.datetime:
    """Read an instant with an offset, and return it in UTC.

    Raises:
        ParseError: The text is no ISO 8601 date and time with an offset.
    """
    try:
        value = dt.datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise ParseError(text, "an ISO 8601 instant") from None
    if value.tzinfo is None:
        raise ParseError(text, "an ISO 8601 instant with an offset")
    return as_utc(value)


def format_duration(duration: dt.timedelta) -> str:
    """Write a duration in hours, minutes and seconds: ``PT1H30M``; nothing is ``PT0S``."""
    if not duration:
        return "PT0S"
    sign, size = ("-", -duration) if duration < ZERO else ("", duration)
    minutes, rest = divmod(size, dt.timedelta(minutes=1))
    hours, minutes = divmod(minutes, 60)
    fraction = f".{rest.microseconds:06d}".rstrip("0") if rest.microseconds else ""
    text = f"{hours}H" if hours else ""
    text += f"{minutes}M" if minutes else ""
    text += f"{rest.seconds}{fraction}S" if rest else ""
    return f"{sign}PT{text}"


def parse_duration(text: str) -> dt.timedelta:
    """Read a duration in weeks, days of 24 hours, hours, minutes and seconds.

    Raises:
        ParseError: The text is none, or has years or months, whose length varies.
    """
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None or not any(match.group(unit) for unit in ("weeks", "days", "hours", "minutes", "seconds")):
        raise ParseError(text, "an ISO 8601 duration of fixed length")
    try:
        size = sum((_part(match, unit) for unit in ("weeks", "days", "hours", "minutes", "seconds")), ZERO)
    except OverflowError:
        raise ParseError(text, "an ISO 8601 duration below 999999999 days") from None
    return -size if match["sign"] == "-" else size


def _part(match: re.Match[str], unit: str) -> dt.timedelta:
    whole, _, fraction = (match[unit] or "0").replace(",", ".").partition(".")
    one = dt.timedelta(**{unit: 1})
    return one * int(whole) + (one * int(fraction) / 10 ** len(fraction) if fraction else ZERO)


def parse_interval(text: str) -> tuple[dt.datetime, dt.datetime]:
    """Read ``start/end``, ``start/duration`` or ``duration/end``; the end may leave out the date.

    Raises:
        ParseError: The text is none of these, or an instant has no offset.
    """
    first, slash, last = text.partition("/") if isinstance(text, str) else ("", "", "")
    if not slash:
        raise ParseError(text, "an ISO 8601 interval")
    try:
        return _bounds(first.strip(), last.strip())
    except (ParseError, OverflowError):
        raise ParseError(text, "an ISO 8601 interval with offsets") from None


def _bounds(first: str, last: str) -> tuple[dt.datetime, dt.datetime]:
    if first.startswith("P"):
        end = parse_instant(last)
        return end - parse_duration(first), end
    start = parse_instant(first)
    if last.startswith("P"):
        return start, start + parse_duration(last)
    if not re.match(r"\d{4}-?\d\d-?\d\d", last, re.ASCII):
        last = f"{first.partition('T')[0]}T{last}"
    return start, parse_instant(last)
