"""Tools for testing code that books, loaded when asked for; importing this needs no test library.

`strategies` has a hypothesis strategy for every value. They are also registered, so that
``st.from_type(Interval)`` works wherever slotkeeper is installed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from slotkeeper.errors import MissingExtraError

if TYPE_CHECKING:
    from slotkeeper.testing import strategies as strategies

_SUBMODULES: Final = frozenset({"strategies"})
_OF_THE_EXTRA: Final = frozenset({"hypothesis", "pytest"})

__all__ = ["strategies"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever stands under that name
    if name not in _SUBMODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    try:
        return import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as error:
        if error.name in _OF_THE_EXTRA:
            raise MissingExtraError(error.name, "testing") from error
        raise


def __dir__() -> list[str]:
    return sorted([*globals(), *_SUBMODULES])
