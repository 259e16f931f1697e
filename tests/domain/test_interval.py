import copy
import datetime as dt
import pickle
from itertools import pairwise
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.domain.strategies import Grid, Span, cells, grids, instants, intervals, lengths, real_spans

from slotkeeper.domain.instant import EARLIEST, LATEST, TICK, ZERO
from slotkeeper.domain.interval import Interval, intervals_between
from slotkeeper.errors import (
    InvalidFieldError,
    InvalidInstantError,
    InvalidIntervalError,
    NaiveDatetimeError,
    ParseError,
)

NINE = dt.datetime(2025, 10, 23, 9, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
BERLIN = ZoneInfo("Europe/Berlin")
ALL_TIME = Interval(EARLIEST, LATEST)


@given(grids, real_spans, real_spans)
def test_intervals_overlap_where_they_share_a_cell(grid: Grid, one: Span, other: Span) -> None:
    shared = grid.cells(grid.interval(one)) & grid.cells(grid.interval(other))
    assert grid.interval(one).overlaps(grid.interval(other)) is bool(shared)
    assert grid.cells(grid.interval(one) & grid.interval(other)) == shared


@given(grids, real_spans, real_spans)
def test_intervals_touch_where_they_meet_without_sharing_a_cell(grid: Grid, one: Span, other: Span) -> None:
    first, second = grid.interval(one), grid.interval(other)
    assert first.touches(second) is (one[1] == other[0] or other[1] == one[0])
    assert not (first.touches(second) and first.overlaps(second))


@given(grids, real_spans, cells)
def test_an_instant_is_inside_from_the_start_to_before_the_end(grid: Grid, span: Span, cell: int) -> None:
    assert (grid.at(cell) in grid.interval(span)) is (span[0] <= cell < span[1])


@given(grids, real_spans, real_spans)
def test_an_interval_is_inside_with_all_its_cells(grid: Grid, one: Span, other: Span) -> None:
    first, second = grid.interval(one), grid.interval(other)
    assert (first in second) is (grid.cells(first) <= grid.cells(second))


@given(intervals, intervals)
def test_the_hull_is_the_shortest_interval_around_both(one: Interval, other: Interval) -> None:
    hull = one.hull(other)
    assert one in hull
    assert other in hull
    assert hull.start in (one.start, other.start)
    assert hull.end in (one.end, other.end)


@given(intervals, intervals)
def test_sharing_hull_and_touching_do_not_depend_on_the_order(one: Interval, other: Interval) -> None:
    assert one & other == other & one
    assert one.hull(other) == other.hull(one)
    assert one.overlaps(other) is other.overlaps(one)
    assert one.touches(other) is other.touches(one)


@given(intervals, intervals)
def test_intervals_order_by_start_then_end(one: Interval, other: Interval) -> None:
    assert (one < other) is ((one.start, one.end) < (other.start, other.end))
    assert (one <= other) is (one < other or one == other)


@given(intervals, st.integers(-14, 14))
def test_the_offset_a_bound_is_written_in_does_not_matter(interval: Interval, hours: int) -> None:
    away = dt.timezone(dt.timedelta(hours=hours))
    try:
        same = Interval(interval.start.astimezone(away), interval.end.astimezone(away))
    except OverflowError:
        return
    assert same == interval
    assert hash(same) == hash(interval)
    assert repr(same) == repr(interval)


@given(grids, real_spans, st.integers(1, 5), st.booleans())
def test_splitting_fills_the_interval_from_its_start(grid: Grid, span: Span, size: int, rest: bool) -> None:  # noqa: FBT001
    pieces = list(grid.interval(span).split(size * grid.unit, rest=rest))
    count, left = divmod(span[1] - span[0], size)
    edges = [span[0] + index * size for index in range(count + 1)] + ([span[1]] if rest and left else [])
    assert pieces == [grid.interval(pair) for pair in pairwise(edges)]


@given(intervals, st.integers(1, 9))
def test_the_pieces_with_the_rest_last_as_long_as_the_whole(interval: Interval, count: int) -> None:
    pieces = list(interval.split(max(interval.duration // count, TICK), rest=True))
    assert sum((piece.duration for piece in pieces), ZERO) == interval.duration


@pytest.mark.parametrize("duration", [ZERO, -HOUR])
def test_splitting_into_nothing_is_refused_at_once(duration: dt.timedelta) -> None:
    with pytest.raises(InvalidFieldError):
        Interval.lasting(NINE, HOUR).split(duration)


@given(intervals)
def test_text_is_read_back_exactly(interval: Interval) -> None:
    assert Interval.parse(str(interval)) == interval
    assert Interval.parse(interval.isoformat()) == interval
    assert Interval.parse(interval.isoformat(duration=True)) == interval
    assert eval(repr(interval)) == interval  # noqa: S307 - our own repr


@given(intervals)
def test_copies_and_pickles_are_equal_and_stay_in_utc(interval: Interval) -> None:
    for other in (copy.copy(interval), copy.deepcopy(interval), pickle.loads(pickle.dumps(interval))):
        assert other == interval
        assert hash(other) == hash(interval)
        assert other.start.tzinfo is dt.UTC


def test_intervals_cannot_be_changed() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Interval.lasting(NINE, HOUR).start = NINE  # type: ignore[misc]


@given(instants, lengths)
def test_lasting_gives_the_duration_asked_for(start: dt.datetime, duration: dt.timedelta) -> None:
    if start + ZERO > LATEST - duration:
        with pytest.raises(InvalidInstantError):
            Interval.lasting(start, duration)
    else:
        assert Interval.lasting(start, duration).duration == duration


@given(intervals, st.timedeltas())
@example(ALL_TIME, TICK)
@example(ALL_TIME, -TICK)
@example(ALL_TIME, dt.timedelta.max)
@example(ALL_TIME, dt.timedelta.min)
def test_shifting_keeps_the_duration_or_says_that_time_ends(interval: Interval, by: dt.timedelta) -> None:
    if EARLIEST - interval.start <= by <= LATEST - interval.end:
        assert interval.shift(by).duration == interval.duration
        assert interval.shift(by).start - interval.start == by
    else:
        with pytest.raises(InvalidInstantError):
            interval.shift(by)


@given(grids, real_spans, st.integers(-4, 4), st.integers(-4, 4))
def test_expanding_moves_both_ends(grid: Grid, span: Span, before: int, after: int) -> None:
    start, end = span[0] - before, span[1] + after
    expand = grid.interval(span).expand
    if not (grid.exists(start) and grid.exists(end - 1)):
        with pytest.raises((InvalidInstantError, InvalidIntervalError)):
            expand(before * grid.unit, after * grid.unit)
    elif start >= end:
        with pytest.raises(InvalidIntervalError):
            expand(before * grid.unit, after * grid.unit)
    else:
        assert expand(before * grid.unit, after * grid.unit) == grid.interval((start, end))


@pytest.mark.parametrize("by", [dt.timedelta.max, dt.timedelta.min])
def test_expanding_beyond_all_time_is_refused(by: dt.timedelta) -> None:
    with pytest.raises(InvalidInstantError):
        Interval.lasting(NINE, HOUR).expand(before=by)
    with pytest.raises(InvalidInstantError):
        Interval.lasting(NINE, HOUR).expand(after=by)


@pytest.mark.parametrize("end", [NINE, NINE - TICK])
def test_an_interval_must_end_after_it_starts(end: dt.datetime) -> None:
    with pytest.raises(InvalidIntervalError) as caught:
        Interval(NINE, end)
    assert (caught.value.start, caught.value.end) == (NINE, end)


def test_naive_bounds_are_refused() -> None:
    with pytest.raises(NaiveDatetimeError):
        Interval(NINE.replace(tzinfo=None), NINE)
    with pytest.raises(NaiveDatetimeError):
        _ = NINE.replace(tzinfo=None) in Interval.lasting(NINE, HOUR)


def test_the_two_passes_of_a_repeated_hour_do_not_overlap() -> None:
    begin, end = (dt.datetime(2025, 10, 26, 2, minute, tzinfo=BERLIN) for minute in (15, 45))
    summer, winter = Interval(begin, end), Interval(begin.replace(fold=1), end.replace(fold=1))
    assert not summer.overlaps(winter)
    assert winter == summer.shift(HOUR)


def test_an_interval_across_a_skipped_hour_lasts_as_long_as_time_passes() -> None:
    night = Interval(
        dt.datetime(2025, 3, 30, 1, 30, tzinfo=BERLIN), dt.datetime(2025, 3, 30, 3, 30, tzinfo=BERLIN)
    )
    assert night.duration == HOUR


def test_an_interval_across_a_repeated_hour_is_no_empty_one() -> None:
    begin = dt.datetime(2025, 10, 26, 2, 45, tzinfo=BERLIN)
    assert Interval(begin, begin.replace(minute=15, fold=1)).duration == dt.timedelta(minutes=30)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2025-10-23T09:00Z",
        "2025-10-23T09:00Z/P1M",
        "2025-10-23T09:00/10:00",
        "9999-12-31T23:00Z/PT2H",
        None,
    ],
)
def test_text_that_is_no_interval_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        Interval.parse(text)


def test_text_of_an_interval_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(InvalidIntervalError):
        Interval.parse("2025-10-23T22:00Z/02:00Z")


@pytest.mark.parametrize("other", ["2025-10-23", 9, None])
def test_what_is_no_time_is_not_inside(other: object) -> None:
    assert other not in Interval.lasting(NINE, HOUR)


def test_intervals_combine_with_intervals_only() -> None:
    with pytest.raises(TypeError):
        _ = Interval.lasting(NINE, HOUR) & 9  # type: ignore[operator]


def test_the_html_names_its_zone_and_length() -> None:
    html = Interval.lasting(NINE, HOUR)._repr_html_()
    assert html == "<code>2025-10-23 09:00–10:00 UTC</code> (PT1H)"


def test_intervals_made_of_good_bounds_are_like_any_other() -> None:
    first = dt.datetime(2025, 10, 23, 9, tzinfo=dt.UTC)
    starts = [first + hours * dt.timedelta(hours=1) for hours in range(3)]
    ends = [start + dt.timedelta(minutes=30) for start in starts]
    made = intervals_between(starts, ends)
    assert made == list(map(Interval, starts, ends))
    assert list(map(hash, made)) == list(map(hash, map(Interval, starts, ends)))
    with pytest.raises(AttributeError):
        made[0].start = first  # type: ignore[misc]
    assert intervals_between([], []) == []
