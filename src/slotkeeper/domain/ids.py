"""Identifiers are the host's own: whole numbers, text or UUIDs, kept as they are given.

A string never stands for a number: the ids ``1`` and ``"1"`` differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias, TypeVar
from uuid import UUID

from slotkeeper.domain.text import matched
from slotkeeper.errors import InvalidFieldError, ParseError

if TYPE_CHECKING:
    from collections.abc import Callable

    import attrs

Id: TypeAlias = int | str | UUID
IdT = TypeVar("IdT", int, str, UUID)

_UUID = "urn:uuid:"
_TEXT = "str:"
_INT = "int:"
_LETTERS = "abcdefghijklmnopqrstuvwxy"  # the letter after these goes before them, for more digits
_BEYOND = 10**250  # longer than what databases index, and than Python writes without being told to
_WRITTEN = re.compile(
    r"urn:uuid:(?P<uuid>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
    r"|int:(?P<digits>z*[a-y])(?P<int>[0-9]{1,250})|int:(?P<negative>-[0-9]{1,250})"
    r"|str:.+|(?!urn:uuid:|int:|str:).+",
    re.DOTALL,
)


def check_id(field: str, value: object) -> None:
    """Raise `InvalidFieldError` unless ``value`` is a whole number, a non-empty text or a UUID."""
    if isinstance(value, bool) or not isinstance(value, (int, str, UUID)) or value == "":
        raise InvalidFieldError(field, value, "must be a whole number, a non-empty text or a UUID")
    if isinstance(value, int) and abs(value) >= _BEYOND:
        raise InvalidFieldError(field, hex(value), "must be a number of at most 250 digits")


def id_tuple(values: Iterable[Id]) -> tuple[Id, ...]:
    """Return several ids as a tuple, in their order.

    Raises:
        InvalidFieldError: It is no collection, or one text, whose letters would count as ids; or one
            of them is no id.
    """
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise InvalidFieldError("ids", values, "must be several ids, not one")
    found = tuple(values)
    for one in found:
        check_id("ids", one)
    return found


def id_validator(field: str) -> Callable[[object, attrs.Attribute[Id], Id], None]:
    """Return an attrs validator that reports a bad id under ``field``."""

    def validate(_instance: object, _attribute: attrs.Attribute[Id], value: Id) -> None:
        check_id(field, value)

    return validate


def id_to_text(value: Id) -> str:
    """Write an id as text that `id_from_text` reads back exactly; a UUID as its URN (RFC 9562).

    A whole number is led by a letter for how many digits it has, so that the texts of numbers from 0 on sort
    as the numbers do.

    Raises:
        InvalidFieldError: The value is none of these.

    >>> id_to_text("room-1"), id_to_text(7), id_to_text(10)
    ('room-1', 'int:a7', 'int:b10')
    """
    check_id("id", value)
    if isinstance(value, str):
        return _TEXT + value if value.startswith((_UUID, _TEXT, _INT)) else value
    return f"{_INT}{_digits_of(value)}{value:d}" if isinstance(value, int) else value.urn


def _digits_of(number: int) -> str:
    """Return letters that sort by the count of digits; none for negative numbers, which sort before all."""
    if number < 0:
        return ""
    continued, last = divmod(len(f"{number:d}") - 1, len(_LETTERS))
    return "z" * continued + _LETTERS[last]


def id_from_text(text: str) -> Id:
    """Read an id that `id_to_text` wrote.

    Raises:
        ParseError: The text is no id.

    >>> id_from_text("int:a7")
    7
    """
    match = matched(_WRITTEN, text, "an id")
    if match["uuid"]:
        return UUID(match["uuid"])
    if match["negative"]:
        return int(match["negative"])
    if match["int"] and match["digits"] == _digits_of(int(match["int"])):
        return int(match["int"])
    if match["int"]:
        raise ParseError(text, "an id")
    return text.removeprefix(_TEXT)
