"""Reading: bookings by id and by filter, their history, figures about them, and reminders that are due."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

import attrs

from slotkeeper.desk.core import Command, Work
from slotkeeper.desk.results import Statistics, Utilisation
from slotkeeper.desk.transitions import Transitions
from slotkeeper.domain.actor import SYSTEM, Actor
from slotkeeper.domain.booking import Booking, PaymentStatus
from slotkeeper.domain.event import Event
from slotkeeper.domain.ids import Id
from slotkeeper.domain.instant import TICK, later
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.money import Money
from slotkeeper.engine.load import Load
from slotkeeper.ports import BookingFilter, Listing, Notifier, Page, UnitOfWork


class Reading(Transitions):
    """Everything that only looks, and the reminders and events that follow from looking."""

    def get(self, booking_id: Id, *, actor: Actor | None = None) -> Booking:
        """Return a booking.

        Raises:
            NotFoundError: There is none.
            ForbiddenError: The actor is not among those who may read it.
        """
        with self._read() as unit:
            return self._visible(unit.bookings.get(booking_id), actor)

    def find(self, wanted: BookingFilter | None = None, listing: Listing | None = None, **conditions: Any) -> Page[Booking]:  # noqa: ANN401 - those of BookingFilter
        """Return a page of the bookings that a filter admits.

        Conditions may be given by name, as ``desk.find(customer_id=7, statuses=["confirmed"])``.
        """
        chosen = attrs.evolve(wanted or BookingFilter(), **conditions)
        with self._read() as unit:
            return unit.bookings.find(chosen, listing or Listing())

    def history(self, booking_id: Id, *, actor: Actor | None = None) -> Sequence[Event]:
        """Return all that happened to a booking, in order.

        Raises:
            NotFoundError: There is no such booking.
            ForbiddenError: The actor is not among those who may read it.
        """
        with self._read() as unit:
            self._visible(unit.bookings.get(booking_id), actor)
            return unit.outbox.history(booking_id)

    def allowed_actions(self, booking_id: Id, *, actor: Actor | None = None) -> tuple[str, ...]:
        """Return the actions that the lifecycle lets the actor take now, such as the buttons to show."""
        with self._read() as unit:
            booking = unit.bookings.get(booking_id)
        return self.lifecycle.allowed(
            booking.status,
            actor=actor,
            owner_id=booking.customer_id,
            resource_ids=booking.resource_ids,
            interval=booking.interval,
            now=self._now(),
        )

    def statistics(self, window: Interval, *, resource_ids: Iterable[Id] = ()) -> Statistics:
        """Return figures about the bookings that start within ``window``, and how busy resources are in it.

        Args:
            window: Half-open.
            resource_ids: Only these resources; all of them where none is named.
        """
        chosen = frozenset(resource_ids)
        with self._read() as unit:
            bookings = list(self._each(unit, BookingFilter(starting=window, resource_ids=chosen)))
            resources = [one for one in unit.resources.all() if not chosen or one.id in chosen]
            busy = tuple(self._utilisation(unit, one.id, window) for one in resources)
        counts = {state.name: 0 for state in self.lifecycle.states}
        for booking in bookings:
            counts[booking.status] = counts.get(booking.status, 0) + 1
        return Statistics(window, len(bookings), counts, _revenue(bookings), busy)

    def _utilisation(self, unit: UnitOfWork, resource_id: Id, window: Interval) -> Utilisation:
        resource = unit.resources.get(resource_id)
        taken = unit.bookings.relevant([resource_id], window)
        rows = (
            (one.interval, one.units)
            for booking in taken
            if booking.counts and not booking.lapsed(self._now())
            for one in booking.allocations
            if one.resource_id == resource_id
        )
        opened = resource.schedule.open_between(window)
        booked = Load.of(rows).booked_time(opened)
        return Utilisation(resource_id, opened.duration * resource.capacity, booked)

    # -- reminders and events --------------------------------------------------------------------------------

    def reminders_due(self, within: dt.timedelta, *, limit: int = 1000) -> list[Booking]:
        """Return the bookings that start after now and within the time, and whose customer was not reminded yet."""
        with self._read() as unit:
            return self._due(unit, within, self._now(), limit)

    def remind(self, within: dt.timedelta, *, limit: int = 1000) -> list[Booking]:
        """Mark the reminders that are due as given, with an event ``remind`` each, and return the bookings.

        Each booking is reminded of once, however many processes ask; a booking that is moved is due again.
        """

        def change(work: Work) -> None:
            for one in self._due(work.unit, within, work.now, limit):
                before = self._locked(work.unit, one.id, None)
                if before.reminded_at is None:
                    changes = {"reminded_at": work.now, "updated_at": work.now, "version": before.version + 1}
                    reminded.append(
                        self._replace(work, "remind", before, attrs.evolve(before, **changes), actor=SYSTEM)
                    )

        reminded: list[Booking] = []
        self._run(Command("remind", SYSTEM, None, {}), type(None), change)
        return reminded

    def _due(self, unit: UnitOfWork, within: dt.timedelta, now: dt.datetime, limit: int) -> list[Booking]:
        soon = Interval(later(now, TICK), later(now, within + TICK))
        wanted = BookingFilter(starting=soon, statuses=self.lifecycle.occupying)
        found = (one for one in self._each(unit, wanted) if one.reminded_at is None and one.blocks(now))
        return list(found)[:limit]

    def relay(self, notify: Notifier | None = None, *, limit: int = 100) -> int:
        """Hand events from the outbox to the subscribers, or to ``notify``, and mark them; return how many.

        At least once: should the process end in between, the events come again.
        """
        with self._read() as unit:
            events = unit.outbox.pending(limit=limit)
        for event in events:
            for one in (notify,) if notify is not None else self.subscribers:
                one(event)
        with self.store.begin() as unit:
            unit.outbox.mark_sent([one.id for one in events], at=self._now())
        return len(events)


def _revenue(bookings: Iterable[Booking]) -> dict[str, Money]:
    """Return what was paid and neither given back nor owed, by currency."""
    found: dict[str, Money] = {}
    for booking in bookings:
        paid, payment = booking.payment.paid, booking.payment
        if paid is None or payment.status is PaymentStatus.FAILED:
            continue
        kept = paid if payment.refunded is None else paid - payment.refunded
        found[kept.currency] = found.get(kept.currency, Money.zero(kept.currency)) + kept
    return found
