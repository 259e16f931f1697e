"""Amending: several things about a booking changed at once, such as the members of a ``PATCH``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from slotkeeper.desk.acting import Acting, described
from slotkeeper.desk.arguments import check_text, plain_attributes
from slotkeeper.desk.command import Command, Work
from slotkeeper.desk.moving import Moving, Place
from slotkeeper.domain.actor import Actor
from slotkeeper.domain.booking import Booking
from slotkeeper.domain.ids import Id
from slotkeeper.domain.lifecycle_table import plain
from slotkeeper.domain.standard_lifecycle import Action
from slotkeeper.errors import InvalidFieldError


@attrs.frozen(kw_only=True)
class _Amendment:
    """What shall change; what is None stays."""

    place: Place | None
    notes: str | None
    attributes: Mapping[str, Any]
    status: str | None
    reason: str | None
    action: str

    def __attrs_post_init__(self) -> None:
        if self.place is None and not self.describes and self.status is None:
            raise InvalidFieldError("start", None, "or something else to change must be given")

    @property
    def describes(self) -> bool:
        return self.notes is not None or bool(self.attributes)


class Amending(Moving, Acting):
    """Changes of several parts."""

    def amend(
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
        status: int | str | None = None,
        reason: str | None = None,
        action: str = Action.RESCHEDULE,
        actor: Actor | None = None,
        key: str | None = None,
        expected_version: int | None = None,
    ) -> Booking:
        """Change what is given about a booking, all of it in one step; where one part is refused, nothing.

        Another place moves it, as `reschedule` does; the place where it is already does not. Notes and
        attributes alone are changed as by `update`. The status comes last, as by `set_status`.

        Args:
            booking_id: Which.
            start: The new start, as for `reschedule`.
            timeslot_id: A stored slot to move to, instead of a start, resources and a length.
            resource_ids: The new resources.
            duration: The new length.
            service_id: Another service.
            notes: Other notes.
            attributes: Merged into those there are.
            status: The status to go to, by name or by external code.
            reason: Why.
            action: How it is moved: ``reschedule`` keeps the status, ``request_reschedule`` awaits
                confirmation anew.
            actor: Who asks; None is the host itself.
            key: Makes a repeat give the same result.
            expected_version: Refuse unless the booking is at this version.

        Raises:
            InvalidFieldError: Nothing is given, or an argument makes no sense.
            NotFoundError: There is no such booking, service, resource or stored slot.
            StaleVersionError: It is not at the version expected.
            LifecycleError: Its status, or the time, does not allow one of the changes.
            ForbiddenError: The actor may not make one of them.
            PolicyError: The policy does not allow the move.
            RefusedError: A rule refuses the new place.
            IdempotencyMismatchError: The key belongs to another request.
        """
        where: dict[str, Any] = {
            "start": start,
            "timeslot_id": timeslot_id,
            "resource_ids": resource_ids,
            "duration": duration,
            "service_id": service_id,
        }
        check_text("notes", notes)
        check_text("reason", reason)
        wanted = _Amendment(
            place=None if all(one is None for one in where.values()) else Place(**where),
            notes=notes,
            attributes=plain_attributes(attributes),
            status=None if status is None else self.lifecycle.parse_status(str(status)),
            reason=reason,
            action=plain(action),
        )

        def change(work: Work) -> Booking:
            before = self._held(work, booking_id, wanted.place, expected_version)
            return self._amended(work, before, wanted, actor)

        content = {"id": booking_id, "wanted": attrs.asdict(wanted), "version": expected_version}
        return self._give_back(self._run(Command("amend", actor, key, content), Booking, change))

    # -- steps -----------------------------------------------------------------------------------------------

    def _held(self, work: Work, booking_id: Id, place: Place | None, expected_version: int | None) -> Booking:
        """Lock a booking, and with it whatever it may move to."""
        if place is None:
            return self._locked(work.unit, booking_id, expected_version)
        request, _ = self._wanted(work.unit, self._stored(work.unit, booking_id), place)
        also = self._contended(work.unit, request)
        return self._locked(work.unit, booking_id, expected_version, also=also)

    def _amended(self, work: Work, before: Booking, wanted: _Amendment, actor: Actor | None) -> Booking:
        booking, place = before, wanted.place
        if place is not None and place.differs_from(before):
            facts = described(before, wanted.notes, wanted.attributes)
            terms: dict[str, Any] = {"actor": actor, "reason": wanted.reason}
            booking = self._move(work, before, place, wanted.action, **terms, **facts).booking
        elif wanted.describes:
            booking = self._describe(work, before, actor, wanted.notes, wanted.attributes)
        if wanted.status is not None:
            way = self._way(booking, wanted.status, actor, work.now)
            booking = self._take(work, booking, way, actor, wanted.reason)[0]
        return booking
