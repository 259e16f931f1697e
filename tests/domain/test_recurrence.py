import datetime as dt
import time
from itertools import pairwise, takewhile

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from slotkeeper.domain.day_pattern import DayPattern
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.recurrence import MAX_OCCURRENCES, Recurrence
from slotkeeper.domain.rule_text import Rule
from slotkeeper.domain.walltime import FoldPolicy, GapPolicy, resolve_or_skip
from slotkeeper.errors import (
    AmbiguousTimeError,
    InvalidFieldError,
    InvalidRecurrenceError,
    NonexistentTimeError,
)

START = dt.datetime(2025, 1, 7, 9, 30)
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
TWO_YEARS = dt.timedelta(days=730)


def joined(values: st.SearchStrategy[object], most: int = 3) -> st.SearchStrategy[str]:
    return st.lists(values, min_size=1, max_size=most, unique=True).map(lambda some: ",".join(map(str, some)))


def optional(name: str, values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(st.just(""), values.map(lambda value: f";{name}={value}"))


@st.composite
def rules(draw: st.DrawFn) -> str:
    """Draw an endless rule of days or longer periods, without the parts that dateutil reads differently."""
    frequency = draw(st.sampled_from(["YEARLY", "MONTHLY", "WEEKLY", "DAILY"]))
    parts = draw(st.sampled_from(["", ";INTERVAL=2", ";INTERVAL=3", ";INTERVAL=5"]))
    parts += draw(optional("BYMONTH", joined(st.integers(1, 12), 4)))
    parts += draw(optional("BYDAY", joined(st.sampled_from(DAYS))))
    if frequency != "WEEKLY":
        parts += draw(optional("BYMONTHDAY", joined(st.sampled_from([1, 2, 15, 28, 29, 31, -1, -7]))))
    parts += draw(optional("BYHOUR", joined(st.integers(0, 23), 2)))
    return f"FREQ={frequency};WKST={draw(st.sampled_from(DAYS))}{parts}"


def starts() -> st.SearchStrategy[dt.datetime]:
    return st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2030, 1, 1)).map(
        lambda one: one.replace(microsecond=0)
    )


@given(rules(), starts(), st.integers(0, 12))
def test_a_window_holds_what_dateutil_finds_from_the_start_on(
    rule: str, start: dt.datetime, years: int
) -> None:
    try:
        recurrence = Recurrence(start, rule)
    except InvalidRecurrenceError:
        return
    first = start + years * dt.timedelta(days=365)
    expected = takewhile(lambda one: one < first + TWO_YEARS, rrulestr(rule, dtstart=start))
    assert list(recurrence.between(first, first + TWO_YEARS)) == [one for one in expected if one >= first]


@given(
    st.sampled_from(["HOURLY", "MINUTELY", "SECONDLY"]),
    st.sampled_from([1, 2, 5, 7, 20, 24, 60, 90]),
    optional("BYHOUR", joined(st.integers(0, 23), 6)),
    optional("BYMINUTE", joined(st.integers(0, 59), 6)),
    optional("BYDAY", joined(st.sampled_from(DAYS), 6)),
)
def test_rules_within_a_day_agree_with_arithmetic(
    frequency: str, interval: int, hours: str, minutes: str, days: str
) -> None:
    unit = {"HOURLY": 3600, "MINUTELY": 60, "SECONDLY": 1}[frequency]
    rule = f"FREQ={frequency};INTERVAL={interval}{hours}{minutes}{days}"
    allowed = [
        {int(one) for one in part.partition("=")[2].split(",")} if part else None for part in (hours, minutes)
    ]
    names = days.partition("=")[2].split(",") if days else DAYS
    first = START + dt.timedelta(days=1)
    steps = (
        START + dt.timedelta(seconds=unit * interval * n) for n in range(2 * 86400 // (unit * interval) + 1)
    )
    if frequency == "HOURLY" and minutes:
        steps = (one.replace(minute=m) for one in steps for m in sorted(allowed[1] or ()))
    expected = [
        one
        for one in steps
        if (allowed[0] is None or one.hour in allowed[0])
        and (allowed[1] is None or one.minute in allowed[1])
        and DAYS[one.weekday()] in names
        and first <= one < first + dt.timedelta(hours=12)
    ]
    try:
        found = list(Recurrence(START, rule).between(first, first + dt.timedelta(hours=12)))
    except InvalidRecurrenceError:
        found = []
    assert found == expected


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=SECONDLY;INTERVAL=7;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;INTERVAL=7;BYDAY=MO",
        "FREQ=MONTHLY;INTERVAL=12;BYMONTH=3",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=7",
        "FREQ=DAILY;BYHOUR=2;BYSETPOS=4",
        "FREQ=SECONDLY;BYSECOND=0;BYSETPOS=2",
        "FREQ=MINUTELY;BYHOUR=3;BYSETPOS=2",
        "FREQ=HOURLY;INTERVAL=24;BYHOUR=5",
        "FREQ=HOURLY;INTERVAL=5;BYHOUR=5;BYMONTHDAY=31;BYMONTH=4",
        "FREQ=MINUTELY;INTERVAL=48;BYMINUTE=31",
        "FREQ=MINUTELY;INTERVAL=10080;BYDAY=WE",
        "FREQ=SECONDLY;INTERVAL=604800;BYDAY=WE",
    ],
)
def test_impossible_rules_are_refused_without_a_long_search(rule: str) -> None:
    began = time.process_time()
    with pytest.raises(InvalidRecurrenceError) as refused:
        Recurrence(START, rule)
    assert time.process_time() - began < 2
    assert refused.value.rule == rule


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;INTERVAL=7;BYDAY=TU",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO",
        "FREQ=HOURLY;BYMINUTE=0,30;BYSETPOS=-1",
    ],
)
def test_rare_rules_are_possible(rule: str) -> None:
    assert next(Recurrence(START, rule).occurrences()) >= START


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "DAILY",
        "INTERVAL=2",
        "FREQ=FORTNIGHTLY",
        "FREQ=DAILY;FREQ=DAILY",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=-1",
        "FREQ=DAILY;INTERVAL=99999999",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=x",
        "FREQ=DAILY;COUNT=2;UNTIL=20250101",
        "FREQ=DAILY;UNTIL=tomorrow",
        "FREQ=DAILY;UNTIL=20251301",
        "FREQ=DAILY;UNTIL=20250101T250000Z",
        "FREQ=DAILY;WKST=XX",
        "FREQ=DAILY;BYEASTER=0",
        "FREQ=DAILY;BYHOUR=24",
        "FREQ=DAILY;BYHOUR=+2",
        "FREQ=DAILY;BYHOUR=",
        "FREQ=DAILY;BYHOUR=1,,2",
        "FREQ=DAILY;BYSECOND=60",
        "FREQ=DAILY;BYMONTHDAY=0",
        "FREQ=DAILY;BYSETPOS=1",
        "FREQ=DAILY;BYYEARDAY=1",
        "FREQ=DAILY;BYWEEKNO=1",
        "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=MONTHLY;BYDAY=0MO",
        "FREQ=MONTHLY;BYDAY=MON",
        "FREQ=YEARLY;BYWEEKNO=3;BYDAY=1MO",
        "FREQ=DAILY\nEXDATE:20250101",
        "FREQ=DAILY;BYMONTH=²",
    ],
)
def test_malformed_rules_are_refused(rule: str) -> None:
    with pytest.raises(InvalidRecurrenceError):
        Recurrence(START, rule)


def test_a_rule_that_is_no_text_is_refused() -> None:
    with pytest.raises(InvalidRecurrenceError):
        Recurrence(START, 5)  # type: ignore[arg-type]


def test_rule_text_is_kept_in_one_form() -> None:
    assert Recurrence(START, " rrule:freq=daily;count=2 ") == Recurrence(START, "FREQ=DAILY;COUNT=2")


@pytest.mark.parametrize("start", [START.replace(tzinfo=dt.UTC), START.date(), START.replace(microsecond=1)])
def test_the_start_is_a_wall_time_in_whole_seconds(start: dt.datetime) -> None:
    with pytest.raises(InvalidFieldError):
        Recurrence(start, "FREQ=DAILY")


def test_a_start_that_the_rule_does_not_match_does_not_occur() -> None:
    assert next(Recurrence(START, "FREQ=WEEKLY;BYDAY=MO").occurrences()) == dt.datetime(2025, 1, 13, 9, 30)


def test_without_a_rule_the_start_occurs_once() -> None:
    assert list(Recurrence(START).occurrences()) == [START]


def test_dates_are_added_and_excluded_and_each_occurs_once() -> None:
    day = dt.timedelta(days=1)
    recurrence = Recurrence(
        START,
        "FREQ=DAILY;COUNT=4",
        extra=[START + day, START - day, START + 7 * day],
        except_=[START, START + 7 * day, START + 30 * day],
    )
    assert list(recurrence.occurrences(since=START - 2 * day)) == [START + n * day for n in (-1, 1, 2, 3)]


def test_count_is_counted_before_exclusions_and_from_the_start() -> None:
    recurrence = Recurrence(START, "FREQ=DAILY;COUNT=3", except_=[START])
    assert len(list(recurrence.occurrences())) == 2
    assert list(recurrence.between(START + dt.timedelta(days=2), dt.datetime(2030, 1, 1))) == [
        START + dt.timedelta(days=2)
    ]


def test_the_first_week_is_whole_for_positions_in_a_set() -> None:
    friday = dt.datetime(2025, 1, 10, 9)
    recurrence = Recurrence(friday, "FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=1;COUNT=2")
    assert [one.day for one in recurrence.occurrences()] == [13, 20]


@pytest.mark.parametrize(
    ("until", "days"),
    [
        ("20250109", 3),
        ("20250109T093000", 3),
        ("20250109T092959", 2),
        ("20250109T083000Z", 3),
        ("20250109T082959Z", 2),
        ("20240101", 0),
    ],
)
def test_until_is_inclusive_and_may_be_a_date_a_wall_time_or_an_instant(until: str, days: int) -> None:
    assert len(list(Recurrence(START, f"FREQ=DAILY;UNTIL={until}").occurrences(zone="Europe/Warsaw"))) == days


@pytest.mark.parametrize("zone", ["Europe/Warsaw", "America/Havana"])
def test_an_until_at_the_end_of_time_never_ends_and_one_at_its_beginning_has_ended(zone: str) -> None:
    forever = Recurrence(START, "FREQ=DAILY;UNTIL=99991231T235959Z").occurrences(zone=zone)
    assert next(forever) == START
    assert list(Recurrence(START, "FREQ=DAILY;UNTIL=00010101T000000Z").occurrences(zone=zone)) == []


def test_an_until_in_utc_needs_a_zone() -> None:
    with pytest.raises(InvalidRecurrenceError):
        next(Recurrence(START, "FREQ=DAILY;UNTIL=20260101T000000Z").occurrences())


def test_the_29th_of_february_stays_when_the_search_starts_years_later() -> None:
    leap = Recurrence(dt.datetime(2024, 2, 29, 8), "FREQ=YEARLY")
    assert list(leap.between(dt.datetime(2030, 1, 1), dt.datetime(2037, 1, 1))) == [
        dt.datetime(2032, 2, 29, 8),
        dt.datetime(2036, 2, 29, 8),
    ]


def test_a_rule_ends_with_the_calendar() -> None:
    weekly = Recurrence(dt.datetime(9999, 12, 20), "FREQ=WEEKLY")
    assert [one.day for one in weekly.occurrences()] == [20, 27]
    daily = Recurrence(dt.datetime(1, 1, 1), "FREQ=WEEKLY;WKST=SU")
    assert next(daily.occurrences()) == dt.datetime(1, 1, 1)


def test_a_window_holds_a_bounded_number() -> None:
    every_second = Recurrence(START, "FREQ=SECONDLY")
    window = (START, START + dt.timedelta(days=2))
    with pytest.raises(InvalidRecurrenceError, match=str(MAX_OCCURRENCES)):
        list(every_second.between(*window))


def test_a_month_ten_years_on_costs_no_walk_through_ten_years() -> None:
    recurrence = Recurrence(START, "FREQ=MINUTELY;INTERVAL=20;BYHOUR=9")
    began = time.process_time()
    found = list(recurrence.between(dt.datetime(2035, 1, 1), dt.datetime(2035, 2, 1)))
    assert time.process_time() - began < 0.5
    assert len(found) == 31 * 3


# -- in a zone -----------------------------------------------------------------------------------------

MARCH = Interval.parse("2025-03-29T00:00Z/2025-04-01T00:00Z")
AT_HALF_PAST_TWO = Recurrence(dt.datetime(2025, 1, 1, 2, 30), "FREQ=DAILY")


@pytest.mark.parametrize(
    ("gap", "hours"),
    [
        (GapPolicy.LATER, ["29T01:30", "30T01:30", "31T00:30"]),
        (GapPolicy.EARLIER, ["29T01:30", "30T00:30", "31T00:30"]),
        (GapPolicy.TRANSITION, ["29T01:30", "30T01:00", "31T00:30"]),
        (GapPolicy.SKIP, ["29T01:30", "31T00:30"]),
    ],
)
def test_a_start_that_the_clock_skips_follows_the_policy(gap: GapPolicy, hours: list[str]) -> None:
    found = AT_HALF_PAST_TWO.instants(MARCH, "Europe/Warsaw", gap=gap, fold=FoldPolicy.RAISE)
    assert list(found) == [dt.datetime.fromisoformat(f"2025-03-{hour}Z") for hour in hours]


def test_raising_policies_raise_in_expansion_too() -> None:
    with pytest.raises(NonexistentTimeError):
        list(AT_HALF_PAST_TWO.instants(MARCH, "Europe/Warsaw", gap=GapPolicy.RAISE, fold=FoldPolicy.RAISE))
    october = Interval.parse("2025-10-25T00:00Z/2025-10-28T00:00Z")
    with pytest.raises(AmbiguousTimeError):
        list(AT_HALF_PAST_TWO.instants(october, "Europe/Warsaw", gap=GapPolicy.RAISE, fold=FoldPolicy.RAISE))


def test_instants_are_sorted_and_each_once() -> None:
    hourly = Recurrence(dt.datetime(2025, 3, 1), "FREQ=MINUTELY;INTERVAL=30")
    found = list(hourly.instants(MARCH, "Europe/Warsaw", gap=GapPolicy.TRANSITION, fold=FoldPolicy.EARLIER))
    assert all(one < following for one, following in pairwise(found))
    assert len(found) == 3 * 48


@pytest.mark.parametrize("window", ["0001-01-01T00:00Z/P2D", "9999-12-29T00:00Z/P2D"])
def test_expansion_reaches_the_ends_of_time(window: str) -> None:
    daily = Recurrence(dt.datetime(1, 1, 1, 12), "FREQ=DAILY")
    found = daily.instants(
        Interval.parse(window), "Europe/Warsaw", gap=GapPolicy.RAISE, fold=FoldPolicy.RAISE
    )
    assert len(list(found)) == 2


@given(
    st.tuples(
        st.sampled_from(["DAILY", "WEEKLY;BYDAY=SU,TH", "WEEKLY;INTERVAL=3;WKST=WE;BYDAY=MO,TU"]),
        st.sampled_from(["", ";BYHOUR=1,2,3;BYMINUTE=0,30"]),
        st.sampled_from(["", ";UNTIL=20271031T013000Z", ";UNTIL=20280326"]),
    ).map("".join),
    st.sampled_from([GapPolicy.LATER, GapPolicy.EARLIER, GapPolicy.TRANSITION, GapPolicy.SKIP]),
    st.sampled_from([FoldPolicy.EARLIER, FoldPolicy.LATER]),
    st.sampled_from(["Europe/Warsaw", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca"]),
    st.integers(0, 1_500),
)
def test_instants_are_the_resolved_wall_times_of_the_window(
    rule: str, gap: GapPolicy, fold: FoldPolicy, zone: str, days: int
) -> None:
    start = dt.datetime(2025, 1, 1, 2, 30)
    recurrence = Recurrence(start, f"FREQ={rule}", extra=[start], except_=[start + dt.timedelta(days=14)])
    window = Interval.lasting(
        start.replace(tzinfo=dt.UTC) + dt.timedelta(days=days, hours=7), dt.timedelta(days=200)
    )
    found = list(recurrence.instants(window, zone, gap=gap, fold=fold))
    walls = recurrence.between(start, start + dt.timedelta(days=2_000), zone=zone)
    resolved = {resolve_or_skip(wall, zone, gap=gap, fold=fold) for wall in walls}
    assert found == sorted(one for one in resolved if one is not None and one in window)


@pytest.mark.parametrize(
    ("rule", "is_pattern"),
    [
        ("FREQ=WEEKLY;BYDAY=MO;BYHOUR=9,15", True),
        ("FREQ=DAILY;INTERVAL=3", True),
        ("FREQ=DAILY;COUNT=3", False),
        ("FREQ=DAILY;BYDAY=MO", False),
        ("FREQ=WEEKLY;BYMONTH=3", False),
        ("FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=1", False),
        ("FREQ=MONTHLY", False),
        ("FREQ=DAILY;BYHOUR=1,2,3,4,5,6;BYMINUTE=0,10,20,30,40,50;BYSECOND=1,2,3", False),
    ],
)
def test_plain_rules_of_days_and_weeks_are_counted_off(rule: str, *, is_pattern: bool) -> None:
    assert (DayPattern.of(Rule.parse(rule), START) is not None) == is_pattern
