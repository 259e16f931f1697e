"""Spots: where and when each attempt is to book, in worlds of little contention and of nothing else."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Iterator
from itertools import count
from typing import Any, Final

import attrs

from slotkeeper.adapters.sql.rows import allocation_columns, booking_columns
from slotkeeper.domain.booking import Allocation, Booking
from slotkeeper.domain.interval import Interval

NOW: Final = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
HALF: Final = dt.timedelta(minutes=30)
QUARTER: Final = dt.timedelta(minutes=15)
ANY: Final = "any"
_APART: Final = dt.timedelta(days=365)
_FIRST: Final = NOW + dt.timedelta(days=1)
_CROWDED: Final = 512


def resource_named(number: int) -> str:
    return f"r{number}"


def service_named(number: int) -> str:
    return f"s{number}"


@attrs.frozen
class Spot:
    """One attempt: a booking of half an hour on a resource, as a value and as the rows that it makes."""

    number: int
    booking: Booking
    row: dict[str, Any]
    taken: list[dict[str, Any]]

    @classmethod
    def of(cls, number: int, start: dt.datetime) -> Spot:
        interval = Interval(start, start + HALF)
        booking = Booking(
            id=uuid.uuid4(),
            service_id=service_named(number),
            customer_id="ada",
            interval=interval,
            allocations=[Allocation(resource_named(number), interval)],
            status="confirmed",
            created_at=NOW,
            updated_at=NOW,
        )
        capacities: dict[Any, int] = {resource_named(number): 1}
        return cls(
            number, booking, booking_columns(booking), allocation_columns(booking, capacities, now=NOW)
        )

    @property
    def start(self) -> dt.datetime:
        return self.booking.interval.start


def apart(worker: int, resources: int) -> Iterator[Spot]:
    """Yield spots that nobody else asks for, on a resource by chance; workers meet at its lock alone."""
    chance = random.Random(worker)
    begin = _FIRST + worker * _APART
    for number in count():
        yield Spot.of(chance.randrange(resources), begin + number * HALF)


def crowded(worker: int, resources: int) -> Iterator[Spot]:
    """Yield spots within five days, a quarter of which is booked where each of 64 workers keeps one."""
    chance = random.Random(worker)
    while True:
        yield Spot.of(chance.randrange(resources), _FIRST + chance.randrange(_CROWDED) * QUARTER)
