"""Attributes: a host's free facts about a value, kept as a mapping that nothing changes afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

import attrs

from slotkeeper.errors import InvalidFieldError

Attributes = Mapping[str, Any]
"""Free facts of the host's about a value: names to anything that JSON can hold."""


class FrozenAttributes(dict[str, Any]):
    """A dictionary that refuses every change; it equals a plain one with the same content."""

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        message = "attributes are read-only; make a changed value with attrs.evolve"
        raise TypeError(message)

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[type[FrozenAttributes], tuple[dict[str, Any]]]:
        return FrozenAttributes, (dict(self),)


def attributes_field() -> Any:  # noqa: ANN401 - attrs.field is typed so
    """Return a field for free attributes: copied, compared, but left out of the hash."""
    return attrs.field(factory=FrozenAttributes, converter=_frozen, hash=False, kw_only=True, repr=False)


def _frozen(value: Mapping[str, Any]) -> Attributes:
    if not isinstance(value, Mapping):
        raise InvalidFieldError("attributes", value, "must be a mapping of names to plain data")
    return value if isinstance(value, FrozenAttributes) else FrozenAttributes(value)
