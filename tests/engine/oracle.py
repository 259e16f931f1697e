"""The same questions answered instant by instant, by trying everything, with no set algebra.

Only the open hours come from the library. Whether a booking may start at one instant is looked up among all
openings, all bookings and all combinations of resources; grids are walked back to where they begin.
"""

from __future__ import annotations

import datetime as dt
from functools import cache, cached_property
from itertools import combinations, product
from typing import TYPE_CHECKING, Final

import attrs
from tests.engine.worlds import CELL, DAY, EPOCH, MINUTE, World

from slotkeeper.domain.buffers import BufferRule, Buffers
from slotkeeper.domain.durations import DurationChoice, FixedDuration, WholeOpening
from slotkeeper.domain.grid import ClockGrid, FixedGrid, GapGrid, OpeningGrid
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.limit import Limit, Per
from slotkeeper.domain.periods import Period

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from slotkeeper.domain.booking import Allocation, Booking
    from slotkeeper.domain.grid import Grid
    from slotkeeper.domain.ids import Id
    from slotkeeper.domain.resource import Resource

TICK: Final = dt.timedelta(microseconds=1)
NOTHING: Final = dt.timedelta(0)
FAR: Final = Interval(EPOCH - 9 * DAY, EPOCH + 12 * DAY)
LONG: Final = 2 * DAY


@cache
def openings_of(resource: Resource) -> tuple[Interval, ...]:
    return resource.schedule.openings_between(FAR)


@cache
def hours_of(resource: Resource) -> tuple[Interval, ...]:
    return resource.schedule.hours_between(FAR)


@cache
def open_spans(resource: Resource) -> tuple[tuple[dt.datetime, dt.datetime], ...]:
    return tuple(resource.schedule.open_between(FAR).pairs)


def gap_between(earlier: Buffers, following: Buffers) -> dt.timedelta:
    """Return the time that must lie between two bookings, from the table of rules."""
    rules = earlier.combine, following.combine
    after = NOTHING if earlier.combine is BufferRule.NONE else earlier.after
    before = NOTHING if following.combine is BufferRule.NONE else following.before
    if BufferRule.SUM in rules:
        return after + before
    return NOTHING if BufferRule.NONE in rules else max(after, before)


@attrs.frozen(slots=False, eq=False)
class Oracle:
    """Answers about one world and one length."""

    world: World
    duration: dt.timedelta

    # -- facts -----------------------------------------------------------------------------------------------

    @property
    def units(self) -> int:
        wanted = self.world.request.units
        return self.world.request.service.units if wanted is None else wanted

    def footprint(self, resource: Resource) -> list[Resource]:
        return [resource, *(self.world.snapshot.resources[part] for part in resource.parts)]

    def is_open(self, resource: Resource, start: dt.datetime) -> bool:
        return any(first <= start and start + self.duration <= last for first, last in open_spans(resource))

    def in_force(self) -> Iterator[Booking]:
        now = self.world.snapshot.now
        for one in self.world.snapshot.bookings:
            if one.id not in self.world.request.ignore and (one.expires_at is None or one.expires_at > now):
                yield one

    @cached_property
    def neighbours(self) -> dict[Id, list[Allocation]]:
        found: dict[Id, list[Allocation]] = {one: [] for one in self.world.snapshot.resources}
        for booking in self.in_force():
            for one in booking.allocations if booking.occupies else ():
                found[one.resource_id].append(one)
        return found

    def free_units(self, part: Resource, start: dt.datetime) -> int:
        """Return capacity less the largest load at any instant of the booking with its buffers."""
        ours, end = self.world.request.service.buffers, start + self.duration
        near = [
            (
                one.interval.start - gap_between(ours, one.buffers),
                one.interval.end + gap_between(one.buffers, ours),
                one,
            )
            for one in self.neighbours[part.id]
        ]
        # Seen from the bare booking everyone is in the way for as long as their distance reaches. Two of them
        # count together where both reach the same instant of the booking with its own buffers around it.
        before = NOTHING if ours.combine is BufferRule.NONE else ours.before
        after = NOTHING if ours.combine is BufferRule.NONE else ours.after
        rows = []
        for first, last, one in near:
            spaced = not (ours.combine is BufferRule.MAX and one.buffers.combine is BufferRule.NONE)
            seen = (first + after, last - before) if spaced else (first, last)
            room = (start - before, end + after) if spaced else (start, end)
            met = max(seen[0], room[0]), min(seen[1], room[1])
            if met[0] < met[1]:
                rows.append((*met, one.units))
        moments = [first for first, _, _ in rows]
        peak = max(
            (sum(units for first, last, units in rows if first <= m < last) for m in moments), default=0
        )
        return max(part.capacity - peak, 0)

    # -- rules -----------------------------------------------------------------------------------------------

    def service_codes(self, start: dt.datetime) -> set[str]:
        """Return the codes of the rules of the service that refuse a start."""
        service, now = self.world.request.service, self.world.snapshot.now
        found = {
            "inactive": not service.active,
            "invalid_duration": not self.has_length(),
            "too_many_units": service.max_units is not None and self.units > service.max_units,
            "too_soon": service.notice is not None and start < now + service.notice,
            "too_far": service.horizon is not None and start > now + service.horizon,
            "limit_reached": any(
                self.is_reached(one, start, None) for one in service.limits if one.per is not Per.RESOURCE
            ),
        }
        return {code for code, refuses in found.items() if refuses}

    def has_length(self) -> bool:
        offered = self.world.request.service.duration
        if isinstance(offered, FixedDuration):
            return self.duration == offered.duration
        return isinstance(offered, WholeOpening) or (
            isinstance(offered, DurationChoice) and self.duration in offered.durations
        )

    def is_reached(self, limit: Limit, start: dt.datetime, resource: Resource | None) -> bool:
        request = self.world.request
        if limit.per is Per.CUSTOMER and request.customer_id is None:
            return False
        lengths = [
            one.interval.end - one.interval.start
            for one in self.in_force()
            if one.counts
            and (limit.all_services or one.service_id == request.service.id)
            and (limit.per is not Per.CUSTOMER or one.customer_id == request.customer_id)
            and (resource is None or resource.id in {row.resource_id for row in one.allocations})
            and period_number(limit, one.interval.start) == period_number(limit, start)
        ]
        too_many = limit.count is not None and len(lengths) >= limit.count
        return too_many or (
            limit.duration is not None and sum(lengths, NOTHING) + self.duration > limit.duration
        )

    def resource_codes(self, resource: Resource, start: dt.datetime) -> set[tuple[str, Id]]:
        """Return the rules of a resource that refuse a start, each with the resource that it is about."""
        limits = [one for one in self.world.request.service.limits if one.per is Per.RESOURCE]
        found = {
            ("slot_taken", part.id)
            for part in self.footprint(resource)
            if self.free_units(part, start) < self.units
        }
        checks = {
            "inactive": not resource.active,
            "too_many_units": self.units > resource.capacity,
            "outside_hours": not self.is_open(resource, start),
            "limit_reached": any(self.is_reached(one, start, resource) for one in limits),
        }
        return found | {(code, resource.id) for code, refuses in checks.items() if refuses}

    @cached_property
    def _free(self) -> dict[tuple[Id, dt.datetime], bool]:
        return {}

    def is_free(self, resource: Resource, start: dt.datetime) -> bool:
        """Tell whether no rule of a resource refuses a start; the same all through a cell."""
        key = resource.id, representative(start)
        if key not in self._free:
            self._free[key] = not self.resource_codes(resource, key[1])
        return self._free[key]

    # -- candidates ------------------------------------------------------------------------------------------

    @cached_property
    def pools(self) -> list[tuple[list[Resource], int]]:
        """Whoever is switched off is no candidate, unless all are needed or it was asked for."""
        found = []
        for need in self.world.request.service.needs:
            admitted = [one for one in self.world.snapshot.resources.values() if need.admits(one)]
            able = [one for one in admitted if one.active or one.id in self.world.request.resource_ids]
            found.append((admitted, len(admitted)) if need.count is None else (able, need.count))
        return found

    def parties(
        self, free: frozenset[Id], leads: frozenset[Id], must: frozenset[Id]
    ) -> Iterator[tuple[Resource, ...]]:
        """Yield every way to meet all requirements with free resources that share no part."""
        if not all(admitted for admitted, _ in self.pools):
            return
        choices = []
        for number, (admitted, count) in enumerate(self.pools):
            able = [one for one in admitted if one.id in free and (number or one.id in leads)]
            choices.append(list(combinations(able, count)))
        for groups in product(*choices):
            party = tuple(one for group in groups for one in group)
            parts = [part.id for one in party for part in self.footprint(one)]
            if len(set(parts)) == len(parts) and {one.id for one in party} >= must:
                yield party

    def serves(self, start: dt.datetime, leads: frozenset[Id]) -> bool:
        """Tell whether some resources are free together, one of ``leads`` leading."""
        free = frozenset(one.id for one in self.world.snapshot.resources.values() if self.is_free(one, start))
        return self._serves(free, leads, frozenset(self.world.request.resource_ids))

    @cached_property
    def _served(self) -> dict[tuple[frozenset[Id], ...], bool]:
        return {}

    def _serves(self, free: frozenset[Id], leads: frozenset[Id], must: frozenset[Id]) -> bool:
        key = free, leads, must
        if key not in self._served:
            self._served[key] = any(True for _ in self.parties(*key))
        return self._served[key]

    @property
    def everyone(self) -> frozenset[Id]:
        return frozenset(self.world.snapshot.resources)

    def is_permitted(self, start: dt.datetime) -> bool:
        return not self.service_codes(start) and self.serves(start, self.everyone)

    # -- grids -----------------------------------------------------------------------------------------------

    @property
    def shared(self) -> bool:
        return self.world.request.service.shared_grid or self.pools[0][1] > 1

    def is_on(self, grid: Grid, start: dt.datetime, lead: Resource | None) -> bool:
        """Tell whether a start is on the grid of a candidate, or on the one that all share."""
        if isinstance(grid, FixedGrid):
            return not (start - grid.origin) % grid.step
        leads = self.pools[0][0] if lead is None else [lead]
        zone = leads[0].schedule.zone
        if isinstance(grid, ClockGrid):
            since = since_midnight(start, grid.zone or zone) - grid.offset
            return since >= NOTHING and not since % grid.step
        if isinstance(grid, OpeningGrid):
            return any(
                is_step(start, first + grid.offset, grid.step) for first in self.beginnings(start, lead)
            )
        return self.is_in_gap(grid, start, lead, zone)

    def beginnings(self, start: dt.datetime, lead: Resource | None) -> list[dt.datetime]:
        """Return from where an opening grid is counted at an instant."""
        if lead is not None:
            return [one.start for one in hours_of(lead) if one.start <= start < one.end]
        first = self.stretch_start(start, lead, seams=True)
        return [] if first is None else [first]

    @cached_property
    def _hours(self) -> dict[tuple[dt.datetime, Id | None], bool]:
        return {}

    def have_hours(self, instant: dt.datetime, lead: Resource | None) -> bool:
        """Tell whether the leading resource, or enough of the candidates, have hours at an instant."""
        key = instant, None if lead is None else lead.id
        if key not in self._hours:
            self._hours[key] = self._enough_have_hours(instant, lead)
        return self._hours[key]

    def _enough_have_hours(self, instant: dt.datetime, lead: Resource | None) -> bool:
        leads, needed = self.pools[0] if lead is None else ([lead], 1)
        return sum(any(one.start <= instant < one.end for one in hours_of(lead)) for lead in leads) >= needed

    def is_seam(self, instant: dt.datetime, lead: Resource | None) -> bool:
        leads = self.pools[0][0] if lead is None else [lead]
        return any(
            any(one.start == instant for one in hours_of(lead))
            and any(one.end == instant for one in hours_of(lead))
            for lead in leads
        )

    def stretch_start(
        self, instant: dt.datetime, lead: Resource | None, *, seams: bool
    ) -> dt.datetime | None:
        """Walk back, cell by cell, to where the open stretch begins; at midnight if it is a long one."""
        if not self.have_hours(instant, lead):
            return None
        key = floor(instant), None if lead is None else lead.id, seams
        if key not in self._stretches:
            self._stretches[key] = self._walked_back(key[0], lead, seams=seams)
        return self._stretches[key]

    @cached_property
    def _stretches(self) -> dict[tuple[dt.datetime, Id | None, bool], dt.datetime]:
        return {}

    def _walked_back(self, instant: dt.datetime, lead: Resource | None, *, seams: bool) -> dt.datetime:
        first = last = instant
        while first > instant - LONG - CELL and not self._ends_at(first, lead, seams=seams):
            first -= CELL
        while last < instant + LONG + CELL and not self._ends_at(last + CELL, lead, seams=seams):
            last += CELL
        if last + CELL - first <= LONG:
            return first
        leads = self.pools[0][0] if lead is None else [lead]
        zone, midnight = leads[0].schedule.zone, instant
        while midnight > first and since_midnight(midnight, zone):
            midnight -= CELL
        return midnight

    def _ends_at(self, bound: dt.datetime, lead: Resource | None, *, seams: bool) -> bool:
        inside = self.have_hours(bound - TICK, lead) and self.have_hours(bound, lead)
        return not inside or (seams and self.is_seam(bound, lead))

    def is_in_gap(self, grid: GapGrid, start: dt.datetime, lead: Resource | None, zone: ZoneInfo) -> bool:
        """Walk to both ends of the run of free starts and count from its beginning."""
        if not self.could_start(start, lead):
            return False
        first = last = half_of(start)
        while not self.run_ends_before(first, lead):
            first -= 1
        while not self.run_ends_before(last + 1, lead):
            last += 1
        begin = instant_of(first)
        end = instant_of(last) + TICK if last % 2 == 0 else instant_of(last + 1)
        notice = self.world.request.service.notice
        if notice is not None:
            begin = max(begin, self.world.snapshot.now + notice)
        return begin < end and is_step(
            start, first_of_gap(grid, begin, end - TICK + self.duration, zone), grid.step
        )

    def could_start(self, start: dt.datetime, lead: Resource | None) -> bool:
        """Tell whether the resources permit a start, whatever service and customer say."""
        leads = self.everyone if lead is None else frozenset([lead.id])
        free = frozenset(one.id for one in self.world.snapshot.resources.values() if self.is_free(one, start))
        return self._serves(free, leads, frozenset())

    def run_ends_before(self, half: int, lead: Resource | None) -> bool:
        if not (self.could_start(instant_of(half - 1), lead) and self.could_start(instant_of(half), lead)):
            return True
        return half % 2 == 0 and self.stretch_start(instant_of(half), lead, seams=False) == instant_of(half)

    # -- offers ----------------------------------------------------------------------------------------------

    def leads_on(self, grid: Grid, start: dt.datetime) -> frozenset[Id]:
        """Return the candidates of the first requirement on whose grid a start is."""
        candidates = self.pools[0][0]
        if self.shared:
            return self.everyone if candidates and self.is_on(grid, start, None) else frozenset()
        return frozenset(one.id for one in candidates if self.is_on(grid, start, one))

    def leads_of_whole(self, opening: Interval) -> frozenset[Id]:
        """Return the candidates of the first requirement that have exactly this opening."""
        return frozenset(one.id for one in self.pools[0][0] if opening in openings_of(one))

    def listed(self, start: dt.datetime) -> set[Id | None]:
        """Return who leads the slots that are listed at a start; None stands for all together."""
        grid = self.world.request.service.offered
        if grid is None or self.service_codes(start):
            return set()
        leads = self.leads_on(grid, start)
        if self.shared:
            return {None} if leads and self.serves(start, leads) else set()
        return {one for one in leads if self.serves(start, frozenset([one]))}


def floor(instant: dt.datetime) -> dt.datetime:
    return instant - (instant - EPOCH) % CELL


def representative(instant: dt.datetime) -> dt.datetime:
    """Return the instant that stands for all that are alike: a cell's bound, or the one behind."""
    return floor(instant) if instant == floor(instant) else floor(instant) + TICK


def half_of(instant: dt.datetime) -> int:
    """Number the bounds of cells with even numbers and what lies between them with odd ones."""
    return 2 * ((instant - EPOCH) // CELL) + (instant != floor(instant))


def instant_of(half: int) -> dt.datetime:
    return EPOCH + half // 2 * CELL + (TICK if half % 2 else NOTHING)


def is_step(instant: dt.datetime, first: dt.datetime, step: dt.timedelta) -> bool:
    return instant >= first and not (instant - first) % step


def since_midnight(instant: dt.datetime, zone: ZoneInfo) -> dt.timedelta:
    """Return what the clock shows."""
    wall = instant.astimezone(zone)
    return dt.timedelta(
        hours=wall.hour, minutes=wall.minute, seconds=wall.second, microseconds=wall.microsecond
    )


def first_of_gap(grid: GapGrid, begin: dt.datetime, gap_end: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """Count up minute by minute to what the grid rounds to."""
    minute = begin
    while (minute - EPOCH) % MINUTE:
        minute += (
            TICK if (minute - EPOCH) % MINUTE > MINUTE - 2 * TICK else MINUTE - (minute - EPOCH) % MINUTE
        )
    slack = (gap_end - minute) % grid.alignment
    for align in (grid.alignment, 15 * MINUTE, 5 * MINUTE) if grid.pack else (grid.alignment,):
        rounded = minute
        while since_midnight(rounded, grid.zone or zone) % align:
            rounded += MINUTE
        if not grid.pack or rounded - minute <= slack:
            return rounded + grid.offset
    return minute + grid.offset


def period_number(limit: Limit, instant: dt.datetime) -> tuple[int, ...]:
    """Return the same number for two instants exactly if they lie in one calendar period."""
    date = instant.astimezone(limit.zone).date()
    if limit.period is Period.MONTH:
        return date.year, date.month
    if limit.period is Period.DAY:
        return (date.toordinal(),)
    return ((date - dt.timedelta(days=(date.isoweekday() - limit.week_start) % 7)).toordinal(),)
