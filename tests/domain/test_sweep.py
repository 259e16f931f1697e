import datetime as dt
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.strategies import CELLS, EPOCH, MINUTE, Span, runs, span_lists

from slotkeeper.domain.sweep import at_depth, in_both

some_spans = span_lists.map(lambda spans: [span for span in spans if span[0] < span[1]])


def counted(spans: list[Span], depth: int) -> list[Span]:
    """Return the runs of cells that at least ``depth`` spans cover, by counting in each cell."""
    return runs(cell for cell in range(CELLS) if sum(start <= cell < end for start, end in spans) >= depth)


@given(some_spans, st.integers(1, 7))
def test_the_sweep_agrees_with_counting_in_each_cell(spans: list[Span], depth: int) -> None:
    starts, ends = at_depth([start for start, _ in spans], [end for _, end in spans], depth)
    assert list(zip(starts, ends, strict=True)) == counted(spans, depth)


@given(some_spans)
def test_without_a_depth_the_sweep_unites(spans: list[Span]) -> None:
    starts, ends = [start for start, _ in spans], [end for _, end in spans]
    assert at_depth(starts, ends) == at_depth(starts, ends, 1)


@given(some_spans, st.integers(1, 7), st.randoms(use_true_random=False))
def test_starts_and_ends_need_not_belong_together(
    spans: list[Span], depth: int, order: random.Random
) -> None:
    starts, ends = [start for start, _ in spans], [end for _, end in spans]
    expected = at_depth(starts, ends, depth)
    order.shuffle(starts)
    assert at_depth(starts, ends, depth) == expected


@given(some_spans, st.integers(2, 7))
def test_spans_of_no_length_add_nothing_from_the_second_depth_on(spans: list[Span], depth: int) -> None:
    starts, ends = [start for start, _ in spans], [end for _, end in spans]
    assert at_depth([0, 5, *starts], [0, 5, *ends], depth) == at_depth(starts, ends, depth)


@given(some_spans, some_spans)
def test_what_two_sets_share_is_their_second_depth(one: list[Span], other: list[Span]) -> None:
    sets = [at_depth([start for start, _ in spans], [end for _, end in spans]) for spans in (one, other)]
    starts, ends = ([*sets[0][bound], *sets[1][bound]] for bound in (0, 1))
    assert in_both(starts, ends) == at_depth(starts, ends, 2)


@given(some_spans, st.integers(1, 7))
def test_datetimes_and_whole_numbers_give_the_same(spans: list[Span], depth: int) -> None:
    def at(cell: int) -> dt.datetime:
        return EPOCH + cell * MINUTE

    starts, ends = at_depth([at(start) for start, _ in spans], [at(end) for _, end in spans], depth)
    assert [(at(start), at(end)) for start, end in counted(spans, depth)] == list(
        zip(starts, ends, strict=True)
    )


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_nothing_is_covered_by_no_spans(depth: int) -> None:
    assert at_depth([], [], depth) == ([], [])
