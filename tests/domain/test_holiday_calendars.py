"""Calendars of the `holidays` package as closed dates; it caps dateutil below 3, so it may be absent."""

from __future__ import annotations

import datetime as dt

import pytest

from slotkeeper.domain.closed_dates import HolidayCalendar
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.schedule import Schedule

holidays = pytest.importorskip("holidays")

WARSAW = "Europe/Warsaw"


def test_a_holiday_calendar_that_expands_itself_closes_years_it_has_not_met() -> None:
    calendar = holidays.country_holidays("PL")
    schedule = Schedule(WARSAW, {"daily": "09:00-17:00"}, closed_dates=calendar)
    assert isinstance(schedule.closed_dates, HolidayCalendar)
    for year in (2025, 2031):
        assert schedule.openings_between(Interval.parse(f"{year}-12-25T00:00Z/P1D")) == ()
        assert len(schedule.openings_between(Interval.parse(f"{year}-12-29T00:00Z/P1D"))) == 1
    same = Schedule(WARSAW, {"daily": "09:00-17:00"}, closed_dates=calendar)
    assert (same, hash(same)) == (schedule, hash(schedule))
    assert same != Schedule(WARSAW, {"daily": "09:00-17:00"}, closed_dates=holidays.country_holidays("PL"))


def test_a_bounded_schedule_lists_its_holidays() -> None:
    schedule = Schedule(
        WARSAW,
        closed_dates=holidays.country_holidays("PL"),
        valid_from="2025-12-01",
        valid_until="2026-01-02",
    )
    assert isinstance(schedule.closed_dates, frozenset)
    assert {dt.date(2025, 12, 25), dt.date(2025, 12, 26), dt.date(2026, 1, 1)} <= schedule.closed_dates
    assert max(schedule.closed_dates) < dt.date(2026, 1, 3)


def test_other_closed_dates_are_listed_at_once() -> None:
    fixed = holidays.country_holidays("PL", years=2025, expand=False)
    assert dt.date(2025, 12, 25) in Schedule(WARSAW, closed_dates=fixed).closed_dates
    wrapped = HolidayCalendar(fixed)
    assert Schedule(WARSAW, closed_dates=wrapped).closed_dates is wrapped
