"""RFC 5545 RRULE text: read, checked, and completed from its start; nothing is expanded here."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

import attrs

from slotkeeper.errors import InvalidRecurrenceError

FREQUENCIES: Final = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY")
WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
MAX_COUNT: Final = 100_000
MAX_INTERVAL: Final = 1_000_000

_RANGES: Final = {
    "BYSECOND": (0, 59),
    "BYMINUTE": (0, 59),
    "BYHOUR": (0, 23),
    "BYMONTHDAY": (1, 31),
    "BYYEARDAY": (1, 366),
    "BYWEEKNO": (1, 53),
    "BYMONTH": (1, 12),
    "BYSETPOS": (1, 366),
}
_SIGNED: Final = frozenset({"BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS"})
_NOT_WITH: Final = {  # RFC 5545, 3.3.10
    "BYWEEKNO": frozenset(FREQUENCIES) - {"YEARLY"},
    "BYYEARDAY": frozenset({"DAILY", "WEEKLY", "MONTHLY"}),
    "BYMONTHDAY": frozenset({"WEEKLY"}),
}
_DAY_PARTS: Final = ("BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY")
_CLOCK_PARTS: Final = (("BYHOUR", "HOURLY", 24), ("BYMINUTE", "MINUTELY", 60), ("BYSECOND", "SECONDLY", 60))
_UNTIL: Final = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?", re.ASCII)
_DIGITS: Final = re.compile(r"\d{1,8}", re.ASCII)
_WEEKS: Final = 53
_BYDAY: Final = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)

Parts = dict[str, tuple[str, ...]]


@attrs.frozen
class Rule:
    """One RRULE, split into its parts.

    Args:
        text: The rule in capitals, without the ``RRULE:`` in front.
        until: The last start that may occur, inclusive: a UTC datetime where the text ends in ``Z``, else
            naive. A date alone stands for all of that day.
        by: The ``BY…`` parts, as written.
    """

    text: str
    frequency: str
    interval: int
    count: int | None
    until: dt.datetime | None
    week_start: int
    by: Parts = attrs.field(hash=False)

    @classmethod
    def parse(cls, text: str) -> Rule:
        """Read RRULE text.

        Raises:
            InvalidRecurrenceError: The text is malformed, or RFC 5545 forbids the combination.
        """
        normal = normalise(text)
        fields = _fields(normal)
        frequency = fields.pop("FREQ", "")
        if frequency not in FREQUENCIES:
            raise InvalidRecurrenceError(normal, "needs a FREQ from YEARLY to SECONDLY")
        if "COUNT" in fields and "UNTIL" in fields:
            raise InvalidRecurrenceError(normal, "has both COUNT and UNTIL")
        week_start = fields.pop("WKST", "MO")
        if week_start not in WEEKDAYS:
            raise InvalidRecurrenceError(normal, f"has no weekday {week_start!r}")
        interval = _number(normal, fields.pop("INTERVAL", "1"), MAX_INTERVAL)
        count = fields.pop("COUNT", None)
        until = fields.pop("UNTIL", None)
        return cls(
            normal,
            frequency,
            interval,
            None if count is None else _number(normal, count, MAX_COUNT),
            None if until is None else _until(normal, until),
            WEEKDAYS.index(week_start),
            _by_parts(normal, frequency, fields),
        )

    def complete(self, start: dt.datetime) -> Parts:
        """Return the parts together with those that the start implies, so that they stay when it moves."""
        parts = dict(self.by)
        if not any(name in parts for name in _DAY_PARTS):
            if self.frequency == "YEARLY":
                parts.setdefault("BYMONTH", (str(start.month),))
            if self.frequency in {"YEARLY", "MONTHLY"}:
                parts["BYMONTHDAY"] = (str(start.day),)
            elif self.frequency == "WEEKLY":
                parts["BYDAY"] = (WEEKDAYS[start.weekday()],)
        rank = FREQUENCIES.index(self.frequency)
        values = (start.hour, start.minute, start.second)
        for (name, unit, _), value in zip(_CLOCK_PARTS, values, strict=True):
            if rank < FREQUENCIES.index(unit):
                parts.setdefault(name, (str(value),))
        return parts


def normalise(text: str) -> str:
    """Return rule text in capitals, without the property name in front."""
    if not isinstance(text, str):
        raise InvalidRecurrenceError(repr(text), "is no text")
    return text.strip().upper().removeprefix("RRULE:")


def _fields(text: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for part in text.removesuffix(";").split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value or name in fields:
            raise InvalidRecurrenceError(text, f"cannot read {part!r}")
        fields[name] = value
    return fields


def _number(text: str, value: str, most: int) -> int:
    number = int(value) if _DIGITS.fullmatch(value) else 0
    if not 1 <= number <= most:
        raise InvalidRecurrenceError(text, f"{value!r} is no number from 1 to {most}")
    return number


def _until(text: str, value: str) -> dt.datetime:
    match = _UNTIL.fullmatch(value)
    try:
        if match is None:
            raise ValueError  # noqa: TRY301 - one message for both
        day = dt.datetime.strptime(match[1], "%Y%m%d")  # noqa: DTZ007 - a date
        if match[2] is None:
            return day.replace(hour=23, minute=59, second=59)
        moment = dt.datetime.combine(
            day, dt.time.fromisoformat(f"{match[2][:2]}:{match[2][2:4]}:{match[2][4:]}")
        )
    except ValueError:
        raise InvalidRecurrenceError(text, f"cannot read UNTIL={value}") from None
    return moment.replace(tzinfo=dt.UTC) if match[3] else moment


def _by_parts(text: str, frequency: str, fields: dict[str, str]) -> Parts:
    parts = {name: tuple(value.split(",")) for name, value in fields.items()}
    for name, values in parts.items():
        if name == "BYDAY":
            _check_weekdays(text, frequency, values, weeks_numbered="BYWEEKNO" in parts)
        elif name not in _RANGES:
            raise InvalidRecurrenceError(text, f"has no part {name!r}")
        else:
            _check_numbers(text, name, values)
        if frequency in _NOT_WITH.get(name, ()):
            raise InvalidRecurrenceError(text, f"{name} is not allowed with FREQ={frequency}")
    if set(parts) == {"BYSETPOS"}:
        raise InvalidRecurrenceError(text, "BYSETPOS needs another BY part")
    return parts


def _check_numbers(text: str, name: str, values: tuple[str, ...]) -> None:
    low, high = _RANGES[name]
    for value in values:
        digits = value[1:] if name in _SIGNED and value.startswith(("+", "-")) else value
        if not (_DIGITS.fullmatch(digits) and low <= int(digits) <= high):
            raise InvalidRecurrenceError(text, f"{name} cannot be {value!r}")


def _check_weekdays(text: str, frequency: str, values: tuple[str, ...], *, weeks_numbered: bool) -> None:
    counting = frequency == "MONTHLY" or (frequency == "YEARLY" and not weeks_numbered)
    for value in values:
        match = _BYDAY.fullmatch(value)
        number = int(match[1]) if match and match[1] else None
        if match is None or (number is not None and not (counting and 1 <= abs(number) <= _WEEKS)):
            raise InvalidRecurrenceError(text, f"BYDAY cannot be {value!r} with FREQ={frequency}")
