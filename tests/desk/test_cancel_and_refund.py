from __future__ import annotations

import datetime as dt
import logging

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.desk.shops import DAY, EUROS, HALF, HOUR, TIERS, Provider, at, shop

from slotkeeper import (
    STANDARD,
    Actor,
    FixedFee,
    ForbiddenError,
    IsOwner,
    Money,
    NoShowPolicy,
    NotModifiableError,
    PaymentStatus,
    Policy,
)


@given(
    seconds=st.integers(0, 40 * 3600),
    paid=st.booleans(),
    actor=st.sampled_from([None, Actor(7), Actor(1, roles="admin")]),
)
def test_cancelling_applies_exactly_what_the_quote_said(
    *, seconds: int, paid: bool, actor: Actor | None
) -> None:
    here = shop()
    made = here.desk.book("wash", at(24), customer_id=7)
    if paid:
        here.desk.settle(made.id)
    here.clock.wait(dt.timedelta(seconds=seconds))
    quote = here.desk.quote_cancellation(made.id, actor=actor)
    assert here.desk.get(made.id).status == "confirmed"
    done = here.desk.cancel(made.id, reason="rain", actor=actor)
    assert done.quote == quote
    assert (done.booking.status, done.booking.reason) == ("cancelled", "rain")
    payment = done.booking.payment
    if quote.refund is not None and quote.refund.amount:
        assert (payment.status, payment.refunded) == (PaymentStatus.REFUNDED, quote.refund)
    else:
        assert payment.status is (PaymentStatus.PAID if paid else PaymentStatus.NONE)
    assert here.desk.history(made.id)[-1].attributes == {
        "refund": str(quote.refund),
        "fee": str(quote.fee),
        "due": str(quote.due),
    }


@pytest.mark.parametrize(
    ("ahead", "refund"),
    [(DAY, 40), (DAY - HALF, 20), (2 * HOUR, 20), (2 * HOUR - dt.timedelta(microseconds=1), 0)],
)
def test_a_tiers_bound_belongs_to_the_customer(ahead: dt.timedelta, refund: int) -> None:
    here = shop()
    made = here.desk.settle(here.desk.book("wash", at(24)).id)
    here.clock.now = at(24) - ahead
    assert here.desk.cancel(made.id).quote.refund == Money.of(refund, "EUR")


def test_an_exempt_role_cancels_with_a_full_refund_at_any_time() -> None:
    here = shop()
    made = here.desk.settle(here.desk.book("wash", at(0)).id)
    here.clock.now = at(-0.5)
    assert here.desk.cancel(made.id, actor=Actor(1, roles="admin")).quote.refund == EUROS


def test_an_unpaid_booking_is_cancelled_for_nothing() -> None:
    here = shop()
    done = here.desk.cancel(here.desk.book("wash", at(0)).id)
    assert done.quote.refund == Money.zero("EUR")
    assert done.booking.payment.status is PaymentStatus.NONE


def test_a_cancelled_booking_frees_its_place_and_is_final() -> None:
    here = shop()
    made = here.desk.book("wash", at(0))
    here.desk.cancel(made.id)
    here.desk.book("wash", at(0))
    before = here.written()
    for call in (here.desk.cancel, here.desk.quote_cancellation, here.desk.confirm):
        with pytest.raises(NotModifiableError):
            call(made.id)
    assert here.written() == before


def test_who_may_not_cancel_gets_no_quote_either() -> None:
    desk = shop(lifecycle=STANDARD.with_guards("cancel", who=[IsOwner()])).desk
    made = desk.book("wash", at(0), customer_id=7)
    for call in (desk.cancel, desk.quote_cancellation):
        with pytest.raises(ForbiddenError):
            call(made.id, actor=Actor(8))


def test_the_provider_is_asked_for_the_refund_once_after_the_commit() -> None:
    provider = Provider()
    here = shop(payments=provider)
    made = here.desk.checkout(here.desk.book("wash", at(24)).id)
    here.desk.settle(made.id)
    first = here.desk.cancel(made.id, key="k")
    assert first.booking.payment.status is PaymentStatus.REFUNDED
    assert provider.refunded == [(made.id, f"checkout-{made.id}", EUROS)]
    told = len(here.told)
    assert here.desk.cancel(made.id, key="k") == first
    assert (len(provider.refunded), len(here.told)) == (1, told)


def test_a_refund_that_fails_stays_pending_and_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    provider = Provider()
    here = shop(payments=provider, capacity=2)
    made = [here.desk.settle(here.desk.book("wash", at(24)).id) for _ in range(2)]
    provider.refuses = True
    with caplog.at_level(logging.WARNING, logger="slotkeeper"):
        done = []
        for one in made:
            done.append(here.desk.cancel(one.id))
            here.clock.wait(HALF)
    assert {one.booking.payment.status for one in done} == {PaymentStatus.REFUND_PENDING}
    assert "stays pending" in caplog.text
    assert here.desk.settle_refunds() == []
    provider.refuses = False
    assert [one.id for one in here.desk.settle_refunds(limit=1)] == [made[0].id]
    assert [one.id for one in here.desk.settle_refunds()] == [made[1].id]
    assert here.desk.settle_refunds() == []
    assert [one for one, _, _ in provider.refunded] == [one.id for one in made]


def test_a_missed_appointment_costs_its_fee() -> None:
    fee = NoShowPolicy(fee=FixedFee(Money.of(15, "EUR")))
    here = shop(rules={"policy": attrs.evolve(TIERS, no_show=fee)})
    made = here.desk.settle(here.desk.book("wash", at(0)).id)
    here.clock.now = at(1)
    missed = here.desk.mark_no_show(made.id)
    assert (missed.status, missed.payment.refunded) == ("no_show", Money.of(25, "EUR"))


def test_without_a_fee_a_missed_appointment_keeps_what_was_paid() -> None:
    here = shop(rules={"policy": Policy()})
    made = here.desk.settle(here.desk.book("wash", at(0)).id)
    here.clock.now = at(1)
    missed = here.desk.mark_no_show(made.id)
    assert (missed.payment.status, missed.payment.refunded) == (PaymentStatus.PAID, None)
