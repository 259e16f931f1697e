from __future__ import annotations

import datetime as dt
import pickle

import pytest
from hypothesis import given

from slotkeeper.domain.buffers import NO_BUFFERS, BufferRule, Buffers
from slotkeeper.domain.instant import ZERO
from slotkeeper.domain.interval import Interval
from slotkeeper.errors import InvalidFieldError
from slotkeeper.testing.strategies import buffers, intervals

TEN, TWENTY = dt.timedelta(minutes=10), dt.timedelta(minutes=20)


def mirrored(value: Buffers) -> Buffers:
    return Buffers(value.after, value.before, combine=value.combine)


@given(buffers(), buffers())
def test_both_neighbours_agree_on_the_gap_between_them(first: Buffers, second: Buffers) -> None:
    assert first.gap_before(second) == second.gap_after(first)


@given(buffers(), buffers())
def test_time_reversed_gives_the_same_gap(first: Buffers, second: Buffers) -> None:
    assert first.gap_before(second) == mirrored(first).gap_after(mirrored(second))


@given(buffers(), buffers())
def test_the_rule_does_not_depend_on_who_is_asked(first: Buffers, second: Buffers) -> None:
    assert first.rule_with(second) is second.rule_with(first)


@given(buffers(), buffers())
def test_the_gap_lies_between_the_larger_buffer_and_the_sum_unless_one_takes_no_part(
    first: Buffers, second: Buffers
) -> None:
    gap = first.gap_before(second)

    if BufferRule.NONE in {first.combine, second.combine}:
        ahead, behind = (
            one if rule is BufferRule.SUM else ZERO
            for one, rule in ((first.after, first.combine), (second.before, second.combine))
        )
        assert gap == ahead + behind
    else:
        assert max(first.after, second.before) <= gap <= first.after + second.before


@given(buffers(), buffers(), intervals())
def test_neighbours_at_the_least_gap_never_occupy_the_same_instant(
    first: Buffers, second: Buffers, interval: Interval
) -> None:
    following = Interval.lasting(interval.end + first.gap_before(second), interval.duration)

    assert not first.occupied(interval).overlaps(second.occupied(following))


@pytest.mark.parametrize(
    ("one", "other", "gap"),
    [
        ("sum", "sum", TEN + TWENTY),
        ("max", "max", TWENTY),
        ("sum", "max", TEN + TWENTY),
        ("none", "sum", TWENTY),
        ("sum", "none", TEN),
        ("max", "none", ZERO),
        ("none", "none", ZERO),
    ],
)
def test_how_two_rules_combine(one: str, other: str, gap: dt.timedelta) -> None:
    first, second = Buffers(ZERO, TEN, combine=one), Buffers(TWENTY, ZERO, combine=other)

    assert first.gap_before(second) == gap


@given(buffers(), buffers(), intervals())
def test_neighbours_at_the_least_gap_occupy_intervals_that_do_not_overlap(
    first: Buffers, second: Buffers, interval: Interval
) -> None:
    following = Interval.lasting(interval.end + first.gap_before(second), interval.duration)

    assert not first.occupied(interval).overlaps(second.occupied(following))


@given(buffers(), intervals())
def test_what_is_occupied_lies_between_the_booking_and_its_reach(value: Buffers, interval: Interval) -> None:
    occupied = value.occupied(interval)

    assert interval in occupied
    assert occupied in value.around(interval)
    assert occupied == (value.around(interval) if value.combine is BufferRule.SUM else interval)


@given(buffers(rules=(BufferRule.SUM,)), buffers(rules=(BufferRule.SUM,)), intervals())
def test_under_sum_neighbours_at_the_least_gap_occupy_touching_intervals(
    first: Buffers, second: Buffers, interval: Interval
) -> None:
    following = Interval.lasting(interval.end + first.gap_before(second), interval.duration)

    assert first.occupied(interval).end == second.occupied(following).start


@given(intervals())
def test_no_buffers_leave_an_interval_as_it_is(interval: Interval) -> None:
    assert NO_BUFFERS.around(interval) == NO_BUFFERS.occupied(interval) == interval


@pytest.mark.parametrize("length", [-TEN, 10, None])
def test_a_buffer_is_a_length_of_zero_or_more(length: dt.timedelta) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        Buffers(after=length)

    assert caught.value.field == "Buffers.after"


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(InvalidFieldError, match=r"Buffers\.combine must be one of sum, max, none, got 'min'"):
        Buffers(combine="min")


def test_the_rule_may_be_given_as_text() -> None:
    assert Buffers(TEN, combine="max") == Buffers(TEN, combine=BufferRule.MAX)


@given(buffers())
def test_buffers_survive_pickling_and_hash_as_they_compare(value: Buffers) -> None:
    again = pickle.loads(pickle.dumps(value))

    assert again == value
    assert hash(again) == hash(value)
