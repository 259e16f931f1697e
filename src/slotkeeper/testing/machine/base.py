"""The base of the machines: a store from a factory, disposed of at the end of each run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from hypothesis.stateful import RuleBasedStateMachine

from slotkeeper.ports import Store


class StoreDriver(RuleBasedStateMachine):
    """A machine over a store.

    Attributes:
        make_store: Returns a new and empty store.
        dispose: Lets go of it.
    """

    make_store: ClassVar[Callable[[], Store]]
    dispose: ClassVar[Callable[[Any], object]]

    def __init__(self) -> None:
        super().__init__()
        self.store = type(self).make_store()

    def teardown(self) -> None:
        """Dispose of the store."""
        type(self).dispose(self.store)
