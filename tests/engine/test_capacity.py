"""Free units and buffers of both sides, against pairwise and instant-by-instant counting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hypothesis import given
from hypothesis import strategies as st
from tests.engine.oracle import gap_between
from tests.engine.worlds import CELL, at, booking_of, buffers, cells, span

from slotkeeper.domain.booking import Allocation
from slotkeeper.domain.buffers import Buffers
from slotkeeper.domain.instant import EARLIEST, LATEST, TICK
from slotkeeper.domain.interval import Interval
from slotkeeper.engine.capacity import Capacity
from slotkeeper.engine.load import Load

if TYPE_CHECKING:
    import datetime as dt

    from hypothesis.strategies import SearchStrategy

    from slotkeeper.domain.booking import Booking

Neighbour = tuple["Booking", Allocation]
spans: Final = st.builds(span, st.integers(0, 30), st.integers(1, 6))
added_up: Final = st.builds(Buffers, cells(0, 2), cells(0, 2))


def neighbours_of(around: SearchStrategy[Buffers]) -> SearchStrategy[tuple[Neighbour, ...]]:
    rows = st.lists(st.builds(Allocation, st.just("a"), spans, st.integers(1, 2), buffers=around), max_size=5)
    return rows.map(lambda some: tuple((booking_of([one], number), one) for number, one in enumerate(some)))


neighbours: Final = neighbours_of(buffers)
lengths: Final = st.integers(1, 5).map(lambda number: number * CELL)
STARTS: Final = [at(cell) + by for cell in range(-8, 42) for by in (0 * TICK, TICK)]


def keeps_apart(
    one: Buffers, interval: Interval, ours: Buffers, start: dt.datetime, end: dt.datetime
) -> bool:
    """Tell whether the time between two bookings is what their buffers ask for."""
    return end + gap_between(ours, one) <= interval.start or interval.end + gap_between(one, ours) <= start


@given(neighbours, lengths, buffers)
def test_at_a_capacity_of_one_every_pair_keeps_its_distance(
    rows: tuple[Neighbour, ...], length: dt.timedelta, ours: Buffers
) -> None:
    refused = Capacity(1, rows, length, ours).refused(1)
    for start in STARTS:
        apart = all(keeps_apart(one.buffers, one.interval, ours, start, start + length) for _, one in rows)
        assert (start in refused) == (not apart)


@given(neighbours_of(added_up), lengths, st.integers(1, 4), st.integers(1, 4), added_up)
def test_under_sum_the_load_of_what_is_occupied_counts(
    rows: tuple[Neighbour, ...], length: dt.timedelta, capacity: int, units: int, ours: Buffers
) -> None:
    load = Load.of((one.occupied, one.units) for _, one in rows)
    room = Capacity(capacity, rows, length, ours)
    for start in STARTS:
        peak = load.peak(ours.occupied(Interval(start, start + length)))
        assert room.free(start) == max(capacity - peak, 0)
        assert (start in room.refused(units)) == (peak + units > capacity)


@given(neighbours, lengths, st.integers(1, 4), st.integers(1, 5), buffers)
def test_a_start_is_refused_exactly_where_too_few_units_are_free(
    rows: tuple[Neighbour, ...], length: dt.timedelta, capacity: int, units: int, ours: Buffers
) -> None:
    room = Capacity(capacity, rows, length, ours)
    refused = room.refused(units)
    assert all((start in refused) == (room.free(start) < units) for start in STARTS)


@given(neighbours, lengths, st.integers(1, 4), buffers)
def test_what_is_free_never_occupies_more_than_there_is(
    rows: tuple[Neighbour, ...], length: dt.timedelta, capacity: int, ours: Buffers
) -> None:
    room, load = Capacity(capacity, rows, length, ours), Load.of((one.occupied, one.units) for _, one in rows)
    for start in STARTS:
        peak = load.peak(ours.occupied(Interval(start, start + length)))
        assert room.free(start) == 0 or peak + room.free(start) <= capacity


@given(neighbours, lengths, buffers)
def test_blockers_are_those_too_near_in_order_of_time(
    rows: tuple[Neighbour, ...], length: dt.timedelta, ours: Buffers
) -> None:
    room = Capacity(1, rows, length, ours)
    for start in STARTS[::5]:
        found = room.blockers(start)
        near = [
            one for _, one in rows if not keeps_apart(one.buffers, one.interval, ours, start, start + length)
        ]
        assert sorted(one.interval for one in near) == [one.interval for _, one in found]


def test_bookings_at_the_ends_of_time_do_not_overflow() -> None:
    edges = [Interval(EARLIEST, EARLIEST + CELL), Interval(LATEST - CELL, LATEST)]
    around = Buffers(CELL, CELL)
    rows = [Allocation("a", one, buffers=around) for one in edges]
    room = Capacity(1, tuple((booking_of([one]), one) for one in rows), CELL, around)
    assert EARLIEST in room.refused(1)
    assert at(0) not in room.refused(1)
