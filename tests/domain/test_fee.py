from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotkeeper.domain.fee import FixedFee, ShareFee, settle
from slotkeeper.domain.money import Money
from slotkeeper.errors import CurrencyMismatchError, InvalidFieldError

money = st.decimals(0, 1000, places=2).map(lambda amount: Money(amount, "EUR"))


@given(st.none() | money, st.none() | money)
def test_settling_accounts_for_every_cent(paid: Money | None, owed: Money | None) -> None:
    refund, fee, due = settle(paid, owed)
    if refund is None or fee is None or due is None:
        assert paid is None
        assert owed is None
    else:
        assert refund + fee == (paid or Money.zero("EUR"))
        assert fee + due == (owed or Money.zero("EUR"))


def test_amounts_of_two_currencies_are_not_settled() -> None:
    with pytest.raises(CurrencyMismatchError):
        settle(Money.of(1, "EUR"), Money.of(1, "PLN"))


@pytest.mark.parametrize("share", [2, -1, "1.01", 0.5, True, "half", "1/0", None])
def test_a_share_is_exact_and_a_part_of_one(share: Any) -> None:  # noqa: ANN401 - anything at all
    with pytest.raises(InvalidFieldError):
        ShareFee(share)


def test_a_share_is_read_from_decimals_and_text_without_loss() -> None:
    assert ShareFee(Decimal("0.3")) == ShareFee("3/10") == ShareFee("0.3") == ShareFee(Fraction(3, 10))


def test_a_share_of_a_price_is_rounded_half_up() -> None:
    assert str(ShareFee("1/3").owed(Money.of(100, "EUR"))) == "33.33 EUR"
    assert str(ShareFee("1/2").owed(Money.of("0.05", "EUR"))) == "0.03 EUR"
    assert ShareFee(1).owed(None) is None


def test_a_fixed_fee_is_the_same_for_every_price_and_not_negative() -> None:
    assert FixedFee(Money.of(5, "EUR")).owed(Money.of(1, "EUR")) == FixedFee(Money.of(5, "EUR")).owed(None)
    with pytest.raises(InvalidFieldError):
        FixedFee(Money.of(-5, "EUR"))
