"""Free attributes: equal to plain dictionaries, and never changed."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotkeeper.domain.attributes import FrozenAttributes
from slotkeeper.domain.resource import Resource

CHANGES: list[Callable[[Any], object]] = [
    lambda one: one.__setitem__("a", 2),
    lambda one: one.__delitem__("a"),
    lambda one: one.__ior__({"b": 1}),
    lambda one: one.update(b=1),
    lambda one: one.setdefault("b", 1),
    lambda one: one.pop("a"),
    lambda one: one.popitem(),
    lambda one: one.clear(),
]


@pytest.mark.parametrize("change", CHANGES)
def test_attributes_refuse_every_change(change: Callable[[Any], object]) -> None:
    resource = Resource("room", attributes={"a": 1})
    with pytest.raises(TypeError, match="read-only"):
        change(resource.attributes)
    assert resource.attributes == {"a": 1}


def test_what_the_host_changes_afterwards_does_not_reach_the_value() -> None:
    given_by_host = {"a": 1}
    resource = Resource("room", attributes=given_by_host)
    given_by_host["a"] = 2
    assert resource.attributes == {"a": 1}


@given(st.dictionaries(st.text(), st.integers() | st.text()))
def test_attributes_survive_copies_pickling_and_json(plain: dict[str, Any]) -> None:
    frozen = FrozenAttributes(plain)
    for other in (copy.copy(frozen), copy.deepcopy(frozen), pickle.loads(pickle.dumps(frozen))):
        assert other == plain
        assert type(other) is FrozenAttributes
    assert json.loads(json.dumps(frozen)) == plain
