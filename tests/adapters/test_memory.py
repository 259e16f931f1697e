"""What the memory store promises beyond the contract."""

from __future__ import annotations

import pytest

from slotkeeper.adapters.memory import MemoryStore
from slotkeeper.testing.contract.samples import everything, room


def test_a_unit_of_work_inside_another_is_undone_with_it() -> None:
    store = MemoryStore()
    with pytest.raises(ZeroDivisionError), store.begin() as outer:
        outer.resources.put(room(1))
        with store.begin() as inner:
            inner.resources.put(room(2))
        raise ZeroDivisionError
    assert everything(store)["resources"] == []


def test_a_unit_of_work_inside_another_that_fails_leaves_the_outer_one_whole() -> None:
    store = MemoryStore()
    with store.begin() as outer:
        outer.resources.put(room(1))
        with pytest.raises(ZeroDivisionError), store.begin() as inner:
            inner.resources.put(room(2))
            raise ZeroDivisionError
    assert everything(store)["resources"] == [room(1)]
