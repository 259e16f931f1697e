"""The JSON forms of what holds other values: arrays, optional values, choices, and free attributes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any, Final

import attrs

from slotkeeper.domain.json_form import REFUSALS, Data, Form, MisfitError, Value, within


@attrs.frozen
class Nullable:
    """None, as null, or another form."""

    form: Form
    expected: str
    python: tuple[type, ...]
    json: tuple[type, ...]

    @classmethod
    def of(cls, form: Form) -> Nullable:
        """Return the form that takes None as well."""
        return cls(form, f"{form.expected} or null", (*form.python, NoneType), (*form.json, NoneType))

    def encode(self, value: Value) -> Data:
        """Write None as null, the rest by the form."""
        return None if value is None else self.form.encode(value)

    def decode(self, data: Data) -> Value:
        """Read null as None, the rest by the form."""
        return None if data is None else self.form.decode(data)


@attrs.frozen
class Array:
    """An array of one form; what has no order of its own is sorted.

    Args:
        items: The form of every item.
        make: The type of the whole: it takes an iterable of items.
        ordered: Whether its order means something.
    """

    items: Form
    make: Callable[[list[Any]], Any]
    python: tuple[type, ...]
    ordered: bool = True
    expected: str = "an array"
    json: tuple[type, ...] = (list,)

    def encode(self, value: Value) -> list[Data]:
        """Write each item."""
        if not isinstance(value, self.python):
            raise MisfitError(value, self.expected)
        written = _each(self.items.encode, value)
        return written if self.ordered else sorted(written, key=_kind_and_value)

    def decode(self, data: Data) -> Value:
        """Read each item."""
        if not isinstance(data, list):
            raise MisfitError(data, self.expected)
        return self.make(_each(self.items.decode, data))


def _each(convert: Callable[[Any], Any], items: Data) -> list[Any]:
    converted = []
    for index, item in enumerate(items):
        try:
            converted.append(convert(item))
        except (MisfitError, *REFUSALS) as error:
            raise within(f"[{index}]", item, error) from error.__cause__
    return converted


def _kind_and_value(item: Data) -> tuple[bool, Data]:
    return isinstance(item, str), item


@attrs.frozen
class OneOf:
    """One of several forms, told apart by the types that they write and read."""

    forms: tuple[Form, ...]
    expected: str
    python: tuple[type, ...]
    json: tuple[type, ...]

    @classmethod
    def of(cls, *forms: Form) -> OneOf:
        """Return the form that takes what one of these takes; the first that can decides."""
        python = tuple(one for form in forms for one in form.python)
        json = tuple(one for form in forms for one in form.json)
        return cls(forms, " or ".join(form.expected for form in forms), python, json)

    def encode(self, value: Value) -> Data:
        """Write by the form of the value's type."""
        for form in self.forms:
            if isinstance(value, form.python):
                return form.encode(value)
        raise MisfitError(value, self.expected)

    def decode(self, data: Data) -> Value:
        """Read by the form of the JSON type."""
        for form in self.forms:
            if isinstance(data, form.json):
                return form.decode(data)
        raise MisfitError(data, self.expected)


@attrs.frozen
class FreeJson:
    """Anything that JSON can hold, as it is: copied and checked, never converted.

    A tuple or a set is refused, since it would come back as a list.
    """

    expected: str = "JSON"
    python: tuple[type, ...] = (object,)
    json: tuple[type, ...] = (object,)

    def encode(self, value: Value) -> Data:
        """Copy plain data."""
        if value is None or isinstance(value, (str, int)):
            return value
        if isinstance(value, list):
            return _each(self.encode, value)
        if isinstance(value, dict):
            return _members(self.encode, value)
        if isinstance(value, float) and math.isfinite(value):
            return value
        raise MisfitError(value, "plain JSON data: null, true, false, finite numbers, text, lists and dicts")

    decode = encode


@attrs.frozen
class FreeMembers:
    """Free attributes: an object whose names are text and whose values are anything that JSON can hold."""

    expected: str = "an object"
    python: tuple[type, ...] = (Mapping,)
    json: tuple[type, ...] = (dict,)

    def encode(self, value: Value) -> dict[str, Data]:
        """Copy a mapping of plain data."""
        if not isinstance(value, Mapping):
            raise MisfitError(value, self.expected)
        return _members(FREE.encode, value)

    decode = encode


@attrs.frozen
class Members:
    """An object whose names are text and whose values have one form."""

    values: Form
    expected: str = "an object"
    python: tuple[type, ...] = (Mapping,)
    json: tuple[type, ...] = (dict,)

    def encode(self, value: Value) -> dict[str, Data]:
        """Write each value."""
        if not isinstance(value, Mapping):
            raise MisfitError(value, self.expected)
        return _members(self.values.encode, value)

    def decode(self, data: Data) -> Value:
        """Read each value."""
        if not isinstance(data, dict):
            raise MisfitError(data, self.expected)
        return _members(self.values.decode, data)


FREE: Final = FreeJson()
FREE_MEMBERS: Final = FreeMembers()


def _members(convert: Callable[[Any], Any], items: Mapping[Any, Any]) -> dict[str, Any]:
    converted = {}
    for name, item in items.items():
        if not isinstance(name, str):
            raise MisfitError(name, "an object whose names are text")
        try:
            converted[name] = convert(item)
        except (MisfitError, *REFUSALS) as error:
            raise within(f".{name}", item, error) from error.__cause__
    return converted
