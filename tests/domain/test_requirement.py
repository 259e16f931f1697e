from __future__ import annotations

import pickle
from collections.abc import Iterable

import pytest
from hypothesis import given

from slotkeeper.domain.ids import Id
from slotkeeper.domain.requirement import Requirement
from slotkeeper.domain.resource import Resource
from slotkeeper.errors import InvalidFieldError
from slotkeeper.testing.strategies import requirements

ROOM = Resource(1, roles=["room"])
CELLAR = Resource(2, roles=["room", "store"], active=False)


def test_by_default_any_one_resource_will_do() -> None:
    assert Requirement().count == 1
    assert Requirement().admits(ROOM)


@pytest.mark.parametrize(
    ("requirement", "room", "cellar"),
    [
        (Requirement("room"), True, True),
        (Requirement("store"), False, True),
        (Requirement(among=[1]), True, False),
        (Requirement("store", among=[1]), False, False),
        (Requirement(among=["1"]), False, False),
    ],
)
def test_candidates_have_the_role_and_are_named(requirement: Requirement, room: bool, cellar: bool) -> None:  # noqa: FBT001 - a table
    assert (requirement.admits(ROOM), requirement.admits(CELLAR)) == (room, cellar)


def test_the_three_ways_to_name_resources() -> None:
    assert Requirement.any_of(1, 2) == Requirement(among=(1, 2), count=1)
    assert Requirement.all_of(1, 2) == Requirement(among=(1, 2), count=None)
    assert Requirement.some_of(2, 1, 2, 3) == Requirement(among=(1, 2, 3), count=2)


@pytest.mark.parametrize(
    ("among", "count", "reason"),
    [
        ([1, 2, 1], 1, "must name each resource once"),
        ([1, 2], 3, "exceeds the 2 resources named"),
        ([], None, "cannot mean every resource there is"),
        ([1], 0, "must be a whole number of at least 1"),
        ([1], True, "must be a whole number of at least 1"),
        ([""], 1, "must be a whole number, a non-empty text or a UUID"),
        ([1.0], 1, "must be a whole number, a non-empty text or a UUID"),
        ("room", 1, "must be several ids, not one"),
    ],
)
def test_a_requirement_that_makes_no_sense_is_refused(
    among: Iterable[Id], count: int | None, reason: str
) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        Requirement(among=among, count=count)

    assert caught.value.reason == reason


@given(requirements())
def test_requirements_survive_pickling_and_hash_as_they_compare(requirement: Requirement) -> None:
    again = pickle.loads(pickle.dumps(requirement))

    assert again == requirement
    assert hash(again) == hash(requirement)


@pytest.mark.parametrize("among", [None, 7])
def test_what_is_no_collection_of_ids_is_refused(among: Iterable[Id]) -> None:
    with pytest.raises(InvalidFieldError, match="must be several ids"):
        Requirement(among=among)
