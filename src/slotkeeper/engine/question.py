"""What is asked, and the facts at one moment that the answer depends on.

A `Request` is a wish: this service, for so long, so many units, for this customer, perhaps on these
resources. A `Snapshot` is the world at one ``now``: resources, and the bookings that may matter. Rules see
nothing else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from types import MappingProxyType

import attrs

from slotkeeper.domain.booking import Allocation, Booking
from slotkeeper.domain.fields import at_least, if_given, positive
from slotkeeper.domain.ids import Id, id_tuple
from slotkeeper.domain.instant import as_utc
from slotkeeper.domain.limit import Limit, Per
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.service import Service
from slotkeeper.engine.load import Load
from slotkeeper.errors import NotFoundError


def _id_set(ids: Iterable[Id]) -> frozenset[Id]:
    return frozenset(ids)


@attrs.frozen
class Request:
    """A wish for a service.

    Args:
        service: What is wanted.
        duration: How long; None takes the service's shortest, or the whole opening.
        units: How many units of each resource; None takes the service's.
        customer_id: For whom, for limits per customer; None leaves those out.
        resource_ids: Resources that must be among those taken; none leaves the choice open. Where they could
            change places, the ones named first lead, so that a slot's own resources give that slot again.
        ignore: Bookings to be looked through, such as the one that is being moved.
    """

    service: Service
    duration: dt.timedelta | None = attrs.field(default=None, validator=if_given(positive), kw_only=True)
    units: int | None = attrs.field(default=None, validator=if_given(at_least(1)), kw_only=True)
    customer_id: Id | None = attrs.field(default=None, kw_only=True)
    resource_ids: tuple[Id, ...] = attrs.field(default=(), converter=id_tuple, kw_only=True)
    ignore: frozenset[Id] = attrs.field(default=frozenset(), converter=_id_set, kw_only=True)

    @property
    def wanted_units(self) -> int:
        """How many units of each resource are wanted."""
        return self.service.units if self.units is None else self.units

    @property
    def looks_elsewhere(self) -> tuple[Limit, ...]:
        """The limits that count bookings whichever resource they are on."""
        limits = (one for one in self.service.limits if one.per is not Per.RESOURCE)
        return tuple(one for one in limits if one.per is Per.SERVICE or self.customer_id is not None)

    @property
    def the_one(self) -> Id | None:
        """The resource asked for, where the service takes one and its grid is that one's own; else None.

        If it is a candidate, a snapshot of it and its parts permits what one of all resources does.
        """
        needs = self.service.needs
        single = len(needs) == len(self.resource_ids) == 1 and needs[0].count == 1
        return self.resource_ids[0] if single and not self.service.shared_grid else None


def _by_id(resources: Iterable[Resource] | Mapping[Id, Resource]) -> Mapping[Id, Resource]:
    given = resources.values() if isinstance(resources, Mapping) else resources
    return MappingProxyType({one.id: one for one in given})


@attrs.frozen(slots=False)
class Snapshot:
    """The world at one moment.

    Args:
        now: The moment.
        resources: Every resource that may serve, with the parts of composite ones.
        bookings: The bookings that may be in the way or count towards a limit; others do no harm.
        turns: When each resource was last chosen, for taking turns.
    """

    now: dt.datetime = attrs.field(converter=as_utc)
    resources: Mapping[Id, Resource] = attrs.field(converter=_by_id)
    bookings: tuple[Booking, ...] = attrs.field(default=(), converter=tuple[Booking, ...])
    turns: Mapping[Id, dt.datetime] = attrs.field(factory=dict, kw_only=True)

    def resource(self, resource_id: Id) -> Resource:
        """Return a resource by id.

        Raises:
            NotFoundError: The snapshot has none of that id.
        """
        try:
            return self.resources[resource_id]
        except KeyError:
            raise NotFoundError("resource", resource_id) from None

    def footprint(self, resource: Resource) -> tuple[Resource, ...]:
        """Return the resource and all it consists of, each once, itself first."""
        found: dict[Id, Resource] = {}
        waiting = [resource]
        while waiting:
            one = waiting.pop(0)
            if one.id not in found:
                found[one.id] = one
                waiting += [self.resource(part) for part in one.parts]
        return tuple(found.values())

    @cached_property
    def taken(self) -> Mapping[Id, tuple[tuple[Booking, Allocation], ...]]:
        """By resource, the allocations of the bookings that block at ``now``."""
        found: dict[Id, list[tuple[Booking, Allocation]]] = {}
        for booking in self.bookings:
            if booking.blocks(self.now):
                for allocation in booking.allocations:
                    found.setdefault(allocation.resource_id, []).append((booking, allocation))
        return {resource_id: tuple(rows) for resource_id, rows in found.items()}

    def load(self, resource_id: Id, *, ignore: Collection[Id] = ()) -> Load:
        """Return the load on a resource: the units that bookings and holds occupy, with their own buffers.

        Bookings to ``ignore`` are looked through.
        """
        rows = self.taken.get(resource_id, ())
        return Load.of((one.occupied, one.units) for booking, one in rows if booking.id not in ignore)

    @cached_property
    def counted(self) -> tuple[Booking, ...]:
        """The bookings that count towards limits at ``now``."""
        return tuple(one for one in self.bookings if one.counts and not one.lapsed(self.now))
