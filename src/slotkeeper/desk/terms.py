"""Terms: the named arguments that several calls share, and the wish that they make up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

import attrs

from slotkeeper.desk.arguments import (
    check_duration,
    check_function,
    check_text,
    optional_id,
    plain_attributes,
)
from slotkeeper.domain.actor import Actor
from slotkeeper.domain.attributes import Attributes
from slotkeeper.domain.fields import at_least, if_given
from slotkeeper.domain.ids import Id, id_tuple
from slotkeeper.domain.money import Money
from slotkeeper.engine.preference import Preference
from slotkeeper.errors import InvalidFieldError


class Facts(TypedDict, total=False):
    """What may be said about any new booking; `BookingDesk.book` tells what each means."""

    customer_id: Id | None
    price: Money | None
    notes: str
    attributes: Mapping[str, Any] | None
    action: str | None


class SingleFacts(Facts, total=False):
    """What may be said about one new booking."""

    booking_id: Id | None


class SlotFacts(SingleFacts, total=False):
    """What may be said about a booking of a listed slot; what is not said is the slot's own."""

    resource_ids: Iterable[Id]
    duration: dt.timedelta | None
    units: int | None


class SeriesFacts(Facts, total=False):
    """What may be said about the bookings of a series."""

    resource_ids: Iterable[Id]
    duration: dt.timedelta | None
    units: int | None


class HoldTerms(TypedDict, total=False):
    """What a hold may ask for; as for `BookingDesk.book`, whose action is given."""

    customer_id: Id | None
    resource_ids: Iterable[Id]
    duration: dt.timedelta | None
    units: int | None
    price: Money | None
    notes: str
    attributes: Mapping[str, Any] | None
    booking_id: Id | None
    prefer: Preference | None
    actor: Actor | None
    key: str | None


class ActionTerms(TypedDict, total=False):
    """Who takes a booking through an action, why, and how a repeat or a stale view of it is recognised."""

    reason: str | None
    actor: Actor | None
    key: str | None
    expected_version: int | None


@attrs.frozen(kw_only=True)
class Wish:
    """What a new booking shall be, before its start is judged.

    Args:
        service_id: What is booked; None until a stored slot tells.
        customer_id: For whom.
        resource_ids: Resources that must be among those taken; none leaves the choice to the preference.
        duration: How long; None is the service's shortest, or the whole opening.
        units: How many units of each resource; None is the service's number.
        price: The host's own price; None is the service's.
        notes: Free text.
        attributes: Free facts.
        booking_id: The host's own id; None lets the desk make one.
        timeslot_id: The stored slot that it takes.
        series_id: What it shares with others.
        action: The lifecycle's action that creates it; None is the service's.
        prefer: Which of several possible resources to take; None is the desk's preference.
    """

    service_id: Id | None = attrs.field()
    customer_id: Id | None = attrs.field(default=None)
    resource_ids: tuple[Id, ...] = attrs.field(default=(), converter=id_tuple)
    duration: dt.timedelta | None = attrs.field(default=None)
    units: int | None = attrs.field(default=None, validator=if_given(at_least(1)))
    price: Money | None = attrs.field(default=None)
    notes: str = attrs.field(default="")
    attributes: Attributes = attrs.field(default=None, converter=plain_attributes)
    booking_id: Id | None = attrs.field(default=None)
    timeslot_id: Id | None = attrs.field(default=None)
    series_id: Id | None = None
    action: str | None = attrs.field(default=None)
    prefer: Preference | None = attrs.field(default=None)

    @service_id.validator
    @customer_id.validator
    @booking_id.validator
    @timeslot_id.validator
    def _is_an_id(self, attribute: attrs.Attribute[Id | None], value: Id | None) -> None:
        optional_id(attribute.name, value)

    @duration.validator
    def _is_a_length(self, _: object, value: dt.timedelta | None) -> None:
        check_duration(value)

    @price.validator
    def _is_money(self, _: object, value: object) -> None:
        if not isinstance(value, Money | None) or (value is not None and value.amount < 0):
            raise InvalidFieldError("price", value, "must be Money of zero or more")

    @notes.validator
    @action.validator
    def _is_text(self, attribute: attrs.Attribute[str | None], value: object) -> None:
        check_text(attribute.name, value)
        if value is None and attribute.name == "notes":
            raise InvalidFieldError("notes", value, "must be a text")

    @prefer.validator
    def _is_a_function(self, _: object, value: object) -> None:
        check_function("prefer", value)

    @property
    def content(self) -> dict[str, Any]:
        """Everything that tells one request from another; a preference is no part of what is asked for."""
        chosen = attrs.asdict(self, recurse=False)
        del chosen["prefer"]
        return chosen
