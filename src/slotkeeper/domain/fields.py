"""Checks and converters that the fields of several values share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from slotkeeper.domain.instant import ZERO, as_utc
from slotkeeper.errors import InvalidFieldError

if TYPE_CHECKING:
    from collections.abc import Callable

Attributes = Mapping[str, Any]
"""Free facts of the host's about a value: names to anything that JSON can hold."""


def named(instance: object, attribute: attrs.Attribute[Any]) -> str:
    """Return the dotted name under which errors report a field."""
    return f"{type(instance).__name__}.{attribute.name}"


def not_negative(instance: object, attribute: attrs.Attribute[Any], value: dt.timedelta | None) -> None:
    """Validate a duration: none, zero or more."""
    if value is not None and not (isinstance(value, dt.timedelta) and value >= ZERO):
        raise InvalidFieldError(named(instance, attribute), value, "must be a timedelta of zero or more")


def positive(instance: object, attribute: attrs.Attribute[Any], value: dt.timedelta | None) -> None:
    """Validate a duration: none, or more than zero."""
    if value is not None and not (isinstance(value, dt.timedelta) and value > ZERO):
        raise InvalidFieldError(named(instance, attribute), value, "must be a timedelta of more than zero")


def at_least(bound: int) -> Callable[[object, attrs.Attribute[Any], int | None], None]:
    """Return a validator for whole numbers, or none, of ``bound`` or more."""

    def validate(instance: object, attribute: attrs.Attribute[Any], value: int | None) -> None:
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < bound):
            raise InvalidFieldError(named(instance, attribute), value, f"must be a whole number of at least {bound}")

    return validate


def not_blank(instance: object, attribute: attrs.Attribute[Any], value: str) -> None:
    """Validate a text that must say something."""
    if not isinstance(value, str) or not value.strip():
        raise InvalidFieldError(named(instance, attribute), value, "must be a text that is not blank")


def _plain(value: Mapping[str, Any]) -> Attributes:
    return dict(value)


def attributes_field() -> Any:  # noqa: ANN401 - attrs.field is typed so
    """Return a field for free attributes: copied, compared, but left out of the hash."""
    return attrs.field(factory=dict, converter=_plain, hash=False, kw_only=True, repr=False)


def optional_instant(value: dt.datetime | None) -> dt.datetime | None:
    """Convert an instant to UTC; None stays."""
    return None if value is None else as_utc(value)
