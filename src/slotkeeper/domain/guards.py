"""Guards: who may act on a booking, and when, as plain values that a lifecycle table holds.

A guard on people looks at the actor and the booking, a guard on time at the booking's interval alone: it
gives the span ``[earliest, latest)`` in which the act is allowed, so that a refusal can name it.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, TypeAlias

import attrs

from slotkeeper.domain.actor import Actor, role_names
from slotkeeper.domain.ids import Id
from slotkeeper.domain.instant import ZERO, as_utc, later, negated
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.iso8601 import format_duration
from slotkeeper.errors import InvalidFieldError

if TYPE_CHECKING:
    from collections.abc import Iterable

Bounds: TypeAlias = tuple[dt.datetime | None, dt.datetime | None]


def _id_set(ids: Iterable[Id]) -> frozenset[Id]:
    return frozenset(ids)


@attrs.frozen(kw_only=True)
class Circumstances:
    """All that a guard may look at: who asks, about which booking, at which instant.

    Args:
        actor: Who asks; None is the host itself, to whom no guard on people applies.
        owner_id: The id of the booking's customer, if it has one.
        resource_ids: The ids of the resources that the booking is made on.
        interval: The booking's time, without buffers.
        now: The instant of asking.
    """

    actor: Actor | None
    owner_id: Id | None
    resource_ids: frozenset[Id] = attrs.field(converter=_id_set)
    interval: Interval
    now: dt.datetime = attrs.field(converter=as_utc)


@attrs.frozen
class HasRole:
    """The actor has one of these roles; a single name may be given bare."""

    roles: frozenset[str] = attrs.field(converter=role_names)

    @roles.validator
    def _names_a_role(self, _: object, roles: frozenset[str]) -> None:
        if not roles:
            raise InvalidFieldError("HasRole.roles", roles, "must name a role")

    @property
    def needs(self) -> tuple[str, ...]:
        """What the actor lacks when refused: ``role:NAME`` for each role that would do."""
        return tuple(f"role:{role}" for role in sorted(self.roles))

    def permits(self, actor: Actor, _case: Circumstances) -> bool:
        """Tell whether the actor has one of the roles."""
        return not self.roles.isdisjoint(actor.roles)

    def __str__(self) -> str:
        return " or ".join(sorted(self.roles))


@attrs.frozen
class IsOwner:
    """The actor is the booking's customer."""

    @property
    def needs(self) -> tuple[str, ...]:
        """What the actor lacks when refused."""
        return ("owner",)

    def permits(self, actor: Actor, case: Circumstances) -> bool:
        """Tell whether the actor's id is the customer's."""
        return actor.id == case.owner_id

    def __str__(self) -> str:
        return "owner"


@attrs.frozen
class IsProvider:
    """The actor is one of the booking's resources.

    It compares ids, so it is for hosts whose providers log in under the ids of their resources, and whose
    other users have none of these ids.
    """

    @property
    def needs(self) -> tuple[str, ...]:
        """What the actor lacks when refused."""
        return ("provider",)

    def permits(self, actor: Actor, case: Circumstances) -> bool:
        """Tell whether the actor's id is a resource's."""
        return actor.id in case.resource_ids

    def __str__(self) -> str:
        return "provider"


@attrs.frozen
class BeforeStart:
    """Until ``margin`` ahead of the booking's start, that instant excluded; below zero it reaches past it."""

    margin: dt.timedelta = ZERO

    def bounds(self, interval: Interval) -> Bounds:
        """Return the allowed span ``[earliest, latest)``; None is unbounded."""
        return None, later(interval.start, negated(self.margin))

    def __str__(self) -> str:
        return _edge("before start", negated(self.margin))


@attrs.frozen
class FromStart:
    """From ``margin`` after the booking's start on; below zero it opens ahead of the start."""

    margin: dt.timedelta = ZERO

    def bounds(self, interval: Interval) -> Bounds:
        """Return the allowed span ``[earliest, latest)``; None is unbounded."""
        return later(interval.start, self.margin), None

    def __str__(self) -> str:
        return _edge("from start", self.margin)


@attrs.frozen
class BeforeEnd:
    """Until ``margin`` ahead of the booking's end, that instant excluded; below zero it reaches past it."""

    margin: dt.timedelta = ZERO

    def bounds(self, interval: Interval) -> Bounds:
        """Return the allowed span ``[earliest, latest)``; None is unbounded."""
        return None, later(interval.end, negated(self.margin))

    def __str__(self) -> str:
        return _edge("before end", negated(self.margin))


@attrs.frozen
class FromEnd:
    """From ``margin`` after the booking's end on; below zero it opens ahead of the end."""

    margin: dt.timedelta = ZERO

    def bounds(self, interval: Interval) -> Bounds:
        """Return the allowed span ``[earliest, latest)``; None is unbounded."""
        return later(interval.end, self.margin), None

    def __str__(self) -> str:
        return _edge("from end", self.margin)


Who: TypeAlias = HasRole | IsOwner | IsProvider
When: TypeAlias = BeforeStart | FromStart | BeforeEnd | FromEnd


def someone_permits(who: Iterable[Who], case: Circumstances) -> bool:
    """Tell whether one of the guards permits the actor; no actor satisfies none."""
    actor = case.actor
    return actor is not None and any(guard.permits(actor, case) for guard in who)


def common_bounds(when: Iterable[When], interval: Interval) -> Bounds:
    """Return the span ``[earliest, latest)`` in which all the guards allow the act; None is unbounded.

    >>> day = Interval.parse("2025-10-23T09:00Z/PT1H")
    >>> [
    ...     str(bound)
    ...     for bound in common_bounds([FromStart(), BeforeEnd(dt.timedelta(minutes=15))], day)
    ... ]
    ['2025-10-23 09:00:00+00:00', '2025-10-23 09:45:00+00:00']
    """
    bounds = [guard.bounds(interval) for guard in when]
    earliest = max((first for first, _ in bounds if first is not None), default=None)
    latest = min((last for _, last in bounds if last is not None), default=None)
    return earliest, latest


def _edge(edge: str, offset: dt.timedelta) -> str:
    if not offset:
        return edge
    return f"{edge} {'+' if offset > ZERO else '-'} {format_duration(abs(offset))}"
