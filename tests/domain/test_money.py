import copy
import decimal
import pickle
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from math import floor

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slotkeeper.domain.money import Factor, Money, minor_digits, sum_money
from slotkeeper.errors import CurrencyMismatchError, InvalidFieldError, ParseError

codes = st.sampled_from(["EUR", "JPY", "KWD", "CLF", "XTS"])
amounts = st.integers(-(10**12), 10**12).flatmap(
    lambda whole: st.integers(0, 12).map(lambda n: Decimal(whole).scaleb(-n))
)
money = st.builds(Money, amounts, codes)
euros = st.builds(Money, amounts, st.just("EUR"))
factors: st.SearchStrategy[Factor] = (
    st.integers(-999, 999) | st.decimals(-999, 999, places=3) | st.fractions(-999, 999)
)


def half_up(value: Fraction, digits: int) -> Fraction:
    """Round away from zero at a half, by whole numbers alone."""
    size = Fraction(floor(abs(value) * 10**digits + Fraction(1, 2)), 10**digits)
    return size if value >= 0 else -size


@given(euros, euros)
def test_sums_and_differences_are_exact(one: Money, other: Money) -> None:
    assert Fraction((one + other).amount) == Fraction(one.amount) + Fraction(other.amount)
    assert one - other == one + -other
    assert one - one == Money.zero("EUR")
    assert one + other == other + one


@given(money, st.integers(-999, 999) | st.decimals(-999, 999, places=3))
def test_products_with_decimals_are_exact(one: Money, factor: int | Decimal) -> None:
    assert Fraction((one * factor).amount) == Fraction(one.amount) * Fraction(factor)
    assert factor * one == one * factor


@given(money, factors)
@example(Money.of("0.01", "EUR"), Fraction(10**37 - 1, 2 * 10**37))
@example(Money.of("0.01", "EUR"), Fraction(10**37 + 1, 2 * 10**37))
@example(Money.of("-0.01", "EUR"), Fraction(1, 2))
def test_a_product_is_rounded_once_half_up_whatever_the_factor(one: Money, factor: Factor) -> None:
    expected = half_up(Fraction(one.amount) * Fraction(factor), minor_digits(one.currency))
    assert Fraction((one * factor).rounded().amount) == expected
    assert one.share(factor) == (one * factor).rounded()


@given(money, st.fractions(0, 100))
def test_percent_is_a_share_by_hundredths(one: Money, rate: Fraction) -> None:
    assert one.percent(rate) == one.share(rate / 100)


@given(money, st.integers(0, 100))
def test_a_share_and_the_difference_make_up_the_whole(one: Money, rate: int) -> None:
    refund = one.percent(rate)
    assert refund + (one - refund) == one


@given(euros, euros, factors)
def test_the_decimal_context_of_the_host_never_matters(one: Money, other: Money, factor: Factor) -> None:
    def answers() -> list[object]:
        product = one * factor
        return [
            one + other,
            one - other,
            -one,
            abs(one),
            product,
            product.rounded(),
            str(product),
            one < other,
        ]

    with decimal.localcontext(decimal.Context(prec=1, rounding=ROUND_CEILING, traps=[decimal.Inexact])):
        under_a_strange_context = answers()
    assert answers() == under_a_strange_context


@given(money)
def test_text_is_read_back_exactly(one: Money) -> None:
    assert Money.parse(str(one)) == one
    assert eval(repr(one)) == one  # noqa: S307 - our own repr
    assert str(Money.parse(str(one))) == str(one)


@given(money, factors)
def test_products_have_a_text_that_is_read_back(one: Money, factor: Factor) -> None:
    assert Money.parse(str(one * factor)) == one * factor


@given(money, st.integers(0, 9))
def test_trailing_zeros_change_nothing(one: Money, zeros: int) -> None:
    with decimal.localcontext(prec=60):
        same = Money(one.amount * Decimal(1).scaleb(zeros) / Decimal(1).scaleb(zeros), one.currency)
        padded = Money(one.amount + Decimal(0).scaleb(-20), one.currency)
    assert one == same == padded
    assert hash(one) == hash(same) == hash(padded)
    assert str(one) == str(padded)


@given(euros, euros)
def test_money_of_one_currency_is_ordered_by_amount(one: Money, other: Money) -> None:
    assert (one < other) is (one.amount < other.amount)
    assert (one <= other) is (one.amount <= other.amount)
    assert (one > other) is (other < one)
    assert (one >= other) is (other <= one)


@given(st.lists(euros, max_size=9))
def test_a_sum_is_exact_and_starts_from_nothing(several: list[Money]) -> None:
    assert Fraction(sum_money(several, "EUR").amount) == sum(Fraction(one.amount) for one in several)


@given(money)
def test_copies_and_pickles_are_equal(one: Money) -> None:
    assert one == copy.deepcopy(one) == copy.copy(one) == pickle.loads(pickle.dumps(one))


@given(money)
def test_rounded_money_stays_as_it_is(one: Money) -> None:
    assert one.rounded().rounded() == one.rounded()
    assert abs(one.rounded() - one) * 2 <= Money(Decimal(1).scaleb(-minor_digits(one.currency)), one.currency)


def test_the_rounding_mode_can_be_chosen() -> None:
    assert Money.of("0.125", "EUR").rounded(rounding=ROUND_HALF_EVEN) == Money.of("0.12", "EUR")
    assert Money.of("0.121", "EUR").rounded(rounding=ROUND_CEILING) == Money.of("0.13", "EUR")
    assert Money.of("0.25", "EUR").share(Fraction(1, 2), rounding=ROUND_HALF_EVEN) == Money.of("0.12", "EUR")


COMBINE: list[Callable[[Money, Money], object]] = [
    lambda one, other: one + other,
    lambda one, other: one - other,
    lambda one, other: one < other,
    lambda one, other: one <= other,
    lambda one, other: one > other,
    lambda one, other: one >= other,
    lambda one, other: sum_money([one, other], "EUR"),
]


@pytest.mark.parametrize("combine", COMBINE)
def test_currencies_do_not_mix(combine: Callable[[Money, Money], object]) -> None:
    with pytest.raises(CurrencyMismatchError) as caught:
        combine(Money(1, "EUR"), Money(1, "JPY"))
    assert {caught.value.left, caught.value.right} == {"EUR", "JPY"}


def test_money_of_other_currencies_is_simply_not_equal() -> None:
    assert Money(1, "EUR") != Money(1, "JPY")
    others: list[object] = [1, "1.00 EUR", None]
    assert Money(1, "EUR") not in others


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (Money(40, "EUR"), "40.00 EUR"),
        (Money.of("40.00", "JPY"), "40 JPY"),
        (Money(Decimal("4E1"), "KWD"), "40.000 KWD"),
        (Money.of("0.12345", "CLF"), "0.12345 CLF"),
        (Money.of("-1.5", "EUR"), "-1.50 EUR"),
        (Money.of("-0.00", "EUR"), "0.00 EUR"),
        (-Money.zero("JPY"), "0 JPY"),
        (Money(Decimal("0E+999"), "EUR"), "0.00 EUR"),
        (Money(Decimal("0E-999"), "EUR"), "0.00 EUR"),
    ],
)
def test_text_has_the_minor_unit_and_no_digit_less_than_the_amount(one: Money, text: str) -> None:
    assert str(one) == text


@pytest.mark.parametrize(
    "amount",
    [1.0, True, "1", None, Decimal("NaN"), Decimal("sNaN"), Decimal("-Infinity"), 10**18, Decimal("1E-31")],
)
def test_amounts_are_finite_exact_and_of_sane_size(amount: Decimal) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        Money(amount, "EUR")
    assert caught.value.field == "Money.amount"


@pytest.mark.parametrize("currency", ["", "eur", "EU", "EURO", "E1R", "ÄÖÜ", "EUR\n", None, 978])
def test_currencies_are_three_capitals(currency: str) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        Money(1, currency)
    assert caught.value.field == "Money.currency"


@pytest.mark.parametrize(
    "amount",
    ["", "x", "1e3", "NaN", "Infinity", "1_000", "1,000", " 1", "1.", ".5", "+1", "\u0661", "1" * 19],
)
def test_only_plain_decimal_text_is_an_amount(amount: str) -> None:
    with pytest.raises(ParseError):
        Money.of(amount, "EUR")


@pytest.mark.parametrize(
    "text", ["", "40.00", "EUR 40.00", "40.00EUR", "40.00  EUR", "40.00 eur", "NaN EUR", "1 EUR\n", 40, None]
)
def test_only_an_amount_a_space_and_a_currency_are_money(text: str) -> None:
    with pytest.raises(ParseError):
        Money.parse(text)


@pytest.mark.parametrize("factor", [1.5, True, "2", None, Money(1, "EUR")])
def test_money_is_multiplied_by_exact_numbers_only(factor: Factor) -> None:
    with pytest.raises(TypeError):
        _ = Money(1, "EUR") * factor


@pytest.mark.parametrize(
    "factor", [Decimal("NaN"), Decimal("Infinity"), Decimal("1E+999999"), 10**18, Fraction(10**40, 3)]
)
def test_products_that_are_no_sane_amount_are_refused(factor: Factor) -> None:
    with pytest.raises(InvalidFieldError):
        _ = Money(1, "EUR") * factor


def test_the_finest_products_still_are_more_than_nothing() -> None:
    assert Money.zero("EUR") < Money(1, "EUR") * Decimal("1E-999999")


@pytest.mark.parametrize("other", [1, Decimal(1), "1.00 EUR", None])
def test_money_adds_to_and_compares_with_money_only(other: Money) -> None:
    for combine in COMBINE[:6]:
        with pytest.raises(TypeError):
            combine(Money(1, "EUR"), other)


def test_money_cannot_be_changed() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Money(1, "EUR").amount = Decimal(2)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("digits", "currencies"),
    [
        (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
        (2, "EUR USD GBP CHF HUF CZK MGA MRU XCG"),
        (3, "BHD IQD JOD KWD LYD OMR TND"),
        (4, "CLF UYW"),
    ],
)
def test_minor_digits_follow_iso_4217(digits: int, currencies: str) -> None:
    assert {minor_digits(currency) for currency in currencies.split()} == {digits}


@pytest.mark.parametrize("amount", [40, "40", "40.00", Decimal(40)])
def test_money_is_made_from_exact_numbers_and_from_text(amount: str | int | Decimal) -> None:
    assert Money.of(amount, "EUR") == Money(40, "EUR")


@pytest.mark.parametrize(
    "amount", [10**18 - 1, 1 - 10**18, Decimal("1E-30"), Decimal("999999999999999999." + "9" * 30)]
)
def test_amounts_up_to_the_bounds_are_exact(amount: Decimal) -> None:
    assert Money.parse(str(Money(amount, "EUR"))).amount == amount


def test_a_product_may_need_all_the_places() -> None:
    assert str(Money(10**17, "EUR") * Fraction(10, 3)) == f"{'3' * 18}.{'3' * 30} EUR"
