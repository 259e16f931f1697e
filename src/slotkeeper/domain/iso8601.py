"""ISO 8601 text for instants, durations and intervals, written and read in one place.

Written: instants in UTC with ``Z``, seconds and fractions only where they are not zero; durations with
designators, in hours at most, since a day of wall-clock time is not always 24 hours. Read: what
`datetime.datetime.fromisoformat` takes with an offset, also ``24:00`` for the end of a day; and durations in
weeks, days (24 hours), hours, minutes and seconds; years and months have no fixed length and are refused
(ISO 8601-1:2019, 5.5.2).
"""

from __future__ import annotations

import datetime as dt
import re
from fractions import Fraction
from typing import Final

from slotkeeper.domain.instant import ZERO, as_utc, moved, negated
from slotkeeper.domain.text import matched
from slotkeeper.errors import ParseError

_NUMBER: Final = r"\d{1,18}(?:[.,]\d{1,18})?"
_DURATION: Final = re.compile(
    rf"(?P<sign>[+-]?)P(?=.)(?:(?P<weeks>{_NUMBER})W)?(?:(?P<days>{_NUMBER})D)?"
    rf"(?:T(?=\d)(?:(?P<hours>{_NUMBER})H)?(?:(?P<minutes>{_NUMBER})M)?(?:(?P<seconds>{_NUMBER})S)?)?",
    re.ASCII,
)
_TICKS: Final = {
    "weeks": 604_800_000_000,
    "days": 86_400_000_000,
    "hours": 3_600_000_000,
    "minutes": 60_000_000,
    "seconds": 1_000_000,
}
_END_OF_DAY: Final = re.compile(
    r"(?P<day>[^:T]{8,10}[T ])24(?P<rest>(?::?00(?::?00(?:[.,]0+)?)?)?(?![\d:.,]).*)", re.ASCII
)
_PARTS: Final = re.compile(r"\s*(?P<first>[^/]*?)\s*/\s*(?P<last>[^/]*?)\s*")
_DAY: Final = dt.timedelta(days=1)


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
        return instant.time().isoformat("microseconds").rstrip("0")
    return instant.time().isoformat("seconds" if instant.second else "minutes")


def parse_instant(text: str) -> dt.datetime:
    """Read an instant with an offset, and return it in UTC.

    Raises:
        ParseError: The text is no ISO 8601 date and time with an offset, or leaves the years 1 to 9999.
    """
    try:
        midnight = _END_OF_DAY.fullmatch(text)
        value = dt.datetime.fromisoformat(f"{midnight['day']}00{midnight['rest']}" if midnight else text)
        return as_utc(moved(value, _DAY) if midnight else value)
    except (TypeError, ValueError):
        raise ParseError(text, "an ISO 8601 instant with an offset") from None


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
        ParseError: The text is none, is finer than a microsecond, or has years or months, which vary.
    """
    match = matched(_DURATION, text, "an ISO 8601 duration of fixed length")
    ticks = sum((_ticks(match, unit) for unit in _TICKS), Fraction(0))
    if ticks.denominator != 1:
        raise ParseError(text, "an ISO 8601 duration of whole microseconds")
    try:
        return dt.timedelta(microseconds=int(-ticks if match["sign"] == "-" else ticks))
    except OverflowError:
        raise ParseError(text, "an ISO 8601 duration below a thousand million days") from None


def _ticks(match: re.Match[str], unit: str) -> Fraction:
    return Fraction((match[unit] or "0").replace(",", ".")) * _TICKS[unit]


def parse_interval(text: str) -> tuple[dt.datetime, dt.datetime]:
    """Read ``start/end``, ``start/duration`` or ``duration/end``; the end may leave out the date.

    Raises:
        ParseError: The text is none of these, or an instant has no offset.
    """
    match = matched(_PARTS, text, "an ISO 8601 interval")
    try:
        return _bounds(match["first"], match["last"])
    except ValueError:
        raise ParseError(text, "an ISO 8601 interval with offsets") from None


def _bounds(first: str, last: str) -> tuple[dt.datetime, dt.datetime]:
    if first.startswith("P"):
        end = parse_instant(last)
        return moved(end, negated(parse_duration(first))), end
    start = parse_instant(first)
    if last.startswith("P"):
        return start, moved(start, parse_duration(last))
    date_is_left_out = not re.search("[T ]", last)
    return start, parse_instant(f"{re.split('[T ]', first)[0]}T{last}" if date_is_left_out else last)
