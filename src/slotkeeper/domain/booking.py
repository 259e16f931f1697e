"""`Booking`: an appointment that was made, as it stands at one version, and what it takes from resources."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import TYPE_CHECKING

import attrs

from slotkeeper.domain.attributes import Attributes, attributes_field
from slotkeeper.domain.buffers import NO_BUFFERS, Buffers
from slotkeeper.domain.fields import at_least, if_given, instance_of, member_of, not_blank, optional_instant
from slotkeeper.domain.ids import Id, check_id, id_validator
from slotkeeper.domain.instant import as_utc
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.local_start import LocalStart
from slotkeeper.domain.money import Money
from slotkeeper.errors import InvalidFieldError

if TYPE_CHECKING:
    from collections.abc import Iterable


@attrs.frozen
class Allocation:
    """What one booking takes from one resource: units over an interval, with buffers around it."""

    resource_id: Id = attrs.field(validator=id_validator("Allocation.resource_id"))
    interval: Interval = attrs.field(validator=instance_of(Interval))
    units: int = attrs.field(default=1, validator=at_least(1))
    buffers: Buffers = attrs.field(default=NO_BUFFERS, validator=instance_of(Buffers), kw_only=True)

    @property
    def occupied(self) -> Interval:
        """The interval that counts as load on the resource."""
        return self.buffers.occupied(self.interval)

    @property
    def reach(self) -> Interval:
        """The interval with both buffers in full; the booking's own buffers affect nothing outside it."""
        return self.buffers.around(self.interval)


class PaymentStatus(StrEnum):
    """Where a booking's payment stands."""

    NONE = "none"
    PENDING = "pending"
    PAID = "paid"
    REFUND_PENDING = "refund_pending"
    REFUNDED = "refunded"
    FAILED = "failed"


def _payment_status(value: PaymentStatus | str) -> PaymentStatus:
    return member_of(PaymentStatus, value, "Payment.status")


@attrs.frozen
class Payment:
    """A booking's payment: where it stands, the provider's reference, what was paid and what goes back.

    ``refunded`` is the amount owed to the customer while the refund is pending, and given back once it
    is done.
    """

    status: PaymentStatus = attrs.field(default=PaymentStatus.NONE, converter=_payment_status)
    reference: str | None = attrs.field(default=None, kw_only=True)
    paid: Money | None = attrs.field(default=None, kw_only=True)
    refunded: Money | None = attrs.field(default=None, kw_only=True)


def _allocations(given: Iterable[Allocation]) -> tuple[Allocation, ...]:
    return tuple(given)


@attrs.frozen(kw_only=True)
class Booking:
    """One appointment at one version; a change gives a new value with the next version.

    Args:
        id: The host's own id, or one that the desk made.
        service_id: What is booked.
        customer_id: For whom; None where the host keeps no customers.
        interval: When, without buffers.
        local: What the wall clock reads at its start, where the zone of its first resource has one; None for
            zones without changes, such as UTC, and where nobody kept it.
        allocations: What it takes from which resources, at least one.
        status: The lifecycle's name of its present state.
        occupies: Whether that state takes its resources; derived by the lifecycle, kept for stores' guards.
        counts: Whether that state counts towards limits.
        units: How many units of each resource.
        price: What it costs, as quoted when it was made.
        payment: Where its payment stands.
        notes: Free text of the customer's.
        reason: Why it was cancelled, declined or moved.
        expires_at: When it lapses unless confirmed; None where it does not.
        moved: How often it was rescheduled.
        reminded_at: When the customer was last reminded of it; forgotten when it is moved.
        series_id: What the bookings of one series share.
        timeslot_id: The stored slot that it took.
        attributes: Free facts of the host's.
        created_at: When it was made.
        updated_at: When this version was made.
        version: Starts at 1 and grows by one with every change.
    """

    id: Id = attrs.field(validator=id_validator("Booking.id"))
    service_id: Id = attrs.field(validator=id_validator("Booking.service_id"))
    customer_id: Id | None = attrs.field(default=None)
    interval: Interval = attrs.field(validator=instance_of(Interval))
    local: LocalStart | None = attrs.field(default=None, validator=if_given(instance_of(LocalStart)))
    allocations: tuple[Allocation, ...] = attrs.field(converter=_allocations)
    status: str = attrs.field(validator=not_blank)
    occupies: bool = True
    counts: bool = True
    units: int = attrs.field(default=1, validator=at_least(1))
    price: Money | None = None
    payment: Payment = attrs.field(factory=Payment)
    notes: str = ""
    reason: str | None = None
    expires_at: dt.datetime | None = attrs.field(default=None, converter=optional_instant)
    moved: int = attrs.field(default=0, validator=at_least(0))
    reminded_at: dt.datetime | None = attrs.field(default=None, converter=optional_instant)
    series_id: Id | None = None
    timeslot_id: Id | None = None
    attributes: Attributes = attributes_field()
    created_at: dt.datetime = attrs.field(converter=as_utc)
    updated_at: dt.datetime = attrs.field(converter=as_utc)
    version: int = attrs.field(default=1, validator=at_least(1))

    @customer_id.validator
    def _customer_id_is_an_id(self, _: object, value: Id | None) -> None:
        if value is not None:
            check_id("Booking.customer_id", value)

    @allocations.validator
    def _each_resource_once(self, _: object, value: tuple[Allocation, ...]) -> None:
        if not value or len({one.resource_id for one in value}) < len(value):
            raise InvalidFieldError(
                "Booking.allocations", value, "must name at least one resource, each once"
            )

    @property
    def start(self) -> dt.datetime:
        """The first instant, in UTC."""
        return self.interval.start

    @property
    def end(self) -> dt.datetime:
        """The first instant after it, in UTC."""
        return self.interval.end

    @property
    def resource_id(self) -> Id:
        """The leading resource."""
        return self.allocations[0].resource_id

    @property
    def resource_ids(self) -> tuple[Id, ...]:
        """The resources that it takes, the leading one first."""
        return tuple(one.resource_id for one in self.allocations)

    def lapsed(self, now: dt.datetime) -> bool:
        """Tell whether it has an expiry that is reached; from then on it takes nothing."""
        return self.expires_at is not None and self.expires_at <= now

    def blocks(self, now: dt.datetime) -> bool:
        """Tell whether it takes its resources at ``now``: its state does, and it has not lapsed."""
        return self.occupies and not self.lapsed(now)


@attrs.frozen(kw_only=True)
class Hold(Booking):
    """A booking that lapses at ``expires_at`` unless it is confirmed; until then it excludes others."""

    def __attrs_post_init__(self) -> None:
        if self.expires_at is None:
            raise InvalidFieldError("Hold.expires_at", None, "must be given")

    @property
    def lapses_at(self) -> dt.datetime:
        """The first instant at which it no longer takes anything."""
        assert self.expires_at is not None  # noqa: S101 - checked at construction
        return self.expires_at
