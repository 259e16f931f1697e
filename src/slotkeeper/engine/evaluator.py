"""The evaluator: the one place where listing, checking, booking and explaining meet.

Slots are the grid points in the intersection of all rules' permitted starts, a check is membership, an
explanation is the rules that miss the instant; since all three come from the same sets, they agree.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from heapq import merge
from itertools import chain
from operator import itemgetter

import attrs

from slotkeeper.domain.durations import WholeOpening
from slotkeeper.domain.explanation import Explanation, NotOffered, OffGrid, Refusal, TooFew
from slotkeeper.domain.grid import Grid
from slotkeeper.domain.ids import Id
from slotkeeper.domain.instant import TICK, as_utc, later
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import EMPTY, IntervalSet
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.slot import Slot
from slotkeeper.engine import anchors
from slotkeeper.engine.candidates import Pool, choose, pools
from slotkeeper.engine.preference import Preference, as_listed
from slotkeeper.engine.question import Request, Snapshot
from slotkeeper.engine.rules import HasRoom
from slotkeeper.engine.starts import Starts

_DAY = dt.timedelta(days=1)
_Leads = tuple[Resource, ...]


@attrs.frozen(slots=False, eq=False)
class Evaluator:
    """Answers every question about one request in one snapshot.

    Args:
        snapshot: The facts. Its bookings must include those that overlap `reach` of what is asked about.
        request: The wish.
        prefer: Which of several possible resources to take.
    """

    snapshot: Snapshot
    request: Request
    prefer: Preference = as_listed
    _by_length: dict[dt.timedelta, Starts] = attrs.field(factory=dict, init=False)

    # -- asking ----------------------------------------------------------------------------------------------

    def offer(self, start: dt.datetime) -> Slot | Explanation:
        """Return the slot that a booking from ``start`` would take, or the explanation of why there is none."""
        instant = as_utc(start)
        if not self._not_offered():
            for starts, leads in self._lengths_at(instant):
                chosen = self._choice(starts, instant, leads)
                if chosen is not None:
                    return self._slot(starts, instant, chosen)
        return self.explain(instant)

    def explain(self, start: dt.datetime) -> Explanation:
        """Return every rule that refuses ``start`` with its facts; without refusals it is permitted."""
        instant = as_utc(start)
        refusals = self._not_offered()
        if not refusals:
            lengths = self._lengths_at(instant) or [(self._some_length(instant), ())]
            refusals = min((self._refusals(starts, instant, leads) for starts, leads in lengths), key=len)
        return Explanation(self.request.service.id, instant, refusals)

    def slots(self, window: Interval) -> Iterator[Slot]:
        """Yield the slots that start within ``window``, by time, then by preference.

        There is one for each candidate of the leading requirement that can be taken at a time, or one for each
        time where that requirement takes several, or where the grid is shared. The window is worked through
        day by day, so that taking a few costs little.
        """
        if self._not_offered():
            return
        for day in window.split(_DAY, rest=True):
            for instant, starts, lead in self._offered(day):
                leads = self._leads if lead is None else (lead,)
                chosen = self._choose(starts, instant, leads, day)
                if chosen is not None:
                    yield self._slot(starts, instant, chosen)

    def permitted(self, window: Interval) -> IntervalSet:
        """Return the starts within ``window`` that all rules permit, before any grid.

        For whole openings it holds their starts alone.
        """
        if self._not_offered():
            return EMPTY
        if not self._is_whole:
            return self._starts(self._length).permitted(self.request.resource_ids, window)
        return IntervalSet(Interval(slot.start, slot.start + TICK) for slot in self.slots(window))

    def free_stretch(self, slot: Slot) -> Interval | None:
        """Return the stretch of the leading resource's open and unoccupied time that a slot lies in."""
        lead = self.snapshot.resource(slot.resource_id)
        wide = anchors.reach((lead,), slot.interval)
        busy = self.snapshot.load(lead.id).at_least(lead.capacity - slot.units + 1)
        return (lead.schedule.open_between(wide) - busy).enclosing(slot.start)

    def rooms(self, resource_ids: Iterable[Id], start: dt.datetime) -> tuple[Refusal, ...]:
        """Return only what the capacity of these resources says against a start, each taken by itself."""
        starts = self._starts(self._length)
        rules = [rule for one in resource_ids for rule in starts.of_resource(self.snapshot.resource(one))]
        return starts.refusals([rule for rule in rules if isinstance(rule, HasRoom)], as_utc(start))

    def reach(self, window: Interval) -> Interval:
        """Return the interval whose bookings the answers within ``window`` may depend on."""
        service = self.request.service
        longest = self._longest(window)
        wide = anchors.reach(self._leads, Interval(window.start, later(window.end, longest)))
        wide = Interval(later(wide.start, -service.buffers.before), later(wide.end, service.buffers.after + longest))
        for limit in service.limits:
            wide = wide.hull(limit.period_of(wide.start)).hull(limit.period_of(wide.end))
        return wide

    # -- lengths -----------------------------------------------------------------------------------------------

    @cached_property
    def _pools(self) -> tuple[Pool, ...]:
        return pools(self.snapshot, self.request)

    @cached_property
    def _leads(self) -> _Leads:
        return tuple(self.prefer(self._pools[0].resources, self.snapshot))

    @property
    def _is_whole(self) -> bool:
        return isinstance(self.request.service.duration, WholeOpening)

    @property
    def _length(self) -> dt.timedelta:
        """The length asked for, or the service's shortest; of a whole opening any stands for all."""
        offered = self.request.service.duration
        if self.request.duration is not None:
            return self.request.duration
        return _DAY if isinstance(offered, WholeOpening) else offered.shortest

    def _longest(self, window: Interval) -> dt.timedelta:
        if not self._is_whole:
            return self._length
        openings = chain.from_iterable(one.schedule.openings_between(window) for one in self._leads)
        return max((one.duration for one in openings), default=self._length)

    def _starts(self, length: dt.timedelta) -> Starts:
        if length not in self._by_length:
            self._by_length[length] = Starts(self.snapshot, self.request, length)
        return self._by_length[length]

    def _lengths_at(self, instant: dt.datetime) -> list[tuple[Starts, _Leads]]:
        """Return the lengths that a booking from ``instant`` may have, each with the leading candidates for it."""
        if not self._is_whole:
            starts = self._starts(self._length)
            return [(starts, self._on_grid(starts, instant))]
        found: dict[dt.timedelta, list[Resource]] = {}
        for lead in self._leads:
            for one in self._whole(lead, _moment(instant)):
                found.setdefault(one.duration, []).append(lead)
        return [(self._starts(length), tuple(leads)) for length, leads in found.items()]

    def _some_length(self, instant: dt.datetime) -> Starts:
        """Return the length by which to explain why no whole opening starts at ``instant``."""
        openings = chain.from_iterable(one.schedule.openings_between(_moment(instant)) for one in self._leads)
        return self._starts(next((one.duration for one in openings), self._length))

    def _whole(self, lead: Resource, window: Interval) -> Iterator[Interval]:
        """Yield the openings of a candidate that start within ``window`` and have the length asked for."""
        for one in dict.fromkeys(lead.schedule.openings_between(window)):
            if one.start in window and self.request.duration in (None, one.duration):
                yield one

    # -- grid --------------------------------------------------------------------------------------------------

    def _grids(self) -> tuple[Grid, ...]:
        grids = (self.request.service.offered, self.request.service.accepted)
        return tuple(dict.fromkeys(one for one in grids if one is not None))

    def _on_grid(self, starts: Starts, instant: dt.datetime) -> _Leads:
        """Return the leading candidates on whose grid the instant is."""
        if not starts.has_own_grids:
            return self._leads if self._is_on_grid(starts, instant, None) else ()
        return tuple(one for one in self._leads if self._is_on_grid(starts, instant, one))

    def _is_on_grid(self, starts: Starts, instant: dt.datetime, lead: Resource | None) -> bool:
        moment = _moment(instant)
        here = IntervalSet((moment,))
        return any(True for grid in self._grids() for _ in starts.on_grid(grid, lead, moment, here))

    def _offered(self, window: Interval) -> Iterator[tuple[dt.datetime, Starts, Resource | None]]:
        """Yield the offered points within ``window`` with the candidate that leads there, by time, then preference."""
        forced = self.request.resource_ids
        if not self._is_whole and not self._starts(self._length).has_own_grids:
            starts = self._starts(self._length)
            found = self._points(starts, None, window, starts.permitted(forced, window))
            return ((instant, starts, None) for instant in found)
        rows = [self._offered_by(lead, window) for lead in self._leads]
        return merge(*rows, key=itemgetter(0))

    def _offered_by(self, lead: Resource, window: Interval) -> Iterator[tuple[dt.datetime, Starts, Resource | None]]:
        forced = (*self.request.resource_ids, lead.id)
        if self._is_whole:
            for one in self._whole(lead, window):
                starts = self._starts(one.duration)
                if starts.permitted(forced, _moment(one.start)):
                    yield one.start, starts, lead
            return
        starts = self._starts(self._length)
        for instant in self._points(starts, lead, window, starts.permitted(forced, window)):
            yield instant, starts, lead

    def _points(
        self, starts: Starts, lead: Resource | None, window: Interval, within: IntervalSet
    ) -> Iterator[dt.datetime]:
        grid = self.request.service.offered
        return iter(()) if grid is None else starts.on_grid(grid, lead, window, within)

    # -- choosing ----------------------------------------------------------------------------------------------

    def _choice(self, starts: Starts, instant: dt.datetime, leads: _Leads) -> tuple[Resource, ...] | None:
        if not leads or starts.refusals(starts.of_service, instant):
            return None
        return self._choose(starts, instant, leads, _moment(instant))

    def _choose(
        self, starts: Starts, instant: dt.datetime, leads: _Leads, window: Interval
    ) -> tuple[Resource, ...] | None:
        """Return the resources to take, the leading ones out of ``leads``; ``window`` is what sets are kept for."""
        return choose(
            (Pool(leads, self._pools[0].count), *self._pools[1:]),
            forced=self.request.resource_ids,
            is_free=lambda one: instant in starts.by_resource(one, window),
            prefer=lambda some: self.prefer(some, self.snapshot),
            snapshot=self.snapshot,
        )

    def _slot(self, starts: Starts, instant: dt.datetime, chosen: Sequence[Resource]) -> Slot:
        interval = Interval(instant, instant + starts.duration)
        units = self.request.wanted_units
        return Slot(
            self.request.service.id,
            interval,
            tuple(one.id for one in chosen),
            starts.free_units(chosen, instant),
            units,
            self.request.service.price_of(interval, units),
        )

    # -- explaining --------------------------------------------------------------------------------------------

    def _not_offered(self) -> tuple[Refusal, ...]:
        """Return a refusal for each resource asked for that no requirement admits, and for an empty requirement."""
        asked = [self.snapshot.resource(one) for one in self.request.resource_ids]
        needs = self.request.service.needs
        strangers = [one.id for one in asked if not any(need.admits(one) for need in needs)]
        if not strangers and not all(pool.resources for pool in self._pools):
            return (NotOffered(),)
        return tuple(map(NotOffered, strangers))

    def _refusals(self, starts: Starts, instant: dt.datetime, leads: _Leads) -> tuple[Refusal, ...]:
        found = [*starts.refusals(starts.of_service, instant)]
        for index, pool in enumerate(self._pools):
            rows = [self._of_candidate(starts, instant, one, leads, leading=not index) for one in self._asked(pool)]
            if sum(not row for row in rows) < min(pool.count, len(rows)):
                found += chain.from_iterable(rows)
        if not found and self._choice(starts, instant, leads) is None:
            found.append(self._too_few(starts, instant, leads))
        return tuple(dict.fromkeys(found))

    def _asked(self, pool: Pool) -> _Leads:
        """Return the candidates that come into question: the ones asked for, where there are any."""
        asked = tuple(one for one in pool.resources if one.id in self.request.resource_ids)
        return asked or pool.resources

    def _of_candidate(
        self, starts: Starts, instant: dt.datetime, one: Resource, leads: _Leads, *, leading: bool
    ) -> tuple[Refusal, ...]:
        found = starts.refusals(starts.of_resource(one), instant)
        if not leading or one in leads:
            return found
        own = self._is_whole or starts.has_own_grids
        return (*found, self._off_grid(starts, instant, one if own else None))

    def _off_grid(self, starts: Starts, instant: dt.datetime, lead: Resource | None) -> OffGrid:
        before, after = Interval(later(instant, -_DAY), instant), Interval(instant, later(instant, _DAY))
        previous = max(self._near(starts, lead, before), default=None)
        return OffGrid(previous, min(self._near(starts, lead, after), default=None), lead.id if lead else None)

    def _near(self, starts: Starts, lead: Resource | None, window: Interval) -> Iterator[dt.datetime]:
        if lead is not None:
            return (instant for instant, _, _ in self._offered_by(lead, window))
        return self._points(starts, None, window, starts.permitted(self.request.resource_ids, window))

    def _too_few(self, starts: Starts, instant: dt.datetime, leads: _Leads) -> TooFew:
        candidates = {one.id: one for one in chain(leads, *(pool.resources for pool in self._pools[1:]))}
        free = sum(not starts.refusals(starts.of_resource(one), instant) for one in candidates.values())
        return TooFew(sum(pool.count for pool in self._pools), free)


def _moment(instant: dt.datetime) -> Interval:
    return Interval(instant, instant + TICK)
