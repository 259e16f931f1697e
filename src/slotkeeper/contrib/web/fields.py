"""`Fields`: the members of a request's JSON object, each read strictly as the type that is needed.

A number is no text and true is no number, whatever would convert; every misfit names its field.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Collection, Mapping
from typing import Any, Final, NoReturn, TypeVar
from uuid import UUID

import attrs

from slotkeeper.domain.iso8601 import parse_instant
from slotkeeper.domain.text import matched
from slotkeeper.errors import InvalidFieldError, ParseError

D = TypeVar("D")

_BODY: Final = "the body"
_OBJECT: Final = "a JSON object"
_DEEPEST: Final = 32
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}.*", re.DOTALL)
_TIME: Final = re.compile(r"([0-1]?[0-9]|2[0-3]):([0-5][0-9])")
_LARGEST: Final = 2**53 - 1
"""The largest whole number that all readers of JSON keep exactly (RFC 8259, section 6)."""


class Needed:
    """Stands where no default is given: the field must be there."""


NEEDED: Final = Needed()


def absent(name: str, default: D | Needed) -> D:
    """Return what stands for a field that is not given.

    Raises:
        InvalidFieldError: It is needed.
    """
    if isinstance(default, Needed):
        raise InvalidFieldError(name, None, "is required")
    return default


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


@attrs.frozen
class Fields:
    """The members of a JSON object; null counts as not given.

    >>> body = Fields.of_json(b'{"serviceId": 1}')
    >>> body.integer("serviceId"), body.text("notes", "")
    (1, '')
    """

    members: Mapping[str, Any] = attrs.field(hash=False)

    @classmethod
    def of_json(cls, body: bytes | str) -> Fields:
        """Read a body.

        Raises:
            ParseError: It is no JSON object, is nested absurdly, or holds NaN, an infinity or half of a
                surrogate pair.
        """
        try:
            text = body.decode() if isinstance(body, bytes) else body
            found = json.loads(text, parse_constant=_no_constant)
            json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, RecursionError):
            raise ParseError(_BODY, "JSON") from None
        if not isinstance(found, dict) or _depth(found) > _DEEPEST:
            raise ParseError(_BODY, _OBJECT)
        return cls(found)

    def has(self, name: str) -> bool:
        """Tell whether a field is given."""
        return self.members.get(name) is not None

    def one_of(self, *names: str) -> None:
        """Raise `InvalidFieldError` unless at least one of these fields is given."""
        if not any(map(self.has, names)):
            raise InvalidFieldError(names[0], None, f"or one of {', '.join(names[1:])} must be given")

    def integer(
        self,
        name: str,
        default: D | Needed = NEEDED,
        *,
        least: int = -_LARGEST,
        most: int = _LARGEST,
    ) -> int | D:
        """Return a whole number between two bounds, both included."""
        value = self.members.get(name)
        if value is None:
            return absent(name, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise InvalidFieldError(name, value, "must be a whole number")
        return check_bounds(name, value, least, most)

    def number(self, name: str, default: D | Needed = NEEDED, *, least: float = -math.inf) -> float | D:
        """Return a number of at least ``least``."""
        value = self.members.get(name)
        if value is None:
            return absent(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidFieldError(name, value, "must be a number")
        if value < least:
            raise InvalidFieldError(name, value, f"must be at least {least}")
        return value

    def text(self, name: str, default: D | Needed = NEEDED, *, least: int = 0, most: int = 10_000) -> str | D:
        """Return a text with a number of characters between two bounds."""
        value = self.members.get(name)
        if value is None:
            return absent(name, default)
        if not isinstance(value, str) or "\x00" in value:
            raise InvalidFieldError(name, value, "must be a text")
        if not least <= len(value) <= most:
            raise InvalidFieldError(name, value, f"must have {least} to {most} characters")
        return value

    def flag(self, name: str, default: D | Needed = NEEDED) -> bool | D:
        """Return true or false."""
        value = self.members.get(name)
        if value is None:
            return absent(name, default)
        if not isinstance(value, bool):
            raise InvalidFieldError(name, value, "must be true or false")
        return value

    def choice(self, name: str, among: Collection[str], default: D | Needed = NEEDED) -> str | D:
        """Return one of several texts."""
        value = self.text(name, default)
        if isinstance(value, str) and self.has(name) and value not in among:
            raise InvalidFieldError(name, value, f"must be one of {', '.join(among)}")
        return value

    def instant(self, name: str, default: D | Needed = NEEDED) -> dt.datetime | D:
        """Return an instant given with an offset, in UTC."""
        text = self.text(name, None)
        if text is None:
            return absent(name, default)
        try:
            matched(_INSTANT, text, "a date and a time")
            return parse_instant(text)
        except ParseError:
            raise InvalidFieldError(name, text, "must be an ISO 8601 date and time with an offset") from None

    def date(self, name: str, default: D | Needed = NEEDED) -> dt.date | D:
        """Return a calendar day, given as ``2025-10-23``."""
        text = self.text(name, None)
        if text is None:
            return absent(name, default)
        return read_date(name, text)

    def time(self, name: str, default: D | Needed = NEEDED) -> dt.time | D:
        """Return a time of the day to the minute, given as ``9:30`` or ``09:30``."""
        text = self.text(name, None)
        if text is None:
            return absent(name, default)
        match = _TIME.fullmatch(text)
        if match is None:
            raise InvalidFieldError(name, text, "must be a time such as 09:30")
        return dt.time(int(match[1]), int(match[2]))

    def uuid(self, name: str, default: D | Needed = NEEDED) -> UUID | D:
        """Return a UUID."""
        text = self.text(name, None)
        if text is None:
            return absent(name, default)
        return read_uuid(name, text)

    def object(self, name: str, default: D | Needed = NEEDED) -> Fields | D:
        """Return a member that is an object itself."""
        value = self.members.get(name)
        if value is None:
            return absent(name, default)
        if not isinstance(value, dict):
            raise InvalidFieldError(name, value, "must be an object")
        return Fields(value)

    def items(self, name: str) -> list[Fields]:
        """Return the items of a list, each as the only member ``name``; none where it is not given."""
        value = self.members.get(name)
        if not isinstance(value, list | None):
            raise InvalidFieldError(name, value, "must be a list")
        return [Fields({name: one}) for one in value or ()]


def read_date(name: str, text: str) -> dt.date:
    """Return a calendar day, given as ``2025-10-23``."""
    try:
        return dt.date.fromisoformat(matched(_DATE, text, "a date")[0])
    except ValueError:
        raise InvalidFieldError(name, text, "must be a date such as 2025-10-23") from None


def read_wall(name: str, text: str) -> dt.datetime:
    """Return a wall-clock time, given without an offset."""
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None:
        raise InvalidFieldError(name, text, "must be a date and a time")
    return found


def read_uuid(name: str, text: str) -> UUID:
    """Return a UUID that is written with hyphens."""
    try:
        found = UUID(text)
    except ValueError:
        found = None
    if found is None or str(found) != text.lower():
        raise InvalidFieldError(name, text, "must be a valid UUID")
    return found


def check_bounds(name: str, value: int, least: int, most: int) -> int:
    """Return a number that lies between two bounds, both included."""
    if not least <= value <= most:
        reason = f"must be at least {least}" if value < least else f"must be at most {most}"
        raise InvalidFieldError(name, value, reason)
    return value


def _depth(value: object) -> int:
    """Return how deeply lists and objects are nested, looking no deeper than is absurd."""
    level, depth = [value], 0
    while level and depth <= _DEEPEST:
        inner = [
            one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)
        ]
        level, depth = [item for one in inner for item in one], depth + 1
    return depth
