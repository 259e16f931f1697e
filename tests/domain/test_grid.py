from __future__ import annotations

import datetime as dt
import pickle
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from slotkeeper.domain.grid import ClockGrid, FixedGrid, GapGrid, Grid, OpeningGrid, as_grid
from slotkeeper.errors import InvalidFieldError, InvalidZoneError, NaiveDatetimeError
from slotkeeper.testing.strategies import grids, lengths

MINUTE = dt.timedelta(minutes=1)


def test_a_plain_step_counts_from_the_opening() -> None:
    assert as_grid(15 * MINUTE) == OpeningGrid(15 * MINUTE)


def test_no_grid_stays_none() -> None:
    assert as_grid(None) is None


@given(grids())
def test_a_grid_stays_as_it_is(grid: Grid) -> None:
    assert as_grid(grid) is grid


def test_a_zone_may_be_given_by_name() -> None:
    assert ClockGrid(MINUTE, zone="Europe/Warsaw").zone == ZoneInfo("Europe/Warsaw")


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(InvalidZoneError):
        GapGrid(MINUTE, zone="Mars/Olympus")


@pytest.mark.parametrize("kind", [OpeningGrid, ClockGrid, GapGrid])
@pytest.mark.parametrize("step", [dt.timedelta(0), -MINUTE, None])
def test_a_step_is_more_than_zero(kind: type[OpeningGrid], step: dt.timedelta) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        kind(step)

    assert caught.value.field == f"{kind.__name__}.step"


@pytest.mark.parametrize("kind", [OpeningGrid, ClockGrid, GapGrid])
def test_an_offset_is_not_negative(kind: type[OpeningGrid]) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        kind(MINUTE, offset=-MINUTE)

    assert caught.value.field == f"{kind.__name__}.offset"


def test_a_clock_counts_within_a_day() -> None:
    assert ClockGrid(dt.timedelta(days=1)).step == dt.timedelta(days=1)
    with pytest.raises(InvalidFieldError, match="longer than a day"):
        ClockGrid(dt.timedelta(days=1) + MINUTE)


def test_the_origin_of_a_fixed_grid_is_an_instant() -> None:
    warsaw = dt.datetime(2025, 10, 23, 11, tzinfo=ZoneInfo("Europe/Warsaw"))

    assert FixedGrid(MINUTE, warsaw).origin == dt.datetime(2025, 10, 23, 9, tzinfo=dt.UTC)
    with pytest.raises(NaiveDatetimeError):
        FixedGrid(MINUTE, dt.datetime(2025, 10, 23, 9))


@pytest.mark.parametrize(
    ("step", "alignment"), [(120, 60), (90, 30), (45, 15), (40, 20), (50, 10), (25, 5), (7, 1), (61, 1)]
)
def test_a_gap_is_aligned_to_the_largest_round_number_of_minutes_that_divides_the_step(
    step: int, alignment: int
) -> None:
    assert GapGrid(step * MINUTE).alignment == alignment * MINUTE


@given(lengths(MINUTE))
def test_the_alignment_that_is_given_counts(align: dt.timedelta) -> None:
    assert GapGrid(30 * MINUTE, align=align).alignment == align


def test_the_alignment_is_more_than_zero() -> None:
    with pytest.raises(InvalidFieldError) as caught:
        GapGrid(MINUTE, align=dt.timedelta(0))

    assert caught.value.field == "GapGrid.align"


@given(grids())
def test_grids_survive_pickling_and_hash_as_they_compare(grid: Grid) -> None:
    again = pickle.loads(pickle.dumps(grid))

    assert again == grid
    assert hash(again) == hash(grid)
