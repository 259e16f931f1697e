"""The input of the benchmarks: bookings, calendars and sets, seeded, as intervals or as seconds.

The rivals get whole numbers, with which they are fastest, and slotkeeper what its users have: intervals.
"""

from __future__ import annotations

import datetime as dt
import random
from typing import TYPE_CHECKING, Final

from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet

if TYPE_CHECKING:
    from collections.abc import Iterable

EPOCH: Final = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
GRID: Final = 300
DAY: Final = 86_400
Span = tuple[int, int]


def interval(span: Span) -> Interval:
    """Return a span of seconds since the first of 2025 as an interval."""
    return Interval(EPOCH + dt.timedelta(seconds=span[0]), EPOCH + dt.timedelta(seconds=span[1]))


def seconds(intervals: Iterable[Interval]) -> list[Span]:
    """Return intervals as seconds since the first of 2025."""
    second = dt.timedelta(seconds=1)
    return [((one.start - EPOCH) // second, (one.end - EPOCH) // second) for one in intervals]


def attempts(count: int) -> list[Span]:
    """Return attempts to book 15 to 45 minutes, so dense that about half of them find the time taken."""
    draw = random.Random(1)
    horizon = int(5 * 365.25 * DAY / GRID * count / 100_000)
    starts = [draw.randrange(horizon) * GRID for _ in range(count)]
    return [(start, start + draw.randrange(3, 10) * GRID) for start in starts]


def crowded(count: int, *, depth: float = 4, long: bool = True) -> list[Span]:
    """Return spans of 15 to 105 minutes, so many at any time, with a two-week one among each thousand.

    Without the long ones, one of 105 minutes stands for each.
    """
    draw = random.Random(3)
    horizon = int(count * 3_600 / depth) // GRID
    longest = 14 * DAY if long else 21 * GRID
    lengths = [longest if at % 1_000 == 999 else draw.randrange(3, 22) * GRID for at in range(count)]
    return [(start := draw.randrange(horizon) * GRID, start + length) for length in lengths]


def windows(count: int, horizon: int) -> list[Span]:
    """Return windows of half an hour from whole minutes before the horizon."""
    draw = random.Random(4)
    return [(start := draw.randrange(horizon // 60) * 60, start + 1_800) for _ in range(count)]


def disjoint(count: int, seed: int) -> list[Span]:
    """Return sorted spans with gaps between them, both of 5 to 55 minutes."""
    draw = random.Random(seed)
    bounds, last = [], 0
    for _ in range(2 * count):
        last += draw.randrange(1, 12) * GRID
        bounds.append(last)
    return list(zip(bounds[::2], bounds[1::2], strict=True))


def working_year() -> list[Span]:
    """Return 9 to 12 and 12:30 to 17 of each weekday of a year, an hour earlier in summer."""
    days = [day * DAY - (3_600 if 88 <= day < 298 else 0) for day in range(365) if (day + 2) % 7 < 5]
    return [
        (day + opens, day + closes) for day in days for opens, closes in ((32_400, 43_200), (45_000, 61_200))
    ]


def year_of_bookings(count: int) -> list[Span]:
    """Return disjoint bookings of half an hour inside the working year."""
    starts = [start for opens, closes in working_year() for start in range(opens, closes, 1_800)]
    return [(start, start + 1_800) for start in sorted(random.Random(7).sample(starts, count))]


def interval_set(spans: Iterable[Span]) -> IntervalSet:
    """Return spans of seconds as a set."""
    return IntervalSet(map(interval, spans))
