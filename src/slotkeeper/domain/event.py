"""`Event`: what happened to a booking, with the booking before and after."""

from __future__ import annotations

import datetime as dt

import attrs

from slotkeeper.domain.attributes import Attributes, attributes_field
from slotkeeper.domain.booking import Booking
from slotkeeper.domain.fields import not_blank
from slotkeeper.domain.ids import Id, id_validator
from slotkeeper.domain.instant import as_utc


@attrs.frozen(kw_only=True)
class Event:
    """One change of one booking; its events are ordered by ``sequence``, the version that they led to.

    Args:
        id: The event's own id, for consumers that must not act twice.
        action: The lifecycle's action, such as ``book`` or ``cancel``, or ``update`` and ``pay``.
        booking: The booking as the change left it.
        before: The booking as the change found it; None for a creation.
        at: When it happened.
        actor_id: Who did it; None is the host itself.
        reason: Why, where one was given.
        attributes: Facts of the action, such as the refund quoted.
    """

    id: Id = attrs.field(validator=id_validator("Event.id"))
    action: str = attrs.field(validator=not_blank)
    booking: Booking
    before: Booking | None = None
    at: dt.datetime = attrs.field(converter=as_utc)
    actor_id: Id | None = None
    reason: str | None = None
    attributes: Attributes = attributes_field()

    @property
    def booking_id(self) -> Id:
        """The booking's id."""
        return self.booking.id

    @property
    def sequence(self) -> int:
        """The booking's version after the change."""
        return self.booking.version
