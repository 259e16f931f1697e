from __future__ import annotations

import datetime as dt
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotkeeper.domain.interval import Interval
from slotkeeper.domain.money import Money
from slotkeeper.domain.price import FixedPrice, HourlyPrice, NamedPrice, Price, as_price
from slotkeeper.errors import InvalidFieldError
from slotkeeper.testing.strategies import intervals, money, prices

NOON = Interval.parse("2025-10-23T12:00Z/PT50M")
units = st.integers(1, 5)


def test_a_plain_amount_is_a_fixed_price() -> None:
    assert as_price(Money.of(40, "EUR")) == FixedPrice(Money.of(40, "EUR"))


@given(st.none() | prices())
def test_other_prices_stay_as_they_are(price: Price | None) -> None:
    assert as_price(price) is price


@given(money(), intervals(), units)
def test_a_fixed_price_depends_on_units_alone(amount: Money, interval: Interval, count: int) -> None:
    assert FixedPrice(amount).quote(interval, count) == amount * count


@given(money(currency="EUR"), intervals(), units)
def test_an_hourly_price_is_the_exact_product_rounded_once(
    amount: Money, interval: Interval, count: int
) -> None:
    exact = Fraction(amount.amount) * Fraction(interval.duration / dt.timedelta(hours=1)).limit_denominator(
        60
    )
    quoted = HourlyPrice(amount).quote(interval, count)

    assert abs(Fraction(quoted.amount) - exact * count) <= Fraction(1, 200)
    assert quoted == quoted.rounded()


@pytest.mark.parametrize(
    ("amount", "count", "quoted"),
    [
        ("60.00 EUR", 1, "50.00 EUR"),
        ("0.03 EUR", 1, "0.03 EUR"),
        ("10 JPY", 1, "8 JPY"),
        ("1.00 EUR", 3, "2.50 EUR"),
    ],
)
def test_fifty_minutes_by_the_hour(amount: str, count: int, quoted: str) -> None:
    assert HourlyPrice(Money.parse(amount)).quote(NOON, count) == Money.parse(quoted)


def test_a_named_price_asks_its_function() -> None:
    price = NamedPrice(
        "by length", lambda interval, count: Money.of(interval.duration.seconds, "EUR") * count
    )

    assert price.quote(NOON, 2) == Money.of(6000, "EUR")


def test_a_named_price_without_its_function_says_so() -> None:
    with pytest.raises(InvalidFieldError, match=r"NamedPrice\.function is not attached.*'by length'"):
        NamedPrice("by length").quote(NOON, 1)


def test_named_prices_compare_by_name() -> None:
    attached = NamedPrice("by length", lambda _interval, _count: Money.of(1, "EUR"))

    assert attached == NamedPrice("by length")
    assert hash(attached) == hash(NamedPrice("by length"))


def test_a_name_says_something() -> None:
    with pytest.raises(InvalidFieldError) as caught:
        NamedPrice("  ")

    assert caught.value.field == "NamedPrice.name"
