from __future__ import annotations

import datetime as dt
import pickle
from typing import Any, TypeAlias

import attrs
import pytest
from hypothesis import given

from slotkeeper.domain.durations import DurationChoice, FixedDuration, WholeOpening
from slotkeeper.domain.fee import FixedFee
from slotkeeper.domain.grid import ClockGrid, OpeningGrid
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.money import Money
from slotkeeper.domain.policy import CancellationPolicy, NoShowPolicy, Policy, ReschedulePolicy
from slotkeeper.domain.price import FixedPrice, HourlyPrice, NamedPrice
from slotkeeper.domain.requirement import Requirement
from slotkeeper.domain.service import Service
from slotkeeper.errors import InvalidFieldError
from slotkeeper.testing.strategies import services

HOUR = dt.timedelta(hours=1)
NOON = Interval.parse("2025-10-23T12:00Z/PT1H")
Misfit: TypeAlias = Any
"""What no field should take, whatever its type says."""


def test_plain_values_stand_for_the_simplest_rules() -> None:
    service = Service("cut", HOUR, grid=HOUR / 4, price=Money.of(40, "EUR"))

    assert service.duration == FixedDuration(HOUR)
    assert service.grid == OpeningGrid(HOUR / 4)
    assert service.price == FixedPrice(Money.of(40, "EUR"))


def test_by_default_one_resource_is_taken_whichever_it_is() -> None:
    assert Service("cut", HOUR).needs == (Requirement(),)


def test_without_a_grid_starts_are_offered_by_the_shortest_duration() -> None:
    assert Service("cut", DurationChoice([2 * HOUR, HOUR])).offered == OpeningGrid(HOUR)


def test_whole_openings_need_no_grid() -> None:
    assert Service("course", WholeOpening()).offered is None
    assert Service("course", WholeOpening()).accepted is None


def test_what_is_offered_is_accepted_unless_more_is() -> None:
    clock = ClockGrid(HOUR / 12)

    assert Service("cut", HOUR, grid=HOUR).accepted == OpeningGrid(HOUR)
    assert Service("cut", HOUR, grid=HOUR, accept=clock).accepted == clock


def test_a_service_without_a_price_quotes_none() -> None:
    assert Service("cut", HOUR).price_of(NOON, 1) is None


def test_a_price_is_for_all_units() -> None:
    assert Service("cut", HOUR, price=Money.of(40, "EUR")).price_of(NOON, 2) == Money.of(80, "EUR")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", ""),
        ("needs", ()),
        ("notice", -HOUR),
        ("horizon", -HOUR),
        ("units", 0),
        ("units", None),
        ("max_units", 0),
        ("hold_for", dt.timedelta(0)),
        ("hold_for", None),
        ("version", 0),
    ],
)
def test_a_service_that_makes_no_sense_is_refused(field: str, value: Misfit) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        attrs.evolve(Service(1, HOUR), **{field: value})

    assert caught.value.field == f"Service.{field}"


@pytest.mark.parametrize("field", ["notice", "horizon", "max_units", "grid", "accept", "price"])
def test_rules_may_be_absent(field: str) -> None:
    assert getattr(Service(1, HOUR, **{field: None}), field) is None  # type: ignore[arg-type]


@given(services())
def test_services_survive_pickling_and_hash_as_they_compare(service: Service) -> None:
    again = pickle.loads(pickle.dumps(service))

    assert again == service
    assert hash(again) == hash(service)


@pytest.mark.parametrize(
    "policy",
    [
        Policy(cancellation=CancellationPolicy([], late_fee=FixedFee(Money.of(5, "PLN")))),
        Policy(reschedule=ReschedulePolicy(fee=FixedFee(Money.of(5, "PLN")))),
        Policy(no_show=NoShowPolicy(fee=FixedFee(Money.of(5, "PLN")))),
    ],
)
def test_a_fee_is_in_the_currency_of_the_price(policy: Policy) -> None:
    for price in (Money.of(40, "EUR"), HourlyPrice(Money.of(40, "EUR"))):
        with pytest.raises(InvalidFieldError) as refused:
            Service("wash", HOUR, price=price, policy=policy)
        assert refused.value.field == "Service.policy"
    for fitting in (None, Money.of(40, "PLN"), NamedPrice("by season")):
        assert Service("wash", HOUR, price=fitting, policy=policy).policy == policy
