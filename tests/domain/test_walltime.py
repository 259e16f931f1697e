import datetime as dt
import zoneinfo
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.domain.clocks import (
    CHANGES,
    DAY,
    MINUTE,
    instants_near_changes,
    local,
    minutes_in,
    zones_and_windows,
)

from slotkeeper.domain.instant import EARLIEST, LATEST, TICK
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.periods import Period, Weekday, day_interval, local_days, period_bounds
from slotkeeper.domain.walltime import (
    FoldPolicy,
    GapPolicy,
    WallTimeKind,
    classify,
    reading,
    resolve,
    resolve_or_skip,
)
from slotkeeper.domain.zones import as_zone, offset_at, offset_segments, zone_name
from slotkeeper.errors import (
    AmbiguousTimeError,
    InvalidFieldError,
    InvalidInstantError,
    InvalidZoneError,
    NaiveDatetimeError,
    NonexistentTimeError,
)

GAP = dt.datetime(2025, 3, 30, 2, 30)
FOLD = dt.datetime(2025, 10, 26, 2, 30)
WARSAW = "Europe/Warsaw"


# -- zones -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "localtime",
        "Factory",
        "posixrules",
        "/etc/localtime",
        "right/UTC",
        "posix/UTC",
        "Mars/Base",
        "",
        "../UTC",
        "Europe",
    ],
)
def test_names_that_are_no_iana_zone_are_refused(name: str) -> None:
    with pytest.raises(InvalidZoneError):
        as_zone(name)


@pytest.mark.parametrize("value", [None, 7, dt.UTC, dt.timedelta(hours=1)])
def test_what_is_neither_a_name_nor_a_zone_is_refused(value: object) -> None:
    with pytest.raises(InvalidZoneError):
        as_zone(value)  # type: ignore[arg-type]


def test_a_zone_passes_with_and_without_a_name() -> None:
    named = zoneinfo.ZoneInfo(WARSAW)
    assert as_zone(named) is named
    folder = next(path for path in map(Path, zoneinfo.TZPATH) if (path / WARSAW).exists())
    nameless = zoneinfo.ZoneInfo.from_file(BytesIO((folder / WARSAW).read_bytes()))
    assert as_zone(nameless) is nameless
    assert zone_name(named) == WARSAW
    assert zone_name(nameless)


@given(zones_and_windows())
def test_segments_cover_the_window_and_hold_the_offset_of_every_minute(drawn: tuple[str, Interval]) -> None:
    zone, window = as_zone(drawn[0]), drawn[1]
    segments = offset_segments(zone, window.start, window.end)
    assert (segments[0][0], segments[-1][1]) == (window.start, window.end)
    assert all(one[1] == following[0] and one[2] != following[2] for one, following in pairwise(segments))
    for minute in minutes_in(window):
        offset = minute.astimezone(zone).utcoffset()
        assert [found for start, end, found in segments if start <= minute < end] == [offset]


@pytest.mark.parametrize(
    "name", ["Europe/Warsaw", "Africa/Freetown", "America/Recife", "Asia/Gaza", "Pacific/Apia"]
)
def test_no_change_of_a_century_is_missed(name: str) -> None:
    zone = as_zone(name)
    start, end = dt.datetime(1925, 1, 1, tzinfo=dt.UTC), dt.datetime(2040, 1, 1, tzinfo=dt.UTC)
    segments = offset_segments(zone, start, end)
    index = 0
    for hour in range(0, (end - start) // dt.timedelta(hours=1), 6):
        instant = start + hour * dt.timedelta(hours=1)
        while segments[index][1] <= instant:
            index += 1
        assert segments[index][2] == offset_at(instant, zone)


def test_an_empty_stretch_has_no_segments() -> None:
    assert offset_segments(as_zone(WARSAW), LATEST, EARLIEST) == ()


@pytest.mark.parametrize("zone", [WARSAW, "America/New_York", "Pacific/Kiritimati", "UTC"])
@pytest.mark.parametrize("window", [(EARLIEST, EARLIEST + 3 * DAY), (LATEST - 3 * DAY, LATEST)])
def test_segments_reach_the_ends_of_time(zone: str, window: tuple[dt.datetime, dt.datetime]) -> None:
    segments = offset_segments(as_zone(zone), *window)
    assert (segments[0][0], segments[-1][1]) == window


# -- resolution ----------------------------------------------------------------------------------------------


@given(st.data(), st.sampled_from(sorted(CHANGES)))
def test_the_candidates_of_a_reading_are_the_instants_that_read_so(data: st.DataObject, zone: str) -> None:
    instant = data.draw(instants_near_changes(zone))
    found = classify(local(instant, zone), zone)
    assert found.kind in {WallTimeKind.UNIQUE, WallTimeKind.FOLD}
    assert instant in {found.earlier, found.later}
    assert {local(one, zone) for one in (found.earlier, found.later)} == {found.wall}
    assert (found.earlier == found.later) is (found.kind is WallTimeKind.UNIQUE)


@given(st.data(), st.sampled_from(sorted(CHANGES)))
def test_a_wall_time_that_no_instant_reads_lies_around_its_transition(data: st.DataObject, zone: str) -> None:
    wall = data.draw(instants_near_changes(zone)).replace(tzinfo=None)
    found = classify(wall, zone)
    around = [wall.replace(tzinfo=dt.UTC) + number * 5 * MINUTE for number in range(-12 * 27, 12 * 27 + 1)]
    assert (found.kind is WallTimeKind.GAP) is (wall not in {local(one, zone) for one in around})
    if found.kind is WallTimeKind.GAP:
        assert found.transition is not None
        assert found.wall_after == local(found.transition, zone)
        assert local(found.transition - TICK, zone) < wall < found.wall_after
        assert local(found.earlier, zone) < wall < local(found.later, zone)


@pytest.mark.parametrize(
    ("gap", "expected"),
    [(GapPolicy.LATER, "01:30"), (GapPolicy.EARLIER, "00:30"), (GapPolicy.TRANSITION, "01:00")],
)
def test_a_gap_policy_chooses_the_instant(gap: GapPolicy, expected: str) -> None:
    found = resolve(GAP, WARSAW, gap=gap, fold=FoldPolicy.RAISE)
    assert found == dt.datetime.fromisoformat(f"2025-03-30T{expected}Z")


@pytest.mark.parametrize(("fold", "expected"), [(FoldPolicy.EARLIER, "00:30"), (FoldPolicy.LATER, "01:30")])
def test_a_fold_policy_chooses_the_pass(fold: FoldPolicy, expected: str) -> None:
    found = resolve(FOLD.replace(fold=1), WARSAW, gap=GapPolicy.RAISE, fold=fold)
    assert found == dt.datetime.fromisoformat(f"2025-10-26T{expected}Z")


def test_raising_policies_name_time_and_zone() -> None:
    with pytest.raises(NonexistentTimeError) as skipped:
        resolve(GAP, WARSAW, gap=GapPolicy.RAISE, fold=FoldPolicy.RAISE)
    assert (skipped.value.wall, skipped.value.zone) == (GAP, WARSAW)
    with pytest.raises(AmbiguousTimeError) as repeated:
        resolve(FOLD, WARSAW, gap=GapPolicy.RAISE, fold=FoldPolicy.RAISE)
    assert (repeated.value.wall, repeated.value.zone) == (FOLD, WARSAW)


def test_a_skipped_time_is_dropped_only_where_the_caller_can_take_nothing() -> None:
    assert resolve_or_skip(GAP, WARSAW, gap=GapPolicy.SKIP, fold=FoldPolicy.RAISE) is None
    with pytest.raises(NonexistentTimeError):
        resolve(GAP, WARSAW, gap=GapPolicy.SKIP, fold=FoldPolicy.RAISE)


@pytest.mark.parametrize(
    "value", [dt.datetime(2025, 1, 1, tzinfo=dt.UTC), dt.date(2025, 1, 1), "2025-01-01T00:00"]
)
def test_only_a_naive_datetime_is_a_wall_time(value: dt.datetime) -> None:
    with pytest.raises(InvalidFieldError):
        classify(value, WARSAW)


@pytest.mark.parametrize(("wall", "zone"), [(dt.datetime.min, WARSAW), (dt.datetime.max, "America/New_York")])
def test_wall_times_at_the_ends_of_time_are_refused_as_instants(wall: dt.datetime, zone: str) -> None:
    with pytest.raises(InvalidInstantError):
        classify(wall, zone)


def test_a_reading_inverts_resolution_and_needs_an_instant() -> None:
    noon = dt.datetime(2025, 7, 1, 12)
    assert reading(resolve(noon, WARSAW, gap=GapPolicy.RAISE, fold=FoldPolicy.RAISE), WARSAW) == noon
    with pytest.raises(NaiveDatetimeError):
        reading(noon, WARSAW)
    with pytest.raises(InvalidInstantError):
        reading(LATEST, WARSAW)


# -- periods -------------------------------------------------------------------------------------------------


@given(zones_and_windows())
def test_local_days_are_the_dates_that_clocks_show(drawn: tuple[str, Interval]) -> None:
    zone, window = drawn
    shown = {local(minute, zone).date() for minute in minutes_in(window)}
    assert local_days(zone, window) == (min(shown), max(shown))


@given(st.data(), st.sampled_from(sorted(CHANGES)), st.sampled_from(Period), st.sampled_from(Weekday))
def test_every_instant_lies_in_exactly_one_period(
    data: st.DataObject, zone: str, period: Period, first: Weekday
) -> None:
    instant = data.draw(instants_near_changes(zone))
    found = period_bounds(instant, period, zone, first)
    assert instant in found
    assert period_bounds(found.start, period.value, zone, first) == found
    assert period_bounds(found.end, period, zone, first).start == found.end
    assert period_bounds(found.start - TICK, period, zone, first).end == found.start


@given(st.data(), st.sampled_from(sorted(CHANGES)))
def test_days_of_a_zone_follow_each_other_and_skip_only_what_clocks_skip(
    data: st.DataObject, zone: str
) -> None:
    date = local(data.draw(instants_near_changes(zone)), zone).date()
    days = [day_interval(date + number * DAY, zone) for number in range(-3, 4)]
    real = [day for day in days if day is not None]
    assert len(days) - len(real) == (
        dt.date(2011, 12, 30) in {date + n * DAY for n in range(-3, 4)} and zone == "Pacific/Apia"
    )
    assert all(one.end == following.start for one, following in pairwise(real))


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ("day", "2025-03-29T23:00Z/2025-03-30T22:00Z"),
        ("week", "2025-03-23T23:00Z/2025-03-30T22:00Z"),
        ("month", "2025-02-28T23:00Z/2025-03-31T22:00Z"),
    ],
)
def test_periods_are_those_of_the_local_calendar(period: str, expected: str) -> None:
    assert (
        str(period_bounds(dt.datetime(2025, 3, 30, 12, tzinfo=dt.UTC), period, WARSAW, Weekday.MO))
        == expected
    )


def test_the_week_starts_when_told() -> None:
    sunday = dt.datetime(2025, 3, 30, 12, tzinfo=dt.UTC)
    assert period_bounds(sunday, Period.WEEK, "UTC", Weekday.SU).start == sunday.replace(hour=0)


def test_the_hour_repeated_over_midnight_belongs_to_the_following_day() -> None:
    second_pass = dt.datetime(2006, 10, 29, 3, 0, tzinfo=dt.UTC)  # reads 23:30 after having read 00:00
    assert local(second_pass, "America/St_Johns") == dt.datetime(2006, 10, 28, 23, 30)
    assert period_bounds(second_pass, Period.DAY, "America/St_Johns", Weekday.MO) == day_interval(
        dt.date(2006, 10, 29), "America/St_Johns"
    )


def test_an_unknown_period_is_refused() -> None:
    with pytest.raises(InvalidFieldError):
        period_bounds(EARLIEST, "year", "UTC", Weekday.MO)


@pytest.mark.parametrize("period", Period)
@pytest.mark.parametrize("zone", ["UTC", WARSAW, "America/New_York"])
@example(EARLIEST)
@example(LATEST - TICK)
@given(st.sampled_from([EARLIEST + DAY, LATEST - DAY]))
def test_periods_are_cut_at_the_ends_of_time(period: Period, zone: str, instant: dt.datetime) -> None:
    assert instant in period_bounds(instant, period, zone, Weekday.WE)


def test_the_very_last_instant_is_in_no_period() -> None:
    with pytest.raises(InvalidInstantError):
        period_bounds(LATEST, Period.DAY, "UTC", Weekday.MO)
    assert day_interval(dt.date.max, "America/New_York") is not None
    assert day_interval(dt.date.min, "Pacific/Kiritimati") is not None
