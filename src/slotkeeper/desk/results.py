"""What the desk's commands and reports return beside bookings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import attrs

from slotkeeper.domain.booking import Booking
from slotkeeper.domain.explanation import Explanation
from slotkeeper.domain.ids import Id
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.money import Money
from slotkeeper.domain.policy import CancellationQuote, RescheduleQuote
from slotkeeper.domain.slot import Timeslot


@attrs.frozen
class Cancellation:
    """A booking that was cancelled, and what that gave back."""

    booking: Booking
    quote: CancellationQuote


@attrs.frozen
class Move:
    """A booking that was moved, and what that costs."""

    booking: Booking
    quote: RescheduleQuote


@attrs.frozen
class Series:
    """The bookings of a series, and the explanations of the starts that were refused."""

    id: Id
    booked: tuple[Booking, ...] = attrs.field(converter=tuple[Booking, ...])
    refused: tuple[Explanation, ...] = attrs.field(default=(), converter=tuple[Explanation, ...])


@attrs.frozen
class FreeTimeslot:
    """A stored slot with the units that are free over it; none where any rule refuses it."""

    timeslot: Timeslot
    free_units: int


@attrs.frozen
class Shift:
    """A booking whose local time stands for another instant since the zone data changed.

    Args:
        booking: The booking, as it was found, or as the move left it.
        interval: When it is by the new zone data, without buffers.
        exists: Whether clocks show its local time at all; if not, the interval is what the policy made of it.
        refusal: What is in the way of the move; None where nothing is.
        by: How far it moves; negative is earlier.
    """

    booking: Booking
    interval: Interval
    exists: bool
    by: dt.timedelta
    refusal: Explanation | None = None


@attrs.frozen
class Reresolution:
    """What became of the bookings ahead when their local times were resolved anew.

    Args:
        checked: How many with a local time were looked at.
        shifts: Those that stand for another instant now, by the new start.
    """

    checked: int
    shifts: tuple[Shift, ...] = attrs.field(converter=tuple[Shift, ...])

    @property
    def refused(self) -> tuple[Shift, ...]:
        """Those that could not move, or that could not if they were moved now."""
        return tuple(one for one in self.shifts if one.refusal is not None)


@attrs.frozen
class Utilisation:
    """How much of a resource's open unit-time was booked within a window.

    Args:
        resource_id: The resource.
        open_time: The time it was open, times its capacity.
        booked_time: The unit-time of bookings within open time, buffers left out.
    """

    resource_id: Id
    open_time: dt.timedelta
    booked_time: dt.timedelta

    @property
    def share(self) -> float:
        """Booked over open time, 0 where it was never open."""
        return self.booked_time / self.open_time if self.open_time else 0.0


@attrs.frozen
class Statistics:
    """Figures about the bookings that start, or were made, within a window.

    Args:
        window: The half-open window.
        total: How many there are, in any status.
        by_status: How many are in each status; every status of the lifecycle is named.
        revenue: What was paid for bookings that are paid, by currency; a refunded one is no part of it.
        kept: What is kept of payments of which a part went back, such as for late cancellations, by currency.
        utilisation: By resource, over the whole window; empty where it was not asked for.
    """

    window: Interval
    total: int
    by_status: Mapping[str, int] = attrs.field(hash=False)
    revenue: Mapping[str, Money] = attrs.field(hash=False)
    kept: Mapping[str, Money] = attrs.field(hash=False)
    utilisation: tuple[Utilisation, ...]

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><td>{name}</td><td>{count}</td></tr>" for name, count in self.by_status.items())
        money = ", ".join(map(str, self.revenue.values())) or "none"
        caption = f"{self.total} bookings, revenue {money}, {self.window} (UTC)"
        return f"<table><caption>{caption}</caption>{rows}</table>"
