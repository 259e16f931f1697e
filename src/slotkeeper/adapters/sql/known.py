"""What a transaction knows: what it has read, for as long as nobody else can have changed it.

A resource that is locked stays as it is until the transaction ends, and nobody else's booking takes anything
of it: whoever takes a resource locks it first. So what the desk has read under the lock to judge a request is
what the guard would read again to hold its promise. The guard still decides, on its own rules; it only spares
the second reading. What was read before the lock, or is changed by the transaction itself, is read anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import attrs

from slotkeeper.adapters.sql.row_locks import Locked
from slotkeeper.domain.booking import Booking
from slotkeeper.domain.ids import Id
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.service import Service


@attrs.frozen
class _Near:
    """What `Bookings.relevant` has found."""

    resource_ids: frozenset[Id]
    reach: Interval
    bookings: Sequence[Booking]

    def part(self, resource_ids: Collection[Id], reach: Interval) -> list[Booking]:
        """Return those that are relevant to fewer resources within a shorter time."""
        return [
            booking
            for booking in self.bookings
            if any(
                one.resource_id in resource_ids and one.reach.overlaps(reach) for one in booking.allocations
            )
        ]


class Known:
    """What one transaction knows.

    Args:
        locked: The resources that it has locked so far; the transaction adds to them.
        steady: Whether nobody else's changes are seen in it at all, locked or not.
    """

    def __init__(self, locked: AbstractSet[Id], *, steady: bool) -> None:
        self._locked, self._steady = locked, steady
        self._definitions: dict[tuple[type[Any], Id], Any] = {}
        self._versions: dict[Id, int] = {}
        self._capacities: dict[Id, int] = {}
        self._near: _Near | None = None

    # -- definitions -----------------------------------------------------------------------------------------

    def locked(self, rows: Iterable[Locked]) -> None:
        """Take notice of what the rows of resources say once they are locked."""
        for row in rows:
            self._versions[row.id] = row.version
            if row.capacity is not None:
                self._capacities[row.id] = row.capacity

    def read(self, item: Resource | Service) -> None:
        """Take notice of a definition."""
        self._definitions[type(item), item.id] = item

    def replaced(self, item: Resource | Service) -> None:
        """Take notice that the transaction itself has put a definition."""
        self._definitions.pop((type(item), item.id), None)
        if isinstance(item, Resource):
            self._versions.pop(item.id, None)
            self._capacities.pop(item.id, None)

    def definition(self, kind: type[Any], item_id: Id) -> Any:  # noqa: ANN401 - of that kind
        """Return a definition that was read and still stands, or None."""
        found = self._definitions.get((kind, item_id))
        if found is None or self._steady:
            return found
        return found if kind is Resource and self._versions.get(item_id) == found.version else None

    def capacity(self, resource_id: Id) -> int | None:
        """Return the capacity of a resource that stands, or None."""
        if resource_id in self._capacities:
            return self._capacities[resource_id]
        found = self.definition(Resource, resource_id)
        return None if found is None else found.capacity

    def has_service(self, service_id: Id) -> bool:
        """Tell whether a service was there to be read; services are never removed."""
        return (Service, service_id) in self._definitions

    # -- bookings --------------------------------------------------------------------------------------------

    def read_near(self, resource_ids: Iterable[Id], reach: Interval, bookings: Sequence[Booking]) -> None:
        """Take notice of all that is relevant to some resources within a time."""
        ids = frozenset(resource_ids)
        if self._steady or ids <= self._locked:
            self._near = _Near(ids, reach, bookings)

    def near(self, resource_ids: Iterable[Id], reach: Interval) -> Sequence[Booking] | None:
        """Return all that is relevant to some resources within a time, or None where that has to be read."""
        ids, last = frozenset(resource_ids), self._near
        return last.part(ids, reach) if last and ids <= last.resource_ids and reach in last.reach else None

    def changed(self) -> None:
        """Take notice that bookings are being changed, by the transaction itself or past all locks."""
        self._near = None
