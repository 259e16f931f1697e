"""Refusing: why an option that nobody can take is refused, rule by rule and resource by resource."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from itertools import chain

import attrs

from slotkeeper.domain.explanation import NotOffered, OffGrid, Refusal, TooFew
from slotkeeper.domain.ids import Id
from slotkeeper.domain.instant import later
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.resource import Resource
from slotkeeper.engine.choice import Pool, choose
from slotkeeper.engine.leading import Leading, Option
from slotkeeper.engine.question import Request, Snapshot

_DAY = dt.timedelta(days=1)


def not_offered(snapshot: Snapshot, request: Request, wanted: Iterable[Pool]) -> tuple[Refusal, ...]:
    """Return why the resources are none for this service: those asked for, or all of a requirement's.

    Raises:
        NotFoundError: The snapshot has no such resource.
    """
    asked = [snapshot.resource(one) for one in request.resource_ids]
    strangers = [one.id for one in asked if not any(need.admits(one) for need in request.service.needs)]
    if not strangers and not all(pool.resources for pool in wanted):
        return (NotOffered(),)
    return tuple(map(NotOffered, strangers))


@attrs.frozen(slots=False, eq=False)
class Refusing:
    """What refuses one option that cannot be taken."""

    leading: Leading
    option: Option

    def refusals(self) -> tuple[Refusal, ...]:
        """Return the refusals of the service, then those of the resources that are in question."""
        starts = self.option.starts
        found = starts.refusals(starts.of_service, self.option.start)
        return tuple(dict.fromkeys((*found, *(self._of_resources() or self._too_few()))))

    def _of_resources(self) -> tuple[Refusal, ...]:
        wanted = self.option.starts.pools
        rows = [
            {one.id: self._of(one, leading=not index) for one in pool.resources}
            for index, pool in enumerate(wanted)
        ]
        short = (self._in_question(pool, row) for pool, row in zip(wanted, rows, strict=True))
        asked = (self._asked_for(one, rows) for one in self._asked)
        return tuple(chain.from_iterable(chain(chain.from_iterable(short), chain.from_iterable(asked))))

    @property
    def _asked(self) -> tuple[Id, ...]:
        return self.leading.request.resource_ids

    def _of(self, resource: Resource, *, leading: bool) -> tuple[Refusal, ...]:
        found = self.option.starts.refusals(self.option.starts.of_resource(resource), self.option.start)
        if not leading or resource in self.option.leads:
            return found
        return (*found, self._off_grid(None if self.leading.shared else resource))

    def _in_question(self, pool: Pool, rows: dict[Id, tuple[Refusal, ...]]) -> Iterable[tuple[Refusal, ...]]:
        """Return what the candidates of a pool say if it has too few: those asked for, if they are enough."""
        if sum(not row for row in rows.values()) >= min(pool.count, len(rows)):
            return ()
        asked = [rows[one] for one in self._asked if one in rows]
        return asked if len(asked) >= pool.count else rows.values()

    def _asked_for(
        self, resource_id: Id, rows: Iterable[dict[Id, tuple[Refusal, ...]]]
    ) -> list[tuple[Refusal, ...]]:
        """Return what a resource that was asked for says if it cannot serve in any pool."""
        found = [row[resource_id] for row in rows if resource_id in row]
        return found if all(found) else []

    def _off_grid(self, lead: Resource | None) -> OffGrid:
        start = self.option.start
        near = list(self.leading.near(lead, Interval(later(start, -_DAY), later(start, _DAY))))
        previous = max((one for one in near if one < start), default=None)
        following = min((one for one in near if one > start), default=None)
        return OffGrid(previous, following, lead.id if lead else None)

    def _too_few(self) -> tuple[Refusal, ...]:
        starts, start = self.option.starts, self.option.start
        wanted = starts.led_by(self.option.leads)
        candidates = {one.id: one for pool in wanted for one in pool.resources}
        free = {key for key, one in candidates.items() if not starts.refusals(starts.of_resource(one), start)}
        snapshot = self.leading.snapshot
        if (
            choose(wanted, must=self._asked, is_free=lambda one: one.id in free, snapshot=snapshot)
            is not None
        ):
            return ()
        return (TooFew(sum(pool.count for pool in wanted), len(free)),)
