"""Reading: bookings by id and by filter, their history, and what may be done with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypedDict, Unpack

import attrs

from slotkeeper.desk.arguments import check_actor, check_kind, optional_id
from slotkeeper.desk.transitions import Transitions
from slotkeeper.domain.actor import Actor
from slotkeeper.domain.booking import Booking
from slotkeeper.domain.event import Event
from slotkeeper.domain.guards import HasRole, IsOwner, IsProvider
from slotkeeper.domain.ids import Id, id_tuple
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.listing import BookingFilter, Listing, Page
from slotkeeper.errors import InvalidFieldError


class Conditions(TypedDict, total=False):
    """The conditions of a `BookingFilter`, by name; None is no condition."""

    statuses: Iterable[str] | None
    customer_id: Id | None
    resource_ids: Iterable[Id] | None
    service_ids: Iterable[Id] | None
    series_id: Id | None
    overlapping: Interval | None
    starting: Interval | None
    created: Interval | None
    ids: Iterable[Id] | None


class Reading(Transitions):
    """Everything that only looks at bookings."""

    def get(self, booking_id: Id, *, actor: Actor | None = None) -> Booking:
        """Return a booking.

        Raises:
            NotFoundError: There is none.
            ForbiddenError: The actor is not among those who may read it.
        """
        with self._read() as unit:
            return self._visible(self._stored(unit, booking_id), actor)

    def find(
        self,
        wanted: BookingFilter | None = None,
        listing: Listing | None = None,
        *,
        actor: Actor | None = None,
        **conditions: Unpack[Conditions],
    ) -> Page[Booking]:
        """Return a page of the bookings that a filter admits.

        Conditions may be given by name, as ``desk.find(customer_id=7, statuses=["confirmed"])``. Statuses are
        given by name or by external code written out, as `Lifecycle.parse_status` reads them.

        Args:
            wanted: The filter; conditions given by name are set in it.
            listing: Which part, in which order; the first twenty by start, unless given.
            actor: Who asks. One with a viewer's role sees everything; others see their own bookings, or,
                where they are the one resource that the filter names, those on it.
            conditions: Those of `BookingFilter`.

        Raises:
            InvalidFieldError: There is no such status, or a condition makes no sense.
            ForbiddenError: The filter asks for what the actor may not read.
            ParseError: The listing's cursor is none.
        """
        asked, part = wanted or BookingFilter(), listing or Listing()
        check_kind("wanted", asked, BookingFilter)
        check_kind("listing", part, Listing)
        chosen = self._within_sight(self._filter(asked, conditions), actor)
        with self._read() as unit:
            return unit.bookings.find(chosen, part)

    def find_all(
        self,
        wanted: BookingFilter | None = None,
        *,
        order: str = "start",
        actor: Actor | None = None,
        **conditions: Unpack[Conditions],
    ) -> list[Booking]:
        """Return every booking that a filter admits, however many; `find` gives them by pages.

        Args:
            wanted: The filter; conditions given by name are set in it.
            order: One of `BOOKING_ORDERS`.
            actor: Who asks, as for `find`.
            conditions: Those of `BookingFilter`.

        Raises:
            InvalidFieldError: There is no such status or order, or a condition makes no sense.
            ForbiddenError: The filter asks for what the actor may not read.
        """
        asked = wanted or BookingFilter()
        check_kind("wanted", asked, BookingFilter)
        chosen = self._within_sight(self._filter(asked, conditions), actor)
        with self._read() as unit:
            return list(self._each(unit, chosen, order))

    def history(self, booking_id: Id, *, actor: Actor | None = None) -> Sequence[Event]:
        """Return all that happened to a booking, in order.

        Raises:
            NotFoundError: There is no such booking.
            ForbiddenError: The actor is not among those who may read it.
        """
        with self._read() as unit:
            self._visible(self._stored(unit, booking_id), actor)
            return unit.outbox.history(booking_id)

    def allowed_actions(self, booking_id: Id, *, actor: Actor | None = None) -> tuple[str, ...]:
        """Return the actions that the lifecycle lets the actor take now, such as the buttons to show.

        Raises:
            NotFoundError: There is no such booking.
        """
        with self._read() as unit:
            booking = self._stored(unit, booking_id)
        return self._allowed(booking, actor, self._now())

    # -- steps -----------------------------------------------------------------------------------------------

    def _filter(self, wanted: BookingFilter, conditions: Conditions) -> BookingFilter:
        for unknown in conditions.keys() - Conditions.__annotations__.keys():
            raise InvalidFieldError(unknown, conditions, "is no condition of a BookingFilter")
        optional_id("customer_id", conditions.get("customer_id"))
        optional_id("series_id", conditions.get("series_id"))
        for name in ("resource_ids", "service_ids", "ids"):
            if conditions.get(name) is not None:
                conditions[name] = id_tuple(conditions[name] or ())
        chosen = attrs.evolve(wanted, **conditions)
        statuses = frozenset(self.lifecycle.parse_status(str(one)) for one in chosen.statuses)
        return attrs.evolve(chosen, statuses=statuses)

    def _within_sight(self, wanted: BookingFilter, actor: Actor | None) -> BookingFilter:
        """Return the filter cut down to what the actor may read."""
        check_actor(actor)
        roles = {role for who in self.viewers if isinstance(who, HasRole) for role in who.roles}
        if actor is None or not roles.isdisjoint(actor.roles):
            return wanted
        if IsProvider() in self.viewers and wanted.resource_ids == {actor.id}:
            return wanted
        if IsOwner() in self.viewers and wanted.customer_id in (None, actor.id):
            return attrs.evolve(wanted, customer_id=actor.id)
        raise self._unseen(actor, "list")
