"""Undo: notes of how each change in memory is taken back, from the last to the first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

Undo: TypeAlias = list[Callable[[], object]]


def put(items: dict[Any, Any], key: object, value: object, undo: Undo) -> None:
    """Set an entry, and note how to take it back."""
    if key in items:
        old = items[key]
        undo.append(lambda: items.__setitem__(key, old))
    else:
        undo.append(lambda: items.pop(key))
    items[key] = value


def take(items: dict[Any, Any], key: object, undo: Undo) -> None:
    """Remove an entry, and note how to bring it back; the order of entries may be another then."""
    old = items.pop(key)
    undo.append(lambda: items.__setitem__(key, old))
