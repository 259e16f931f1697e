"""Prices: a fixed amount, an amount per hour, or a function of the host's, named so that it can be stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from fractions import Fraction
from typing import TypeAlias

import attrs

from slotkeeper.domain.fields import instance_of, not_blank
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.money import Money
from slotkeeper.errors import InvalidFieldError

PriceFunction: TypeAlias = Callable[[Interval, int], Money]
"""A price for an interval and a number of units."""

_HOUR = dt.timedelta(hours=1)
_TICKS_AN_HOUR = _HOUR // dt.timedelta(microseconds=1)


@attrs.frozen
class FixedPrice:
    """The same amount for each unit, however long the booking lasts."""

    amount: Money = attrs.field(validator=instance_of(Money))

    def quote(self, _interval: Interval, units: int) -> Money:
        """Return the price of ``units`` units."""
        return self.amount * units


@attrs.frozen
class HourlyPrice:
    """An amount for each unit and hour, by the exact length, rounded half up to the currency's minor unit."""

    amount: Money = attrs.field(validator=instance_of(Money))

    def quote(self, interval: Interval, units: int) -> Money:
        """Return the price of ``units`` units over the interval."""
        hours = Fraction(interval.duration // dt.timedelta(microseconds=1), _TICKS_AN_HOUR)
        return (self.amount * (hours * units)).rounded()


@attrs.frozen
class NamedPrice:
    """A function of the host's; only its name is stored, the desk is given the function again.

    Raises:
        InvalidFieldError: `quote` is called while no function is attached.
    """

    name: str = attrs.field(validator=not_blank)
    function: PriceFunction | None = attrs.field(
        default=None, eq=False, repr=False, metadata={"transient": True}
    )

    def quote(self, interval: Interval, units: int) -> Money:
        """Return what the function says."""
        if self.function is None:
            raise InvalidFieldError("NamedPrice.function", self.name, "is not attached; give it to the desk")
        return self.function(interval, units)


Price: TypeAlias = FixedPrice | HourlyPrice | NamedPrice


def currency_of(price: Price | None) -> str | None:
    """Return the currency of a price, or None where it has none or a function decides."""
    return None if price is None or isinstance(price, NamedPrice) else price.amount.currency


def as_price(value: Money | Price | None) -> Price | None:
    """Return a plain amount as a fixed price; the others as they are."""
    return FixedPrice(value) if isinstance(value, Money) else value
