"""Arguments that make no sense are refused by errors of ours, and nothing is written."""

from __future__ import annotations

from typing import Any

import pytest
from tests.desk.shops import HALF, OPEN, TODAY, Provider, at, shop

from slotkeeper import (
    IdempotencyMismatchError,
    InvalidFieldError,
    Listing,
    Money,
    NotFoundError,
    Requirement,
    Resource,
    Service,
    StaleVersionError,
)

ANYTHING: Any = None


def test_what_makes_no_sense_is_an_invalid_field() -> None:
    here = shop()
    desk: Any = here.desk
    before = here.written()
    calls: list[Any] = [
        lambda: desk.book("wash", at(0), prefer=1),
        lambda: desk.slots("wash", TODAY, prefer=1),
        lambda: desk.next_slot("wash", prefer=1),
        lambda: desk.book_slot(None),
        lambda: desk.book_series("wash", None),
        lambda: desk.book_series("wash", "2025-10-20T09:00Z"),
        lambda: desk.next_slot("wash", within=None),
        lambda: desk.timeslots(["bay"], TODAY, at_least=None),
        lambda: desk.slots("wash", TODAY, limit=10**25),
        lambda: desk.find(listing=Listing(limit=2**63)),
        lambda: desk.find(listing=Listing(offset=2**63)),
        lambda: desk.relay(0),
        lambda: desk.relay(lease=0 * HALF),
        lambda: desk.relay(redelivery=3),
        lambda: desk.parked_events(limit=0),
        lambda: desk.retry_event(1.5),
        lambda: desk.dismiss_event(None),
        lambda: desk.forget_keys(0 * HALF),
        lambda: desk.forget_keys(HALF, limit=0),
        lambda: desk.delete_timeslot(1, expected_version=0),
        lambda: desk.find(colour="red"),
        lambda: desk.add_resource(Resource("pit", OPEN, attributes=ANYTHING)),
    ]
    for call in calls:
        with pytest.raises(InvalidFieldError):
            call()
    assert here.written() == before


def test_no_more_resources_are_named_than_the_service_takes() -> None:
    desk = shop().desk
    desk.add_resource(Resource("pit", OPEN))
    desk.add_service(Service("both", HALF, needs=[Requirement.some_of(2, "bay", "pit")]))
    calls: list[Any] = [
        lambda: desk.book("wash", at(0), resource_ids=["bay", "pit"]),
        lambda: desk.slots("wash", TODAY, resource_ids=["bay", "pit"]),
        lambda: desk.explain("wash", at(0), resource_ids=["bay", "pit"]),
        lambda: desk.suggest("wash", TODAY, resource_ids=["bay", "pit"]),
    ]
    for call in calls:
        with pytest.raises(InvalidFieldError, match="takes 1 resource, 2 are named"):
            call()
    made = desk.book("both", at(0), resource_ids=["pit", "bay"])
    assert made.resource_ids == ("pit", "bay")
    with pytest.raises(InvalidFieldError, match="takes 1 resource, 2 are named"):
        desk.reschedule(made.id, at(1), service_id="wash", resource_ids=["bay", "pit"])


def test_a_service_that_takes_all_of_a_role_lets_any_number_be_named() -> None:
    desk = shop().desk
    for name in ("one", "two"):
        desk.add_resource(Resource(name, OPEN, roles="lift"))
    desk.add_service(Service("all", HALF, needs=[Requirement("lift", count=None)]))
    assert desk.book("all", at(0), resource_ids=["two", "one"]).resource_ids == ("two", "one")


def test_a_slot_is_booked_with_what_is_said_instead_of_its_own() -> None:
    desk = shop(capacity=4).desk
    desk.add_resource(Resource("pit", OPEN, capacity=4))
    desk.update_service(Service("wash", HALF, needs=[Requirement.any_of("bay", "pit")]))
    slot = desk.slots("wash", TODAY, limit=1)[0]
    assert (slot.resource_ids, slot.units) == (("bay",), 1)
    assert desk.book_slot(slot, units=4).units == 4
    assert desk.book_slot(slot, resource_ids=["pit"]).resource_ids == ("pit",)
    with pytest.raises(NotFoundError):
        desk.book_slot(slot, resource_ids=["?"])


def test_a_slot_that_is_deleted_with_a_key_is_deleted_once() -> None:
    desk = shop().desk
    first, second = desk.generate_timeslots("bay", TODAY, 8 * HALF)
    for _ in range(2):
        desk.delete_timeslot(first.id, key="gone")
    with pytest.raises(IdempotencyMismatchError):
        desk.delete_timeslot(second.id, key="gone")
    assert [one.timeslot for one in desk.timeslots(["bay"], TODAY)] == [second]


def test_a_checkout_with_a_key_asks_the_provider_once_even_when_it_is_paid_since() -> None:
    provider = Provider()
    desk = shop(payments=provider).desk
    made = desk.book("wash", at(0))
    opened = desk.checkout(made.id, key="pay")
    desk.settle(made.id)
    assert desk.checkout(made.id, key="pay") == opened
    assert len(provider.charged) == 1
    with pytest.raises(IdempotencyMismatchError):
        desk.checkout(desk.book("wash", at(1)).id, key="pay")


def test_money_obeys_the_version_expected() -> None:
    desk = shop(payments=Provider()).desk
    made = desk.book("wash", at(0))
    with pytest.raises(StaleVersionError):
        desk.checkout(made.id, expected_version=2)
    with pytest.raises(StaleVersionError):
        desk.settle(made.id, expected_version=2)
    assert desk.checkout(made.id, expected_version=1).version == 2
    paid = desk.settle(made.id, paid=Money.of(40, "EUR"), expected_version=2)
    assert paid.payment.status.value == "paid"
