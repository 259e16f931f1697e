"""Statistics: how many bookings, what they brought, and how busy the resources are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Literal

from slotkeeper.desk.arguments import check_duration, check_window
from slotkeeper.desk.results import Statistics, Utilisation
from slotkeeper.desk.transitions import Transitions
from slotkeeper.domain.actor import Actor
from slotkeeper.domain.booking import Booking, Payment, PaymentStatus
from slotkeeper.domain.ids import Id, id_tuple
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.listing import BookingFilter
from slotkeeper.domain.money import Money
from slotkeeper.engine.load import Load
from slotkeeper.errors import InvalidFieldError
from slotkeeper.ports import UnitOfWork


class Counting(Transitions):
    """Figures about many bookings."""

    def statistics(
        self,
        window: Interval,
        *,
        by: Literal["start", "created_at"] = "start",
        resource_ids: Iterable[Id] = (),
        utilisation: bool = True,
        actor: Actor | None = None,
    ) -> Statistics:
        """Return figures about the bookings of a window, and how busy resources are in it.

        How busy they are is worked out from the hours of every day of the window, whether anything is booked
        on it or not; the other figures take no longer than it takes to read the bookings.

        Args:
            window: Half-open.
            by: Whether those that start in it are counted, or those made in it.
            resource_ids: Only these resources; all of them where none is named.
            utilisation: Whether to work out how busy they are; then the window may span a hundred years.
            actor: Who asks; one who is named must be a manager.

        Raises:
            NotFoundError: There is no such resource.
            InvalidFieldError: The window is too long to work out how busy resources are.
            ForbiddenError: The actor is no manager.
        """
        check_window(window)
        if utilisation:
            check_duration(window.duration, field="window")
        self._manage(actor, "statistics")
        chosen = id_tuple(resource_ids)
        wanted, now = _filter(window, by, chosen), self._now()
        with self._read() as unit:
            bookings = list(self._each(unit, wanted))
            found = unit.resources.several(chosen) if chosen else unit.resources.all()
            ids = dict.fromkeys(one.id for one in found) if utilisation else ()
            busy = tuple(self._utilisation(unit, one, window, now) for one in ids)
        counts = {state.name: 0 for state in self.lifecycle.states}
        for booking in bookings:
            counts[booking.status] = counts.get(booking.status, 0) + 1
        payments = [one.payment for one in bookings]
        return Statistics(window, len(bookings), counts, _revenue(payments), _kept(payments), busy)

    def _utilisation(
        self, unit: UnitOfWork, resource_id: Id, window: Interval, now: dt.datetime
    ) -> Utilisation:
        resource = self._resource(unit, resource_id)
        rows = (
            (one.interval, one.units)
            for booking in unit.bookings.relevant([resource_id], window)
            if _takes_time(booking, now)
            for one in booking.allocations
            if one.resource_id == resource_id
        )
        opened = resource.schedule.open_between(window)
        return Utilisation(
            resource_id, opened.duration * resource.capacity, Load.of(rows).booked_time(opened)
        )


def _filter(window: Interval, by: str, resource_ids: tuple[Id, ...]) -> BookingFilter:
    if by not in {"start", "created_at"}:
        raise InvalidFieldError("by", by, "must be start or created_at")
    if by == "start":
        return BookingFilter(starting=window, resource_ids=resource_ids)
    return BookingFilter(created=window, resource_ids=resource_ids)


def _takes_time(booking: Booking, now: dt.datetime) -> bool:
    return booking.counts and not booking.lapsed(now)


def _revenue(payments: Iterable[Payment]) -> dict[str, Money]:
    """Return what was paid for bookings that are paid, by currency."""
    return _sums(one.paid for one in payments if one.status is PaymentStatus.PAID)


def _kept(payments: Iterable[Payment]) -> dict[str, Money]:
    """Return what is kept of payments of which a part goes back, by currency."""
    parts = ((one.paid, one.refunded) for one in payments if one.status is not PaymentStatus.PAID)
    return _sums(paid - back for paid, back in parts if paid is not None and back is not None)


def _sums(amounts: Iterable[Money | None]) -> dict[str, Money]:
    found: dict[str, Money] = {}
    for amount in amounts:
        if amount is not None and amount.amount:
            found[amount.currency] = found.get(amount.currency, Money.zero(amount.currency)) + amount
    return found
