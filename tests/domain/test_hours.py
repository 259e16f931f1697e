import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotkeeper.domain.hours import (
    DateOverride,
    Hours,
    RecurringHours,
    WeeklyHours,
    ZoneOverride,
    hours_of,
    weekdays_of,
)
from slotkeeper.domain.periods import Weekday
from slotkeeper.domain.recurrence import Recurrence
from slotkeeper.errors import InvalidFieldError, InvalidZoneError, ParseError

DAY = dt.timedelta(days=1)
offsets = st.timedeltas(dt.timedelta(0), DAY - dt.timedelta(microseconds=1))


@given(offsets, st.timedeltas(dt.timedelta(0), 2 * DAY))
def test_hours_read_back_from_their_text_and_their_fields(start: dt.timedelta, end: dt.timedelta) -> None:
    hours = Hours(start, end)
    assert Hours.parse(str(hours)) == Hours(hours.start, hours.end) == hours
    assert repr(hours) == f"Hours.parse({str(hours)!r})"
    assert dt.timedelta(0) < hours.duration <= 2 * DAY


@pytest.mark.parametrize(
    ("start", "end", "text", "hours"),
    [
        (dt.time(9), dt.time(12, 30), "09:00-12:30", 3.5),
        ("9:00", "24:00", "09:00-24:00", 15),
        ("22:00", "04:00", "22:00-04:00", 6),
        ("10:00", "10:00", "10:00-10:00", 24),
        ("00:00", "00:00", "00:00-24:00", 24),
        ("10:00", "36:00", "10:00-36:00", 26),
        ("08:00:30", "08:00:30.5", "08:00:30-08:00:30.5", 0.5 / 3600),
    ],
)
def test_an_end_not_after_the_start_is_on_the_next_day(start: str, end: str, text: str, hours: float) -> None:
    made = Hours(start, end)
    assert str(made) == text
    assert made.duration == dt.timedelta(hours=hours)


@pytest.mark.parametrize(
    "text", ["", "09:00", "9-12", "09:60-10:00", "09:00-10:00-11:00", "ab:cd-10:00", "09:00:75-10:00"]
)
def test_text_that_is_no_span_of_a_day_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        Hours.parse(text)


@pytest.mark.parametrize(
    ("start", "end"),
    [("24:00", "25:00"), ("10:00", "48:01"), (-DAY, "10:00"), (dt.time(9, tzinfo=dt.UTC), "10:00"), (9, 10)],
)
def test_hours_out_of_range_or_of_a_wrong_kind_are_refused(start: str, end: str) -> None:
    with pytest.raises(InvalidFieldError):
        Hours(start, end)


def test_hours_of_a_day_are_sorted_and_each_once() -> None:
    morning, evening = Hours.parse("09:00-12:00"), Hours.parse("17:00–19:00")
    assert (
        hours_of("17:00-19:00, 09:00-12:00, 09:00-12:00,")
        == hours_of([evening, morning])
        == (morning, evening)
    )
    assert hours_of(morning) == (morning,)
    assert hours_of("") == ()
    with pytest.raises(InvalidFieldError):
        hours_of(["09:00-12:00"])  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("given_as", "names"),
    [
        ("MO-FR", "MO TU WE TH FR"),
        ("sa-mo", "MO SA SU"),
        ("MO, WE–TH", "MO WE TH"),
        ("daily", "MO TU WE TH FR SA SU"),
        ([Weekday.TU, "FR"], "TU FR"),
        ([7], "SU"),
    ],
)
def test_weekdays_are_read_as_people_write_them(given_as: str, names: str) -> None:
    assert [day.name for day in sorted(weekdays_of(given_as))] == names.split()


@pytest.mark.parametrize("value", ["XX", "MO-XX", "MO-TU-WE", [8]])
def test_what_is_no_weekday_is_refused(value: str) -> None:
    with pytest.raises(ParseError):
        weekdays_of(value)


@given(st.dates(dt.date(2, 1, 1)), st.dates(), st.integers(1, 5))
def test_alternating_weeks_run_on_one_week_in_so_many(date: dt.date, anchor: dt.date, every: int) -> None:
    hours = WeeklyHours("daily", "09:00-10:00", every=every, anchor=anchor)
    monday = date - dt.timedelta(days=date.weekday())
    assert hours.runs_on(anchor)
    assert hours.runs_on(date) == hours.runs_on(monday)
    weeks = [monday - n * dt.timedelta(days=7) for n in range(every) if monday.toordinal() > 7 * n]
    assert len(weeks) < every or sum(map(hours.runs_on, weeks)) == 1


def test_weekly_hours_read_back_from_their_text() -> None:
    hours = WeeklyHours("SA-SU", "10:00-14:00", every=2, anchor="2025-10-25")
    assert eval(repr(hours), {"WeeklyHours": WeeklyHours, "datetime": dt}) == hours  # noqa: S307
    assert not hours.runs_on(dt.date(2025, 10, 24))


def test_weekly_hours_that_contradict_themselves_are_refused() -> None:
    with pytest.raises(InvalidFieldError):
        WeeklyHours("MO", "09:00-10:00", every=0)
    with pytest.raises(InvalidFieldError):
        WeeklyHours("MO", "09:00-10:00", every=2)


def test_recurring_hours_last_a_while() -> None:
    with pytest.raises(InvalidFieldError):
        RecurringHours(Recurrence(dt.datetime(2025, 1, 1)), dt.timedelta(0))


def test_overrides_take_dates_as_text_and_refuse_moments() -> None:
    assert DateOverride("2025-12-24", "09:00-12:00").date == dt.date(2025, 12, 24)
    with pytest.raises(ParseError):
        DateOverride("24.12.2025")
    with pytest.raises(InvalidFieldError):
        DateOverride(dt.datetime(2025, 12, 24))
    with pytest.raises(InvalidFieldError):
        DateOverride(20251224)  # type: ignore[arg-type]


def test_a_zone_override_names_a_zone_and_a_range_in_order() -> None:
    assert ZoneOverride("Asia/Tokyo", "2025-10-01").last is None
    with pytest.raises(InvalidZoneError):
        ZoneOverride("Asia/Nowhere", "2025-10-01")
    with pytest.raises(InvalidFieldError):
        ZoneOverride("Asia/Tokyo", "2025-10-02", "2025-10-01")
