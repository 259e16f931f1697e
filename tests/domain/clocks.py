"""What the tests of wall-clock time share: awkward zones, and oracles that walk time minute by minute."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet

if TYPE_CHECKING:
    from collections.abc import Callable

MINUTE: Final = dt.timedelta(minutes=1)
DAY: Final = dt.timedelta(days=1)

CHANGES: Final = {
    "Europe/Warsaw": [(2025, 3, 30), (2025, 10, 26)],
    "America/New_York": [(2025, 3, 9), (2025, 11, 2)],
    "Australia/Lord_Howe": [(2025, 4, 6), (2025, 10, 5)],
    "Pacific/Apia": [(2011, 12, 30)],
    "America/Sao_Paulo": [(2018, 11, 4), (2019, 2, 17)],
    "America/St_Johns": [(2006, 4, 2), (2006, 10, 29)],
    "Africa/Casablanca": [(2024, 3, 10), (2024, 4, 14)],
    "Antarctica/Troll": [(2025, 3, 30), (2025, 10, 26)],
    "Asia/Kathmandu": [(1986, 1, 1)],
    "Africa/Freetown": [(1939, 9, 1), (1939, 9, 5)],
    "UTC": [(2025, 1, 1)],
}


def instants_near_changes(zone: str) -> st.SearchStrategy[dt.datetime]:
    """Return whole minutes within three days of a clock change of the zone."""
    days = [dt.datetime(*day, tzinfo=dt.UTC) for day in CHANGES[zone]]
    minutes = st.integers(-3 * 1440, 3 * 1440)
    return st.builds(lambda day, offset: day + offset * MINUTE, st.sampled_from(days), minutes)


@st.composite
def zones_and_windows(draw: st.DrawFn) -> tuple[str, Interval]:
    """Draw a zone and a window of up to two days near one of its clock changes."""
    zone = draw(st.sampled_from(sorted(CHANGES)))
    start = draw(instants_near_changes(zone))
    return zone, Interval.lasting(start, draw(st.integers(1, 2 * 1440)) * MINUTE)


def minutes_in(window: Interval) -> list[dt.datetime]:
    return [window.start + number * MINUTE for number in range(window.duration // MINUTE)]


def minutes_where(window: Interval, is_open: Callable[[dt.datetime], bool]) -> IntervalSet:
    """Return the minutes of a window whose first instant satisfies a predicate."""
    return IntervalSet(Interval.lasting(minute, MINUTE) for minute in minutes_in(window) if is_open(minute))


def local(instant: dt.datetime, zone: str) -> dt.datetime:
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)
