"""The evaluator: the one place where listing, checking, booking and explaining meet.

Slots are the grid points in the intersection of all rules' permitted starts, a check is membership, an
explanation is the rules that miss the instant; since all three come from the same sets, they agree.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

import attrs

from slotkeeper.domain.booking import Allocation
from slotkeeper.domain.explanation import Explanation, Refusal
from slotkeeper.domain.grid import GapGrid
from slotkeeper.domain.ids import Id
from slotkeeper.domain.instant import TICK, ZERO, as_utc, later
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import EMPTY, IntervalSet
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.slot import Slot
from slotkeeper.engine.anchors import LONGEST
from slotkeeper.engine.candidates import pools
from slotkeeper.engine.choice import Pool, choose
from slotkeeper.engine.leading import Leading, Option
from slotkeeper.engine.preference import Preference, as_listed
from slotkeeper.engine.question import Request, Snapshot
from slotkeeper.engine.refusing import Refusing, not_offered
from slotkeeper.engine.rules import HasRoom

_DAY = dt.timedelta(days=1)


@attrs.frozen(slots=False, eq=False)
class Evaluator:
    """Answers every question about one request in one snapshot.

    Args:
        snapshot: The facts. Its bookings must include those that overlap `reach` of what is asked about.
        request: The wish.
        prefer: Which of several possible resources to take; it is asked once about all candidates.

    >>> from slotkeeper.domain.schedule import Schedule
    >>> from slotkeeper.domain.service import Service
    >>> day = Interval.parse("2025-10-23T00:00Z/P1D")
    >>> shop = Resource("bay", Schedule("Europe/Warsaw", {"TH": "09:00-11:00"}))
    >>> wash = Request(Service("wash", dt.timedelta(minutes=50)))
    >>> asked = Evaluator(Snapshot(day.start, [shop]), wash)
    >>> [str(slot.interval) for slot in asked.slots(day)]
    ['2025-10-23T07:00Z/2025-10-23T07:50Z', '2025-10-23T07:50Z/2025-10-23T08:40Z']
    >>> [refusal.code for refusal in asked.explain(day.end).refusals]
    ['outside_hours', 'off_grid']
    """

    snapshot: Snapshot
    request: Request
    prefer: Preference = as_listed

    # -- asking ----------------------------------------------------------------------------------------------

    def offer(self, start: dt.datetime) -> Slot | Explanation:
        """Return the slot that a booking from ``start`` would take, or the explanation of why there is none.

        Raises:
            NotFoundError: A resource asked for is not in the snapshot.
        """
        instant = as_utc(start)
        return self._taken(instant) or self._explanation(instant)

    def explain(self, start: dt.datetime) -> Explanation:
        """Return every rule that refuses ``start`` with its facts; without refusals it is permitted.

        Raises:
            NotFoundError: A resource asked for is not in the snapshot.
        """
        instant = as_utc(start)
        if self._taken(instant) is not None:
            return Explanation(self.request.service.id, instant)
        return self._explanation(instant)

    def slots(self, window: Interval) -> Iterator[Slot]:
        """Yield the slots that start within ``window``, by time, then by preference.

        There is one for each candidate of the leading requirement that can be taken at a time, or one for
        each time where that requirement takes several, or where the grid is shared. The window is worked
        through day by day, so that taking a few costs little.

        Raises:
            NotFoundError: A resource asked for is not in the snapshot.
        """
        if self._not_offered:
            return
        for day in window.split(_DAY, rest=True):
            for option in self._leading.offered(day):
                if (slot := self._slot(option, day)) is not None:
                    yield slot

    def permitted(self, window: Interval) -> IntervalSet:
        """Return the starts within ``window`` that all rules permit, before any grid.

        For whole openings it holds their starts alone.

        Raises:
            NotFoundError: A resource asked for is not in the snapshot.
        """
        if self._not_offered:
            return EMPTY
        if self._leading.is_whole:
            return IntervalSet(Interval.lasting(slot.start, TICK) for slot in self.slots(window))
        return self._leading.starts.permitted(window)

    # -- around the answers ----------------------------------------------------------------------------------

    def allocations(self, slot: Slot) -> tuple[Allocation, ...]:
        """Return what a booking of the slot takes from its resources, then from all that they consist of."""
        chosen = [self.snapshot.resource(one) for one in slot.resource_ids]
        parts = (part for one in chosen for part in self.snapshot.footprint(one))
        ids = dict.fromkeys(one.id for one in (*chosen, *parts))
        buffers = self.request.service.buffers
        return tuple(Allocation(one, slot.interval, slot.units, buffers=buffers) for one in ids)

    def free_stretch(self, slot: Slot) -> Interval | None:
        """Return the stretch of the leading resource's open and unoccupied time that a slot lies in.

        It is followed for a day, or for the length of the slot if that is more, to either side.
        """
        lead = self.snapshot.resource(slot.resource_id)
        around = max(_DAY, slot.interval.duration)
        near = Interval(later(slot.start, -around), later(slot.end, around))
        busy = self.snapshot.load(lead.id, ignore=self.request.ignore).at_least(
            lead.capacity - slot.units + 1
        )
        return (lead.schedule.open_between(near) - busy).enclosing(slot.start)

    def rooms(self, resource_ids: Iterable[Id], start: dt.datetime) -> tuple[Refusal, ...]:
        """Return only what the capacity of these resources says against a start, each taken by itself."""
        starts = self._leading.starts
        rules = [rule for one in resource_ids for rule in starts.of_resource(self.snapshot.resource(one))]
        return starts.refusals([rule for rule in rules if isinstance(rule, HasRoom)], as_utc(start))

    def reach(self, window: Interval) -> Interval:
        """Return the interval whose bookings the answers within ``window`` may depend on."""
        neighbours = Interval(later(window.start, -_DAY), later(window.end, _DAY))
        return self._around(window, max(_DAY, self._longest(neighbours)))

    def close_to(self, window: Interval) -> Interval:
        """Return the interval whose bookings decide what can be taken within ``window``, and mostly why not.

        The neighbouring starts of one that is off the grid, and the free time around one, depend on more, up
        to `reach`.
        """
        return self._around(window, self._longest(window))

    def _around(self, window: Interval, longest: dt.timedelta) -> Interval:
        service = self.request.service
        gap = LONGEST if GapGrid in map(type, (service.offered, service.accepted)) else ZERO
        wide = Interval(
            later(window.start, -(longest + gap + service.buffers.before)),
            later(window.end, 2 * longest + gap + service.buffers.after),
        )
        for limit in service.limits:
            wide = wide.hull(limit.period_of(wide.start)).hull(limit.period_of(wide.end - TICK))
        return wide

    def _longest(self, window: Interval) -> dt.timedelta:
        """Return the longest that a booking from within the window may last, or be judged by.

        Where no opening starts, a whole opening is judged by the length asked for.
        """
        asked = self._leading.starts.duration
        if not self._leading.is_whole:
            return asked
        hours = (
            one.duration
            for lead in self._leading.candidates
            for one in lead.schedule.openings_between(window)
        )
        return max((asked, *hours))

    # -- choosing --------------------------------------------------------------------------------------------

    @cached_property
    def _pools(self) -> tuple[Pool, ...]:
        """The candidates of each requirement by preference."""
        found = pools(self.snapshot, self.request)
        return tuple(Pool(tuple(self.prefer(one.resources, self.snapshot)), one.count) for one in found)

    @cached_property
    def _not_offered(self) -> tuple[Refusal, ...]:
        return not_offered(self.snapshot, self.request, self._pools)

    @cached_property
    def _leading(self) -> Leading:
        shared = self.request.service.shared_grid or self._pools[0].count > 1
        return Leading(self.snapshot, self.request, self._pools[0].resources, shared)

    def _taken(self, instant: dt.datetime) -> Slot | None:
        """Return the slot that a booking from the instant would take."""
        if self._not_offered:
            return None
        slots = (self._slot(one, Interval.lasting(instant, TICK)) for one in self._leading.accepted(instant))
        return next((slot for slot in slots if slot is not None), None)

    def _slot(self, option: Option, window: Interval) -> Slot | None:
        """Return the option's slot unless a rule refuses it; sets are worked out for ``window``."""
        starts, start = option.starts, option.start
        if start not in starts.by_service(window):
            return None
        chosen = choose(
            (Pool(option.leads, self._pools[0].count), *self._pools[1:]),
            must=self.request.resource_ids,
            is_free=lambda one: start in starts.by_resource(one, window),
            snapshot=self.snapshot,
        )
        return None if chosen is None else self._slot_on(option, chosen)

    def _slot_on(self, option: Option, chosen: Sequence[Resource]) -> Slot:
        interval = Interval.lasting(option.start, option.starts.duration)
        units = self.request.wanted_units
        return Slot(
            self.request.service.id,
            interval,
            tuple(one.id for one in chosen),
            option.starts.free_units(chosen, option.start),
            units,
            self.request.service.price_of(interval, units),
        )

    def _explanation(self, instant: dt.datetime) -> Explanation:
        refusals, duration = self._not_offered, self.request.duration
        if not refusals:
            options = self._leading.accepted(instant)
            refusals = min((Refusing(self._leading, one).refusals() for one in options), key=len)
            duration = options[0].starts.duration
        return Explanation(self.request.service.id, instant, refusals, duration=duration)
