"""Arguments: checks of what a call was given, made before any unit of work opens."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from slotkeeper.domain.actor import Actor
from slotkeeper.domain.attributes import Attributes
from slotkeeper.domain.codec import to_json
from slotkeeper.domain.explanation import counted
from slotkeeper.domain.ids import Id, check_id
from slotkeeper.domain.instant import ZERO
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.service import Service
from slotkeeper.errors import InvalidFieldError, StaleVersionError

_CENTURY = dt.timedelta(days=36_525)
_BEYOND = 2**63  # more than databases count


def optional_id(field: str, value: Id | None) -> None:
    """Raise `InvalidFieldError` unless it is an id, or None."""
    if value is not None:
        check_id(field, value)


def check_count(field: str, value: object, *, least: int = 1) -> None:
    """Raise `InvalidFieldError` unless it is a whole number of at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InvalidFieldError(field, value, f"must be a whole number of at least {least}")
    if value >= _BEYOND:
        raise InvalidFieldError(field, value, "must be less than 2**63")


def check_limit(limit: int | None) -> None:
    """Raise `InvalidFieldError` unless it is a whole number of at least 1, or None."""
    if limit is not None:
        check_count("limit", limit)


def check_text(field: str, value: object) -> None:
    """Raise `InvalidFieldError` unless it is a text, or None."""
    if value is not None and not isinstance(value, str):
        raise InvalidFieldError(field, value, "must be a text")


def check_kind(field: str, value: object, kind: type) -> None:
    """Raise `InvalidFieldError` unless it is an instance of the class."""
    if not isinstance(value, kind):
        raise InvalidFieldError(field, value, f"must be of type {kind.__name__}")


def check_several(field: str, value: object) -> None:
    """Raise `InvalidFieldError` unless it is a collection, and no text."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise InvalidFieldError(field, value, "must be several, not one")


def check_function(field: str, value: object, *, needed: bool = False) -> None:
    """Raise `InvalidFieldError` unless it can be called, or is None where none is needed."""
    if (needed or value is not None) and not callable(value):
        raise InvalidFieldError(field, value, "must be a function")


def check_named(service: Service, resource_ids: Collection[Id]) -> None:
    """Raise `InvalidFieldError` where more resources are named than the service takes at once."""
    seats = [len(need.among) if need.count is None else need.count for need in service.needs]
    without_end = any(need.count is None and not need.among for need in service.needs)
    asked, most = len(set(resource_ids)), sum(seats)
    if asked > most and not without_end:
        reason = f"names too many: the service takes {counted(most, 'resource')}, {asked} are named"
        raise InvalidFieldError("resource_ids", tuple(resource_ids), reason)


def check_actor(actor: object) -> None:
    """Raise `InvalidFieldError` unless it is an actor, or None."""
    if not isinstance(actor, Actor | None):
        raise InvalidFieldError("actor", actor, "must be an Actor")


def check_window(window: object) -> None:
    """Raise `InvalidFieldError` unless it is an interval."""
    check_kind("window", window, Interval)


def check_length(field: str, value: object) -> None:
    """Raise `InvalidFieldError` unless it is a duration of more than zero."""
    if not isinstance(value, dt.timedelta) or value <= ZERO:
        raise InvalidFieldError(field, value, "must be a timedelta of more than zero")


def plain_attributes(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a copy of free facts, made of plain data all through; None is none.

    Raises:
        InvalidFieldError: JSON cannot hold them, as with NaN, names that are no text, or absurd nesting.
    """
    written = to_json({} if given is None else given, declared=Attributes)
    assert isinstance(written, dict)  # noqa: S101 - a mapping is written as an object
    return written


def check_duration(duration: dt.timedelta | None, *, field: str = "duration") -> None:
    """Raise `InvalidFieldError` unless it is a length of up to a century, or None."""
    if duration is not None:
        check_length(field, duration)
        if duration > _CENTURY:
            raise InvalidFieldError(field, duration, "must not be more than a hundred years")


def check_expected(expected: int | None) -> None:
    """Raise `InvalidFieldError` unless it can be a version, or None."""
    if expected is not None:
        check_count("expected_version", expected)


def check_version(kind: str, item_id: Id, expected: int | None, actual: int) -> None:
    """Raise `StaleVersionError` where a version is expected and another one found."""
    check_expected(expected)
    if expected is not None and expected != actual:
        raise StaleVersionError(kind, item_id, expected, actual)
