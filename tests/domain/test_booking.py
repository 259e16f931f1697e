from __future__ import annotations

import datetime as dt
import pickle
from typing import Any, TypeAlias

import attrs
import pytest
from hypothesis import given

from slotkeeper.domain.booking import Allocation, Booking, Hold, Payment, PaymentStatus
from slotkeeper.domain.buffers import Buffers
from slotkeeper.domain.interval import Interval
from slotkeeper.errors import InvalidFieldError, NaiveDatetimeError
from slotkeeper.testing.strategies import allocations, bookings, holds, instants

NOON = Interval.parse("2025-10-23T12:00Z/PT1H")
MADE = dt.datetime(2025, 10, 1, 8, tzinfo=dt.UTC)
BOOKING = Booking(
    id=1,
    service_id=2,
    interval=NOON,
    allocations=[Allocation(4, NOON), Allocation(3, NOON)],
    status="confirmed",
    created_at=MADE,
    updated_at=MADE,
)
Misfit: TypeAlias = Any
"""What no field should take, whatever its type says."""


def test_the_leading_resource_comes_first() -> None:
    assert BOOKING.resource_ids == (4, 3)
    assert BOOKING.resource_id == 4


def test_a_booking_starts_and_ends_with_its_interval() -> None:
    assert (BOOKING.start, BOOKING.end) == (NOON.start, NOON.end)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", ""),
        ("service_id", None),
        ("customer_id", ""),
        ("allocations", ()),
        ("allocations", (Allocation(1, NOON), Allocation(1, NOON))),
        ("status", " "),
        ("units", 0),
        ("units", None),
        ("moved", -1),
        ("version", 0),
    ],
)
def test_a_booking_that_makes_no_sense_is_refused(field: str, value: Misfit) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        attrs.evolve(BOOKING, **{field: value})

    assert caught.value.field == f"Booking.{field}"


@pytest.mark.parametrize("field", ["created_at", "updated_at", "expires_at", "reminded_at"])
def test_its_dates_are_instants_in_utc(field: str) -> None:
    there: Any = dt.datetime(2025, 10, 1, 10, tzinfo=dt.timezone(dt.timedelta(hours=2)))

    assert getattr(attrs.evolve(BOOKING, **{field: there}), field).tzinfo is dt.UTC
    with pytest.raises(NaiveDatetimeError):
        attrs.evolve(BOOKING, **{field: there.replace(tzinfo=None)})


@given(bookings(), instants())
def test_a_booking_blocks_while_its_status_does_and_it_has_not_lapsed(
    booking: Booking, now: dt.datetime
) -> None:
    lapsed = booking.expires_at is not None and now >= booking.expires_at

    assert booking.lapsed(now) == lapsed
    assert booking.blocks(now) == (booking.occupies and not lapsed)


@given(holds())
def test_a_hold_lapses_at_the_very_instant_of_its_expiry(hold: Hold) -> None:
    assert hold.lapsed(hold.lapses_at)
    assert not hold.lapsed(hold.lapses_at - dt.timedelta(microseconds=1))


def test_a_hold_has_an_expiry() -> None:
    with pytest.raises(InvalidFieldError) as caught:
        Hold(**{field.name: getattr(BOOKING, field.name) for field in attrs.fields(Booking)})

    assert caught.value.field == "Hold.expires_at"


def test_a_hold_differs_from_a_booking_with_the_same_facts() -> None:
    booking = attrs.evolve(BOOKING, expires_at=MADE)

    assert Hold(**{field.name: getattr(booking, field.name) for field in attrs.fields(Booking)}) != booking


@given(allocations())
def test_what_is_occupied_lies_within_the_reach(allocation: Allocation) -> None:
    assert allocation.interval in allocation.occupied
    assert allocation.occupied in allocation.reach


def test_an_allocation_occupies_its_buffers_under_sum() -> None:
    ten = dt.timedelta(minutes=10)

    assert (
        str(Allocation(1, NOON, buffers=Buffers(ten, ten)).occupied) == "2025-10-23T11:50Z/2025-10-23T13:10Z"
    )
    assert Allocation(1, NOON, buffers=Buffers(ten, ten, combine="max")).occupied == NOON


@pytest.mark.parametrize("units", [0, True, 1.5, None])
def test_an_allocation_takes_a_whole_number_of_units(units: Misfit) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        Allocation(1, NOON, units)

    assert caught.value.field == "Allocation.units"


def test_a_payment_status_may_be_given_as_text() -> None:
    assert Payment("paid").status is PaymentStatus.PAID
    with pytest.raises(InvalidFieldError) as caught:
        Payment("lost")
    assert caught.value.field == "Payment.status"


@given(bookings() | holds())
def test_bookings_survive_pickling_and_hash_as_they_compare(booking: Booking) -> None:
    again = pickle.loads(pickle.dumps(booking))

    assert (type(again), again) == (type(booking), booking)
    assert hash(again) == hash(booking)
