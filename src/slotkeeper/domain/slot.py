"""Slots: offers of a start, and stored slots with an id for hosts that generate them ahead."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import attrs

from slotkeeper.domain import iso8601
from slotkeeper.domain.attributes import Attributes, attributes_field
from slotkeeper.domain.fields import at_least, instance_of
from slotkeeper.domain.ids import Id, id_validator
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.money import Money

if TYPE_CHECKING:
    import datetime as dt


@attrs.frozen
class Slot:
    """An offer that can be booked in the snapshot it was made from.

    Args:
        service_id: What is offered.
        interval: When, without buffers.
        resource_ids: The resources that would be taken, the leading one first.
        free_units: How many units the scarcest of them has left over the interval.
        units: How many units the offer is for.
        price: What it would cost, or None.
    """

    service_id: Id
    interval: Interval = attrs.field(validator=instance_of(Interval))
    resource_ids: tuple[Id, ...]
    free_units: int = attrs.field(default=1, validator=at_least(1))
    units: int = attrs.field(default=1, validator=at_least(1))
    price: Money | None = None

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
        return self.resource_ids[0]

    def _repr_html_(self) -> str:
        when = escape(iso8601.format_span(self.start, self.end))
        where = escape(", ".join(map(str, self.resource_ids)))
        return f"<code>{when} UTC</code> on {where}, {self.free_units} free"


@attrs.frozen
class Timeslot:
    """A stored slot of one resource, with an id of its own.

    It offers its interval; whether it is free still follows from the bookings.
    """

    id: Id = attrs.field(validator=id_validator("Timeslot.id"))
    resource_id: Id = attrs.field(validator=id_validator("Timeslot.resource_id"))
    interval: Interval = attrs.field(validator=instance_of(Interval))
    service_id: Id | None = attrs.field(default=None, kw_only=True)
    attributes: Attributes = attributes_field()
    version: int = attrs.field(default=1, validator=at_least(1), kw_only=True)
