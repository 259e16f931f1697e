"""Leading candidates: which of them may begin a booking when, by their grids and by the lengths on offer.

Each candidate of the first requirement has its own grid, unless that requirement takes several or the service
shares one grid. Whole openings are their own grid, and each has its own length.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import groupby
from operator import attrgetter

import attrs

from slotkeeper.domain.durations import WholeOpening
from slotkeeper.domain.grid import Grid
from slotkeeper.domain.instant import TICK
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet
from slotkeeper.domain.resource import Resource
from slotkeeper.engine.question import Request, Snapshot
from slotkeeper.engine.starts import Starts


@attrs.frozen(eq=False)
class Option:
    """A start, the length it would have, and the candidates that may lead from there; perhaps none."""

    start: dt.datetime
    starts: Starts
    leads: tuple[Resource, ...]


@attrs.frozen(slots=False, eq=False)
class Leading:
    """The options that a request has in a snapshot.

    Args:
        snapshot: The facts.
        request: The wish.
        candidates: The candidates of the first requirement, the preferred first.
        shared: Whether they have one grid in common.
    """

    snapshot: Snapshot
    request: Request
    candidates: tuple[Resource, ...]
    shared: bool
    _by_length: dict[dt.timedelta, Starts] = attrs.field(factory=dict, init=False)

    @property
    def is_whole(self) -> bool:
        """Whether bookings take whole openings."""
        return isinstance(self.request.service.duration, WholeOpening)

    @property
    def starts(self) -> Starts:
        """The starts of the length asked for, or the service's shortest.

        For whole openings without a length it is the least there is: what refuses that refuses any.
        """
        offered = self.request.service.duration
        shortest = TICK if isinstance(offered, WholeOpening) else offered.shortest
        return self._lasting(shortest if self.request.duration is None else self.request.duration)

    def _lasting(self, length: dt.timedelta) -> Starts:
        if length not in self._by_length:
            self._by_length[length] = Starts(self.snapshot, self.request, length)
        return self._by_length[length]

    # -- at one instant --------------------------------------------------------------------------------------

    def accepted(self, instant: dt.datetime) -> tuple[Option, ...]:
        """Return the options from an instant, one for each length that fits there, at least one."""
        nobody = Option(instant, self.starts, ())
        if self.is_whole:
            return tuple(self._united(self._openings(Interval.lasting(instant, TICK)))) or (nobody,)
        if self.shared:
            return (
                (attrs.evolve(nobody, leads=self.candidates),)
                if self._is_accepted(instant, None)
                else (nobody,)
            )
        return (
            attrs.evolve(
                nobody, leads=tuple(one for one in self.candidates if self._is_accepted(instant, one))
            ),
        )

    def _is_accepted(self, instant: dt.datetime, lead: Resource | None) -> bool:
        moment = Interval.lasting(instant, TICK)
        service = self.request.service
        grids: Iterable[Grid | None] = dict.fromkeys((service.offered, service.accepted))
        return any(True for grid in grids for _ in self._on_grid(grid, lead, moment, IntervalSet((moment,))))

    # -- in a window -----------------------------------------------------------------------------------------

    def offered(self, window: Interval) -> Iterator[Option]:
        """Yield the options on the offered grid within a window, by time, then by preference.

        No rule refuses them, save for whole openings, which come as they are.
        """
        if self.is_whole:
            found = self._openings(window)
            return self._united(found) if self.shared else found
        if self.shared:
            return (Option(instant, self.starts, self.candidates) for instant in self._points(None, window))
        rows = [self._of_candidate(one, window) for one in self.candidates]
        return merge(*rows, key=attrgetter("start"))

    def near(self, lead: Resource | None, window: Interval) -> Iterator[dt.datetime]:
        """Yield the starts within a window that a candidate, or None for any of all, could lead."""
        if self.is_whole:
            options = (one for one in self._openings(window) if lead in one.leads or lead is None)
            return (
                one.start for one in options if one.starts.permitted(Interval.lasting(one.start, TICK), lead)
            )
        return self._points(lead, window)

    def _of_candidate(self, lead: Resource, window: Interval) -> Iterator[Option]:
        return (Option(instant, self.starts, (lead,)) for instant in self._points(lead, window))

    def _points(self, lead: Resource | None, window: Interval) -> Iterator[dt.datetime]:
        grid = self.request.service.offered
        return self._on_grid(grid, lead, window, self.starts.permitted(window, lead))

    def _on_grid(
        self, grid: Grid | None, lead: Resource | None, window: Interval, within: IntervalSet
    ) -> Iterator[dt.datetime]:
        return iter(()) if grid is None else self.starts.on_grid(grid, lead, window, within)

    # -- whole openings --------------------------------------------------------------------------------------

    def _openings(self, window: Interval) -> Iterator[Option]:
        """Yield each candidate's openings that start within a window and have the length asked for."""
        return merge(*(self._openings_of(one, window) for one in self.candidates), key=attrgetter("start"))

    def _openings_of(self, lead: Resource, window: Interval) -> Iterator[Option]:
        for one in lead.schedule.openings_between(window):
            if one.start in window and self.request.duration in (None, one.duration):
                yield Option(one.start, self._lasting(one.duration), (lead,))

    def _united(self, options: Iterator[Option]) -> Iterator[Option]:
        """Unite the options of one start and one length."""
        for start, some in groupby(options, key=attrgetter("start")):
            by_length: dict[dt.timedelta, list[Resource]] = {}
            for one in some:
                by_length.setdefault(one.starts.duration, []).extend(one.leads)
            for length, leads in by_length.items():
                yield Option(start, self._lasting(length), tuple(leads))
