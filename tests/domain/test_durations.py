from __future__ import annotations

import datetime as dt
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotkeeper.domain.durations import (
    DurationChoice,
    DurationRange,
    Durations,
    FixedDuration,
    WholeOpening,
    as_durations,
)
from slotkeeper.errors import InvalidFieldError
from slotkeeper.testing.strategies import duration_ranges, durations, lengths

MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)


def test_a_plain_length_is_a_fixed_one() -> None:
    assert as_durations(HOUR) == FixedDuration(HOUR)


@given(durations())
def test_other_kinds_stay_as_they_are(value: Durations) -> None:
    assert as_durations(value) is value


@given(durations().filter(lambda value: not isinstance(value, WholeOpening)))
def test_the_shortest_is_allowed_and_nothing_shorter_is(
    value: FixedDuration | DurationChoice | DurationRange,
) -> None:
    assert value.allows(value.shortest)
    assert not value.allows(value.shortest - dt.timedelta(microseconds=1))


@given(lengths(MINUTE), lengths())
def test_a_fixed_duration_allows_that_length_alone(length: dt.timedelta, other: dt.timedelta) -> None:
    assert FixedDuration(length).allows(other) == (length == other)


@given(st.lists(lengths(MINUTE), min_size=1, max_size=4), lengths())
def test_a_choice_allows_its_members_in_whatever_order_they_were_given(
    members: list[dt.timedelta], other: dt.timedelta
) -> None:
    choice = DurationChoice(members)

    assert choice == DurationChoice(reversed(members))
    assert choice.allows(other) == (other in members)
    assert choice.shortest == min(members)


@given(duration_ranges(), lengths())
def test_a_range_allows_whole_steps_above_the_shortest(value: DurationRange, length: dt.timedelta) -> None:
    count = int((value.longest - value.shortest) / value.step)
    allowed = {value.shortest + index * value.step for index in range(count + 1)}

    assert value.allows(length) == (length in allowed)


def test_a_longest_that_is_off_the_steps_is_not_allowed() -> None:
    assert not DurationRange(HOUR, HOUR + 10 * MINUTE, 15 * MINUTE).allows(HOUR + 10 * MINUTE)


@pytest.mark.parametrize("length", [dt.timedelta(0), -HOUR, None, 60])
def test_a_length_is_more_than_zero(length: dt.timedelta) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        FixedDuration(length)

    assert caught.value.field == "FixedDuration.duration"


@pytest.mark.parametrize("members", [[], [dt.timedelta(0), HOUR], [-HOUR]])
def test_a_choice_needs_lengths_of_more_than_zero(members: list[dt.timedelta]) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        DurationChoice(members)

    assert caught.value.field == "DurationChoice.durations"


@pytest.mark.parametrize(
    ("shortest", "longest", "step", "field"),
    [
        (dt.timedelta(0), HOUR, HOUR, "shortest"),
        (HOUR, HOUR - MINUTE, MINUTE, "longest"),
        (HOUR, HOUR, dt.timedelta(0), "step"),
    ],
)
def test_a_range_that_makes_no_sense_is_refused(
    shortest: dt.timedelta, longest: dt.timedelta, step: dt.timedelta, field: str
) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        DurationRange(shortest, longest, step)

    assert caught.value.field == f"DurationRange.{field}"


@given(durations())
def test_durations_survive_pickling_and_hash_as_they_compare(value: Durations) -> None:
    again = pickle.loads(pickle.dumps(value))

    assert again == value
    assert hash(again) == hash(value)
