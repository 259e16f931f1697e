"""Tools for testing code that books, loaded when asked for; importing this needs no test library.

`strategies` has a hypothesis strategy for every value. They are also registered, so that
``st.from_type(Interval)`` works wherever slotkeeper is installed. `contract` has `StoreContract`, the suite
that a store's author subclasses, and `machine` the state machines `run_store_machine` and `run_desk_machine`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from slotkeeper.errors import MissingExtraError

if TYPE_CHECKING:
    from slotkeeper.testing import contract as contract
    from slotkeeper.testing import machine as machine
    from slotkeeper.testing import strategies as strategies
    from slotkeeper.testing.contract import Capabilities as Capabilities
    from slotkeeper.testing.contract import StoreContract as StoreContract
    from slotkeeper.testing.machine import run_desk_machine as run_desk_machine
    from slotkeeper.testing.machine import run_store_machine as run_store_machine

_SUBMODULES: Final = frozenset({"contract", "machine", "strategies"})
_MODULE_OF: Final = {
    "Capabilities": "contract",
    "StoreContract": "contract",
    "run_desk_machine": "machine",
    "run_store_machine": "machine",
}
_OF_THE_EXTRA: Final = frozenset({"hypothesis", "pytest"})

__all__ = [
    "Capabilities",
    "StoreContract",
    "contract",
    "machine",
    "run_desk_machine",
    "run_store_machine",
    "strategies",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever stands under that name
    module = _MODULE_OF.get(name, name)
    if module not in _SUBMODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    try:
        found = import_module(f"{__name__}.{module}")
    except ModuleNotFoundError as error:
        if error.name in _OF_THE_EXTRA:
            raise MissingExtraError(error.name, "testing") from error
        raise
    return found if module == name else getattr(found, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_SUBMODULES, *_MODULE_OF})
