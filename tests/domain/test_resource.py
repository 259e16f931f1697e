from __future__ import annotations

import math
import pickle
from typing import Any, TypeAlias

import attrs
import pytest
from hypothesis import given

from slotkeeper.domain.interval import Interval
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.schedule import Schedule
from slotkeeper.errors import InvalidFieldError
from slotkeeper.testing.strategies import intervals, resources

Misfit: TypeAlias = Any
"""What no field should take, whatever its type says."""


@given(intervals())
def test_without_a_schedule_a_resource_is_always_open(interval: Interval) -> None:
    assert interval in Resource(1).schedule.open_between(interval)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", ""),
        ("id", None),
        ("id", True),
        ("capacity", 0),
        ("capacity", None),
        ("capacity", 1.0),
        ("rank", math.nan),
        ("rank", math.inf),
        ("rank", "high"),
        ("rank", None),
        ("version", 0),
        ("parts", (1,)),
        ("parts", (2, 2)),
    ],
)
def test_a_resource_that_makes_no_sense_is_refused(field: str, value: Misfit) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        attrs.evolve(Resource(1), **{field: value})

    assert caught.value.field == f"Resource.{field}"


def test_one_role_may_be_given_bare() -> None:
    assert Resource(1, roles="room").roles == frozenset({"room"})


@pytest.mark.parametrize("parts", ["ab", [None]])
def test_parts_are_ids(parts: Misfit) -> None:
    with pytest.raises(InvalidFieldError):
        Resource(1, parts=parts)


def test_attributes_are_copied_and_left_out_of_the_hash() -> None:
    attributes = {"floor": [1]}
    resource = Resource(1, attributes=attributes)
    attributes["floor"] = [2]

    assert resource.attributes == {"floor": [1]}
    assert hash(resource) == hash(Resource(1))
    assert resource != Resource(1)


def test_resources_of_one_id_and_different_hours_differ() -> None:
    assert Resource(1, Schedule.never()) != Resource(1)


@given(resources())
def test_resources_survive_pickling(resource: Resource) -> None:
    again = pickle.loads(pickle.dumps(resource))

    assert again == resource
    assert hash(again) == hash(resource)


def test_a_resource_never_changes() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Resource(1).capacity = 2  # type: ignore[misc]


def test_a_changed_copy_is_checked_too() -> None:
    with pytest.raises(InvalidFieldError):
        attrs.evolve(Resource(1), capacity=-1)
    assert attrs.evolve(Resource(1), rank=2).rank == 2
