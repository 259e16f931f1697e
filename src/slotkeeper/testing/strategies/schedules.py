"""Strategies for opening hours and schedules."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import TYPE_CHECKING, Final, TypeAlias

from hypothesis import strategies as st

from slotkeeper.domain.hours import DateOverride, Hours, RecurringHours, WeeklyHours, ZoneOverride
from slotkeeper.domain.localise import ResolveEnds
from slotkeeper.domain.periods import Weekday
from slotkeeper.domain.recurrence import Recurrence
from slotkeeper.domain.schedule import Combination, CombinedSchedule, Schedule
from slotkeeper.domain.walltime import FoldPolicy, GapPolicy
from slotkeeper.testing.strategies.times import (
    dates,
    interval_sets,
    intervals,
    some_length,
    tuples_of,
    wall_times,
    zones,
)

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

AnySchedule: TypeAlias = Schedule | CombinedSchedule

_QUARTER: Final = dt.timedelta(minutes=15)
_QUARTERS_A_DAY: Final = 96
_RULES: Final = (
    "FREQ=DAILY",
    "FREQ=DAILY;INTERVAL=3",
    "FREQ=WEEKLY;BYDAY=MO,TH",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=SA",
    "FREQ=MONTHLY;BYDAY=-1FR",
    "FREQ=MONTHLY;BYMONTHDAY=31",
    "FREQ=DAILY;BYHOUR=9,14",
)


@cache
def hours() -> SearchStrategy[Hours]:
    """Return a strategy for hours in quarters of an hour, past midnight and 24 hours round included."""
    starts = st.integers(0, _QUARTERS_A_DAY - 1)
    return st.builds(
        lambda start, length: Hours(start * _QUARTER, (start + length) * _QUARTER),
        starts,
        st.integers(1, _QUARTERS_A_DAY),
    )


@cache
def weekly_hours() -> SearchStrategy[WeeklyHours]:
    """Return a strategy for hours of some weekdays, every week or every few."""
    days = st.frozensets(st.sampled_from(Weekday), min_size=1)
    spans = tuples_of(hours(), min_size=1)
    rarely = st.builds(WeeklyHours, days, spans, every=st.integers(1, 3), anchor=dates())
    return st.builds(WeeklyHours, days, spans) | rarely


@cache
def recurrences() -> SearchStrategy[Recurrence]:
    """Return a strategy for recurrences, endless, counted, and with dates added and excluded."""
    ends = st.none() | st.integers(1, 20)
    rules = st.builds(
        lambda rule, count: rule if count is None else f"{rule};COUNT={count}", st.sampled_from(_RULES), ends
    )
    walls = tuples_of(wall_times(), max_size=2)
    return st.builds(Recurrence, wall_times(), st.none() | rules, extra=walls, except_=walls)


@cache
def recurring_hours() -> SearchStrategy[RecurringHours]:
    """Return a strategy for hours that begin by a recurrence."""
    return st.builds(RecurringHours, recurrences(), some_length())


@cache
def date_overrides() -> SearchStrategy[DateOverride]:
    """Return a strategy for other hours on one date, or none."""
    return st.builds(DateOverride, dates(), tuples_of(hours(), max_size=2))


@cache
@st.composite
def zone_overrides(draw: st.DrawFn) -> ZoneOverride:
    """Draw another zone for a date, a few dates, or from a date on."""
    first = draw(dates())
    last = draw(st.none() | st.integers(0, 10).map(lambda days: first + dt.timedelta(days=days)))
    return ZoneOverride(draw(zones()), first, last)


@cache
def change_policies() -> SearchStrategy[ResolveEnds]:
    """Return a strategy for how hours meet clock changes, without the policies that raise."""
    gaps = st.sampled_from([one for one in GapPolicy if one is not GapPolicy.RAISE])
    folds = st.sampled_from([FoldPolicy.EARLIER, FoldPolicy.LATER])
    return st.builds(ResolveEnds, gaps, folds, st.none() | folds)


@cache
@st.composite
def weekly_schedules(draw: st.DrawFn) -> Schedule:
    """Draw a schedule that has weekly hours alone."""
    return Schedule(draw(zones()), draw(tuples_of(weekly_hours(), min_size=1)))


@cache
@st.composite
def plain_schedules(draw: st.DrawFn) -> Schedule:
    """Draw a schedule with every kind of rule, mostly a few of them, that is not combined of others."""
    validity = sorted(draw(st.lists(dates(), min_size=2, max_size=2)))
    return Schedule(
        draw(zones()),
        draw(tuples_of(weekly_hours())),
        recurring=draw(tuples_of(recurring_hours(), max_size=1)),
        overrides=draw(st.lists(date_overrides(), max_size=2, unique_by=lambda one: one.date)),
        valid_from=draw(st.sampled_from([None, validity[0]])),
        valid_until=draw(st.sampled_from([None, validity[1]])),
        closed_dates=draw(st.frozensets(dates(), max_size=2)),
        closures=draw(interval_sets(max_size=2)),
        zones=draw(tuples_of(zone_overrides(), max_size=1)),
        sessions=draw(tuples_of(intervals(), max_size=2)),
        on_change=draw(st.none() | change_policies()),
    )


@cache
def combined_schedules() -> SearchStrategy[CombinedSchedule]:
    """Return a strategy for unions, intersections and differences of schedules."""
    return st.builds(CombinedSchedule, st.sampled_from(Combination), schedules(), schedules())


@cache
def schedules() -> SearchStrategy[AnySchedule]:
    """Return a strategy for schedules of any kind: weekly ones first, then richer and combined ones."""
    single = weekly_schedules() | plain_schedules()
    return st.recursive(
        single,
        lambda inner: st.builds(CombinedSchedule, st.sampled_from(Combination), inner, inner),
        max_leaves=3,
    )
