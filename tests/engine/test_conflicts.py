from __future__ import annotations

import datetime as dt
from itertools import combinations
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet
from slotkeeper.engine.conflicts import Occupancy, conflict_groups, overbooked, overlapping_pairs
from slotkeeper.engine.load import Load
from slotkeeper.errors import InvalidFieldError

if TYPE_CHECKING:
    from slotkeeper.domain.ids import Id

EPOCH: Final = dt.datetime(2025, 10, 23, tzinfo=dt.UTC)
HOUR: Final = dt.timedelta(hours=1)
HOURS: Final = [EPOCH + hour * HOUR for hour in range(20)]
RESOURCES: Final[tuple[Id, ...]] = ("bay", 7)


def hours(start: int, end: int) -> Interval:
    return Interval(EPOCH + start * HOUR, EPOCH + end * HOUR)


@st.composite
def drawn_occupancies(draw: st.DrawFn) -> list[Occupancy[int]]:
    rows = draw(
        st.lists(
            st.tuples(st.sampled_from(RESOURCES), st.integers(0, 12), st.integers(1, 6), st.integers(1, 3)),
            max_size=12,
        )
    )
    return [
        Occupancy(resource, hours(start, start + length), key, units=units)
        for key, (resource, start, length, units) in enumerate(rows)
    ]


occupancies = drawn_occupancies()
capacities = st.dictionaries(st.sampled_from(RESOURCES), st.integers(1, 4))


def order(one: Occupancy[int]) -> tuple[dt.datetime, dt.datetime, int]:
    return one.interval.start, one.interval.end, one.key


def units_at(given_: list[Occupancy[int]], resource: Id, instant: dt.datetime) -> int:
    return sum(one.units for one in given_ if one.resource_id == resource and instant in one.interval)


@given(occupancies)
def test_pairs_are_all_that_overlap_on_one_resource(given_: list[Occupancy[int]]) -> None:
    expected = [
        (one, two)
        for one, two in combinations(sorted(given_, key=order), 2)
        if one.resource_id == two.resource_id and one.interval.overlaps(two.interval)
    ]
    found = list(overlapping_pairs(given_))
    assert len(found) == len(expected)
    assert set(found) == set(expected)


@given(occupancies)
def test_pairs_come_resource_by_resource_in_order_of_the_later_start(given_: list[Occupancy[int]]) -> None:
    first_seen = list(dict.fromkeys(one.resource_id for one in given_))
    found = [
        (first_seen.index(two.resource_id), order(two), order(one)) for one, two in overlapping_pairs(given_)
    ]
    assert [pair[:2] for pair in found] == sorted(pair[:2] for pair in found)
    assert all(earlier < later for _, later, earlier in found)


def test_pairs_are_found_lazily() -> None:
    crowd = [Occupancy("bay", hours(0, 1), key) for key in range(3_000)]
    first, second = next(overlapping_pairs(crowd))
    assert (first.key, second.key) == (0, 1)


@given(occupancies, capacities)
def test_overbooked_holds_exactly_the_instants_beyond_capacity(
    given_: list[Occupancy[int]], capacity_of: dict[Id, int]
) -> None:
    found = overbooked(given_, capacity_of)
    for resource in RESOURCES:
        beyond = [units_at(given_, resource, hour) > capacity_of.get(resource, 1) for hour in HOURS]
        assert [hour in found.get(resource, IntervalSet()) for hour in HOURS] == beyond
    assert all(found.values())


@given(occupancies, capacities)
def test_groups_are_the_overbooked_spans_with_everything_that_overlaps_them(
    given_: list[Occupancy[int]], capacity_of: dict[Id, int]
) -> None:
    groups = list(conflict_groups(given_, capacity_of))
    spans = [
        (resource, span) for resource, found in overbooked(given_, capacity_of).items() for span in found
    ]
    assert [(group.resource_id, group.span) for group in groups] == spans
    for group in groups:
        members = [
            one
            for one in given_
            if one.resource_id == group.resource_id and one.interval.overlaps(group.span)
        ]
        assert list(group.members) == sorted(members, key=order)
        assert group.peak == Load.of((one.interval, one.units) for one in members).peak(group.span)
        assert group.capacity == capacity_of.get(group.resource_id, 1) < group.peak


def test_touching_occupancies_do_not_conflict() -> None:
    back_to_back = [Occupancy("bay", hours(0, 1), "a"), Occupancy("bay", hours(1, 2), "b")]
    assert not list(overlapping_pairs(back_to_back))
    assert not list(conflict_groups(back_to_back, {}))
    assert not overbooked(back_to_back, {})


def test_a_long_occupancy_takes_part_in_several_groups() -> None:
    spans = {"long": hours(0, 9), "first": hours(2, 3), "second": hours(5, 6)}
    given_ = [Occupancy("bay", span, key) for key, span in spans.items()]
    groups = list(conflict_groups(given_, {"bay": 1}))
    assert [[one.key for one in group.members] for group in groups] == [["long", "first"], ["long", "second"]]


def test_ids_of_different_types_are_different_resources() -> None:
    given_ = [Occupancy(1, hours(0, 1), "a"), Occupancy("1", hours(0, 1), "b")]
    assert not list(overlapping_pairs(given_))


@pytest.mark.parametrize(("resource_id", "units"), [("", 1), (True, 1), ("bay", 0), ("bay", True)])
def test_an_occupancy_needs_an_id_and_units(resource_id: Id, units: int) -> None:
    with pytest.raises(InvalidFieldError):
        Occupancy(resource_id, hours(0, 1), None, units=units)
