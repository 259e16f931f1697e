"""A small shop to try the desk on: its hours, its clock that tests set, and a payment provider."""

from __future__ import annotations

import datetime as dt
from typing import Any

import attrs

from slotkeeper import (
    BookingDesk,
    BookingFilter,
    CancellationPolicy,
    CancellationTier,
    Event,
    Id,
    Interval,
    Listing,
    MemoryStore,
    Money,
    PaymentError,
    Policy,
    Requirement,
    Resource,
    Schedule,
    Service,
)

MINUTE = dt.timedelta(minutes=1)
HALF = dt.timedelta(minutes=30)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
MONDAY = dt.datetime(2025, 10, 20, 6, tzinfo=dt.UTC)
"""Three hours before the shop opens, when every test begins."""
NINE = MONDAY + 3 * HOUR
TODAY = Interval(NINE - 9 * HOUR, NINE + 15 * HOUR)
EVER = Interval(dt.datetime(1, 1, 2, tzinfo=dt.UTC), dt.datetime(9999, 12, 30, tzinfo=dt.UTC))
TRUE: Any = True
"""No id and no number of ours, although Python takes it for 1."""
EUROS = Money.of(40, "EUR")
OPEN = Schedule("UTC", {"MO-FR": "09:00-17:00"})
TIERS = Policy(
    cancellation=CancellationPolicy(
        [CancellationTier(DAY, 1), CancellationTier(2 * HOUR, "1/2")], exempt_roles="admin"
    )
)


def at(hours: float) -> dt.datetime:
    """The instant so many hours after opening on Monday."""
    return NINE + hours * HOUR


@attrs.define
class SetClock:
    """A clock that stands until it is moved."""

    now: dt.datetime = MONDAY

    def __call__(self) -> dt.datetime:
        return self.now

    def wait(self, time: dt.timedelta) -> None:
        self.now += time


@attrs.define
class Provider:
    """A payment provider; what it was asked is in its notes."""

    refuses: bool = False
    down: str = "the provider is down"
    charged: list[tuple[Id, Money]] = attrs.field(factory=list)
    refunded: list[tuple[Id, str, Money]] = attrs.field(factory=list)

    def charge(self, booking_id: Id, amount: Money) -> str:
        self._answer()
        self.charged.append((booking_id, amount))
        return f"checkout-{booking_id}"

    def refund(self, booking_id: Id, reference: str, amount: Money) -> None:
        self._answer()
        self.refunded.append((booking_id, reference, amount))

    def _answer(self) -> None:
        if self.refuses:
            raise PaymentError(self.down)


@attrs.frozen
class Shop:
    """A desk with its clock, and the events that its subscriber was told."""

    desk: BookingDesk
    clock: SetClock
    told: list[Event]

    def written(self) -> list[object]:
        """Everything in the store but the idempotency keys."""
        with self.desk.store.begin(write=False) as unit:
            page = unit.bookings.find(BookingFilter(), Listing(limit=10_000))
            slots = unit.timeslots.find([one.id for one in unit.resources.all()], EVER)
            events = unit.outbox.pending(limit=10_000)
            return [unit.resources.all(), unit.services.all(), page.items, slots, events]


def shop(*, capacity: int = 1, rules: dict[str, Any] | None = None, **options: object) -> Shop:
    """A shop with one bay of some capacity and a service ``wash`` of half an hour for 40 euros."""
    clock, told = SetClock(), list[Event]()
    chosen: dict[str, Any] = {"clock": clock, "subscribers": [told.append], **options}
    desk = BookingDesk(MemoryStore(), **chosen)
    desk.add_resource(Resource("bay", OPEN, capacity=capacity))
    defaults = {"needs": [Requirement.any_of("bay")], "price": EUROS, "policy": TIERS}
    desk.add_service(Service("wash", **{"duration": HALF, **defaults, **(rules or {})}))
    return Shop(desk, clock, told)
