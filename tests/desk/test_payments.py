from __future__ import annotations

from typing import Any

import pytest
from tests.desk.shops import EUROS, HOUR, MINUTE, Provider, at, shop

from slotkeeper import (
    STANDARD,
    Actor,
    CurrencyMismatchError,
    ForbiddenError,
    HasRole,
    Id,
    InvalidFieldError,
    Lifecycle,
    Money,
    NotFoundError,
    NotModifiableError,
    PaymentError,
    PaymentStatus,
    SlotTakenError,
)


def test_a_checkout_keeps_the_providers_reference_and_repeats_to_the_same() -> None:
    provider = Provider()
    here = shop(payments=provider)
    made = here.desk.book("wash", at(0), action="request")
    opened = here.desk.checkout(made.id)
    assert (opened.payment.status, opened.payment.reference) == (PaymentStatus.PENDING, f"checkout-{made.id}")
    assert here.desk.checkout(made.id) == opened
    assert [event.action for event in here.told] == ["request", "checkout"]


def test_a_payment_confirms_and_is_noted_once() -> None:
    here = shop(payments=Provider())
    made = here.desk.checkout(here.desk.book("wash", at(0), action="request").id)
    paid = here.desk.settle(made.id)
    assert (paid.status, paid.payment.status, paid.payment.paid) == ("confirmed", PaymentStatus.PAID, EUROS)
    assert paid.payment.reference == made.payment.reference
    assert here.desk.settle(made.id) == paid
    assert [event.action for event in here.told] == ["request", "checkout", "pay", "confirm"]


def test_a_payment_that_comes_while_the_checkout_is_opened_is_not_lost() -> None:
    class Quick(Provider):
        def charge(self, booking_id: Id, amount: Money) -> str:
            here.desk.settle(booking_id, reference="direct")
            return super().charge(booking_id, amount)

    here = shop(payments=Quick())
    paid = here.desk.checkout(here.desk.book("wash", at(0)).id)
    assert (paid.payment.status, paid.payment.reference) == (PaymentStatus.PAID, "direct")


def test_a_payment_confirms_only_where_its_actor_may() -> None:
    table = STANDARD.with_guards("confirm", who=[HasRole("provider")])
    desk = shop(lifecycle=table).desk
    made = desk.book("wash", at(0), action="request", customer_id=7)
    paid = desk.settle(made.id, actor=Actor(7))
    assert (paid.status, paid.payment.status) == ("pending", PaymentStatus.PAID)
    other = desk.book("wash", at(1), action="request")
    assert desk.settle(other.id, confirm=False).status == "pending"


def test_what_is_paid_lapses_no_more_even_unconfirmed() -> None:
    here = shop()
    held = here.desk.hold("wash", at(0))
    here.desk.settle(held.id, confirm=False)
    here.clock.wait(HOUR)
    assert here.desk.expire_holds() == []
    with pytest.raises(SlotTakenError):
        here.desk.book("wash", at(0))
    assert here.desk.get(held.id).payment.status is PaymentStatus.PAID


@pytest.mark.parametrize("confirm", [True, False])
@pytest.mark.parametrize("provider", [None, Provider()])
def test_a_late_payment_takes_the_time_again_where_it_is_free(
    *, confirm: bool, provider: Provider | None
) -> None:
    here = shop(payments=provider)
    held = here.desk.hold("wash", at(0))
    here.clock.wait(15 * MINUTE)
    paid = here.desk.settle(held.id, confirm=confirm)
    assert paid.blocks(here.clock.now + HOUR)
    assert paid.payment.status is PaymentStatus.PAID
    with pytest.raises(SlotTakenError):
        here.desk.book("wash", at(0))


@pytest.mark.parametrize("confirm", [True, False])
@pytest.mark.parametrize(
    ("lost_by", "table"),
    [
        ("rival", STANDARD),
        ("rival", STANDARD.without("expire")),
        ("cancel", STANDARD),
        ("cancel", STANDARD.without("expire")),
        ("sweep", STANDARD),
    ],
)
def test_a_late_payment_for_what_is_gone_is_given_back(
    *, lost_by: str, table: Lifecycle, confirm: bool
) -> None:
    provider = Provider()
    here = shop(payments=provider, lifecycle=table)
    held = here.desk.checkout(here.desk.hold("wash", at(0)).id)
    here.clock.wait(15 * MINUTE)
    if lost_by == "rival":
        here.desk.book("wash", at(0), booking_id="rival")
    elif lost_by == "cancel":
        here.desk.cancel(held.id)
    else:
        here.desk.expire_holds()
    paid = here.desk.settle(held.id, confirm=confirm, key="k")
    assert not paid.blocks(here.clock.now)
    assert (paid.payment.status, paid.payment.refunded) == (PaymentStatus.REFUNDED, EUROS)
    assert provider.refunded == [(held.id, f"checkout-{held.id}", EUROS)]
    assert here.desk.settle(held.id, confirm=confirm, key="k") == paid
    if lost_by == "rival":
        assert here.desk.get("rival").status == "confirmed"


def test_paying_after_the_visit_is_no_late_payment() -> None:
    here = shop()
    made = here.desk.book("wash", at(0))
    here.clock.now = at(1)
    here.desk.complete(made.id)
    paid = here.desk.settle(made.id)
    assert (paid.status, paid.payment.status) == ("completed", PaymentStatus.PAID)


def test_nothing_is_charged_for_what_was_called_off_or_paid() -> None:
    provider = Provider()
    desk = shop(payments=provider).desk
    gone = desk.cancel(desk.book("wash", at(0)).id).booking
    with pytest.raises(NotModifiableError):
        desk.checkout(gone.id)
    paid = desk.settle(desk.book("wash", at(0)).id)
    with pytest.raises(InvalidFieldError):
        desk.checkout(paid.id)
    assert provider.charged == []


def test_a_provider_that_refuses_leaves_the_booking_unpaid() -> None:
    here = shop(payments=Provider(refuses=True))
    made = here.desk.book("wash", at(0))
    before = here.written()
    with pytest.raises(PaymentError):
        here.desk.checkout(made.id)
    assert here.written() == before


def test_bad_payments_are_refused_and_change_nothing() -> None:
    here = shop(rules={"price": None})
    made = here.desk.book("wash", at(0), customer_id=7)
    dear = here.desk.book("wash", at(1), price=EUROS)
    before = here.written()
    calls: list[tuple[Any, type[Exception]]] = [
        (lambda: here.desk.checkout(made.id), InvalidFieldError),
        (here.desk.settle_refunds, InvalidFieldError),
        (lambda: here.desk.settle(made.id), InvalidFieldError),
        (lambda: here.desk.settle(made.id, paid=40), InvalidFieldError),  # type: ignore[arg-type]
        (lambda: here.desk.settle(made.id, paid=Money.zero("EUR")), InvalidFieldError),
        (lambda: here.desk.settle(made.id, paid=Money.of(-1, "EUR")), InvalidFieldError),
        (lambda: here.desk.settle(made.id, paid=EUROS, reference=5), InvalidFieldError),  # type: ignore[arg-type]
        (lambda: here.desk.settle(dear.id, paid=Money.of(40, "USD")), CurrencyMismatchError),
        (lambda: here.desk.settle("?"), NotFoundError),
    ]
    for call, error in calls:
        with pytest.raises(error):
            call()
    assert here.written() == before
    paying = shop(payments=Provider(), rules={"price": None}).desk
    with pytest.raises(InvalidFieldError):
        paying.checkout(paying.book("wash", at(0)).id)
    with pytest.raises(InvalidFieldError):
        paying.settle_refunds(limit=0)


def test_a_checkout_is_for_those_who_may_read_the_booking() -> None:
    desk = shop(payments=Provider()).desk
    made = desk.book("wash", at(0), customer_id=7)
    with pytest.raises(ForbiddenError):
        desk.checkout(made.id, actor=Actor(8))
    assert desk.checkout(made.id, actor=Actor(7)).payment.status is PaymentStatus.PENDING
