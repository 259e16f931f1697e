"""`Resource`: what is booked on, with its hours and how much of it there is."""

from __future__ import annotations

import attrs

from slotkeeper.domain.actor import role_names
from slotkeeper.domain.attributes import Attributes, attributes_field
from slotkeeper.domain.fields import at_least, finite, instance_of
from slotkeeper.domain.ids import Id, id_tuple, id_validator
from slotkeeper.domain.schedule import AnySchedule, Schedule
from slotkeeper.errors import InvalidFieldError


@attrs.frozen
class Resource:
    """A room, a bay, an employee, a provider, a course stream: something that bookings take units of.

    Args:
        id: The host's own id.
        schedule: When it is open; always, unless said otherwise.
        capacity: How many units it has at any instant: 1 for a room, 20 for a course of twenty seats.
        name: For people.
        roles: What it can serve as, for services that ask for "an employee and a room".
        parts: The ids of the resources that it consists of. Booking it takes units of all its parts, so that
            a hall and its two halves exclude each other and the halves do not.
        rank: What a ranking prefers, the larger first.
        active: Whether it can be booked; bookings made before stay.
        attributes: Free facts of the host's.
        version: Grows by one with every stored change.
    """

    id: Id = attrs.field(validator=id_validator("Resource.id"))
    schedule: AnySchedule = attrs.field(
        factory=Schedule.always, validator=instance_of(AnySchedule), repr=False
    )
    capacity: int = attrs.field(default=1, validator=at_least(1), kw_only=True)
    name: str = attrs.field(default="", kw_only=True)
    roles: frozenset[str] = attrs.field(default=frozenset(), converter=role_names, kw_only=True)
    parts: tuple[Id, ...] = attrs.field(default=(), converter=id_tuple, kw_only=True)
    rank: float = attrs.field(default=0.0, validator=finite, kw_only=True)
    active: bool = attrs.field(default=True, kw_only=True)
    attributes: Attributes = attributes_field()
    version: int = attrs.field(default=1, validator=at_least(1), kw_only=True)

    @parts.validator
    def _parts_are_other_resources(self, _: object, value: tuple[Id, ...]) -> None:
        if self.id in value or len(set(value)) < len(value):
            raise InvalidFieldError("Resource.parts", value, "must name other resources, each once")
