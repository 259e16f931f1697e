"""Strategies for time: instants, spans and sets of them, zones, and wall-clock times.

All of it lies near one base day and in whole minutes unless asked otherwise, so that examples collide, and
shrink to something readable: the six days after the base day end with Europe's autumn clock change.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import TYPE_CHECKING, Final, TypeVar
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

T = TypeVar("T")

BASE: Final = dt.datetime(2025, 10, 20, tzinfo=dt.UTC)
"""The Monday, in UTC, that examples shrink towards."""

MINUTE: Final = dt.timedelta(minutes=1)
_FORTNIGHT: Final = 14 * 24 * 60
_ZONE_NAMES: Final = (
    "UTC",
    "Europe/Warsaw",  # changes in both directions, an hour
    "America/New_York",
    "Asia/Kathmandu",  # a quarter of an hour off
    "Australia/Lord_Howe",  # changes by half an hour
    "Pacific/Apia",  # a skipped date
    "America/Santiago",  # changes at midnight
    "Africa/Casablanca",
)


def lengths(
    shortest: dt.timedelta = dt.timedelta(0), longest: dt.timedelta = dt.timedelta(days=1)
) -> SearchStrategy[dt.timedelta]:
    """Return a strategy for lengths of time in whole minutes, both bounds included."""
    return st.integers(-(-shortest // MINUTE), longest // MINUTE).map(lambda minutes: minutes * MINUTE)


def some_length(longest: dt.timedelta = dt.timedelta(hours=8)) -> SearchStrategy[dt.timedelta]:
    """Return a strategy for lengths of at least a minute."""
    return lengths(MINUTE, longest)


def instants(*, anywhere: bool = False) -> SearchStrategy[dt.datetime]:
    """Return a strategy for instants: whole minutes of a fortnight; ``anywhere`` adds the years 1 to 9999."""
    near = st.integers(0, _FORTNIGHT).map(lambda minutes: BASE + minutes * MINUTE)
    return near | st.datetimes(timezones=st.just(dt.UTC)) if anywhere else near


@cache
def dates() -> SearchStrategy[dt.date]:
    """Return a strategy for the dates of eight weeks from the base day on."""
    return st.integers(0, 55).map(lambda days: BASE.date() + dt.timedelta(days=days))


@cache
def wall_times() -> SearchStrategy[dt.datetime]:
    """Return a strategy for wall-clock times, which have no offset."""
    return instants().map(lambda instant: instant.replace(tzinfo=None))


@cache
def zones() -> SearchStrategy[ZoneInfo]:
    """Return a strategy for zones that differ in how their clocks change; the first is UTC."""
    return st.sampled_from(_ZONE_NAMES).map(ZoneInfo)


def intervals(
    *, longest: dt.timedelta = dt.timedelta(hours=8), anywhere: bool = False
) -> SearchStrategy[Interval]:
    """Return a strategy for intervals; ``anywhere`` adds such between any two instants."""
    near = st.builds(Interval.lasting, instants(), some_length(longest))
    bounds = st.lists(instants(anywhere=True), min_size=2, max_size=2, unique=True)
    return near | bounds.map(lambda pair: Interval(*sorted(pair))) if anywhere else near


def interval_sets(
    *, max_size: int = 8, longest: dt.timedelta = dt.timedelta(hours=8)
) -> SearchStrategy[IntervalSet]:
    """Return a strategy for sets of up to so many intervals, the empty set among them."""
    return st.lists(intervals(longest=longest), max_size=max_size).map(IntervalSet)


def tuples_of(
    items: SearchStrategy[T], *, min_size: int = 0, max_size: int = 3
) -> SearchStrategy[tuple[T, ...]]:
    """Return a strategy for short tuples."""
    return st.lists(items, min_size=min_size, max_size=max_size).map(tuple)
