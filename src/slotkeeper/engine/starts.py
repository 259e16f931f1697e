"""`Starts`: the permitted starts of a request of one length, as sets, by service, by resource and in all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, reduce
from operator import and_

import attrs

from slotkeeper.domain.explanation import Refusal
from slotkeeper.domain.grid import GapGrid, Grid, OpeningGrid
from slotkeeper.domain.ids import Id
from slotkeeper.domain.instant import EARLIEST, TICK, later
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet
from slotkeeper.domain.resource import Resource
from slotkeeper.engine import anchors
from slotkeeper.engine.candidates import pools, together
from slotkeeper.engine.choice import Pool
from slotkeeper.engine.grid_points import Anchors, points
from slotkeeper.engine.question import Request, Snapshot
from slotkeeper.engine.rules import HasRoom, Rule, resource_rules, service_rules


@attrs.frozen(slots=False, eq=False)
class Starts:
    """The permitted starts of one request of one length in one snapshot."""

    snapshot: Snapshot
    request: Request
    duration: dt.timedelta
    _rules: dict[Id, tuple[Rule, ...]] = attrs.field(factory=dict, init=False)
    _sets: dict[tuple[Id | None, Interval], IntervalSet] = attrs.field(factory=dict, init=False)

    # -- rules -----------------------------------------------------------------------------------------------

    @cached_property
    def pools(self) -> tuple[Pool, ...]:
        """The candidates of each requirement; the first leads."""
        return pools(self.snapshot, self.request)

    @cached_property
    def of_service(self) -> tuple[Rule, ...]:
        """The rules that hold whichever resource is taken."""
        return service_rules(self.snapshot, self.request, self.duration)

    def of_resource(self, resource: Resource) -> tuple[Rule, ...]:
        """Return the rules of one resource."""
        if resource.id not in self._rules:
            self._rules[resource.id] = resource_rules(self.snapshot, self.request, self.duration, resource)
        return self._rules[resource.id]

    def refusals(self, rules: Iterable[Rule], start: dt.datetime) -> tuple[Refusal, ...]:
        """Return what each rule that does not permit ``start`` says about it."""
        moment = Interval.lasting(start, TICK)
        return tuple(rule.refusal(start) for rule in rules if not rule.permitted(moment))

    # -- sets ------------------------------------------------------------------------------------------------

    def by_service(self, window: Interval) -> IntervalSet:
        """Return the starts that no rule of the service refuses."""
        return self._kept(None, self.of_service, window)

    def by_resource(self, resource: Resource, window: Interval) -> IntervalSet:
        """Return the starts that no rule of the resource refuses."""
        return self._kept(resource.id, self.of_resource(resource), window)

    def _kept(self, subject: Id | None, rules: Iterable[Rule], window: Interval) -> IntervalSet:
        key = (subject, window)
        if key not in self._sets:
            self._sets[key] = reduce(and_, (rule.permitted(window) for rule in rules), IntervalSet((window,)))
        return self._sets[key]

    def of_pools(self, lead: Resource | None, window: Interval, must: Sequence[Id] = ()) -> IntervalSet:
        """Return the starts at which all requirements can be met together, service rules apart."""
        wanted = self.led_by(None if lead is None else (lead,))
        candidates = {one.id: one for pool in wanted for one in pool.resources}
        candidates |= {one: self.snapshot.resource(one) for one in must}
        sets = {resource_id: self.by_resource(one, window) for resource_id, one in candidates.items()}
        return together(wanted, sets, window, snapshot=self.snapshot, must=must)

    def permitted(self, window: Interval, lead: Resource | None = None) -> IntervalSet:
        """Return the starts that every rule permits, with the resources asked for among those taken."""
        return self.by_service(window) & self.of_pools(lead, window, self.request.resource_ids)

    def led_by(self, leads: Sequence[Resource] | None) -> tuple[Pool, ...]:
        """Return the pools with only these candidates for the first one; None leaves it all of its own."""
        if leads is None:
            return self.pools
        return (Pool(tuple(leads), self.pools[0].count), *self.pools[1:])

    def free_units(self, resources: Iterable[Resource], start: dt.datetime) -> int:
        """Return how many units the scarcest of the resources has left from a permitted start."""
        rooms = (rule for one in resources for rule in self.of_resource(one) if isinstance(rule, HasRoom))
        return min(rule.free(start) for rule in rooms)

    # -- grid ------------------------------------------------------------------------------------------------

    def on_grid(
        self, grid: Grid, lead: Resource | None, window: Interval, within: IntervalSet
    ) -> Iterator[dt.datetime]:
        """Yield the grid's points in ``within``; ``lead`` is None where the grid is shared."""
        leads = self.pools[0].resources if lead is None else (lead,)
        return (
            points(grid, self._anchors(grid, lead, leads, window), within) if leads and within else iter(())
        )

    def _anchors(
        self, grid: Grid, lead: Resource | None, leads: Sequence[Resource], window: Interval
    ) -> Anchors:
        notice = self.request.service.notice
        return Anchors(
            self._openings(lead, window) if isinstance(grid, OpeningGrid) else (),
            self._runs(lead, leads, window) if isinstance(grid, GapGrid) else (),
            EARLIEST if notice is None else later(self.snapshot.now, notice),
            self.duration,
            leads[0].schedule.zone,
        )

    def _openings(self, lead: Resource | None, window: Interval) -> tuple[Interval, ...]:
        if lead is not None:
            return anchors.openings(lead, window)
        return anchors.combined_openings(self.pools[0].resources, window, self.pools[0].count)

    def _runs(
        self, lead: Resource | None, leads: Sequence[Resource], window: Interval
    ) -> tuple[Interval, ...]:
        """Return the unbroken runs of starts that the resources leave, before notice and the like."""
        stretches = anchors.open_stretches(leads, window, self.pools[0].count if lead is None else 1)
        if not stretches:
            return ()
        wide = Interval(stretches[0].start, stretches[-1].end)
        return anchors.cut(self.of_pools(lead, wide), {one.start for one in stretches})
