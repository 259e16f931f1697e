from __future__ import annotations

import datetime as dt
import pickle
from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotkeeper.domain.instant import ZERO
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet
from slotkeeper.engine.load import NO_LOAD, Load, LoadStep, loaded
from slotkeeper.errors import InvalidFieldError, NaiveDatetimeError

EPOCH: Final = dt.datetime(2025, 10, 23, tzinfo=dt.UTC)
HOUR: Final = dt.timedelta(hours=1)
HOURS: Final = range(-1, 20)


def hours(start: int, end: int) -> Interval:
    return Interval(EPOCH + start * HOUR, EPOCH + end * HOUR)


intervals = st.tuples(st.integers(0, 15), st.integers(1, 4)).map(lambda pair: hours(pair[0], sum(pair)))
taken = st.lists(st.tuples(intervals, st.integers(1, 3)), max_size=10)
Taken = list[tuple[Interval, int]]


def units_in_hour(pairs: Taken, hour: int) -> int:
    return sum(units for interval, units in pairs if EPOCH + hour * HOUR in interval)


@given(taken)
def test_the_load_at_an_instant_is_the_sum_over_the_intervals_around_it(pairs: Taken) -> None:
    load = Load.of(pairs)
    assert [load.at(EPOCH + hour * HOUR) for hour in HOURS] == [units_in_hour(pairs, hour) for hour in HOURS]


@given(taken, intervals)
def test_the_peak_is_the_largest_load_inside_the_window(pairs: Taken, window: Interval) -> None:
    inside = [units_in_hour(pairs, hour) for hour in HOURS if EPOCH + hour * HOUR in window]
    assert Load.of(pairs).peak(window) == max(inside)


@given(taken)
def test_without_a_window_the_peak_is_the_largest_load_of_all(pairs: Taken) -> None:
    assert Load.of(pairs).peak() == max(units_in_hour(pairs, hour) for hour in HOURS)


@given(taken, intervals, st.integers(0, 6))
def test_free_units_are_what_the_peak_leaves_and_never_negative(
    pairs: Taken, window: Interval, capacity: int
) -> None:
    load = Load.of(pairs)
    assert load.free_units(capacity, window) == max(0, capacity - load.peak(window))


@given(taken)
def test_steps_are_maximal_and_add_up_to_the_load(pairs: Taken) -> None:
    load = Load.of(pairs)
    steps = load.steps()
    assert Load.of((step.interval, step.units) for step in steps) == load
    assert all(
        one.interval.end < two.interval.start
        or (one.interval.end == two.interval.start and one.units != two.units)
        for one, two in pairwise(steps)
    )


@given(taken, st.integers(1, 6))
def test_at_least_holds_exactly_the_instants_with_that_load(pairs: Taken, units: int) -> None:
    found = Load.of(pairs).at_least(units)
    assert [EPOCH + hour * HOUR in found for hour in HOURS] == [
        units_in_hour(pairs, hour) >= units for hour in HOURS
    ]


@given(taken | st.lists(st.tuples(intervals, st.just(1))), st.integers(1, 6))
def test_loaded_is_at_least_without_the_step_function(pairs: Taken, units: int) -> None:
    assert loaded(pairs, units) == Load.of(pairs).at_least(units)


@given(taken, taken)
def test_loads_add_up(one: Taken, other: Taken) -> None:
    assert Load.of(one) + Load.of(other) == Load.of(one + other)


@given(taken, intervals)
def test_clipping_keeps_the_load_inside_and_none_outside(pairs: Taken, window: Interval) -> None:
    clipped = Load.of(pairs).clip(window)
    assert clipped == Load.of((shared, units) for interval, units in pairs if (shared := interval & window))


@given(taken, st.integers(0, 6))
def test_a_capped_load_is_never_above_the_capacity(pairs: Taken, capacity: int) -> None:
    capped = Load.of(pairs).capped(capacity)
    assert [capped.at(EPOCH + hour * HOUR) for hour in HOURS] == [
        min(units_in_hour(pairs, hour), capacity) for hour in HOURS
    ]


@given(taken)
def test_unit_time_is_the_sum_of_length_times_units(pairs: Taken) -> None:
    assert Load.of(pairs).unit_time == sum((interval.duration * units for interval, units in pairs), ZERO)


@given(taken, st.lists(intervals, max_size=4).map(IntervalSet))
def test_booked_time_counts_only_what_lies_within(pairs: Taken, within: IntervalSet) -> None:
    inside = [units_in_hour(pairs, hour) for hour in HOURS if EPOCH + hour * HOUR in within]
    assert Load.of(pairs).booked_time(within) == sum(inside) * HOUR


@given(taken)
def test_a_load_survives_pickling_and_hashes_by_value(pairs: Taken) -> None:
    load = Load.of(pairs)
    assert pickle.loads(pickle.dumps(load)) == load
    assert hash(Load.of(reversed(pairs))) == hash(load)


def test_touching_intervals_of_equal_units_are_one_step() -> None:
    assert Load.of([(hours(1, 2), 2), (hours(2, 3), 2)]).steps() == (LoadStep(hours(1, 3), 2),)


def test_no_load_is_false_and_has_no_steps() -> None:
    assert not NO_LOAD
    assert not NO_LOAD.steps()
    assert NO_LOAD.peak() == NO_LOAD.peak(hours(0, 1)) == NO_LOAD.at(EPOCH) == 0
    assert Load.of([(hours(0, 1), 1)])


def test_only_loads_add_to_loads() -> None:
    with pytest.raises(TypeError):
        NO_LOAD + 1  # type: ignore[operator]


@pytest.mark.parametrize("units", [0, -1, 1.5, True])
def test_whole_units_of_at_least_one_are_needed(units: int) -> None:
    with pytest.raises(InvalidFieldError):
        Load.of([(hours(0, 1), units)])
    with pytest.raises(InvalidFieldError):
        loaded([(hours(0, 1), 2)], units)
    with pytest.raises(InvalidFieldError):
        NO_LOAD.at_least(units)


def test_a_negative_capacity_is_refused() -> None:
    with pytest.raises(InvalidFieldError):
        NO_LOAD.capped(-1)


@pytest.mark.parametrize(
    ("instants", "levels"),
    [
        ([1, 0], [1, 0]),
        ([0, 0], [1, 0]),
        ([0, 1], [1]),
        ([0, 1], [1, 1]),
        ([0, 1], [0, 1]),
        ([0, 1], [1, 2]),
        ([0, 1], [-1, 0]),
    ],
)
def test_what_is_no_step_function_is_refused(instants: list[int], levels: list[int]) -> None:
    with pytest.raises(InvalidFieldError):
        Load([EPOCH + hour * HOUR for hour in instants], levels)


def test_naive_instants_are_refused() -> None:
    with pytest.raises(NaiveDatetimeError):
        Load([dt.datetime(2025, 1, 1)], [0])
