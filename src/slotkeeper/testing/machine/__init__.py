"""State machines that drive a store, or a desk over it, against a plain model; one line each for its author.

::

    def test_my_store() -> None:
        run_store_machine(MyStore)
        run_desk_machine(MyStore)
"""

from __future__ import annotations

from slotkeeper.errors import MissingExtraError

try:
    import pytest
except ModuleNotFoundError:
    raise MissingExtraError("pytest", "testing") from None

for _name in ("store", "desk", "desk_driver", "desk_making", "desk_changing", "desk_checks"):
    pytest.register_assert_rewrite(f"{__name__}.{_name}")

from slotkeeper.testing.machine.desk import DeskMachine  # noqa: E402 - after its assertions explain themselves
from slotkeeper.testing.machine.running import run_desk_machine, run_store_machine  # noqa: E402
from slotkeeper.testing.machine.store import StoreMachine  # noqa: E402

__all__ = ["DeskMachine", "StoreMachine", "run_desk_machine", "run_store_machine"]
