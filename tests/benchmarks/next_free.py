"""The next free hour in each of many full calendars, which stay as they are while they are asked.

A calendar is full of bookings on quarters of an hour, with gaps of up to 45 minutes; the first free hour
comes behind the last of them. A hundred different ones are repeated as often as it takes.
"""

from __future__ import annotations

import datetime as dt
import random
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import cycle, islice
from typing import Any, Final

from tests.benchmarks.harness import OURS, Contest, Foreign, Goal, Rival, kept, uncompared
from tests.benchmarks.workloads import EPOCH, Span, interval

from slotkeeper.engine.timeline import Timeline

HOUR: Final = dt.timedelta(hours=1)
QUARTER: Final = 900
HOUR_IN_SECONDS: Final = 3_600
BOOKINGS: Final = 200
DIFFERENT: Final = 100
NOW: Final = 10 * HOUR_IN_SECONDS
FAR: Final = 10**8
PROBING: Final = "by hand, probing each start"
FEWER: Final = f"{OURS}, a tenth of the bookings"
FIRST: Final = f"{OURS}, asked for the first time"
Calendar = list[Span]


def _full_calendar(seed: int, bookings: int) -> Calendar:
    draw = random.Random(seed)
    found, last = [], 0
    for _ in range(bookings):
        start = last + draw.randrange(4) * QUARTER
        last = start + draw.randrange(1, 7) * QUARTER
        found.append((start, last))
    return found


def _calendars(count: int, bookings: int, make: Callable[[Calendar], Any]) -> list[Any]:
    """Return that many calendars, each made anew from one of a hundred."""
    different = [_full_calendar(seed, bookings) for seed in range(DIFFERENT)]
    return list(map(make, islice(cycle(different), count)))


# -- ours --------------------------------------------------------------------------------------------


def _timelines(count: int, bookings: int) -> list[Timeline[int]]:
    different = [list(map(interval, _full_calendar(seed, bookings))) for seed in range(DIFFERENT)]

    def filled(spans: Sequence[Any]) -> Timeline[int]:
        made = Timeline[int]()
        for key, span in enumerate(spans):
            made.book_if_free(span, key)
        return made

    return list(map(filled, islice(cycle(different), count)))


def _ask_ours(lines: Sequence[Timeline[int]]) -> list[dt.datetime | None]:
    now = EPOCH + dt.timedelta(seconds=NOW)
    return [line.next_gap(now, HOUR) for line in lines]


def _in_seconds(found: Sequence[dt.datetime | None]) -> list[int]:
    return [(one - EPOCH) // dt.timedelta(seconds=1) for one in found if one is not None]


# -- peers -------------------------------------------------------------------------------------------


def _by_probing(calendars: Sequence[Calendar]) -> list[int]:
    """Try one start after the other against all bookings, as a query for each start does."""
    return [_probed(calendar) for calendar in calendars]


def _probed(calendar: Calendar) -> int:
    start = NOW
    while any(first < start + HOUR_IN_SECONDS and start < last for first, last in calendar):
        start += QUARTER
    return start


def _by_searching(calendars: Sequence[Calendar]) -> list[int]:
    """Begin at the booking that a binary search finds, and walk from gap to gap."""
    return [_walked(calendar) for calendar in calendars]


def _walked(calendar: Calendar) -> int:
    start = NOW
    for first, last in calendar[max(bisect_right(calendar, (start,)) - 1, 0) :]:
        if first - start >= HOUR_IN_SECONDS:
            break
        start = max(start, last)
    return start


def _map_of(calendar: Calendar) -> Foreign:
    from superintervals import IntervalMap

    made = IntervalMap()
    for start, end in calendar:
        made.add(start, end - 1)
    made.build()
    return made


def _in_superintervals(maps: Sequence[Foreign]) -> list[int]:
    return [_probed_by(one.has_overlaps) for one in maps]


def _probed_by(has_overlaps: Callable[[int, int], bool]) -> int:
    start = NOW
    while has_overlaps(start, start + HOUR_IN_SECONDS - 1):
        start += QUARTER
    return start


def _line_of(calendar: Calendar) -> Foreign:
    from calgebra import Interval as Booked
    from calgebra import timeline

    return timeline(*(Booked(start=start, end=end) for start, end in calendar))


def _in_calgebra(lines: Sequence[Foreign]) -> list[int]:
    from calgebra import hours

    long_enough = hours >= 1
    return [next(iter((long_enough & ~line)[NOW:FAR])).start for line in lines]


def _next_free(size: int) -> list[Rival]:
    def calendars(make: Callable[[Calendar], Any] = list) -> Callable[[], Any]:
        return kept(lambda: _calendars(size, BOOKINGS, make))

    return [
        Rival(OURS, kept(lambda: _timelines(size, BOOKINGS)), _ask_ours, answer=_in_seconds),
        Rival(
            FIRST, lambda: _timelines(size, BOOKINGS), _ask_ours, answer=_in_seconds, rounds=3, largest=1_000
        ),
        Rival("by hand, a search and a walk", calendars(), _by_searching),
        Rival(
            "superintervals",
            calendars(_map_of),
            _in_superintervals,
            module="superintervals",
            rounds=3,
            largest=1_000,
        ),
        Rival("calgebra", calendars(_line_of), _in_calgebra, module="calgebra", rounds=3, largest=1_000),
        Rival(PROBING, calendars(), _by_probing, rounds=3, largest=1_000),
    ]


def _ten_times_the_bookings(size: int) -> list[Rival]:
    return [
        Rival(OURS, kept(lambda: _timelines(size, 10 * BOOKINGS)), _ask_ours, answer=_in_seconds),
        Rival(FEWER, kept(lambda: _timelines(size, BOOKINGS)), _ask_ours, answer=uncompared),
    ]


CONTESTS: Final = (
    Contest(
        "next free hour in full calendars of 200 bookings",
        _next_free,
        (1_000, 10_000),
        5,
        growth=(100, 316, 1_000),
        goals=(Goal(PROBING, 1_000),),
    ),
    Contest(
        "next free hour in full calendars of 2,000 bookings",
        _ten_times_the_bookings,
        (500,),
        5,
        goals=(Goal(FEWER, 1 / 1.5),),
    ),
)
