"""Schedules and slots as plain text, by the wall clock of a named zone, for terminals and logs.

A week is a grid of local dates across and times of day down. On the day on which the clock is set back, a row
that occurs twice shows the busier of its two passes; a row that the clock skips shows ``-``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from zoneinfo import ZoneInfo

from slotkeeper.domain.ids import Id
from slotkeeper.domain.instant import ZERO
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import EMPTY, IntervalSet
from slotkeeper.domain.periods import day_interval, local_days
from slotkeeper.domain.slot import Slot
from slotkeeper.domain.walltime import reading
from slotkeeper.domain.zones import as_zone, zone_name
from slotkeeper.errors import InvalidFieldError

CLOSED, FREE, PARTLY, BUSY, SKIPPED = " ", ".", "+", "#", "-"
_DAY = dt.timedelta(days=1)
_HALF_HOUR = dt.timedelta(minutes=30)
LEGEND = (
    f"'{FREE}' free, '{PARTLY}' partly free, '{BUSY}' taken, blank closed, '{SKIPPED}' skipped by the clock"
)


def week_grid(
    opened: IntervalSet,
    free: IntervalSet,
    window: Interval,
    zone: str | ZoneInfo,
    *,
    step: dt.timedelta = _HALF_HOUR,
) -> str:
    """Return the grid of what is open and what of it is free, one column for each local date of ``window``.

    Rows before the first and after the last that anything is open in are left out.

    Args:
        opened: When there are hours.
        free: When something of them can still be had.
        window: Half-open; the local dates that it overlaps are shown whole.
        zone: By whose clock.
        step: The height of a row; it must divide a day.

    Raises:
        InvalidFieldError: The step does not divide a day.
    """
    if step <= ZERO or _DAY % step:
        raise InvalidFieldError("step", step, "must divide a day")
    clock = as_zone(zone)
    first, last = local_days(clock, window)
    dates = [first + n * _DAY for n in range((last - first).days + 1)]
    columns = [_column(day_interval(date, clock), opened, free, clock, step) for date in dates]
    rows = range(_DAY // step)
    used = [
        row for row in rows if any(column.get(row, SKIPPED) not in {CLOSED, SKIPPED} for column in columns)
    ]
    shown = range(used[0], used[-1] + 1) if used else range(0)
    head = "      " + " ".join(f"{date:%a %d}" for date in dates)
    lines = [_line(row * step, [column.get(row, SKIPPED) for column in columns]) for row in shown]
    return "\n".join([f"{zone_name(clock)}; {LEGEND}", head, *lines])


def _line(time_of_day: dt.timedelta, cells: Sequence[str]) -> str:
    hours, minutes = divmod(time_of_day // dt.timedelta(minutes=1), 60)
    return (f"{hours:02}:{minutes:02} " + " ".join(cell * 6 for cell in cells)).rstrip()


def _column(
    day: Interval | None, opened: IntervalSet, free: IntervalSet, zone: ZoneInfo, step: dt.timedelta
) -> dict[int, str]:
    """Return the cells of a date by row; rows that the date does not have are missing."""
    found: dict[int, str] = {}
    for piece in day.split(step, rest=True) if day else ():
        wall = reading(piece.start, zone)
        row = (wall - wall.replace(hour=0, minute=0, second=0, microsecond=0)) // step
        found[row] = max(_cell(piece, opened, free), found.get(row, CLOSED), key=_weight)
    return found


def _cell(piece: Interval, opened: IntervalSet, free: IntervalSet) -> str:
    here = opened.clip(piece)
    if not here:
        return CLOSED
    left = free.clip(piece)
    if left == here:
        return FREE
    return PARTLY if left != EMPTY else BUSY


def _weight(cell: str) -> int:
    return (CLOSED, FREE, PARTLY, BUSY).index(cell)


def slot_table(slots: Iterable[Slot], zone: str | ZoneInfo, *, names: Mapping[Id, str] | None = None) -> str:
    """Return slots as a table: a row for each start, a column for each leading resource, units free in cells.

    Args:
        slots: In any order.
        zone: By whose clock.
        names: What to call resources; their ids where they are not named.
    """
    clock, called = as_zone(zone), names or {}
    listed = list(slots)
    heads = {one.resource_id: called.get(one.resource_id, str(one.resource_id)) for one in listed}
    cells = {(one.start, one.resource_id): str(one.free_units) for one in listed}
    lines = [f"{zone_name(clock):<22}" + "".join(f"{name:>12}" for name in heads.values())]
    for start in sorted({one.start for one in listed}):
        row = "".join(f"{cells.get((start, one), ''):>12}" for one in heads)
        lines.append(f"{_when(start, clock):<22}{row}".rstrip())
    return "\n".join(lines)


def _when(instant: dt.datetime, zone: ZoneInfo) -> str:
    """Write an instant by the clock, with its offset, since the clock may read the same twice."""
    return instant.astimezone(zone).strftime("%a %d %b %H:%M %z")
