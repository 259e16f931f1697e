from __future__ import annotations

import datetime as dt
import pickle
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotkeeper.domain.actor import Actor
from slotkeeper.domain.fee import Fee, FixedFee, ShareFee
from slotkeeper.domain.instant import LATEST, TICK
from slotkeeper.domain.money import Money
from slotkeeper.domain.policy import (
    FREE_CANCELLATION,
    CancellationPolicy,
    CancellationTier,
    NoShowPolicy,
    Policy,
    ReschedulePolicy,
)
from slotkeeper.errors import CurrencyMismatchError, InvalidFieldError, PolicyError

START = dt.datetime(2025, 10, 23, 9, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
ADMIN = Actor(3, roles="admin")

ROOMS = CancellationPolicy(
    [CancellationTier(2 * HOUR, "1/2"), CancellationTier(24 * HOUR, 1)], exempt_roles={"admin"}
)

shares = st.fractions(0, 1, max_denominator=100)
money = st.decimals(0, 1000, places=2).map(lambda amount: Money(amount, "EUR"))
fine_money = st.decimals(0, 1000, places=4).map(lambda amount: Money(amount, "EUR"))
fees: st.SearchStrategy[Fee] = shares.map(ShareFee) | money.map(FixedFee)
nows = st.integers(-60, 10).map(lambda hours: START + hours * HOUR)


@st.composite
def cancellations(draw: st.DrawFn) -> CancellationPolicy:
    bounds = draw(
        st.lists(st.none() | st.integers(-5, 48).map(lambda hours: hours * HOUR), max_size=4, unique=True)
    )
    refunds = sorted(draw(st.lists(shares, min_size=len(bounds), max_size=len(bounds))), reverse=True)
    ends = sorted(bounds, key=lambda until: (until is None, -(until or 0 * HOUR)))
    tiers = [CancellationTier(until, refund) for until, refund in zip(ends, refunds, strict=True)]
    return CancellationPolicy(draw(st.permutations(tiers)), late_fee=draw(st.none() | fees))


# Cancelling


@given(cancellations(), fine_money, st.none() | money, nows)
def test_refund_and_fee_make_up_exactly_what_was_paid(
    policy: CancellationPolicy, paid: Money, price: Money | None, now: dt.datetime
) -> None:
    quote = policy.quote(paid=paid, price=price, start=START, now=now)
    assert quote.refund is not None
    assert quote.fee is not None
    assert quote.due is not None
    assert quote.refund + quote.fee == paid
    assert min(quote.refund, quote.fee, quote.due) >= Money.zero("EUR")


@given(cancellations(), st.none() | money, money, nows, nows)
def test_a_refund_never_grows_and_a_debt_never_shrinks_as_the_start_nears(
    policy: CancellationPolicy, paid: Money | None, price: Money, one: dt.datetime, other: dt.datetime
) -> None:
    before, after = (
        policy.quote(paid=paid, price=price, start=START, now=now) for now in sorted([one, other])
    )
    assert before.refund is not None
    assert after.refund is not None
    assert before.due is not None
    assert after.due is not None
    assert before.refund >= after.refund
    assert before.due <= after.due


@given(cancellations(), money, nows)
def test_a_quote_holds_until_the_instant_that_it_names_and_no_longer(
    policy: CancellationPolicy, paid: Money, now: dt.datetime
) -> None:
    quote = policy.quote(paid=paid, start=START, now=now)
    if quote.until is None:
        last = policy.quote(paid=paid, start=START, now=LATEST)
        assert (last.share, last.until) == (quote.share, None)
    else:
        assert policy.tier_at(start=START, now=quote.until) == policy.tier_at(start=START, now=now)
        assert policy.tier_at(start=START, now=quote.until + TICK) != policy.tier_at(start=START, now=now)


@pytest.mark.parametrize(
    ("ahead", "refund"),
    [
        (48 * HOUR, "40.00 EUR"),
        (24 * HOUR, "40.00 EUR"),
        (24 * HOUR - TICK, "20.00 EUR"),
        (2 * HOUR, "20.00 EUR"),
        (2 * HOUR - TICK, "0.00 EUR"),
        (-HOUR, "0.00 EUR"),
    ],
)
def test_the_bound_of_a_tier_belongs_to_the_customer(ahead: dt.timedelta, refund: str) -> None:
    quote = ROOMS.quote(paid=Money.of(40, "EUR"), start=START, now=START - ahead, actor=Actor(1))
    assert str(quote.refund) == refund


def test_an_exempt_role_always_gets_everything_back() -> None:
    quote = ROOMS.quote(paid=Money.of(40, "EUR"), start=START, now=START + HOUR, actor=ADMIN)
    assert (quote.refund, quote.share, quote.until) == (Money.of(40, "EUR"), Fraction(1), None)


def test_the_host_itself_is_bound_by_the_tiers() -> None:
    assert ROOMS.quote(paid=Money.of(40, "EUR"), start=START, now=START).share == 0


def test_an_unpaid_booking_is_cancelled_with_no_refund() -> None:
    quote = ROOMS.quote(paid=None, price=Money.of(40, "EUR"), start=START, now=START - 48 * HOUR)
    assert (quote.refund, quote.fee, quote.due) == (Money.zero("EUR"),) * 3


def test_where_nothing_has_a_currency_there_are_no_amounts() -> None:
    quote = FREE_CANCELLATION.quote(paid=None, start=START, now=START)
    assert (quote.refund, quote.fee, quote.due, quote.share) == (None, None, None, Fraction(1))


def test_a_refund_is_rounded_half_up_to_minor_units() -> None:
    policy = CancellationPolicy([CancellationTier(None, Decimal("0.5"))])
    quote = policy.quote(paid=Money.of("0.25", "EUR"), start=START, now=START)
    assert (str(quote.refund), str(quote.fee)) == ("0.13 EUR", "0.12 EUR")


def test_rounding_never_refunds_more_than_was_paid() -> None:
    policy = CancellationPolicy([CancellationTier(None, "0.95")])
    quote = policy.quote(paid=Money.of("0.016", "EUR"), start=START, now=START)
    assert (str(quote.refund), str(quote.fee)) == ("0.016 EUR", "0.00 EUR")


@pytest.mark.parametrize(
    ("paid", "due"), [(None, "10.00 EUR"), ("4", "6.00 EUR"), ("10", "0.00 EUR"), ("40", "0.00 EUR")]
)
def test_a_late_fee_asks_for_what_was_not_paid_of_it(paid: str | None, due: str) -> None:
    policy = CancellationPolicy([CancellationTier(24 * HOUR, 1)], late_fee=ShareFee("1/4"))
    given_so_far = None if paid is None else Money.of(paid, "EUR")
    in_time, late = (
        policy.quote(paid=given_so_far, price=Money.of(40, "EUR"), start=START, now=START - ahead)
        for ahead in (24 * HOUR, HOUR)
    )
    assert str(in_time.due) == "0.00 EUR"
    assert (str(late.refund), str(late.due)) == ("0.00 EUR", due)


@pytest.mark.parametrize(
    "tiers",
    [
        [CancellationTier(HOUR, 1), CancellationTier(HOUR, 1)],
        [CancellationTier(None, 0), CancellationTier(None, 0)],
        [CancellationTier(HOUR, 1), CancellationTier(2 * HOUR, "0.5")],
        [CancellationTier(HOUR, "0.5"), CancellationTier(None, 1)],
    ],
)
def test_tiers_that_refund_more_later_or_end_together_are_refused(tiers: list[CancellationTier]) -> None:
    with pytest.raises(InvalidFieldError):
        CancellationPolicy(tiers)


@pytest.mark.parametrize("share", [2, -1, "1.01", 0.5, True, "half", "1/0", None])
def test_a_refund_is_an_exact_part_of_one(share: Any) -> None:  # noqa: ANN401 - anything at all
    with pytest.raises(InvalidFieldError):
        CancellationTier(HOUR, share)


def test_a_refund_is_kept_as_a_fraction() -> None:
    assert CancellationTier(HOUR, "0.3").refund == Fraction(3, 10)


def test_a_negative_payment_is_refused() -> None:
    with pytest.raises(InvalidFieldError):
        ROOMS.quote(paid=Money.of(-1, "EUR"), start=START, now=START)
    with pytest.raises(InvalidFieldError):
        NoShowPolicy().quote(paid=Money.of(-1, "EUR"), now=START)


def test_instants_of_any_offset_are_understood() -> None:
    warsaw = dt.timezone(2 * HOUR)
    quote = ROOMS.quote(
        paid=Money.of(40, "EUR"), start=START.astimezone(warsaw), now=(START - 24 * HOUR).astimezone(warsaw)
    )
    assert (quote.share, quote.at) == (Fraction(1), START - 24 * HOUR)
    assert quote.at.tzinfo is dt.UTC


# Not coming


@given(st.none() | fees, fine_money, st.none() | money)
def test_not_coming_costs_the_fee_however_much_was_paid(
    fee: Fee | None, paid: Money, price: Money | None
) -> None:
    quote = NoShowPolicy(fee=fee).quote(paid=paid, price=price, now=START)
    owed = paid if fee is None else fee.owed(paid if price is None else price)
    assert quote.refund is not None
    assert quote.fee is not None
    assert quote.due is not None
    assert quote.refund + quote.fee == paid
    assert quote.fee + quote.due == owed
    assert Money.zero("EUR") in (quote.refund, quote.due)


def test_without_a_fee_what_was_paid_is_kept_and_no_more_is_asked() -> None:
    paid, unpaid = (
        NoShowPolicy().quote(paid=p, price=Money.of(40, "EUR"), now=START) for p in (Money.of(9, "EUR"), None)
    )
    assert (str(paid.refund), str(paid.fee), str(paid.due)) == ("0.00 EUR", "9.00 EUR", "0.00 EUR")
    assert (str(unpaid.refund), str(unpaid.fee), str(unpaid.due)) == ("0.00 EUR",) * 3


def test_a_share_of_no_price_is_nothing_and_a_fixed_fee_is_due_all_the_same() -> None:
    assert NoShowPolicy(fee=ShareFee(1)).quote(paid=None, now=START).due is None
    assert NoShowPolicy(fee=FixedFee(Money.of(5, "EUR"))).quote(paid=None, now=START).due == Money.of(
        5, "EUR"
    )


def test_a_fee_is_in_the_currency_of_the_payment() -> None:
    with pytest.raises(CurrencyMismatchError):
        NoShowPolicy(fee=FixedFee(Money.of(5, "PLN"))).quote(paid=Money.of(9, "EUR"), now=START)


# Moving

MOVES = ReschedulePolicy(notice=24 * HOUR, max_times=2, fee=ShareFee("0.1"), exempt_roles="admin")


def test_a_booking_may_be_moved_with_its_notice_exactly_left() -> None:
    quote = MOVES.quote(price=Money.of(40, "EUR"), start=START, now=START - 24 * HOUR, moved=1)
    assert (quote.due, quote.until) == (Money.of(4, "EUR"), START - 24 * HOUR)


def test_too_late_a_move_is_refused_with_the_last_instant_for_it() -> None:
    with pytest.raises(PolicyError) as caught:
        MOVES.quote(price=None, start=START, now=START - 24 * HOUR + TICK)
    found = caught.value
    assert (found.rule, found.latest, found.now) == (
        "reschedule_notice",
        START - 24 * HOUR,
        START - 24 * HOUR + TICK,
    )


def test_one_move_too_many_is_refused_whatever_the_time() -> None:
    with pytest.raises(PolicyError) as caught:
        MOVES.quote(price=None, start=START, now=START - 48 * HOUR, moved=2)
    assert caught.value.details() == {
        "rule": "reschedule_limit",
        "latest": None,
        "now": START - 48 * HOUR,
        "max_times": 2,
        "moved": 2,
    }
    assert str(caught.value) == "reschedule_limit: at most 2 allowed, 2 made"
    assert pickle.loads(pickle.dumps(caught.value)).args == caught.value.args


def test_an_exempt_role_moves_bookings_freely() -> None:
    quote = MOVES.quote(price=Money.of(40, "EUR"), start=START, now=START + HOUR, moved=9, actor=ADMIN)
    assert (quote.due, quote.until) == (None, None)


@pytest.mark.parametrize("bad", [{"notice": -HOUR}, {"max_times": -1}, {"max_times": True}])
def test_a_notice_or_a_limit_below_zero_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(InvalidFieldError):
        ReschedulePolicy(**bad)


# All together


@given(st.none() | money, nows)
def test_by_default_everything_is_free(paid: Money | None, now: dt.datetime) -> None:
    policy = Policy()
    assert policy.cancellation.quote(paid=paid, start=START, now=now).refund == paid
    assert policy.reschedule.quote(price=paid, start=START, now=now, moved=99).due is None
    assert policy.no_show.quote(paid=paid, now=now).fee == paid


@given(cancellations(), st.none() | fees)
def test_policies_survive_pickling(cancellation: CancellationPolicy, fee: Fee | None) -> None:
    policy = Policy(cancellation=cancellation, reschedule=MOVES, no_show=NoShowPolicy(fee=fee))
    copy = pickle.loads(pickle.dumps(policy))
    assert copy == policy
    assert hash(copy) == hash(policy)


def test_the_longest_notice_there_is_reaches_to_the_beginning_of_time() -> None:
    forever = dt.timedelta.max
    policy = CancellationPolicy([CancellationTier(forever, 1), CancellationTier(HOUR, "1/2")])
    assert [tier.until for tier in policy.tiers] == [forever, HOUR]
    assert policy.quote(paid=None, start=START, now=START - 2 * HOUR).share == Fraction(1, 2)
    with pytest.raises(PolicyError):
        ReschedulePolicy(notice=forever).quote(price=None, start=START, now=START)
