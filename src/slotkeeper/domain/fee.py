"""Fees: a share of the price or a fixed amount, and how they settle with what was paid."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from slotkeeper.domain.fields import named
from slotkeeper.domain.instant import as_utc
from slotkeeper.domain.money import Money
from slotkeeper.errors import InvalidFieldError

if TYPE_CHECKING:
    from decimal import Decimal


def as_share(value: Fraction | Decimal | int | str) -> Fraction:
    """Return a part of a whole exactly; text is read as ``1/2`` or ``0.5``, floats are refused.

    Raises:
        InvalidFieldError: It is no exact number.
    """
    if isinstance(value, (bool, float)):
        raise InvalidFieldError("share", value, "must be an exact number, never a float")
    try:
        return Fraction(value)
    except (TypeError, ValueError, ArithmeticError):
        raise InvalidFieldError("share", value, "must be a number") from None


def part_of_one(instance: object, attribute: attrs.Attribute[Any], value: Fraction) -> None:
    """Validate a share: from none to all of it."""
    if not 0 <= value <= 1:
        raise InvalidFieldError(named(instance, attribute), value, "must lie between 0 and 1")


@attrs.frozen
class ShareFee:
    """A part of the price, rounded half up to the currency's minor unit."""

    share: Fraction = attrs.field(converter=as_share, validator=part_of_one)

    def owed(self, price: Money | None) -> Money | None:
        """Return the fee on a price; None where there is no price."""
        return None if price is None else price.share(self.share)


@attrs.frozen
class FixedFee:
    """The same amount whatever the price, zero or more."""

    amount: Money = attrs.field()

    @amount.validator
    def _is_not_negative(self, _: object, amount: Money) -> None:
        if amount.amount < 0:
            raise InvalidFieldError("FixedFee.amount", amount, "must be zero or more")

    def owed(self, _price: Money | None) -> Money | None:
        """Return the amount."""
        return self.amount


Fee: TypeAlias = ShareFee | FixedFee


@attrs.frozen(kw_only=True)
class Quote:
    """What an act would cost at one instant; ``refund + fee`` is exactly what was paid.

    The amounts are None only where nothing has a currency: no price, no payment and no fixed fee.

    Args:
        at: The instant for which it holds.
        refund: What goes back of what was paid; zero for an unpaid booking.
        fee: What is kept of what was paid.
        due: What is owed beyond what was paid.
    """

    at: dt.datetime = attrs.field(converter=as_utc)
    refund: Money | None
    fee: Money | None
    due: Money | None


Settlement: TypeAlias = tuple[Money, Money, Money] | tuple[None, None, None]


def settle(paid: Money | None, owed: Money | None) -> Settlement:
    """Return refund, fee and due for what was paid and what the act costs in all; None stands for nothing.

    Raises:
        CurrencyMismatchError: The two are in different currencies.

    >>> [str(part) for part in settle(Money.of(30, "EUR"), Money.of(50, "EUR"))]
    ['0.00 EUR', '30.00 EUR', '20.00 EUR']
    """
    known = paid if paid is not None else owed
    if known is None:
        return None, None, None
    nothing = Money.zero(known.currency)
    given = nothing if paid is None else paid
    cost = nothing if owed is None else owed
    fee = min(given, cost)
    return given - fee, fee, cost - fee
