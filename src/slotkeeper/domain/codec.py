"""JSON both ways for every public value, directed by the declared types of its fields.

Written as short as it can be read back: a field at its default is left out, so defaults are part of the
format. A class's name stands under ``type`` only where the declared type permits several classes, and for
subclasses, so that a hold read as a booking stays a hold. Members that are not known are refused.
"""

from __future__ import annotations

import reprlib
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import cache
from typing import Any, Final, NoReturn, TypeAlias, TypeVar, overload

import attrs

from slotkeeper.domain.closed_dates import HolidayCalendar
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet
from slotkeeper.domain.json_containers import FREE_MEMBERS, Array, Members, Nullable, OneOf
from slotkeeper.domain.json_form import REFUSALS, Form, Json, MisfitError, Scalar, Value, within
from slotkeeper.domain.json_record import Record, Tagged
from slotkeeper.domain.json_scalars import ID, SCALARS, enum_form
from slotkeeper.errors import InvalidFieldError, ParseError

T = TypeVar("T")

Hint: TypeAlias = Any
"""A declared type: a class, a union, or a generic such as ``tuple[Id, ...]``."""

_BRIEF: Final = reprlib.Repr()
_BRIEF.maxlevel = 2
_TOO_DEEP: Final = "data nested less deeply"


def to_json(value: object, *, declared: object = None) -> Json:
    """Return a value as plain data that `json.dumps` takes and `from_json` reads back as an equal value.

    Instants are ISO 8601 in UTC, durations and intervals ISO 8601, exact numbers text, zones their names,
    enumerations their values, UUIDs URNs (and texts that look like one are escaped), sets sorted arrays.

    Args:
        value: Any of the library's values, or an attrs class of the host's whose fields are such.
        declared: What it will be read as, where that is wider than its class, such as ``Durations``.

    Raises:
        InvalidFieldError: A part of it has no JSON form, such as a zone without a name, a calendar of
            holidays that expands itself, or an attribute that is no plain data; the field is its path.

    >>> to_json(Interval.parse("2025-10-23T09:00Z/PT30M"))
    '2025-10-23T09:00Z/2025-10-23T09:30Z'
    """
    target = type(value) if declared is None else declared
    try:
        written: Json = form_of(target).encode(value)
    except MisfitError as error:
        path = f"{_name(target)}{error.path}"
        raise InvalidFieldError(path, error.value, f"must be {error.expected}") from error.__cause__
    except RecursionError:
        raise InvalidFieldError(_name(target), _BRIEF.repr(value), f"must be {_TOO_DEEP}") from None
    return written


@overload
def from_json(cls: type[T], data: object) -> T: ...
@overload
def from_json(cls: Hint, data: object) -> Value: ...
def from_json(cls: Hint, data: object) -> Value:
    """Return the value that plain data, as `json.loads` gives them, stand for.

    Args:
        cls: The class to read, or a union of classes such as ``Durations``; a subclass is read where the data
            name one.
        data: What `to_json` returned for it.

    Raises:
        ParseError: The data don't fit: a wrong type, a missing or unknown member, a value that the class
            refuses. ``expected`` begins with the path of the part to blame, ``Service.needs[0].count``, and
            the class's own error is the cause.

    >>> from_json(Interval, "2025-10-23T09:00Z/PT30M").duration
    datetime.timedelta(seconds=1800)
    """
    try:
        return form_of(cls).decode(data)
    except (MisfitError, *REFUSALS) as error:
        misfit = within("", data, error)
        path = f"{_name(cls)}{misfit.path}: {misfit.expected}"
        raise ParseError(_short(misfit.value), path) from misfit.__cause__
    except RecursionError:
        raise ParseError(_short(data), f"{_name(cls)}: {_TOO_DEEP}") from None


def _name(target: Hint) -> str:
    return getattr(target, "__name__", "value")


def _short(data: object) -> object:
    """Return what an error can hold and show, however much was given."""
    if data is None or isinstance(data, (str, bool, float)):
        return data
    try:
        return data if isinstance(data, int) and repr(data) else _BRIEF.repr(data)
    except ValueError:  # a whole number of thousands of digits
        return f"<{type(data).__name__}>"


@cache
def form_of(declared: Hint) -> Form:
    """Return the form of a declared type, built once; a type that has none gets a form that refuses."""
    if declared in _SIMPLE:
        return _SIMPLE[declared]
    build = _GENERIC.get(typing.get_origin(declared))
    if build is not None:
        return build(*typing.get_args(declared))
    return _of_class(declared, typing.get_origin(declared))


def _of_class(declared: Hint, generic: Hint) -> Form:
    if isinstance(declared, TypeVar):
        return _whatever(declared)
    if generic is not None and attrs.has(generic):
        return _filled(generic, typing.get_args(declared))
    if isinstance(declared, type) and issubclass(declared, Enum):
        return enum_form(declared)
    if isinstance(declared, type) and attrs.has(declared):
        return Record(declared, form_of)
    plain = plain_type(declared) if isinstance(declared, type) else None
    return _none(declared) if plain not in SCALARS else SCALARS[plain]


def plain_type(cls: type) -> type:
    """Return the class whose form a value's class shares: a driver's own UUID is written as a UUID."""
    return next((one for one in cls.__mro__ if one in SCALARS), cls)


def _filled(generic: Hint, arguments: tuple[Hint, ...]) -> Form:
    """Return the form of a generic class whose parameters are known."""
    known = dict(zip(generic.__parameters__, arguments, strict=True))

    def fill(hint: Hint) -> Form:
        if isinstance(hint, TypeVar):
            return form_of(known[hint])
        open_ones = getattr(hint, "__parameters__", ())
        return form_of(hint[tuple(known[one] for one in open_ones)] if open_ones else hint)

    return Record(generic, fill)


def _whatever(unknown: Hint) -> Form:
    """Return the form of values whose type is not known: each is written by its own, and none is read."""
    expected = f"a value of a type that is named, as Page[Booking] names {unknown}"

    def write(value: object) -> Json:
        return to_json(value)

    def read(data: object) -> NoReturn:
        raise MisfitError(data, expected)

    return Scalar(expected, (object,), (object,), write, read)


def _mapping(_names: Hint, values: Hint) -> Form:
    return FREE_MEMBERS if values is Any else Members(form_of(values))


def _tuple(item: Hint, *rest: Hint) -> Form:
    return Array(form_of(item), tuple, (tuple,)) if rest == (...,) else _none(f"a tuple of {1 + len(rest)}")


def _frozenset(item: Hint) -> Form:
    return Array(form_of(item), frozenset, (frozenset,), ordered=False)


def _union(*members: Hint) -> Form:
    some = [one for one in members if one is not types.NoneType]
    if len(some) < len(members):
        return Nullable.of(_union(*some))
    return ID if set(some) == set(ID.python) else _one_of([form_of(one) for one in some])


def _one_of(forms: list[Form]) -> Form:
    records = [form for form in forms if isinstance(form, Record)]
    others = [form for form in forms if not isinstance(form, Record)]
    if records:
        others.append(Tagged(tuple(records)) if len(records) > 1 else records[0])
    return OneOf.of(*others) if len(others) > 1 else others[0]


def _none(declared: Hint) -> Form:
    return _refusing((object,), f"something that can be written as JSON, which {declared} cannot")


def _refusing(kinds: tuple[type, ...], expected: str) -> Form:
    def refuse(value: object) -> NoReturn:
        raise MisfitError(value, expected)

    return Scalar(expected, kinds, kinds, refuse, refuse)


_ENDLESS: Final = (
    "a fixed list of dates, or go with valid_from and valid_until, since a calendar without end "
    "cannot be written down"
)


_SIMPLE: Final[dict[Hint, Form]] = {
    **SCALARS,
    HolidayCalendar: _refusing((HolidayCalendar,), _ENDLESS),
    IntervalSet: Array(SCALARS[Interval], IntervalSet, (IntervalSet,)),
}
_GENERIC: Final[dict[Hint, Callable[..., Form]]] = {
    typing.Union: _union,
    types.UnionType: _union,
    tuple: _tuple,
    frozenset: _frozenset,
    Sequence: lambda item: Array(form_of(item), list, (list, tuple)),
    Mapping: _mapping,
}
