"""Moving bookings: to another time, resource or service, in one step or not at all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from slotkeeper.desk.acting import described
from slotkeeper.desk.arguments import (
    check_actor,
    check_duration,
    check_named,
    check_text,
    optional_id,
    plain_attributes,
)
from slotkeeper.desk.command import Command, Work
from slotkeeper.desk.making import Making, as_stored
from slotkeeper.desk.results import Move
from slotkeeper.desk.transitions import next_version
from slotkeeper.domain.actor import Actor
from slotkeeper.domain.booking import Booking
from slotkeeper.domain.durations import WholeOpening
from slotkeeper.domain.explanation import Explanation
from slotkeeper.domain.ids import Id, id_tuple
from slotkeeper.domain.instant import as_utc
from slotkeeper.domain.lifecycle_table import Transition, plain
from slotkeeper.domain.money import Money
from slotkeeper.domain.policy import RescheduleQuote
from slotkeeper.domain.service import Service
from slotkeeper.domain.slot import Slot
from slotkeeper.domain.standard_lifecycle import Action
from slotkeeper.engine.question import Request
from slotkeeper.errors import InvalidFieldError, NotModifiableError
from slotkeeper.ports import UnitOfWork


def _instant(value: dt.datetime | None) -> dt.datetime | None:
    return None if value is None else as_utc(value)


def _ids(value: Iterable[Id] | None) -> tuple[Id, ...] | None:
    return None if value is None else id_tuple(value)


@attrs.frozen(kw_only=True)
class Place:
    """Where a booking shall move to; what is None stays."""

    start: dt.datetime | None = attrs.field(converter=_instant)
    timeslot_id: Id | None = attrs.field()
    resource_ids: tuple[Id, ...] | None = attrs.field(converter=_ids)
    duration: dt.timedelta | None = attrs.field()
    service_id: Id | None = attrs.field()

    @timeslot_id.validator
    @service_id.validator
    def _is_an_id(self, attribute: attrs.Attribute[Id | None], value: Id | None) -> None:
        optional_id(attribute.name, value)

    @duration.validator
    def _is_a_length(self, _: object, value: dt.timedelta | None) -> None:
        check_duration(value)

    def __attrs_post_init__(self) -> None:
        if attrs.astuple(self, recurse=False) == (None,) * len(attrs.fields(Place)):
            raise InvalidFieldError("start", None, "or another place must be given")
        if self.timeslot_id is not None and (self.start, self.resource_ids, self.duration) != (None,) * 3:
            raise InvalidFieldError(
                "timeslot_id", self.timeslot_id, "has a start, a resource and a length of its own"
            )

    def differs_from(self, booking: Booking) -> bool:
        """Tell whether a booking is elsewhere than here."""
        pairs: list[tuple[object, object]] = [
            (self.start, booking.interval.start),
            (self.timeslot_id, booking.timeslot_id),
            (self.duration, booking.interval.duration),
            (self.service_id, booking.service_id),
        ]
        if self.resource_ids is not None:
            pairs.append((frozenset(self.resource_ids), frozenset(booking.resource_ids)))
        return any(wanted not in (None, present) for wanted, present in pairs)


class Moving(Making):
    """Everything that moves a booking."""

    def quote_reschedule(self, booking_id: Id, *, actor: Actor | None = None) -> RescheduleQuote:
        """Return what moving the booking now would cost, wherever to, without moving it.

        Raises:
            NotFoundError: There is no such booking.
            PolicyError: The policy's notice or number of moves is used up.
        """
        check_actor(actor)
        with self._read() as unit:
            return self._move_quote(unit, self._stored(unit, booking_id), actor, self._now())

    def reschedule(
        self,
        booking_id: Id,
        start: dt.datetime | None = None,
        *,
        timeslot_id: Id | None = None,
        resource_ids: Iterable[Id] | None = None,
        duration: dt.timedelta | None = None,
        service_id: Id | None = None,
        notes: str | None = None,
        attributes: Mapping[str, Any] | None = None,
        reason: str | None = None,
        action: str = Action.RESCHEDULE,
        actor: Actor | None = None,
        key: str | None = None,
        expected_version: int | None = None,
    ) -> Move:
        """Move a booking: its old place is freed and the new one taken in one step, or nothing changes.

        Args:
            booking_id: Which.
            start: The new start; None keeps it.
            timeslot_id: A stored slot to move to, instead of a start, resources and a length.
            resource_ids: The new resources; None keeps the present ones, none leaves the choice open.
            duration: The new length; None keeps it, or takes the new service's shortest.
            service_id: Another service; None keeps it, or takes the one that the stored slot names.
            notes: Other notes; None keeps them.
            attributes: Merged into those there are.
            reason: Why.
            action: ``reschedule`` keeps the status; ``request_reschedule`` awaits confirmation anew.
            actor: Who asks.
            key: Makes a repeat give the same result.
            expected_version: Refuse unless the booking is at this version.

        Raises:
            InvalidInputError: An argument makes no sense, or none names a place.
            NotFoundError: There is no such booking, service, resource or stored slot.
            StaleVersionError: It is not at the version expected.
            LifecycleError: Its status does not allow it, or it has lapsed.
            ForbiddenError: The actor may not.
            PolicyError: The policy's notice or number of moves is used up.
            RefusedError: A rule refuses the new place.
            IdempotencyMismatchError: The key belongs to another request.
        """
        place = Place(
            start=start,
            timeslot_id=timeslot_id,
            resource_ids=resource_ids,
            duration=duration,
            service_id=service_id,
        )
        name, merged = plain(action), plain_attributes(attributes)
        check_text("notes", notes)
        check_text("reason", reason)

        def change(work: Work) -> Move:
            request, _ = self._wanted(work.unit, self._stored(work.unit, booking_id), place)
            also = self._contended(work.unit, request)
            before = self._locked(work.unit, booking_id, expected_version, also=also)
            return self._move(
                work,
                before,
                place,
                name,
                actor=actor,
                reason=reason,
                **described(before, notes, merged),
            )

        content: dict[str, Any] = {
            "id": booking_id,
            "reason": reason,
            "version": expected_version,
            "action": name,
        }
        content |= {"place": attrs.asdict(place, recurse=False), "notes": notes, "attributes": merged}
        return self._run(Command("reschedule", actor, key, content), Move, change)

    # -- steps -----------------------------------------------------------------------------------------------

    def _move(
        self,
        work: Work,
        before: Booking,
        place: Place,
        action: str,
        *,
        actor: Actor | None,
        reason: str | None,
        **changes: Any,  # noqa: ANN401 - fields of a booking
    ) -> Move:
        """Move a booking that is locked, as are the resources that it may move to."""
        row = self._moving_row(before, action, actor, work.now)
        quote = self._move_quote(work.unit, before, actor, work.now)
        moved = self._moved(work, before, row, place, **changes)
        reasoned = attrs.evolve(moved, reason=before.reason if reason is None else reason)
        return Move(self._replace(work, action, before, reasoned, actor=actor, reason=reason), quote)

    def _moving_row(self, booking: Booking, action: str, actor: Actor | None, now: dt.datetime) -> Transition:
        row = self._row(booking, action, actor, now)
        if not self.lifecycle.state(row.target).occupies:
            raise InvalidFieldError("action", action, "must lead to a status that takes resources")
        if booking.lapsed(now):
            raise NotModifiableError(booking.status, action)
        return row

    def _move_quote(
        self, unit: UnitOfWork, booking: Booking, actor: Actor | None, now: dt.datetime
    ) -> RescheduleQuote:
        policy = self._service(unit, booking.service_id).policy.reschedule
        start = booking.interval.start
        return policy.quote(price=booking.price, start=start, now=now, moved=booking.moved, actor=actor)

    def _wanted(self, unit: UnitOfWork, booking: Booking, place: Place) -> tuple[Request, dt.datetime]:
        """Return what a move asks for, and the start it asks for."""
        slot = None if place.timeslot_id is None else self._timeslot(unit, place.timeslot_id)
        named = place.service_id if slot is None or place.service_id is not None else slot.service_id
        service = self._service(unit, booking.service_id if named is None else named)
        start = booking.interval.start if place.start is None else place.start
        resource_ids, duration = place.resource_ids, place.duration
        if slot is not None:
            service, start, resource_ids = as_stored(service, slot), slot.interval.start, (slot.resource_id,)
        elif (
            duration is None
            and service.id == booking.service_id
            and not isinstance(service.duration, WholeOpening)
        ):
            duration = booking.interval.duration
        if place.resource_ids is not None:
            check_named(service, place.resource_ids)
        if resource_ids is None:
            resource_ids = self._kept_resources(unit, booking, service)
        return Request(
            service,
            duration=duration,
            units=booking.units,
            customer_id=booking.customer_id,
            resource_ids=resource_ids,
            ignore=[booking.id],
        ), start

    def _kept_resources(self, unit: UnitOfWork, booking: Booking, service: Service) -> tuple[Id, ...]:
        """Return which of a booking's resources the service can take; parts come along with their wholes."""
        resources = unit.resources.several(booking.resource_ids)
        parts = {part for one in resources for part in one.parts}
        return tuple(
            one.id
            for one in resources
            if one.id not in parts and any(need.admits(one) for need in service.needs)
        )

    def _moved(
        self,
        work: Work,
        before: Booking,
        row: Transition,
        place: Place,
        **changes: Any,  # noqa: ANN401 - fields of a booking
    ) -> Booking:
        """Return the booking in its new place.

        Raises:
            RefusedError: A rule refuses the new place.
        """
        request, start = self._wanted(work.unit, before, place)
        free = self._place(work, request, start)
        if isinstance(free, Explanation):
            raise free.error()
        return next_version(
            before,
            work.now,
            state=self.lifecycle.state(row.target),
            service_id=request.service.id,
            interval=free.slot.interval,
            local=free.local,
            allocations=free.allocations,
            price=self._new_price(work.unit, before, free.slot),
            timeslot_id=place.timeslot_id,
            moved=before.moved + 1,
            reminded_at=None,
            **changes,
        )

    def _new_price(self, unit: UnitOfWork, before: Booking, slot: Slot) -> Money | None:
        """Return the new place's price; one that was not the service's own for the old place stays."""
        usual = self._service(unit, before.service_id).price_of(before.interval, before.units)
        return slot.price if usual == before.price else before.price
