"""From where a grid counts must not depend on the window that is asked about."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.worlds import CELL, DAY, EPOCH, ZONES, at, resource_lists, span

from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.schedule import Schedule
from slotkeeper.engine.anchors import LONGEST, combined_openings, cut, open_stretches

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Stretches: TypeAlias = Callable[[Sequence[Resource], Interval, int], tuple[Interval, ...]]

HOUR: Final = 4 * CELL
spans: Final = st.builds(span, st.integers(-20, 90), st.integers(1, 40))
by_stretch: Final = st.sampled_from([combined_openings, open_stretches])


def shop(hours: str, zone: str = "UTC") -> Resource:
    return Resource(hours, Schedule(zone, {"daily": hours}))


def texts(found: tuple[Interval, ...]) -> list[str]:
    return [f"{one.start:%d %H:%M}-{one.end:%d %H:%M}" for one in found]


@given(by_stretch, resource_lists(), st.integers(1, 2), spans, st.integers(0, 39))
def test_a_stretch_is_the_same_for_every_window_that_it_overlaps(
    stretches: Stretches, resources: list[Resource], at_least: int, wide: Interval, inner: int
) -> None:
    moment = wide.start + inner * CELL % wide.duration
    narrow = Interval(moment, moment + CELL)
    found = stretches(resources, wide, at_least)
    assert stretches(resources, narrow, at_least) == tuple(one for one in found if one.overlaps(narrow))


@given(by_stretch, resource_lists(), st.integers(1, 2), spans)
def test_stretches_cover_the_hours_that_enough_resources_have_once(
    stretches: Stretches, resources: list[Resource], at_least: int, window: Interval
) -> None:
    found = stretches(resources, window, at_least)
    hours = [IntervalSet(one.schedule.hours_between(window)) for one in resources]
    assert IntervalSet(found).clip(window) == IntervalSet.overlapping(hours, at_least).clip(window)
    assert all(one.end <= following.start for one, following in pairwise(found))
    assert all(one.overlaps(window) and one.duration <= LONGEST for one in found)


def test_openings_that_touch_count_apart_but_make_one_gap() -> None:
    resources = [shop("09:00-12:00, 12:00-17:00")]
    day = Interval(EPOCH, EPOCH + DAY)
    assert texts(combined_openings(resources, day, 1)) == ["25 09:00-25 12:00", "25 12:00-25 17:00"]
    assert texts(open_stretches(resources, day, 1)) == ["25 09:00-25 17:00"]


def test_what_one_resource_continues_makes_one_stretch_with_another() -> None:
    resources = [shop("09:00-12:00"), shop("11:00-17:00")]
    assert texts(combined_openings(resources, Interval(EPOCH, EPOCH + DAY), 1)) == ["25 09:00-25 17:00"]
    assert texts(combined_openings(resources, Interval(EPOCH, EPOCH + DAY), 2)) == ["25 11:00-25 12:00"]


@pytest.mark.parametrize("stretches", [combined_openings, open_stretches])
@pytest.mark.parametrize("zone", ZONES)
def test_round_the_clock_is_cut_at_local_midnights(zone: str, stretches: Stretches) -> None:
    resource = Resource("a", Schedule.always(zone))
    days = stretches([resource], Interval(EPOCH + DAY / 2, EPOCH + 3 * DAY / 2), 1)
    assert {one.start.astimezone(resource.schedule.zone).time() for one in days} == {dt.time()}
    assert {one.end.astimezone(resource.schedule.zone).time() for one in days} == {dt.time()}


def test_time_without_end_that_no_opening_begins_is_cut_at_the_first_resources_midnights() -> None:
    resources = [shop("00:00-13:00, 12:00-01:00", "Europe/Warsaw"), shop("22:00-22:00")]
    found = open_stretches(resources, Interval(EPOCH + DAY / 4, EPOCH + DAY / 2), 1)
    assert texts(found) == ["24 22:00-25 22:00"]


def test_a_set_is_cut_only_inside() -> None:
    pieces = IntervalSet([span(0, 4), span(6, 2)])
    assert cut(pieces, [at(0), at(3), at(4), at(5), at(1)]) == (
        span(0, 1),
        span(1, 2),
        span(3, 1),
        span(6, 2),
    )
