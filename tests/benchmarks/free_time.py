"""The free time of a year in a zone: opening hours minus bookings, value objects in and out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from tests.benchmarks.harness import OURS, Contest, Foreign, Goal, Rival, kept
from tests.benchmarks.workloads import (
    EPOCH,
    Span,
    interval,
    seconds,
    working_year,
    year_of_bookings,
)

from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet
from slotkeeper.domain.schedule import Schedule

if TYPE_CHECKING:
    Bounds = tuple[dt.datetime, dt.datetime]

ZONE: Final = "Europe/London"
HOURS: Final = ((dt.time(9), dt.time(12)), (dt.time(12, 30), dt.time(17)))
YEAR: Final = Interval(EPOCH, EPOCH.replace(year=2026))
WEEK: Final = {"MO-FR": "09:00-12:00, 12:30-17:00"}
ANEW: Final = f"{OURS}, hours worked out anew"
LISTED: Final = f"{OURS}, as a list"
BY_HAND: Final = "by hand, a sweep of datetimes"


def _ours(given: tuple[Schedule, Sequence[Interval]]) -> IntervalSet:
    """Ask a schedule that has been asked before: it keeps the hours of the year, as peers are given them."""
    schedule, bookings = given
    return schedule.open_between(YEAR) - IntervalSet(bookings)


def _as_list(given: tuple[Schedule, Sequence[Interval]]) -> list[Interval]:
    return list(_ours(given))


def _new_schedule(number: int) -> Schedule:
    """Return a schedule unlike those before, with the same hours."""
    return Schedule(ZONE, WEEK, valid_from=dt.date(2000, 1, 1) + number * dt.timedelta(days=1))


# -- by hand -----------------------------------------------------------------------------------------


def _opening_hours(zone: ZoneInfo) -> Iterator[Bounds]:
    date = YEAR.start.date()
    while date < YEAR.end.date():
        if date.weekday() < 5:
            for opens, closes in HOURS:
                start, end = (dt.datetime.combine(date, time, zone) for time in (opens, closes))
                yield start.astimezone(dt.UTC), end.astimezone(dt.UTC)
        date += dt.timedelta(days=1)


def _by_hand(bookings: Sequence[Bounds]) -> list[Bounds]:
    """Walk the sorted hours and the sorted bookings side by side."""
    free, place = [], 0
    for opens, closes in _opening_hours(ZoneInfo(ZONE)):
        begin = opens
        while place < len(bookings) and bookings[place][0] < closes:
            start, end = bookings[place]
            if start > begin:
                free.append((begin, start))
            begin = max(begin, end)
            place += 1
        if begin < closes:
            free.append((begin, closes))
    return free


# -- peers -------------------------------------------------------------------------------------------


def portion_set(spans: Sequence[Span]) -> Foreign:
    """Return spans as portion's interval, which is a set of them."""
    import portion

    return portion.Interval(*(portion.closedopen(start, end) for start, end in spans))


def portion_spans(found: Foreign) -> list[Span]:
    """Return portion's interval as spans."""
    return [(atom.lower, atom.upper) for atom in found]


def _in_calgebra(bookings: Sequence[Span]) -> Foreign:
    from calgebra import HOUR, MINUTE, day_of_week, time_of_day, timeline
    from calgebra import Interval as Booked

    offset = int(EPOCH.timestamp())
    days = day_of_week(["monday", "tuesday", "wednesday", "thursday", "friday"], tz=ZONE)
    morning = time_of_day(start=9 * HOUR, duration=3 * HOUR, tz=ZONE)
    later = time_of_day(start=12 * HOUR + 30 * MINUTE, duration=4 * HOUR + 30 * MINUTE, tz=ZONE)
    busy = timeline(*(Booked(start=start + offset, end=end + offset) for start, end in bookings))
    return list(((days & (morning | later)) - busy)[YEAR.start : YEAR.end])


def _calgebra_spans(found: Foreign) -> list[Span]:
    offset = int(EPOCH.timestamp())
    return [(one.start - offset, one.end - offset) for one in found]


def _stairs(spans: Sequence[Span]) -> Foreign:
    import staircase

    return staircase.Stairs(start=[start for start, _ in spans], end=[end for _, end in spans])


def _in_staircase(state: tuple[Foreign, Sequence[Span]]) -> list[Span]:
    opened, bookings = state
    frame = ((opened > 0) & (_stairs(bookings) == 0)).to_frame()
    return list(frame.loc[frame["value"] == 1, ["start", "end"]].itertuples(index=False, name=None))


def _by_chopping(state: tuple[Sequence[Span], Sequence[Span]]) -> Foreign:
    from intervaltree import IntervalTree

    opened, bookings = state
    tree = IntervalTree.from_tuples(opened)
    for start, end in bookings:
        tree.chop(start, end)
    return tree


def _as_datetimes(spans: Sequence[Span]) -> list[Bounds]:
    return [(one.start, one.end) for one in map(interval, spans)]


def _as_intervals(found: Sequence[Bounds]) -> list[Span]:
    return seconds(Interval(*bounds) for bounds in found)


def _free_time(size: int) -> list[Rival]:
    """Peers without zones are given the hours as whole seconds."""
    opened, bookings = working_year(), year_of_bookings(size)
    schedule, numbers = Schedule(ZONE, WEEK), count()

    taken = list(map(interval, bookings))

    def peer(
        name: str, prepare: Callable[[], Any], work: Callable[[Any], Any], answer: Callable[[Any], Any]
    ) -> Rival:
        return Rival(name, kept(prepare), work, answer=answer, module=name, rounds=5)

    return [
        Rival(OURS, kept(lambda: (schedule, taken)), _ours, answer=seconds),
        Rival(ANEW, lambda: (_new_schedule(next(numbers)), taken), _ours, answer=seconds),
        Rival(LISTED, kept(lambda: (schedule, taken)), _as_list, answer=seconds),
        Rival(BY_HAND, kept(lambda: _as_datetimes(bookings)), _by_hand, answer=_as_intervals),
        peer(
            "staircase",
            lambda: (_stairs(opened), bookings),
            _in_staircase,
            lambda found: [(int(start), int(end)) for start, end in found],
        ),
        peer("calgebra", lambda: bookings, _in_calgebra, _calgebra_spans),
        peer(
            "portion",
            lambda: (portion_set(opened), bookings),
            lambda state: state[0] - portion_set(state[1]),
            portion_spans,
        ),
        peer(
            "intervaltree",
            lambda: (opened, bookings),
            _by_chopping,
            lambda tree: sorted((one.begin, one.end) for one in tree),
        ),
    ]


CONTESTS: Final = (
    Contest(
        "free time of a year minus bookings",
        _free_time,
        (2_000,),
        50,
        growth=(250, 500, 1_000, 2_000, 3_500),
        goals=(Goal("portion", 60), Goal("calgebra", 40), Goal(BY_HAND, 1)),
    ),
)
