"""Text grids: what a terminal shows of a week, checked against the sets it is drawn from."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotkeeper import Interval, IntervalSet, InvalidFieldError, Schedule, Slot
from slotkeeper.contrib.text_grid import BUSY, CLOSED, FREE, PARTLY, SKIPPED, slot_table, week_grid

WARSAW = "Europe/Warsaw"
HOUR = dt.timedelta(hours=1)
AUTUMN = Interval.parse("2025-10-25T00:00+02:00/2025-10-27T00:00+01:00")
SPRING = Interval.parse("2025-03-30T00:00+01:00/2025-03-31T00:00+02:00")
WEEK = Interval.parse("2025-10-20T00:00Z/P7D")


def cell(grid: str, time: str, column: int) -> str:
    line = next(line for line in grid.splitlines() if line.startswith(time))
    return line.ljust(200)[6 + column * 7]


def test_a_week_shows_open_taken_and_partly_taken_hours() -> None:
    opened = Schedule.weekly_hours("UTC", {"MO": "09:00-13:00"}).open_between(WEEK)
    taken = IntervalSet.parse("2025-10-20T10:00Z/PT1H, 2025-10-20T11:30Z/PT30M")
    grid = week_grid(opened, opened - taken, WEEK, "UTC", step=HOUR)
    assert [cell(grid, time, 0) for time in ("09:00", "10:00", "11:00", "12:00")] == [
        FREE,
        BUSY,
        PARTLY,
        FREE,
    ]
    assert cell(grid, "09:00", 1) == CLOSED
    assert grid.splitlines()[1].split()[:2] == ["Mon", "20"]


def test_the_zone_is_named() -> None:
    assert week_grid(IntervalSet(), IntervalSet(), WEEK, WARSAW).startswith(WARSAW)


def test_nothing_open_has_no_rows() -> None:
    assert len(week_grid(IntervalSet(), IntervalSet(), WEEK, WARSAW).splitlines()) == 2


def test_rows_before_the_first_and_after_the_last_hours_are_left_out() -> None:
    opened = IntervalSet.parse("2025-10-20T09:00Z/PT2H")
    rows = week_grid(opened, opened, WEEK, "UTC", step=HOUR).splitlines()[2:]
    assert [row[:5] for row in rows] == ["09:00", "10:00"]


def test_an_hour_that_occurs_twice_shows_the_busier_pass() -> None:
    opened = IntervalSet([AUTUMN])
    second_pass = IntervalSet.parse("2025-10-26T02:00+01:00/PT1H")
    grid = week_grid(opened, opened - second_pass, AUTUMN, WARSAW, step=HOUR)
    assert cell(grid, "02:00", 1) == BUSY
    assert cell(grid, "01:00", 1) == cell(grid, "03:00", 1) == FREE


def test_an_hour_that_the_clock_skips_is_marked() -> None:
    opened = IntervalSet([SPRING])
    assert cell(week_grid(opened, opened, SPRING, WARSAW, step=HOUR), "02:00", 0) == SKIPPED


@pytest.mark.parametrize("step", [dt.timedelta(0), -HOUR, dt.timedelta(minutes=50)])
def test_a_step_that_does_not_divide_a_day_is_refused(step: dt.timedelta) -> None:
    with pytest.raises(InvalidFieldError):
        week_grid(IntervalSet(), IntervalSet(), WEEK, "UTC", step=step)


@given(st.sets(st.integers(0, 47)), st.sets(st.integers(0, 47)))
def test_each_cell_says_what_the_sets_say(opened: set[int], taken: set[int]) -> None:
    start, half_hour = dt.datetime(2025, 10, 20, tzinfo=dt.UTC), dt.timedelta(minutes=30)
    day = Interval(start, start + dt.timedelta(days=1))

    def spans(rows: set[int]) -> IntervalSet:
        return IntervalSet(Interval.lasting(start + row * half_hour, half_hour) for row in rows)

    grid = week_grid(spans(opened), spans(opened - taken), day, "UTC")
    shown = {line[:5]: cell(grid, line[:5], 0) for line in grid.splitlines()[2:]}
    for row in range(48):
        time = f"{row // 2:02}:{row % 2 * 30:02}"
        expected = CLOSED if row not in opened else BUSY if row in taken else FREE
        assert shown.get(time, CLOSED) == expected


def test_slots_become_a_table_by_start_and_resource() -> None:
    first, second = Interval.parse("2025-10-26T00:30Z/PT30M"), Interval.parse("2025-10-26T01:30Z/PT30M")
    slots = [Slot("x", second, ("b",), 2), Slot("x", first, ("a",), 1), Slot("x", first, ("b",), 3)]
    head, *rows = slot_table(slots, WARSAW, names={"a": "Anna"}).splitlines()
    assert head.split() == [WARSAW, "b", "Anna"]
    assert [row.split()[3:] for row in rows] == [["02:30", "+0200", "3", "1"], ["02:30", "+0100", "2"]]
