"""Every store that we ship keeps the contract."""

from __future__ import annotations

from slotkeeper.adapters.memory import MemoryStore
from slotkeeper.ports import Store
from slotkeeper.testing.contract import StoreContract


class TestMemoryStore(StoreContract):
    def make_store(self) -> Store:
        return MemoryStore()
