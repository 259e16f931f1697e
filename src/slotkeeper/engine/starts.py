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
from slotkeeper.engine.candidates import Pool, pools, together
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
    _sets: dict[tuple[Id, Interval], IntervalSet] = attrs.field(factory=dict, init=False)

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
        moment = Interval(start, start + TICK)
        return tuple(rule.refusal(start) for rule in rules if not rule.permitted(moment))

    # -- sets --------------------------------------------------------------------------------------------------

    def by_service(self, window: Interval) -> IntervalSet:
        """Return the starts that no rule of the service refuses."""
        return _all_of((rule.permitted(window) for rule in self.of_service), window)

    def by_resource(self, resource: Resource, window: Interval) -> IntervalSet:
        """Return the starts that no rule of the resource refuses."""
        key = (resource.id, window)
        if key not in self._sets:
            self._sets[key] = _all_of((rule.permitted(window) for rule in self.of_resource(resource)), window)
        return self._sets[key]

    def of_pools(self, wanted: Sequence[Pool], window: Interval) -> IntervalSet:
        """Return the starts at which these requirements can be met together."""
        candidates = {one.id: one for pool in wanted for one in pool.resources}
        sets = {resource_id: self.by_resource(one, window) for resource_id, one in candidates.items()}
        return together(wanted, sets, window)

    def permitted(self, forced: Iterable[Id], window: Interval) -> IntervalSet:
        """Return the starts that every rule permits, with the forced resources among those taken."""
        found = self.by_service(window) & self.of_pools(self.pools, window)
        musts = (self.by_resource(self.snapshot.resource(one), window) for one in forced)
        return reduce(and_, musts, found)

    def free_units(self, resources: Iterable[Resource], start: dt.datetime) -> int:
        """Return how many units the scarcest of the resources has left for a booking from ``start``."""
        rooms = (rule for one in resources for rule in self.of_resource(one) if isinstance(rule, HasRoom))
        return min(rule.capacity.free(start) for rule in rooms)

    # -- grid --------------------------------------------------------------------------------------------------

    @property
    def has_own_grids(self) -> bool:
        """Whether each candidate of the leading requirement has a grid of its own."""
        return self.pools[0].count == 1 and not self.request.service.shared_grid

    def reach(self, window: Interval) -> Interval:
        """Return the window grown over the openings that its grid points may depend on."""
        return anchors.reach(self.pools[0].resources, window)

    def on_grid(self, grid: Grid, lead: Resource | None, window: Interval, within: IntervalSet) -> Iterator[dt.datetime]:
        """Yield the grid's points in ``within``; ``lead`` is the leading resource, None where the grid is shared."""
        leads = self.pools[0].resources if lead is None else (lead,)
        if not leads or not within:
            return iter(())
        wide = anchors.reach(leads, window) if isinstance(grid, (OpeningGrid, GapGrid)) else window
        return points(grid, self._anchors(grid, lead, leads, wide), within)

    def _anchors(self, grid: Grid, lead: Resource | None, leads: Sequence[Resource], wide: Interval) -> Anchors:
        openings = anchors.combined(leads, wide, self.pools[0].count) if lead is None else anchors.hours(leads, wide)[0]
        runs = self._runs(lead, leads, wide) if isinstance(grid, GapGrid) else ()
        notice = self.request.service.notice
        earliest = EARLIEST if notice is None else later(self.snapshot.now, notice)
        return Anchors(openings, runs, earliest, self.duration, leads[0].schedule.zone)

    def _runs(self, lead: Resource | None, leads: Sequence[Resource], wide: Interval) -> tuple[Interval, ...]:
        """Return the unbroken runs of starts that the resources leave, before notice and the like."""
        if lead is None:
            marks = set().union(*map(anchors.seams, anchors.hours(leads, wide)))
            return anchors.cut(self.of_pools(self.pools, wide), marks)
        free = self.by_resource(lead, wide) & self.of_pools(self.pools[1:], wide)
        return anchors.cut(free, {one.start for one in lead.schedule.hours_between(wide)})


def _all_of(sets: Iterable[IntervalSet], window: Interval) -> IntervalSet:
    return reduce(and_, sets, IntervalSet((window,)))
