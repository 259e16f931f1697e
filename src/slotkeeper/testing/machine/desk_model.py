"""A workshop and its rules in a few plain lines, by which the desk's every answer is foretold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, Final

import attrs

from slotkeeper.domain.booking import Booking
from slotkeeper.domain.buffers import Buffers
from slotkeeper.domain.grid import ClockGrid
from slotkeeper.domain.ids import Id
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.money import Money
from slotkeeper.domain.requirement import Requirement
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.schedule import Schedule
from slotkeeper.domain.service import Service
from slotkeeper.errors import (
    LifecycleError,
    NotModifiableError,
    SlotTakenError,
    TransitionError,
    TransitionTimeError,
)
from slotkeeper.testing.contract.samples import HOUR, at

HALF_HOUR: Final = HOUR / 2
OPENS, CLOSES = 8, 16
_HOURS = Schedule.weekly_hours("UTC", {"daily": f"{OPENS:02}:00-{CLOSES}:00"})
_COMMON: dict[str, Any] = {"grid": ClockGrid(HALF_HOUR), "price": Money(10, "EUR"), "hold_for": HOUR}

RESOURCES: Final = (Resource(1, _HOURS), Resource(2, _HOURS), Resource(3, _HOURS, capacity=3))
SERVICES: Final = (
    Service("visit", HOUR, needs=[Requirement.any_of(1, 2)], **_COMMON),
    Service("course", HOUR, needs=[Requirement.any_of(3)], **_COMMON),
    Service(
        "surgery", HOUR, needs=[Requirement.all_of(1, 3)], buffers=Buffers(HALF_HOUR, HALF_HOUR), **_COMMON
    ),
)
CANDIDATES: Final[dict[Id, tuple[tuple[Id, ...], ...]]] = {
    "visit": ((1,), (2,)),
    "course": ((3,),),
    "surgery": ((1, 3),),
}
"""Which resources each service may take together, the preferred first."""

CREATED: Final = {"hold": "held", "request": "pending", "book": "confirmed"}
ROWS: Final = {
    ("held", "request"): "pending",
    ("held", "confirm"): "confirmed",
    ("held", "cancel"): "cancelled",
    ("held", "expire"): "expired",
    ("pending", "confirm"): "confirmed",
    ("pending", "cancel"): "cancelled",
    ("pending", "decline"): "cancelled",
    ("pending", "expire"): "expired",
    ("pending", "reschedule"): "pending",
    ("confirmed", "cancel"): "cancelled",
    ("confirmed", "start"): "in_progress",
    ("confirmed", "complete"): "completed",
    ("confirmed", "no_show"): "no_show",
    ("confirmed", "reschedule"): "confirmed",
    ("confirmed", "request_reschedule"): "rescheduled",
    ("rescheduled", "confirm"): "confirmed",
    ("rescheduled", "cancel"): "cancelled",
    ("rescheduled", "decline"): "cancelled",
    ("rescheduled", "reschedule"): "rescheduled",
    ("rescheduled", "request_reschedule"): "rescheduled",
    ("in_progress", "complete"): "completed",
}
"""The standard lifecycle once more, written out."""

NOT_BEFORE_START: Final = {("confirmed", "complete"), ("confirmed", "no_show")}
OCCUPYING: Final = {"held", "pending", "confirmed", "in_progress", "rescheduled", "completed"}
FINAL: Final = {"completed", "no_show", "cancelled", "expired"}
CALLED_OFF: Final = {"cancelled", "expired"}
_Row = tuple[Id, Interval, int]


def buffers_of(service_id: Id) -> Buffers:
    """Return a service's buffers."""
    return next(one.buffers for one in SERVICES if one.id == service_id)


@attrs.define
class DeskModel:
    """What was acknowledged, and what follows from it."""

    now: dt.datetime = attrs.field(factory=lambda: at(6))
    bookings: dict[Id, Booking] = attrs.field(factory=dict)

    def held(self) -> list[Booking]:
        """Return the holds, lapsed or not."""
        return [one for one in self.bookings.values() if one.status == "held"]

    def moments(self) -> set[dt.datetime]:
        """Return the instants to come at which a hold lapses or a booking starts."""
        lapses = {one.expires_at for one in self.held() if one.expires_at is not None}
        starts = {one.interval.start for one in self.bookings.values() if self.blocks(one)}
        return {one for one in lapses | starts if one > self.now}

    def lapsed(self) -> set[Id]:
        """Return the ids of the holds whose time is up and that nobody has expired yet."""
        return {one.id for one in self.bookings.values() if one.status == "held" and self._is_over(one)}

    def _is_over(self, booking: Booking) -> bool:
        return booking.expires_at is not None and booking.expires_at <= self.now

    def blocks(self, booking: Booking) -> bool:
        """Tell whether a booking takes its resources now."""
        return booking.status in OCCUPYING and not self._is_over(booking)

    # -- room --------------------------------------------------------------------------------------------

    def taken(self, *, besides: Id | None = None) -> list[_Row]:
        """Return what is taken now, of which resource, for how long and how many units, buffers included."""
        found = [one for one in self.bookings.values() if one.id != besides and self.blocks(one)]
        return [
            (resource_id, buffers_of(one.service_id).around(one.interval), one.units)
            for one in found
            for resource_id in one.resource_ids
        ]

    def free(self, resource_ids: Iterable[Id], when: Interval, taken: list[_Row]) -> int:
        """Return the units that the scarcest of some resources has free at every half hour of a time."""
        return min(
            one.capacity - self._peak(one.id, when, taken) for one in RESOURCES if one.id in set(resource_ids)
        )

    def _peak(self, resource_id: Id, when: Interval, taken: list[_Row]) -> int:
        here = [(row, units) for one, row, units in taken if one == resource_id]
        pieces = when.split(HALF_HOUR)
        return max(sum(units for row, units in here if row.overlaps(piece)) for piece in pieces)

    def has_room(self, booking: Booking) -> bool:
        """Tell whether a booking's own resources are free for it, itself aside."""
        when = buffers_of(booking.service_id).around(booking.interval)
        taken = self.taken(besides=booking.id)
        return self.free(booking.resource_ids, when, taken) >= booking.units

    # -- starts ------------------------------------------------------------------------------------------

    def choices(
        self,
        service_id: Id,
        start: dt.datetime,
        units: int = 1,
        *,
        named: Iterable[Id] = (),
        besides: Id | None = None,
        planned: Iterable[_Row] = (),
        on_grid: bool = True,
    ) -> list[tuple[Id, ...]]:
        """Return the sets of resources on which a service may start; none where it may not."""
        when = Interval.lasting(start, HOUR)
        on_time = start >= self.now and (not on_grid or start.minute in {0, 30})
        opens, closes = (start.replace(hour=hour, minute=0) for hour in (OPENS, CLOSES))
        if not on_time or when not in Interval(opens, closes):
            return []
        wide = buffers_of(service_id).around(when)
        taken = [*self.taken(besides=besides), *planned]
        return [
            one
            for one in CANDIDATES[service_id]
            if set(named) <= set(one) and self.free(one, wide, taken) >= units
        ]

    def series(self, service_id: Id, starts: Iterable[dt.datetime]) -> list[dt.datetime]:
        """Return which starts of a series can be had, each beside those before it."""
        planned: list[_Row] = []
        had = []
        for start in sorted(starts):
            for resource_ids in self.choices(service_id, start, planned=planned)[:1]:
                had.append(start)
                when = buffers_of(service_id).around(Interval.lasting(start, HOUR))
                planned += [(one, when, 1) for one in resource_ids]
        return had

    # -- lifecycle ---------------------------------------------------------------------------------------

    def target(self, booking: Booking, action: str) -> str | type[LifecycleError | SlotTakenError]:
        """Return the status that an action leads to, or the error that it must end with."""
        target = ROWS.get((booking.status, action))
        if target is None:
            return NotModifiableError if booking.status in FINAL else TransitionError
        if (booking.status, action) in NOT_BEFORE_START and self.now < booking.interval.start:
            return TransitionTimeError
        if target in OCCUPYING and not self.blocks(booking) and not self.has_room(booking):
            return SlotTakenError
        return target

    def due(self, within: dt.timedelta) -> set[Id]:
        """Return the ids of the bookings to be reminded of."""
        return {
            one.id
            for one in self.bookings.values()
            if self.blocks(one)
            and one.reminded_at is None
            and self.now < one.interval.start <= self.now + within
        }
