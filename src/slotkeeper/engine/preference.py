"""Preferences: in which order equally possible resources are taken.

A preference looks at the snapshot alone, so that the same question in the same snapshot gets the same answer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import TypeAlias

from slotkeeper.domain.instant import EARLIEST, ZERO
from slotkeeper.domain.resource import Resource
from slotkeeper.engine.question import Snapshot

Preference: TypeAlias = Callable[[Sequence[Resource], Snapshot], Sequence[Resource]]
"""Orders candidates, the preferred first."""


def as_listed(candidates: Sequence[Resource], _snapshot: Snapshot) -> Sequence[Resource]:
    """Keep the order in which the snapshot lists the resources."""
    return candidates


def by_rank(candidates: Sequence[Resource], _snapshot: Snapshot) -> Sequence[Resource]:
    """Prefer the larger `Resource.rank`; among equals, as listed."""
    return sorted(candidates, key=lambda one: -one.rank)


def least_loaded(candidates: Sequence[Resource], snapshot: Snapshot) -> Sequence[Resource]:
    """Prefer the resource with the least unit-time booked in the snapshot per unit of capacity."""
    return sorted(candidates, key=lambda one: _booked(one, snapshot) / one.capacity)


def _booked(resource: Resource, snapshot: Snapshot) -> dt.timedelta:
    rows = snapshot.taken.get(resource.id, ())
    return sum((allocation.interval.duration * allocation.units for _, allocation in rows), ZERO)


def round_robin(candidates: Sequence[Resource], snapshot: Snapshot) -> Sequence[Resource]:
    """Prefer the resource whose last turn is longest ago, one that never had a turn first of all.

    Turns are `Snapshot.turns`, and the creation of the snapshot's bookings where they are later.
    """
    last = dict(snapshot.turns)
    for booking in snapshot.bookings:
        for resource_id in booking.resource_ids:
            last[resource_id] = max(last.get(resource_id, EARLIEST), booking.created_at)
    return sorted(candidates, key=lambda one: last.get(one.id, EARLIEST))


def by_score(score: Callable[[Resource], float]) -> Preference:
    """Return the preference for the larger score of the host's own; among equals, as listed."""

    def prefer(candidates: Sequence[Resource], _snapshot: Snapshot) -> Sequence[Resource]:
        return sorted(candidates, key=lambda one: -score(one))

    return prefer
