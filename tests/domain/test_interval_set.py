import copy
import datetime as dt
import pickle
import random
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.domain.strategies import (
    CELLS,
    EPOCH,
    MINUTE,
    Grid,
    Span,
    cells,
    cells_of,
    grids,
    instants,
    interval_sets,
    intervals,
    lengths,
    real_spans,
    runs,
    span_lists,
)

from slotkeeper.domain.instant import EARLIEST, LATEST, TICK, ZERO
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import EMPTY, IntervalSet
from slotkeeper.errors import (
    InvalidFieldError,
    InvalidInstantError,
    InvalidIntervalError,
    NaiveDatetimeError,
    ParseError,
)

ALL_TIME = Interval(EARLIEST, LATEST)
TICKS = [Grid(EPOCH, TICK), Grid(EARLIEST, TICK), Grid(LATEST - CELLS * TICK, TICK)]
sizes = st.integers(1, 6)
Spans = list[Span]


def is_normal(found: IntervalSet) -> bool:
    """Tell whether the intervals are real, in order, and apart from each other."""
    pairs = list(found.pairs)
    return all(start < end for start, end in pairs) and all(
        one[1] < other[0] for one, other in pairwise(pairs)
    )


# -- algebra against cells ----------------------------------------------------------------------------------


@given(grids, span_lists)
def test_a_set_holds_the_cells_of_its_spans(grid: Grid, spans: Spans) -> None:
    found = grid.set_of(spans)
    assert grid.cells(found) == cells_of(spans)
    assert found == IntervalSet(grid.interval(span) for span in spans if span[0] < span[1])
    assert [grid.interval(run) for run in runs(cells_of(spans))] == list(found)


@given(grids, span_lists, span_lists)
def test_the_operators_agree_with_those_of_sets_of_cells(grid: Grid, one: Spans, other: Spans) -> None:
    first, second = grid.set_of(one), grid.set_of(other)
    assert grid.cells(first | second) == cells_of(one) | cells_of(other)
    assert grid.cells(first & second) == cells_of(one) & cells_of(other)
    assert grid.cells(first - second) == cells_of(one) - cells_of(other)
    assert grid.cells(first ^ second) == cells_of(one) ^ cells_of(other)
    assert all(map(is_normal, (first | second, first & second, first - second, first ^ second)))


@given(grids, span_lists, span_lists)
def test_the_relations_agree_with_those_of_sets_of_cells(grid: Grid, one: Spans, other: Spans) -> None:
    first, second = grid.set_of(one), grid.set_of(other)
    assert (first <= second) is (cells_of(one) <= cells_of(other))
    assert (first < second) is (cells_of(one) < cells_of(other))
    assert (first >= second) is (cells_of(one) >= cells_of(other))
    assert (first > second) is (cells_of(one) > cells_of(other))
    assert (first == second) is (cells_of(one) == cells_of(other))
    assert first.isdisjoint(second) is cells_of(one).isdisjoint(cells_of(other))


@given(grids, st.lists(span_lists, max_size=5), st.integers(1, 6))
def test_overlapping_counts_the_sets_that_hold_a_cell(grid: Grid, many: list[Spans], at_least: int) -> None:
    found = IntervalSet.overlapping(map(grid.set_of, many), at_least)
    held = [cells_of(spans) for spans in many]
    assert grid.cells(found) == {
        cell for cell in range(CELLS) if sum(cell in one for one in held) >= at_least
    }
    assert is_normal(found)


@given(grids, span_lists, real_spans)
@example(TICKS[0], [(2, 4), (6, 8)], (4, 6))
def test_bounds_cut_what_lies_beyond_them(grid: Grid, spans: Spans, bounds: Span) -> None:
    found, within = grid.set_of(spans), set(range(*bounds))
    assert grid.cells(found.clip(grid.interval(bounds))) == cells_of(spans) & within
    assert grid.cells(found.complement(grid.interval(bounds))) == within - cells_of(spans)
    assert found.overlaps(grid.interval(bounds)) is bool(cells_of(spans) & within)
    assert is_normal(found.clip(grid.interval(bounds)))


@given(grids, span_lists, real_spans)
@example(TICKS[0], [(2, 4), (6, 8)], (4, 6))
def test_touching_gives_whole_intervals_in_order(grid: Grid, spans: Spans, bounds: Span) -> None:
    expected = [run for run in runs(cells_of(spans)) if set(range(*run)) & set(range(*bounds))]
    assert grid.set_of(spans).touching(grid.interval(bounds)) == tuple(map(grid.interval, expected))


@given(grids, span_lists)
def test_gaps_and_the_set_fill_the_span(grid: Grid, spans: Spans) -> None:
    found = grid.set_of(spans)
    assert found.isdisjoint(found.gaps())
    assert list(found | found.gaps()) == ([found.span()] if found else [])
    assert len(found.gaps()) == max(len(found) - 1, 0)


@given(grids, span_lists, cells)
@example(TICKS[0], [(2, 4)], 2)
@example(TICKS[0], [(2, 4)], 4)
def test_reading_at_an_instant_agrees_with_the_cell_there(grid: Grid, spans: Spans, cell: int) -> None:
    found, held, instant = grid.set_of(spans), cells_of(spans), grid.at(cell)
    around = next((run for run in runs(held) if run[0] <= cell < run[1]), None)
    following = min((one for one in held if one >= cell), default=None)
    assert (instant in found) is (cell in held)
    assert found.enclosing(instant) == (None if around is None else grid.interval(around))
    assert found.next_from(instant) == (None if following is None else grid.at(following))


@given(grids, span_lists, real_spans)
def test_an_interval_is_inside_with_all_its_cells(grid: Grid, spans: Spans, span: Span) -> None:
    assert (grid.interval(span) in grid.set_of(spans)) is (set(range(*span)) <= cells_of(spans))


# -- moving and sizing against cells ------------------------------------------------------------------------


@given(grids, span_lists, st.integers(-5, 5), st.integers(-5, 5))
def test_expanding_moves_the_ends_of_each_interval(grid: Grid, spans: Spans, before: int, after: int) -> None:
    moved = [(start - before, end + after) for start, end in runs(cells_of(spans))]
    found = grid.set_of(spans).expand(before * grid.unit, after * grid.unit)
    assert grid.cells(found) == {cell for cell in cells_of(moved) if grid.exists(cell)}
    assert is_normal(found)


@given(st.sampled_from(TICKS), span_lists, sizes)
def test_starts_fitting_are_those_whose_every_tick_is_held(grid: Grid, spans: Spans, size: int) -> None:
    held = cells_of(spans)
    fitting = {cell for cell in range(CELLS) if set(range(cell, cell + size)) <= held}
    assert grid.cells(grid.set_of(spans).starts_fitting(size * TICK)) == fitting


@given(st.sampled_from(TICKS), span_lists, sizes)
def test_starts_meeting_are_those_with_any_tick_held(grid: Grid, spans: Spans, size: int) -> None:
    held = cells_of(spans)
    meeting = {
        cell for cell in range(-size, CELLS) if set(range(cell, cell + size)) & held and grid.exists(cell)
    }
    assert grid.cells(grid.set_of(spans).starts_meeting(size * TICK)) == meeting


@given(interval_sets, lengths)
def test_a_start_fits_exactly_if_its_interval_is_inside(found: IntervalSet, duration: dt.timedelta) -> None:
    fitting = found.starts_fitting(duration)
    for piece in fitting:
        assert Interval.lasting(piece.start, duration) in found
        assert Interval.lasting(piece.end - TICK, duration) in found
    assert sum(one.duration >= duration for one in found) == len(fitting)


@given(interval_sets, st.integers(-800, 800))
def test_shifting_there_and_back_changes_nothing(found: IntervalSet, days: int) -> None:
    by = dt.timedelta(days=days)
    try:
        moved = found.shift(by)
    except InvalidInstantError:
        return
    assert moved.shift(-by) == found
    assert moved.duration == found.duration


def test_shifting_beyond_the_ends_of_time_is_refused() -> None:
    with pytest.raises(InvalidInstantError):
        IntervalSet([ALL_TIME]).shift(TICK)
    with pytest.raises(InvalidInstantError):
        IntervalSet([ALL_TIME]).shift(-TICK)


@given(interval_sets.filter(bool))
@example(IntervalSet([ALL_TIME]))
def test_sizes_beyond_all_time_neither_fit_nor_fail_to_meet(found: IntervalSet) -> None:
    assert not found.starts_fitting(dt.timedelta.max)
    assert EARLIEST in found.starts_meeting(dt.timedelta.max)
    assert found.expand(dt.timedelta.max, dt.timedelta.max) == IntervalSet([ALL_TIME])
    assert not found.expand(dt.timedelta.min, dt.timedelta.min)


@given(grids, span_lists, sizes)
def test_splitting_cuts_each_interval_by_itself(grid: Grid, spans: Spans, size: int) -> None:
    found, duration = grid.set_of(spans), size * grid.unit
    assert list(found.split(duration)) == [piece for one in found for piece in one.split(duration)]
    assert IntervalSet(found.split(duration, rest=True)) == found


@pytest.mark.parametrize("duration", [ZERO, -TICK])
@pytest.mark.parametrize("found", [EMPTY, IntervalSet([ALL_TIME])])
def test_sizes_that_are_not_positive_are_refused(found: IntervalSet, duration: dt.timedelta) -> None:
    for ask in (found.starts_fitting, found.starts_meeting, found.split):
        with pytest.raises(InvalidFieldError):
            ask(duration)


@given(grids, span_lists)
def test_the_duration_counts_each_cell_once(grid: Grid, spans: Spans) -> None:
    assert grid.set_of(spans).duration == len(cells_of(spans)) * grid.unit


# -- laws over all of time ----------------------------------------------------------------------------------


@given(interval_sets, interval_sets, intervals)
def test_de_morgan(a: IntervalSet, b: IntervalSet, bounds: Interval) -> None:
    assert (a | b).complement(bounds) == a.complement(bounds) & b.complement(bounds)
    assert (a & b).complement(bounds) == a.complement(bounds) | b.complement(bounds)


@given(interval_sets, interval_sets, interval_sets)
def test_union_and_intersection_distribute_over_each_other(
    a: IntervalSet, b: IntervalSet, c: IntervalSet
) -> None:
    assert a & (b | c) == (a & b) | (a & c)
    assert a | (b & c) == (a | b) & (a | c)


@given(interval_sets, interval_sets, interval_sets)
def test_union_intersection_and_difference_of_either_do_not_depend_on_order(
    a: IntervalSet, b: IntervalSet, c: IntervalSet
) -> None:
    assert (a | b, a & b, a ^ b) == (b | a, b & a, b ^ a)
    assert (a | b) | c == a | (b | c) == IntervalSet.overlapping([c, a, b])
    assert (a & b) & c == a & (b & c) == IntervalSet.overlapping([c, a, b], 3)
    assert (a ^ b) ^ c == a ^ (b ^ c)


@given(interval_sets, interval_sets)
def test_differences_are_what_the_other_operators_say(a: IntervalSet, b: IntervalSet) -> None:
    assert (a - b) | (a & b) == a
    assert (a - b) & b == EMPTY
    assert a ^ b == (a - b) | (b - a)
    assert (a | b) - b == a - b


@given(interval_sets, interval_sets)
def test_a_set_absorbs_what_it_already_holds(a: IntervalSet, b: IntervalSet) -> None:
    assert a | a == a & a == a | (a & b) == a & (a | b) == a
    assert a - a == a ^ a == a & EMPTY == EMPTY
    assert a | EMPTY == a - EMPTY == a ^ EMPTY == a
    assert a & IntervalSet([ALL_TIME]) == a


@given(interval_sets, intervals)
@example(IntervalSet([ALL_TIME]), ALL_TIME)
@example(EMPTY, ALL_TIME)
def test_the_complement_of_the_complement_is_the_set_within_the_bounds(
    a: IntervalSet, bounds: Interval
) -> None:
    assert a.complement(bounds).complement(bounds) == a.clip(bounds)
    assert a.complement(bounds) | a.clip(bounds) == IntervalSet([bounds])
    assert a.complement(bounds).duration + a.clip(bounds).duration == bounds.duration


@given(interval_sets, interval_sets)
def test_the_durations_of_two_sets_add_up(a: IntervalSet, b: IntervalSet) -> None:
    assert (a | b).duration + (a & b).duration == a.duration + b.duration


@given(interval_sets, interval_sets)
def test_subsets_are_what_the_operators_say(a: IntervalSet, b: IntervalSet) -> None:
    assert (a <= b) is (a | b == b) is (a & b == a) is (not a - b) is (b >= a)
    assert a & b <= a <= a | b
    assert (a < b) is (a <= b and a != b) is (b > a)


@given(interval_sets)
def test_all_sets_are_normal(a: IntervalSet) -> None:
    assert is_normal(a)
    assert is_normal(a.gaps())


# -- as a value ---------------------------------------------------------------------------------------------


@given(st.lists(intervals, max_size=6), st.randoms(use_true_random=False))
def test_the_order_in_which_a_set_is_given_does_not_matter(
    spans: list[Interval], order: random.Random
) -> None:
    one, other = IntervalSet(spans), IntervalSet(iter(order.sample(spans, len(spans))))
    assert one == other
    assert hash(one) == hash(other)
    assert len({one, other}) == 1


@given(interval_sets)
def test_text_is_read_back_exactly(found: IntervalSet) -> None:
    assert IntervalSet.parse(found.isoformat()) == found
    assert IntervalSet.parse(str(found)) == found
    assert eval(repr(found)) == found  # noqa: S307 - our own repr


@given(interval_sets)
def test_copies_and_pickles_are_equal_and_stay_in_utc(found: IntervalSet) -> None:
    pickles = [pickle.loads(pickle.dumps(found, one)) for one in range(pickle.HIGHEST_PROTOCOL + 1)]
    for other in (copy.copy(found), copy.deepcopy(found), *pickles):
        assert other == found
        assert hash(other) == hash(found)
        assert all(start.tzinfo is end.tzinfo is dt.UTC for start, end in other.pairs)


@given(interval_sets)
def test_iterating_indexing_and_pairs_agree(found: IntervalSet) -> None:
    listed = list(found)
    assert [found[index] for index in range(len(found))] == listed
    assert found[:] == tuple(listed)
    assert found[::-2] == tuple(listed[::-2])
    assert [(one.start, one.end) for one in listed] == list(found.pairs)
    assert bool(found) is bool(listed)
    assert IntervalSet(found) == found


@given(interval_sets, instants)
def test_the_next_instant_is_inside_and_nothing_lies_before_it(
    found: IntervalSet, instant: dt.datetime
) -> None:
    following = found.next_from(instant)
    if following is None:
        assert not found or found[-1].end <= instant
    else:
        assert following in found
        assert following == instant or not found.overlaps(Interval(instant, following))


def test_sets_cannot_be_changed() -> None:
    found = IntervalSet([ALL_TIME])
    with pytest.raises(AttributeError):
        found._starts = ()
    with pytest.raises(AttributeError):
        found.extra = 1
    with pytest.raises(AttributeError):
        del found._ends


def test_spans_of_no_length_add_nothing() -> None:
    assert not IntervalSet.from_pairs([(EPOCH, EPOCH)])
    assert (
        IntervalSet.from_pairs([(EPOCH, EPOCH + MINUTE), (EPOCH + MINUTE, EPOCH + MINUTE)]).duration == MINUTE
    )


def test_spans_that_end_before_they_start_are_refused() -> None:
    with pytest.raises(InvalidIntervalError):
        IntervalSet.from_pairs([(EPOCH, EPOCH - TICK)])


def test_naive_instants_are_refused() -> None:
    naive = EPOCH.replace(tzinfo=None)
    with pytest.raises(NaiveDatetimeError):
        IntervalSet.from_pairs([(naive, EPOCH)])
    for ask in (EMPTY.__contains__, EMPTY.enclosing, EMPTY.next_from):
        with pytest.raises(NaiveDatetimeError):
            ask(naive)


@pytest.mark.parametrize("at_least", [0, -1])
def test_overlapping_asks_for_one_set_at_least(at_least: int) -> None:
    with pytest.raises(InvalidFieldError):
        IntervalSet.overlapping([], at_least)


@pytest.mark.parametrize("text", ["", "  ", "{}", " { } "])
def test_text_without_intervals_is_the_empty_set(text: str) -> None:
    assert IntervalSet.parse(text) == EMPTY


@pytest.mark.parametrize(
    "text", ["{", "}", "{{}}", ",", "2025-10-23T09:00Z/PT1H,", "2025-10-23T09:00Z/PT1,5H", "x", b"", None]
)
def test_text_that_is_no_set_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        IntervalSet.parse(text)


@pytest.mark.parametrize(
    "operator", ["__or__", "__and__", "__sub__", "__xor__", "__le__", "__lt__", "__ge__", "__gt__"]
)
def test_sets_combine_with_sets_only(operator: str) -> None:
    assert getattr(EMPTY, operator)(frozenset()) is NotImplemented


@pytest.mark.parametrize("other", [frozenset(), 0, None, "2025-10-23"])
def test_other_things_are_neither_equal_nor_inside(other: object) -> None:
    assert other != EMPTY
    assert other not in IntervalSet([ALL_TIME])


@pytest.mark.parametrize(
    ("count", "listed", "rest"), [(1, 1, ""), (20, 20, ""), (21, 20, "1"), (23, 20, "3")]
)
def test_the_html_lists_twenty_intervals_and_counts_the_rest(count: int, listed: int, rest: str) -> None:
    hour = dt.timedelta(hours=1)
    html = IntervalSet(
        Interval.lasting(EPOCH + 2 * index * hour, hour) for index in range(count)
    )._repr_html_()
    assert html.count("<code>") == listed
    assert f"{count} intervals, PT{count}H in all, times in UTC" in html
    assert ("more" in html) is bool(rest)
    assert f"and {rest} more" in html or not rest
