"""`Money`: an exact decimal amount in one currency.

Sums and products are exact, whatever `decimal` context the host has set; only `Money.rounded` and
`Money.share` round, and they say how. A product that no finite decimal can hold, such as a third, keeps
thirty places in a form that later rounding cannot misread (`decimal.ROUND_05UP`).
"""

from __future__ import annotations

import re
from decimal import ROUND_05UP, ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import total_ordering
from typing import TYPE_CHECKING, Final, TypeAlias

import attrs

from slotkeeper.domain.text import matched
from slotkeeper.errors import CurrencyMismatchError, InvalidFieldError

if TYPE_CHECKING:
    from collections.abc import Iterable

Factor: TypeAlias = int | Decimal | Fraction
"""What money can be multiplied by; a float is refused, since it is rarely the number that was meant."""

_LARGEST_EXPONENT: Final = 17
_PLACES: Final = 30
_SMALLEST: Final = Decimal(1).scaleb(-_PLACES)
_EXACT: Final = Context(prec=96, rounding=ROUND_05UP, Emin=-999_999, Emax=999_999, traps=[])
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_AMOUNT: Final = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,30})?")
_TEXT: Final = re.compile(rf"(?P<amount>{_AMOUNT.pattern}) (?P<currency>{_CURRENCY.pattern})")

# fmt: off
_MINOR_DIGITS: Final = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0,
    "UGX": 0, "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
    "CLF": 4, "UYW": 4,
}
# fmt: on
"""The currencies whose minor unit is not a hundredth: ISO 4217, list one, column "minor unit"."""


def minor_digits(currency: str) -> int:
    """Return how many decimal places the currency's minor unit has (ISO 4217); two unless listed otherwise.

    >>> minor_digits("EUR"), minor_digits("JPY"), minor_digits("KWD")
    (2, 0, 3)
    """
    return _MINOR_DIGITS.get(currency, 2)


def _as_amount(value: Decimal | int) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (Decimal, int)):
        raise InvalidFieldError("Money.amount", value, "must be a Decimal or an int, never a float")
    amount = Decimal(value)
    return amount or Decimal(0)


def _fitted(amount: Decimal) -> Decimal:
    """Cut a product to the places kept; a result too large is left to the validator."""
    exponent = amount.as_tuple().exponent
    too_fine = isinstance(exponent, int) and exponent < -_PLACES and amount.adjusted() <= _LARGEST_EXPONENT
    return amount.quantize(_SMALLEST, context=_EXACT) if too_fine else amount


@total_ordering
@attrs.frozen(repr=False)
class Money:
    """An exact amount of one currency; negative amounts are allowed.

    ``40`` and ``40.00`` are equal. Money orders within its currency only.

    Args:
        amount: A `decimal.Decimal` or an int, finite, below 10**18, of at most 30 decimal places.
        currency: The ISO 4217 code, three capitals.

    Raises:
        InvalidFieldError: The amount is a float, not finite, too large or too fine; or the code is none.

    >>> print(Money.of("40.00", "EUR") * 3)
    120.00 EUR
    """

    amount: Decimal = attrs.field(converter=_as_amount)
    currency: str = attrs.field()

    @amount.validator
    def _is_finite_and_in_range(self, _: object, amount: Decimal) -> None:
        exponent = amount.as_tuple().exponent
        if not isinstance(exponent, int):
            raise InvalidFieldError("Money.amount", amount, "must be finite")
        if exponent < -_PLACES or (amount and amount.adjusted() > _LARGEST_EXPONENT):
            raise InvalidFieldError("Money.amount", amount, "must be below 10**18, to 30 decimal places")

    @currency.validator
    def _is_a_code(self, _: object, currency: object) -> None:
        if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
            raise InvalidFieldError("Money.currency", currency, "must be an ISO 4217 code of three capitals")

    @classmethod
    def of(cls, amount: str | int | Decimal, currency: str) -> Money:
        """Return money from a number or from plain decimal text.

        Raises:
            ParseError: The text is no plain decimal number, such as ``-12.50``.
            InvalidFieldError: As for the class.
        """
        if not isinstance(amount, str):
            return cls(amount, currency)
        return cls(Decimal(matched(_AMOUNT, amount, "an amount of money")[0]), currency)

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Return no money, in that currency."""
        return cls(Decimal(0), currency)

    @classmethod
    def parse(cls, text: str) -> Money:
        """Read what ``str`` writes: an amount, a space and a currency code.

        Raises:
            ParseError: The text is none of that.

        >>> Money.parse("40.00 EUR").amount
        Decimal('40.00')
        """
        match = matched(_TEXT, text, "an amount and a currency, such as 40.00 EUR")
        return cls(Decimal(match["amount"]), match["currency"])

    def __add__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        self._check_same_currency(other)
        return Money(_EXACT.add(self.amount, other.amount), self.currency)

    def __sub__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        return self + -other

    def __neg__(self) -> Money:
        return Money(self.amount.copy_negate(), self.currency)

    def __abs__(self) -> Money:
        return Money(self.amount.copy_abs(), self.currency)

    def __mul__(self, factor: Factor) -> Money:
        if isinstance(factor, bool) or not isinstance(factor, (int, Decimal, Fraction)):
            return NotImplemented
        if isinstance(factor, Fraction):
            ratio = Fraction(self.amount) * factor
            amount = _EXACT.divide(Decimal(ratio.numerator), Decimal(ratio.denominator))
        else:
            amount = _EXACT.multiply(self.amount, Decimal(factor))
        return Money(_fitted(amount), self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: Money) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        self._check_same_currency(other)
        return self.amount < other.amount

    def _check_same_currency(self, other: Money) -> None:
        if self.currency != other.currency:
            raise CurrencyMismatchError(self.currency, other.currency)

    def rounded(self, *, rounding: str = ROUND_HALF_UP) -> Money:
        """Return the amount in whole minor units of the currency; ``rounding`` is one of `decimal`'s modes.

        >>> print(Money.of("12.345", "EUR").rounded(), Money.of("12.5", "JPY").rounded())
        12.35 EUR 13 JPY
        """
        unit = Decimal(1).scaleb(-minor_digits(self.currency))
        return Money(self.amount.quantize(unit, rounding=rounding, context=_EXACT), self.currency)

    def share(self, part: Factor, *, rounding: str = ROUND_HALF_UP) -> Money:
        """Return that part of the amount in whole minor units: ``Fraction(1, 3)`` is a third.

        To divide without loss, take the other part as the difference.

        >>> print(Money.of("100", "EUR").share(Fraction(1, 3)))
        33.33 EUR
        """
        return (self * part).rounded(rounding=rounding)

    def percent(self, rate: Factor, *, rounding: str = ROUND_HALF_UP) -> Money:
        """Return ``rate`` hundredths of the amount in whole minor units.

        >>> print(Money.of("79.90", "EUR").percent(25))
        19.98 EUR
        """
        return (self * rate * Fraction(1, 100)).rounded(rounding=rounding)

    def __str__(self) -> str:
        """Return the amount with all its digits, and at least the minor unit's, and the currency."""
        whole, _, fraction = f"{self.amount:f}".partition(".")
        fraction = fraction.rstrip("0").ljust(minor_digits(self.currency), "0")
        return f"{whole}.{fraction} {self.currency}" if fraction else f"{whole} {self.currency}"

    def __repr__(self) -> str:
        return f"Money.parse({str(self)!r})"


def sum_money(amounts: Iterable[Money], currency: str) -> Money:
    """Return the sum, which is zero of ``currency`` when there are no amounts.

    Raises:
        CurrencyMismatchError: One of the amounts is in another currency.
    """
    return sum(amounts, Money.zero(currency))
