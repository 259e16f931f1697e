"""What should be a collection of values of ours, and is not, is an invalid field."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from slotkeeper.domain.actor import Actor
from slotkeeper.domain.lifecycle import Lifecycle
from slotkeeper.domain.lifecycle_table import State, Transition
from slotkeeper.domain.listing import BookingFilter
from slotkeeper.domain.policy import Policy
from slotkeeper.domain.price import FixedPrice
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.schedule import Schedule
from slotkeeper.domain.service import Service
from slotkeeper.errors import InvalidFieldError

HOUR = dt.timedelta(hours=1)
ANYTHING: list[Any] = [None, 5, "text", [5], [None]]
NO_ROLES: list[Any] = [None, 5, [5], [None], [""]]
NO_IDS: list[Any] = [None, 5, [None], [1.5]]
RULES = ("weekly", "recurring", "overrides", "closures", "zones", "sessions")
SETS = ("statuses", "resource_ids", "service_ids", "ids")


@pytest.mark.parametrize("wrong", ANYTHING, ids=repr)
@pytest.mark.parametrize("field", ["needs", "limits"])
def test_the_requirements_and_limits_of_a_service(field: str, wrong: object) -> None:
    fields: dict[str, Any] = {field: wrong}
    with pytest.raises(InvalidFieldError) as refused:
        Service("wash", HOUR, **fields)
    assert refused.value.field == f"Service.{field}"


@pytest.mark.parametrize("wrong", ANYTHING, ids=repr)
@pytest.mark.parametrize("field", RULES)
def test_the_rules_of_a_schedule(field: str, wrong: object) -> None:
    fields: dict[str, Any] = {field: wrong}
    with pytest.raises(InvalidFieldError) as refused:
        Schedule("UTC", **fields)
    assert refused.value.field == f"Schedule.{field}"


@pytest.mark.parametrize("wrong", ANYTHING, ids=repr)
def test_the_rows_and_guards_of_a_lifecycle(wrong: Any) -> None:  # noqa: ANN401 - whatever its type says
    calls: list[Any] = [
        lambda: Lifecycle(wrong, []),
        lambda: Lifecycle([State("new")], wrong),
        lambda: Transition(None, "book", "new", who=wrong),
        lambda: Transition(None, "book", "new", when=wrong),
        lambda: Transition(None, "book", "new", exempt=wrong),
    ]
    for call in calls:
        with pytest.raises(InvalidFieldError):
            call()


@pytest.mark.parametrize("wrong", NO_ROLES, ids=repr)
def test_roles(wrong: Any) -> None:  # noqa: ANN401 - whatever its type says
    with pytest.raises(InvalidFieldError):
        Actor(1, roles=wrong)
    with pytest.raises(InvalidFieldError):
        Resource(1, roles=wrong)


@pytest.mark.parametrize("wrong", [one for one in NO_IDS if one is not None], ids=repr)
@pytest.mark.parametrize("field", SETS)
def test_the_sets_of_a_filter(field: str, wrong: object) -> None:
    fields: dict[str, Any] = {field: wrong}
    with pytest.raises(InvalidFieldError):
        BookingFilter(**fields)


@pytest.mark.parametrize("field", SETS)
def test_none_is_no_condition_of_a_filter(field: str) -> None:
    fields: dict[str, Any] = {field: None}
    assert BookingFilter(**fields) == BookingFilter()


@pytest.mark.parametrize("wrong", [None, 5, "free"], ids=repr)
def test_policies_and_prices_are_made_of_values_of_ours(wrong: Any) -> None:  # noqa: ANN401 - whatever its type says
    calls: list[Any] = [
        lambda: Policy(cancellation=wrong),
        lambda: Policy(reschedule=wrong),
        lambda: Policy(no_show=wrong),
        lambda: FixedPrice(wrong),
    ]
    for call in calls:
        with pytest.raises(InvalidFieldError):
            call()
