import datetime as dt
import pickle
import time
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.clocks import CHANGES, DAY, MINUTE, local, minutes_where, zones_and_windows

from slotkeeper.domain.availability import Availability
from slotkeeper.domain.closed_dates import HolidayCalendar
from slotkeeper.domain.hours import DateOverride, Hours, RecurringHours, WeeklyHours, ZoneOverride
from slotkeeper.domain.instant import EARLIEST, LATEST
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet
from slotkeeper.domain.localise import ResolveEnds
from slotkeeper.domain.periods import Weekday
from slotkeeper.domain.recurrence import Recurrence
from slotkeeper.domain.schedule import AnySchedule, CombinedSchedule, Schedule
from slotkeeper.domain.walltime import FoldPolicy, GapPolicy
from slotkeeper.errors import InvalidFieldError, InvalidZoneError, NaiveDatetimeError, ParseError

WARSAW = "Europe/Warsaw"
WEEK = Interval.parse("2025-10-20T00:00Z/2025-10-27T00:00Z")

quarters = st.integers(0, 95).map(lambda number: number * 15 * MINUTE)
hours = st.builds(Hours, quarters, st.integers(0, 192).map(lambda number: number * 15 * MINUTE))
day_hours = st.lists(hours, max_size=2)
weekdays = st.frozensets(st.sampled_from(Weekday), min_size=1)


@st.composite
def schedules_and_windows(draw: st.DrawFn) -> tuple[Schedule, Interval]:
    """Draw a schedule with every kind of rule, and a window near a clock change of its zone."""
    zone, window = draw(zones_and_windows())
    today = window.start.date()
    near = st.integers(-4, 4).map(lambda number: today + number * DAY)
    alternating = st.builds(WeeklyHours, weekdays, day_hours, every=st.integers(1, 2), anchor=near)
    overrides = draw(st.dictionaries(near, day_hours, max_size=2))
    abroad = draw(st.sampled_from([None, "Asia/Kathmandu", "America/New_York"]))
    dates = sorted(draw(st.tuples(near, near)))
    closed = draw(st.lists(st.tuples(st.integers(-1500, 1500), st.integers(1, 90)), max_size=2))
    start = dt.datetime.combine(today - 9 * DAY, dt.time(1, 30))
    return Schedule(
        zone,
        draw(st.lists(alternating, max_size=2)),
        recurring=draw(
            st.sampled_from([(), (RecurringHours(Recurrence(start, "FREQ=DAILY;INTERVAL=2"), 70 * MINUTE),)])
        ),
        overrides=[DateOverride(date, some) for date, some in overrides.items()],
        valid_from=draw(st.sampled_from([None, dates[0]])),
        valid_until=draw(st.sampled_from([None, dates[1]])),
        closed_dates=draw(st.frozensets(near, max_size=2)),
        closures=[Interval.lasting(window.start + at * MINUTE, size * MINUTE) for at, size in closed],
        zones=[ZoneOverride(abroad, draw(near), None)] if abroad else [],
        sessions=[Interval.lasting(window.start + 40 * MINUTE, 50 * MINUTE)] if draw(st.booleans()) else [],
    ), window


def is_open(schedule: Schedule, instant: dt.datetime) -> bool:
    """Answer by the definition: read the clock of each zone and look whether hours hold the reading."""
    if instant in schedule.closures:
        return False
    return any(instant in one for one in schedule.sessions) or any(
        _open_by_date(schedule, zone, instant)
        for zone in {schedule.zone, *(one.zone for one in schedule.zones)}
    )


def _open_by_date(schedule: Schedule, zone: object, instant: dt.datetime) -> bool:
    reading = local(instant, str(zone))
    for back in range(3):
        date = reading.date() - back * DAY
        abroad = [
            one.zone for one in schedule.zones if one.first <= date and (one.last is None or date <= one.last)
        ]
        if zone == (abroad[0] if abroad else schedule.zone) and _holds(schedule, date, reading):
            return True
    return False


def _holds(schedule: Schedule, date: dt.date, reading: dt.datetime) -> bool:
    if date in schedule.closed_dates or not (schedule.valid_from or date) <= date <= (
        schedule.valid_until or date
    ):
        return False
    since = reading - dt.datetime.combine(date, dt.time())
    replaced = [one.hours for one in schedule.overrides if one.date == date]
    if replaced:
        return any(one.start <= since < one.end for one in replaced[0])
    weekly = [one for rule in schedule.weekly if rule.runs_on(date) for one in rule.hours]
    starts = [(rule.recurrence.start, rule.duration) for rule in schedule.recurring]
    recurring = [
        (start - dt.datetime.combine(start.date(), dt.time()), size)
        for start, size in starts
        if (date - start.date()).days % 2 == 0
    ]
    return any(one.start <= since < one.end for one in weekly) or any(
        at <= since < at + size for at, size in recurring
    )


@given(schedules_and_windows())
def test_open_time_is_what_the_local_clock_says_minute_by_minute(drawn: tuple[Schedule, Interval]) -> None:
    schedule, window = drawn
    assert schedule.open_between(window) == minutes_where(window, lambda minute: is_open(schedule, minute))


@given(schedules_and_windows(), st.integers(0, 2880), st.integers(1, 600))
def test_an_opening_is_the_same_whatever_the_window(
    drawn: tuple[Schedule, Interval], at: int, length: int
) -> None:
    schedule, window = drawn
    part = Interval.lasting(window.start + at * MINUTE, length * MINUTE)
    both = window.hull(part)
    for question in (schedule.hours_between, schedule.openings_between):
        assert question(part) == tuple(one for one in question(both) if one.overlaps(part))
    assert schedule.open_between(part) == schedule.open_between(both).clip(part)
    assert schedule.open_between(part) == IntervalSet(schedule.openings_between(part)).clip(part)


@given(schedules_and_windows())
def test_openings_are_sorted_distinct_and_come_from_the_hours(drawn: tuple[Schedule, Interval]) -> None:
    schedule, window = drawn
    openings, whole = schedule.openings_between(window), schedule.hours_between(window)
    assert all(one < following for one, following in pairwise(openings))
    assert all(any(one in hours for hours in whole) for one in openings)
    assert IntervalSet(openings) == (IntervalSet(whole) - schedule.closures) & IntervalSet(openings)


COMBINED: dict[str, Callable[[AnySchedule, AnySchedule], CombinedSchedule]] = {
    "union": lambda left, right: left | right,
    "intersection": lambda left, right: left & right,
    "difference": lambda left, right: left - right,
}


@pytest.mark.parametrize("name", COMBINED)
@given(schedules_and_windows(), schedules_and_windows(), st.integers(1, 1000))
def test_combined_schedules_agree_with_sets(
    name: str, drawn: tuple[Schedule, Interval], other: tuple[Schedule, Interval], length: int
) -> None:
    (left, window), right = drawn, other[0]
    combined = COMBINED[name](left, right)
    sets = left.open_between(window), right.open_between(window)
    expected = {
        "union": sets[0] | sets[1],
        "intersection": sets[0] & sets[1],
        "difference": sets[0] - sets[1],
    }[name]
    assert combined.open_between(window) == expected
    assert IntervalSet(combined.openings_between(window)).clip(window) == expected
    part = Interval.lasting(window.start, length * MINUTE)
    both = window.hull(part)
    for question in (combined.hours_between, combined.openings_between):
        assert question(part) == tuple(one for one in question(both) if one.overlaps(part))


# -- examples ------------------------------------------------------------------------------------------------


def test_touching_hours_stay_apart_as_openings_and_merge_as_open_time() -> None:
    schedule = Schedule.weekly_hours("UTC", {"MO": "09:00-12:00, 12:00-17:00"})
    assert [str(one.start.time()) for one in schedule.openings_between(WEEK)] == ["09:00:00", "12:00:00"]
    assert len(schedule.open_between(WEEK)) == 1


def test_closures_cut_openings_but_not_hours() -> None:
    noon = Interval.parse("2025-10-20T12:00Z/PT1H")
    schedule = Schedule("UTC", {"MO": "09:00-17:00"}, closures=[noon])
    assert schedule.hours_between(WEEK) == (Interval.parse("2025-10-20T09:00Z/PT8H"),)
    assert schedule.openings_between(WEEK) == (
        Interval.parse("2025-10-20T09:00Z/PT3H"),
        Interval.parse("2025-10-20T13:00Z/PT4H"),
    )


def test_closing_a_date_keeps_what_began_the_evening_before() -> None:
    bar = Schedule("UTC", {"daily": "22:00-04:00"}, closed_dates=["2025-10-22"])
    assert bar.is_open(dt.datetime(2025, 10, 22, 3, tzinfo=dt.UTC))
    assert not bar.is_open(dt.datetime(2025, 10, 22, 22, tzinfo=dt.UTC))
    assert not bar.is_open(dt.datetime(2025, 10, 23, 3, tzinfo=dt.UTC))


def test_validity_includes_both_dates() -> None:
    schedule = Schedule(
        "UTC", {"daily": "09:00-10:00"}, valid_from="2025-10-22", valid_until=dt.date(2025, 10, 23)
    )
    assert [one.start.day for one in schedule.openings_between(WEEK)] == [22, 23]


def test_hours_of_a_date_are_those_that_begin_on_it() -> None:
    schedule = Schedule(
        "UTC", {"MO": "22:00-04:00"}, valid_from="2025-10-20", overrides=[DateOverride("2025-10-27")]
    )
    hours = [schedule.hours_on(dt.date(2025, 10, day)) for day in (13, 20, 21, 27)]
    assert hours == [(), (Hours("22:00", "04:00"),), (), ()]


def test_hours_abroad_are_read_on_the_clock_there() -> None:
    schedule = Schedule(
        WARSAW,
        {"daily": "09:00-10:00"},
        zones=[
            ZoneOverride("Asia/Tokyo", "2025-10-24"),
            ZoneOverride("America/New_York", "2025-10-21", "2025-10-22"),
        ],
    )
    assert [one.start.hour for one in schedule.openings_between(WEEK)] == [7, 13, 13, 7, 0, 0, 0]
    early = Interval.parse("2025-10-20T00:00Z/P1D")
    assert [one.start.hour for one in schedule.openings_between(early)] == [7]
    late = Interval.parse("2025-10-23T00:00Z/P1D")
    assert [one.start.hour for one in schedule.openings_between(late)] == [7]
    later = Interval.parse("2025-10-30T00:00Z/P1D")
    assert [one.start.hour for one in schedule.openings_between(later)] == [0]


WARSAW_NIGHTS = {"daily": "02:15-02:45"}


@pytest.mark.parametrize(
    ("on_change", "night", "expected"),
    [
        (None, "2025-03-30", ""),
        (None, "2025-10-26", "2025-10-26T00:15Z/PT30M, 2025-10-26T01:15Z/PT30M"),
        (ResolveEnds(GapPolicy.LATER, FoldPolicy.EARLIER), "2025-03-30", "2025-03-30T01:15Z/PT30M"),
        (ResolveEnds(GapPolicy.SKIP, FoldPolicy.EARLIER), "2025-03-30", ""),
        (ResolveEnds(GapPolicy.TRANSITION, FoldPolicy.EARLIER), "2025-03-30", ""),
        (ResolveEnds(GapPolicy.LATER, FoldPolicy.EARLIER), "2025-10-26", "2025-10-26T00:15Z/PT30M"),
        (
            ResolveEnds(GapPolicy.LATER, FoldPolicy.EARLIER, FoldPolicy.LATER),
            "2025-10-26",
            "2025-10-26T00:15Z/PT90M",
        ),
    ],
)
def test_hours_within_a_clock_change_follow_the_policy(
    on_change: ResolveEnds | None, night: str, expected: str
) -> None:
    schedule = Schedule(WARSAW, WARSAW_NIGHTS, on_change=on_change)
    window = Interval.parse(f"{night}T00:00Z/PT6H")
    assert IntervalSet(schedule.openings_between(window)) == IntervalSet.parse(expected)


def test_hours_across_a_clock_change_are_one_opening() -> None:
    night = Schedule(WARSAW, {"SA": "22:00-04:00"})
    assert night.openings_between(Interval.parse("2025-10-26T01:00Z/PT1H")) == (
        Interval.parse("2025-10-25T20:00Z/2025-10-26T03:00Z"),
    )


def test_recurring_hours_of_several_days_are_found_from_their_middle() -> None:
    camp = RecurringHours(Recurrence(dt.datetime(2025, 7, 1, 12), "FREQ=YEARLY"), 9 * DAY)
    found = Schedule(WARSAW, recurring=[camp]).openings_between(Interval.parse("2027-07-08T00:00Z/PT1H"))
    assert found == (Interval.parse("2027-07-01T10:00Z/2027-07-10T10:00Z"),)


# -- closed dates --------------------------------------------------------------------------------------------


def test_what_is_only_a_container_is_asked_date_by_date() -> None:
    class Sundays:
        def __contains__(self, date: object) -> bool:
            return isinstance(date, dt.date) and date.isoweekday() == 7

    schedule = Schedule("UTC", {"daily": "09:00-10:00"}, closed_dates=Sundays())
    assert len(schedule.openings_between(WEEK)) == 6


# -- construction --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rules",
    [
        {"overrides": [DateOverride("2025-10-20"), DateOverride("2025-10-20", "09:00-10:00")]},
        {"valid_from": "2025-10-20", "valid_until": "2025-10-19"},
        {"zones": [ZoneOverride("UTC", "2025-10-20"), ZoneOverride("UTC", "2025-10-25")]},
        {"zones": [ZoneOverride("UTC", "2025-10-20", "2025-10-25"), ZoneOverride("UTC", "2025-10-25")]},
        {"closed_dates": "2025-10-20"},
        {"closed_dates": 5},
        {"closed_dates": [dt.datetime(2025, 10, 20)]},
    ],
)
def test_rules_that_contradict_themselves_are_refused(rules: dict[str, object]) -> None:
    with pytest.raises(InvalidFieldError):
        Schedule("UTC", **rules)  # type: ignore[arg-type]


def test_unreadable_zones_and_dates_are_refused() -> None:
    with pytest.raises(InvalidZoneError):
        Schedule("Nowhere")
    with pytest.raises(ParseError):
        Schedule("UTC", closed_dates=["20/10/2025"])


def test_always_never_and_fixed_intervals() -> None:
    sessions = [Interval.parse("2025-10-21T18:00Z/PT2H"), Interval.parse("2025-10-20T18:00Z/PT2H")]
    assert Schedule.always(WARSAW).open_between(WEEK) == IntervalSet([WEEK])
    assert not Schedule.never().open_between(WEEK)
    assert Schedule.of(sessions).openings_between(WEEK) == tuple(sorted(sessions))
    assert Schedule.of(sessions).openings_between(Interval.parse("2025-10-21T00:00Z/P1D")) == (sessions[0],)


def test_equal_rules_make_equal_schedules_that_survive_pickling() -> None:
    one, other = (
        Schedule.weekly_hours(WARSAW, {"MO-FR": "09:00-17:00"}, closed_dates=["2025-12-25"]) for _ in range(2)
    )
    assert (one, hash(one)) == (other, hash(other))
    assert one.open_between(WEEK) == pickle.loads(pickle.dumps(one)).open_between(WEEK)
    assert pickle.loads(pickle.dumps(one & other)) == one & other
    assert one & other != one | other


def test_every_schedule_is_an_availability() -> None:
    assert isinstance(Schedule.always(), Availability)
    assert isinstance(Schedule.always() - Schedule.never(), Availability)
    with pytest.raises(TypeError):
        Schedule.always() | 5  # type: ignore[operator]


def test_text_names_the_zone_and_only_what_was_given() -> None:
    schedule = Schedule(WARSAW, {"SA": "10:00-14:00"}, closures=[WEEK])
    assert repr(Schedule(WARSAW)) == f"Schedule({WARSAW!r})"
    assert "10:00-14:00" in repr(schedule)
    assert "overrides" not in repr(schedule)
    html = (schedule - Schedule.never())._repr_html_()
    assert f"{WARSAW} time" in html
    assert "UTC time" in html
    assert "<th>SA</th><td>10:00-14:00</td>" in html
    assert "1 closures" in html
    assert repr(schedule | schedule).count("Schedule(") == 2


# -- questions about instants --------------------------------------------------------------------------------


def test_closing_time_is_closed() -> None:
    schedule = Schedule(WARSAW, {"daily": "09:00-17:00"})
    assert schedule.is_open(dt.datetime.fromisoformat("2025-10-20T09:00+02:00"))
    assert not schedule.is_open(dt.datetime.fromisoformat("2025-10-20T17:00+02:00"))
    with pytest.raises(NaiveDatetimeError):
        schedule.is_open(dt.datetime(2025, 10, 20))


def test_the_next_open_instant_is_found_within_the_time_given() -> None:
    yearly = Schedule(
        "UTC", recurring=[RecurringHours(Recurrence(dt.datetime(2025, 3, 1, 9), "FREQ=YEARLY"), 2 * DAY)]
    )
    now = dt.datetime(2025, 10, 20, tzinfo=dt.UTC)
    assert yearly.next_open(now, 400 * DAY) == dt.datetime(2026, 3, 1, 9, tzinfo=dt.UTC)
    assert yearly.next_open(now, 30 * DAY) is None
    during = dt.datetime(2026, 3, 2, 5, tzinfo=dt.UTC)
    assert yearly.next_open(during, DAY) == during


@pytest.mark.parametrize("zone", [WARSAW, "America/New_York", "Pacific/Kiritimati"])
def test_the_ends_of_time_are_closed_rather_than_errors(zone: str) -> None:
    always = Schedule.always(zone)
    for window in (Interval(EARLIEST, EARLIEST + 20 * DAY), Interval(LATEST - 20 * DAY, LATEST)):
        assert len(always.open_between(window)) == 1
    assert not always.is_open(EARLIEST)
    assert not always.is_open(LATEST)
    assert always.next_open(LATEST - DAY, 5 * DAY) is None


@pytest.mark.parametrize("zone", sorted(CHANGES))
def test_a_year_of_weekly_hours_takes_milliseconds(zone: str) -> None:
    schedule = Schedule(zone, {"MO-FR": "09:00-12:00, 12:30-17:00", "SA": "10:00-14:00"})
    year = Interval.parse("2025-01-01T00:00Z/2026-01-01T00:00Z")
    schedule.open_between(year)
    began = time.process_time()
    schedule.open_between(year)
    assert time.process_time() - began < 0.02


def test_hours_are_worked_out_once_for_equal_schedules_and_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Interval] = []
    work_out = Schedule._opened

    def counting(schedule: Schedule, window: Interval) -> IntervalSet:
        asked.append(window)
        return work_out(schedule, window)

    monkeypatch.setattr(Schedule, "_opened", counting)
    shops = [Schedule("Europe/Warsaw", {"MO-FR": "09:17-17:23"}) for _ in range(2)]
    window = Interval.parse("2025-10-20T00:00Z/P7D")
    assert len({shop.open_between(window) for shop in shops}) == 1
    assert asked == [window]


def test_dates_added_to_a_calendar_of_the_hosts_are_seen() -> None:
    source: set[dt.date] = set()
    shop = Schedule("UTC", {"daily": "09:00-17:00"}, closed_dates=HolidayCalendar(source))
    day = Interval.parse("2025-10-20T00:00Z/P1D")
    assert shop.open_between(day)
    source.add(dt.date(2025, 10, 20))
    assert not shop.open_between(day)
