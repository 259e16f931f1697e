"""Each grid against the reading of a clock, minute by minute, on days on which clocks change too."""

from __future__ import annotations

import datetime as dt
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.oracle import TICK, first_of_gap, is_step, since_midnight
from tests.engine.worlds import EPOCH, MINUTE

from slotkeeper.domain.grid import ClockGrid, FixedGrid, GapGrid, OpeningGrid
from slotkeeper.domain.instant import EARLIEST, LATEST
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet
from slotkeeper.engine.grid_points import Anchors, points

HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
ZONES: Final = (
    "Europe/Warsaw",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Havana",
    "UTC",
)
CHANGES: Final = [
    dt.datetime(2025, 3, 29, 12, tzinfo=dt.UTC),  # Warsaw forward
    dt.datetime(2025, 10, 25, 12, tzinfo=dt.UTC),  # Warsaw back
    dt.datetime(2025, 4, 5, 3, tzinfo=dt.UTC),  # Lord Howe back by half an hour
    dt.datetime(2025, 10, 4, 3, tzinfo=dt.UTC),  # Lord Howe forward by half an hour
    dt.datetime(2025, 3, 8, 18, tzinfo=dt.UTC),  # Havana forward, over midnight
    dt.datetime(2025, 11, 1, 18, tzinfo=dt.UTC),  # Havana back, over midnight
]
windows: Final = st.builds(
    lambda start, hours: Interval(start, start + hours * HOUR), st.sampled_from(CHANGES), st.integers(1, 36)
)
steps: Final = st.sampled_from([5, 7, 15, 25, 45, 60, 90, 7 * 60]).map(lambda minutes: minutes * MINUTE)
offsets: Final = st.sampled_from([0, 5, 65]).map(lambda minutes: minutes * MINUTE)
zones: Final = st.sampled_from(ZONES).map(ZoneInfo)


def anchored(
    *, openings: tuple[Interval, ...] = (), runs: tuple[Interval, ...] = (), earliest: dt.datetime = EARLIEST
) -> Anchors:
    return Anchors(openings, runs, earliest, HOUR, ZoneInfo("UTC"))


def minutes(window: Interval) -> list[dt.datetime]:
    return [window.start + number * MINUTE for number in range(window.duration // MINUTE)]


def pieces(window: Interval) -> IntervalSet:
    """The window with every third hour taken out."""
    return IntervalSet((window,)) - IntervalSet(
        Interval(window.start + hour * HOUR, window.start + (hour + 1) * HOUR)
        for hour in range(1, window.duration // HOUR + 1, 3)
    )


# -- the clock -----------------------------------------------------------------------------------------------


@given(windows, steps, offsets, zones)
def test_clock_points_are_where_the_clock_shows_whole_steps_since_midnight(
    window: Interval, step: dt.timedelta, offset: dt.timedelta, zone: ZoneInfo
) -> None:
    within = pieces(window)
    found = list(points(ClockGrid(step, offset=offset, zone=zone), anchored(), within))
    expected = [
        one
        for one in minutes(window)
        if one in within and is_step(EPOCH + since_midnight(one, zone), EPOCH + offset, step)
    ]
    assert found == expected


def test_a_clock_grid_without_a_zone_is_the_resources() -> None:
    window = Interval(EPOCH, EPOCH + 2 * HOUR)
    kathmandu = Anchors((), (), EARLIEST, HOUR, ZoneInfo("Asia/Kathmandu"))
    found = list(points(ClockGrid(HOUR), kathmandu, IntervalSet((window,))))
    assert found == [EPOCH + 15 * MINUTE, EPOCH + 75 * MINUTE]


def test_hours_that_the_clock_repeats_have_their_points_twice() -> None:
    window = Interval.parse("2025-10-26T00:00Z/2025-10-26T02:00Z")
    found = list(points(ClockGrid(HOUR, zone="Europe/Warsaw"), anchored(), IntervalSet((window,))))
    assert [one.astimezone(ZoneInfo("Europe/Warsaw")).hour for one in found] == [2, 2]


# -- openings ------------------------------------------------------------------------------------------------


@given(
    windows,
    steps,
    offsets,
    st.lists(
        st.tuples(st.integers(-40, 60), st.integers(1, 40)),
        min_size=1,
        max_size=4,
        unique_by=lambda one: one[0],
    ),
)
def test_opening_points_are_whole_steps_from_the_start_of_some_opening(
    window: Interval, step: dt.timedelta, offset: dt.timedelta, spans: list[tuple[int, int]]
) -> None:
    half = HOUR / 2
    openings = [Interval(window.start + at * half, window.start + (at + long) * half) for at, long in spans]
    within = pieces(window)
    found = list(points(OpeningGrid(step, offset=offset), anchored(openings=tuple(openings)), within))
    expected = [
        one
        for one in minutes(window)
        if one in within and any(is_step(one, row.start + offset, step) and one < row.end for row in openings)
    ]
    assert found == expected


# -- one instant ---------------------------------------------------------------------------------------------


@given(windows, steps, st.integers(-5000, 5000))
def test_fixed_points_go_both_ways_from_the_origin(window: Interval, step: dt.timedelta, ahead: int) -> None:
    origin, within = window.start + ahead * MINUTE, pieces(window)
    found = list(points(FixedGrid(step, origin), anchored(), within))
    assert found == [one for one in minutes(window) if one in within and not (one - origin) % step]


@pytest.mark.parametrize("edge", [EARLIEST, LATEST - HOUR])
@pytest.mark.parametrize("grid", [FixedGrid(25 * MINUTE, EPOCH), ClockGrid(25 * MINUTE, offset=5 * MINUTE)])
def test_points_stop_at_the_ends_of_time(edge: dt.datetime, grid: FixedGrid | ClockGrid) -> None:
    window = Interval(edge, edge + HOUR - TICK)
    assert all(one in window for one in points(grid, anchored(), IntervalSet((window,))))


# -- gaps ----------------------------------------------------------------------------------------------------


gap_grids: Final = st.builds(
    GapGrid,
    steps,
    align=st.none() | st.sampled_from([7, 10, 20, 60]).map(lambda number: number * MINUTE),
    offset=offsets,
    pack=st.booleans(),
    zone=zones,
)


@given(windows, gap_grids, st.integers(0, 90), st.sampled_from([0 * MINUTE, TICK, 29 * MINUTE / 60]))
def test_gap_points_are_whole_steps_from_the_aligned_start_of_the_gap(
    window: Interval, grid: GapGrid, late: int, odd: dt.timedelta
) -> None:
    run = Interval(window.start + odd, window.end)
    earliest = window.start + late * MINUTE
    found = list(points(grid, anchored(runs=(run,), earliest=earliest), IntervalSet((run,))))
    begin = max(run.start, earliest)
    if begin >= run.end:
        assert not found
        return
    first = first_of_gap(grid, begin, run.end - TICK + HOUR, ZoneInfo("UTC"))
    assert found == [one for one in minutes(window) if one in run and is_step(one, first, grid.step)]


@pytest.mark.parametrize(
    ("gap", "pack", "starts"),
    [
        ("09:30/12:30", False, ["10:00", "11:00"]),
        ("09:30/12:30", True, ["09:30", "10:30", "11:30"]),
        ("09:35/12:45", True, ["09:45", "10:45", "11:45"]),
        ("09:31/12:36", True, ["09:35", "10:35", "11:35"]),
        ("09:31/12:32", True, ["09:31", "10:31", "11:31"]),
        ("09:00/12:30", True, ["09:00", "10:00", "11:00"]),
    ],
)
def test_packing_rounds_only_where_that_loses_no_slot(gap: str, pack: bool, starts: list[str]) -> None:  # noqa: FBT001
    first, last = (dt.datetime.fromisoformat(f"2025-10-23T{time}Z") for time in gap.split("/"))
    run = Interval(first, last - HOUR + TICK)
    found = points(GapGrid(HOUR, pack=pack), anchored(runs=(run,)), IntervalSet((run,)))
    assert [f"{one:%H:%M}" for one in found] == starts


def test_each_gap_counts_from_its_own_start() -> None:
    runs = tuple(
        Interval(EPOCH + start * MINUTE, EPOCH + end * MINUTE) for start, end in [(0, 50), (70, 130)]
    )
    found = points(GapGrid(20 * MINUTE, align=5 * MINUTE), anchored(runs=runs), IntervalSet(runs))
    assert [(one - EPOCH) // MINUTE for one in found] == [0, 20, 40, 70, 90, 110]
