"""A form writes the values of one type as plain JSON data and reads them back, checking in both directions.

What does not fit raises `MisfitError`. Each container that lets one pass adds its own step to the path, so
that whoever catches it at the top knows that ``.needs[0].count`` is to blame.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import attrs

from slotkeeper.errors import InvalidFieldError, ParseError

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
"""What `json.loads` gives and `json.dumps` takes, NaN and the infinities excepted."""

Value: TypeAlias = Any
"""A value of the library's or a host's, of the type that a form is for."""

Data: TypeAlias = Any
"""What a form writes or is given to read, not yet known to be `Json` of the right kind."""

REFUSALS = (ArithmeticError, TypeError, ValueError)
"""What constructors and converters raise about values that they can't take, a host's classes included."""


class MisfitError(Exception):
    """A value that is not what a form expects; it never leaves the codec.

    Args:
        value: The part that does not fit.
        expected: What would, with its article: ``a whole number``.
        path: Where it stands below the form that raises: ``.needs[0].count``.
    """

    def __init__(self, value: object, expected: str, path: str = "") -> None:
        super().__init__(value, expected, path)
        self.value, self.expected, self.path = value, expected, path


class Form(Protocol):
    """How the values of one type look in JSON."""

    @property
    def expected(self) -> str:
        """What the type is called in errors, with its article."""

    @property
    def python(self) -> tuple[type, ...]:
        """The types whose values are written."""

    @property
    def json(self) -> tuple[type, ...]:
        """The types of JSON data that are read."""

    def encode(self, value: Value) -> Data:
        """Return plain JSON data; raise `MisfitError` unless the value is of the form's type."""

    def decode(self, data: Data) -> Value:
        """Return the value that JSON data stand for; raise `MisfitError` or one of `REFUSALS` if none."""


@attrs.frozen
class Scalar:
    """The form of a type whose values are one JSON text, number or truth value.

    Args:
        expected: What the type is called in errors, with its article.
        python: The types written.
        json: The JSON types read; true and false are no numbers.
        write: Makes the JSON value of a value.
        read: Makes the value of a JSON value.
        but_not: Subclasses of the types written that are refused.
    """

    expected: str
    python: tuple[type, ...]
    json: tuple[type, ...]
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]
    but_not: tuple[type, ...] = ()

    def encode(self, value: Value) -> Data:
        """Write a value of the type."""
        if not isinstance(value, self.python) or isinstance(value, self.but_not):
            raise MisfitError(value, self.expected)
        return self.write(value)

    def decode(self, data: Data) -> Value:
        """Read a JSON value."""
        if not isinstance(data, self.json) or (isinstance(data, bool) and bool not in self.json):
            raise MisfitError(data, self.expected)
        return self.read(data)


def within(step: str, value: object, error: Exception) -> MisfitError:
    """Return the error as it looks from one container further up, which holds ``value`` at ``step``."""
    if isinstance(error, MisfitError):
        error.path = step + error.path
        return error
    culprit = error.value if isinstance(error, InvalidFieldError) else value
    found = MisfitError(culprit, _reason(error), step)
    found.__cause__ = error
    return found


def _reason(error: Exception) -> str:
    if isinstance(error, ParseError):
        return error.expected
    if isinstance(error, InvalidFieldError):
        return f"a value that {error.reason}"
    return f"a valid value ({error})"
