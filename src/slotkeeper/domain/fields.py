"""Checks and converters that the fields of several values share."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable
from enum import Enum
from types import UnionType
from typing import Any, TypeAlias, TypeVar, get_args

import attrs

from slotkeeper.domain.instant import ZERO, as_utc
from slotkeeper.errors import InvalidFieldError

E = TypeVar("E", bound=Enum)
V = TypeVar("V")
Validator: TypeAlias = Callable[[object, "attrs.Attribute[Any]", Any], None]
"""A check of one field: raises, or lets the value be."""

_BEYOND = 2**63


def named(instance: object, attribute: attrs.Attribute[Any]) -> str:
    """Return the dotted name under which errors report a field."""
    return f"{type(instance).__name__}.{attribute.name}"


def not_negative(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """Validate a duration of zero or more."""
    if not isinstance(value, dt.timedelta) or value < ZERO:
        raise InvalidFieldError(named(instance, attribute), value, "must be a timedelta of zero or more")


def positive(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """Validate a duration of more than zero."""
    if not isinstance(value, dt.timedelta) or value <= ZERO:
        raise InvalidFieldError(named(instance, attribute), value, "must be a timedelta of more than zero")


def finite(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """Validate a number that is neither infinite nor NaN."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InvalidFieldError(named(instance, attribute), value, "must be a finite number")


def at_least(bound: int) -> Validator:
    """Return a validator for whole numbers of ``bound`` or more."""

    def validate(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or value < bound:
            raise InvalidFieldError(
                named(instance, attribute), value, f"must be a whole number of at least {bound}"
            )

    return validate


def countable(instance: object, attribute: attrs.Attribute[Any], value: int) -> None:
    """Validate a whole number that databases can count to."""
    if value >= _BEYOND:
        raise InvalidFieldError(named(instance, attribute), value, "must be less than 2**63")


def if_given(check: Validator) -> Validator:
    """Return a validator that leaves None alone and has the rest checked."""

    def validate(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if value is not None:
            check(instance, attribute, value)

    return validate


def instance_of(kind: type | UnionType) -> Validator:
    """Return a validator for values of a class, or of one of the classes of a union."""
    choices = " or ".join(one.__name__ for one in get_args(kind) or (kind,))

    def validate(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if not isinstance(value, kind):
            raise InvalidFieldError(named(instance, attribute), value, f"must be a {choices}")

    return validate


def several(field: str, given: Iterable[V], kind: type | UnionType) -> tuple[V, ...]:
    """Return a collection as a tuple, every element of it a value of a class or of one of a union's.

    Raises:
        InvalidFieldError: It is no collection, or an element is something else.
    """
    checked: Iterable[object] = given
    if isinstance(given, str) or not isinstance(checked, Iterable):
        raise InvalidFieldError(field, given, "must be several values, not one")
    found = tuple(given)
    choices = " or ".join(one.__name__ for one in get_args(kind) or (kind,))
    for one in found:
        if not isinstance(one, kind):
            raise InvalidFieldError(field, one, f"must hold nothing but {choices}")
    return found


def not_blank(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """Validate a text that must say something."""
    if not isinstance(value, str) or not value.strip():
        raise InvalidFieldError(named(instance, attribute), value, "must be a text that is not blank")


def member_of(kind: type[E], value: object, field: str) -> E:
    """Return the member of an enumeration with that value; members stay.

    Raises:
        InvalidFieldError: There is none.
    """
    try:
        return kind(value)
    except ValueError:
        choices = ", ".join(str(one.value) for one in kind)
        raise InvalidFieldError(field, value, f"must be one of {choices}") from None


def optional_instant(value: dt.datetime | None) -> dt.datetime | None:
    """Convert an instant to UTC; None stays."""
    return None if value is None else as_utc(value)
