from __future__ import annotations

import pickle
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotkeeper.domain.actor import SYSTEM, Actor, Customer
from slotkeeper.domain.standard_lifecycle import Status
from slotkeeper.errors import InvalidFieldError


@given(st.lists(st.sampled_from(["admin", "provider", "boss"]), max_size=5))
def test_roles_are_a_set_whatever_iterable_gives_them(roles: list[str]) -> None:
    assert Actor(1, roles=roles) == Actor(1, roles=iter(roles)) == Actor(1, roles=frozenset(roles))


def test_a_single_role_may_be_given_bare_and_is_not_taken_apart() -> None:
    assert Actor("sek", roles="secretariat").roles == {"secretariat"}


def test_an_actor_has_no_roles_unless_some_are_given() -> None:
    assert Actor(7).roles == frozenset()


def test_a_role_from_an_enumeration_is_kept_as_a_plain_string() -> None:
    (role,) = Actor(7, roles=[Status.HELD]).roles
    assert type(role) is str


@pytest.mark.parametrize("roles", [[""], [1], [None], ""])
def test_what_is_no_name_of_a_role_is_refused(roles: Any) -> None:  # noqa: ANN401 - anything at all
    with pytest.raises(InvalidFieldError):
        Actor(7, roles=roles)


@pytest.mark.parametrize("bad", [None, "", True, 1.5])
def test_actors_and_customers_need_a_proper_id(bad: Any) -> None:  # noqa: ANN401 - anything at all
    with pytest.raises(InvalidFieldError):
        Actor(bad)
    with pytest.raises(InvalidFieldError):
        Customer(bad)


def test_the_number_and_the_text_are_different_actors() -> None:
    assert Actor(1) != Actor("1")


def test_a_customer_keeps_a_copy_of_its_attributes() -> None:
    attributes = {"vip": True}
    customer = Customer(UUID(int=1), name="Jan", attributes=attributes)
    attributes["vip"] = False
    assert customer.attributes == {"vip": True}


def test_customers_with_attributes_can_be_members_of_sets() -> None:
    assert len({Customer(1, attributes={"tags": ["a"]}), Customer(1, attributes={"tags": ["a"]})}) == 1


@pytest.mark.parametrize(
    "value", [SYSTEM, Actor(3, roles=["admin"]), Customer("c", name="C", attributes={"a": 1})]
)
def test_actors_and_customers_survive_pickling(value: object) -> None:
    assert pickle.loads(pickle.dumps(value)) == value


def test_the_system_actor_bears_its_role() -> None:
    assert SYSTEM.roles == {"system"}
