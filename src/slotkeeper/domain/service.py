"""`Service`: what is booked, and every rule under which it may be."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import attrs

from slotkeeper.domain.attributes import Attributes, attributes_field
from slotkeeper.domain.buffers import NO_BUFFERS, Buffers
from slotkeeper.domain.durations import Durations, WholeOpening, as_durations
from slotkeeper.domain.fields import at_least, if_given, instance_of, not_negative, positive, several
from slotkeeper.domain.grid import Grid, OpeningGrid, as_grid
from slotkeeper.domain.ids import Id, id_validator
from slotkeeper.domain.limit import Limit
from slotkeeper.domain.policy import Policy
from slotkeeper.domain.price import Price, as_price, currency_of
from slotkeeper.domain.requirement import Requirement
from slotkeeper.errors import InvalidFieldError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slotkeeper.domain.interval import Interval
    from slotkeeper.domain.money import Money


def _needs(given: Iterable[Requirement]) -> tuple[Requirement, ...]:
    return several("Service.needs", given, Requirement)


def _limits(given: Iterable[Limit]) -> tuple[Limit, ...]:
    return several("Service.limits", given, Limit)


_A_GRID = if_given(instance_of(Grid))


@attrs.frozen
class Service:
    """Something that customers book, with its rules.

    Args:
        id: The host's own id.
        duration: How long a booking lasts; a plain timedelta is one fixed length.
        name: For people.
        needs: What it takes at once, all of it. The first requirement leads: its openings set an
            `OpeningGrid`, and slots are listed one for each of its candidates. By default one resource,
            whichever it is.
        grid: Which permitted starts are offered; a plain timedelta steps from the opening's start, None
            steps by the shortest duration.
        accept: Which permitted starts may be asked for, where that is more than is offered.
        shared_grid: Count one grid over the united times of all candidates, not one for each of them.
        buffers: The time kept free around each booking.
        notice: The least time from now to a start; None permits starts in the past.
        horizon: The greatest time from now to a start, itself included; None is unlimited.
        limits: How much may be booked per period.
        price: A plain amount is a fixed price; None leaves prices to the host.
        policy: What cancelling, moving and not coming costs.
        units: How many units of each resource a booking takes, unless it asks for another number.
        max_units: The most units that one booking may ask for; None is as many as the resource has.
        hold_for: How long a hold lasts.
        action: The lifecycle's action that creates a booking: ``book`` confirms at once, ``request`` awaits
            approval.
        active: Whether it can be booked.
        attributes: Free facts of the host's.
        version: Grows by one with every stored change.
    """

    id: Id = attrs.field(validator=id_validator("Service.id"))
    duration: Durations = attrs.field(converter=as_durations, validator=instance_of(Durations))
    name: str = attrs.field(default="", kw_only=True)
    needs: tuple[Requirement, ...] = attrs.field(default=(Requirement(),), converter=_needs, kw_only=True)
    grid: Grid | None = attrs.field(default=None, converter=as_grid, validator=_A_GRID, kw_only=True)
    accept: Grid | None = attrs.field(default=None, converter=as_grid, validator=_A_GRID, kw_only=True)
    shared_grid: bool = attrs.field(default=False, kw_only=True)
    buffers: Buffers = attrs.field(default=NO_BUFFERS, validator=instance_of(Buffers), kw_only=True)
    notice: dt.timedelta | None = attrs.field(
        default=dt.timedelta(0), validator=if_given(not_negative), kw_only=True
    )
    horizon: dt.timedelta | None = attrs.field(default=None, validator=if_given(not_negative), kw_only=True)
    limits: tuple[Limit, ...] = attrs.field(default=(), converter=_limits, kw_only=True)
    price: Price | None = attrs.field(
        default=None, converter=as_price, validator=if_given(instance_of(Price)), kw_only=True
    )
    policy: Policy = attrs.field(factory=Policy, validator=instance_of(Policy), kw_only=True)
    units: int = attrs.field(default=1, validator=at_least(1), kw_only=True)
    max_units: int | None = attrs.field(default=None, validator=if_given(at_least(1)), kw_only=True)
    hold_for: dt.timedelta = attrs.field(default=dt.timedelta(minutes=15), validator=positive, kw_only=True)
    action: str = attrs.field(default="book", kw_only=True)
    active: bool = attrs.field(default=True, kw_only=True)
    attributes: Attributes = attributes_field()
    version: int = attrs.field(default=1, validator=at_least(1), kw_only=True)

    @needs.validator
    def _needs_something(self, _: object, value: tuple[Requirement, ...]) -> None:
        if not value:
            raise InvalidFieldError("Service.needs", value, "must name at least one requirement")

    @policy.validator
    def _is_in_the_currency_of_the_price(self, _: object, policy: Policy) -> None:
        currency = currency_of(self.price)
        for fee in policy.fixed_fees:
            if currency not in (None, fee.amount.currency):
                raise InvalidFieldError(
                    "Service.policy", fee, f"must have its fees in {currency}, as the price"
                )

    @property
    def offered(self) -> Grid | None:
        """The grid of the starts that are listed; None for whole openings, which are their own grid."""
        if self.grid is None and not isinstance(self.duration, WholeOpening):
            return OpeningGrid(self.duration.shortest)
        return self.grid

    @property
    def accepted(self) -> Grid | None:
        """The grid of the starts that may be asked for."""
        return self.accept or self.offered

    def price_of(self, interval: Interval, units: int) -> Money | None:
        """Return the price of ``units`` units over the interval, or None where the service has no price."""
        return None if self.price is None else self.price.quote(interval, units)
