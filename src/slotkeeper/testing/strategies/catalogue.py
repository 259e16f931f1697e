"""Strategies for what can be booked: resources, services, and the rules they are made of."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st

from slotkeeper.domain.buffers import BufferRule, Buffers
from slotkeeper.domain.durations import DurationChoice, DurationRange, Durations, FixedDuration, WholeOpening
from slotkeeper.domain.grid import ClockGrid, FixedGrid, GapGrid, Grid, OpeningGrid
from slotkeeper.domain.limit import Limit, Per
from slotkeeper.domain.periods import Period, Weekday
from slotkeeper.domain.policy import Policy
from slotkeeper.domain.price import FixedPrice, HourlyPrice, NamedPrice, Price, currency_of
from slotkeeper.domain.requirement import Requirement
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.service import Service
from slotkeeper.testing.strategies.conduct import policies, roles
from slotkeeper.testing.strategies.facts import attributes, few_ids, ids, money, names, words
from slotkeeper.testing.strategies.schedules import AnySchedule, schedules
from slotkeeper.testing.strategies.times import instants, lengths, some_length, tuples_of, zones

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

_HOUR: Final = dt.timedelta(hours=1)
_STEPS: Final = (15, 30, 60, 5, 7)


@cache
def steps() -> SearchStrategy[dt.timedelta]:
    """Return a strategy for the steps of a grid, in minutes; one does not divide an hour."""
    return st.sampled_from(_STEPS).map(lambda minutes: dt.timedelta(minutes=minutes))


def buffers(*, rules: tuple[BufferRule, ...] = tuple(BufferRule)) -> SearchStrategy[Buffers]:
    """Return a strategy for buffers of up to an hour on either side, by one of the rules."""
    return st.builds(Buffers, lengths(longest=_HOUR), lengths(longest=_HOUR), combine=st.sampled_from(rules))


@cache
@st.composite
def duration_ranges(draw: st.DrawFn) -> DurationRange:
    """Draw a range of lengths whose longest is a number of steps above its shortest."""
    shortest, step = draw(some_length(2 * _HOUR)), draw(steps())
    return DurationRange(shortest, shortest + draw(st.integers(0, 4)) * step, step)


@cache
def durations() -> SearchStrategy[Durations]:
    """Return a strategy for how long a booking may last; the simplest is one fixed length."""
    choice = st.builds(DurationChoice, tuples_of(some_length(2 * _HOUR), min_size=1))
    fixed = st.builds(FixedDuration, some_length(2 * _HOUR))
    return fixed | choice | duration_ranges() | st.builds(WholeOpening)


@cache
def grids() -> SearchStrategy[Grid]:
    """Return a strategy for grids with each anchor."""
    offsets, places = lengths(longest=_HOUR), st.none() | zones()
    by_gap = st.builds(
        GapGrid, steps(), align=st.none() | steps(), offset=offsets, pack=st.booleans(), zone=places
    )
    return (
        st.builds(OpeningGrid, steps(), offset=offsets)
        | st.builds(ClockGrid, steps(), offset=offsets, zone=places)
        | by_gap
        | st.builds(FixedGrid, steps(), instants())
    )


@cache
@st.composite
def limits(draw: st.DrawFn) -> Limit:
    """Draw a limit on the number of bookings, on their length, or on both."""
    count, duration = draw(st.sampled_from([(True, False), (False, True), (True, True)]))
    per = draw(st.sampled_from(Per))
    return Limit(
        per,
        draw(st.sampled_from(Period)),
        draw(zones()),
        count=draw(st.integers(0, 3)) if count else None,
        duration=draw(some_length()) if duration else None,
        week_start=draw(st.sampled_from(Weekday)),
        all_services=draw(st.booleans()) and per is not Per.SERVICE,
    )


@cache
def prices() -> SearchStrategy[Price]:
    """Return a strategy for prices of each kind; those named have no function attached."""
    return st.builds(FixedPrice, money()) | st.builds(HourlyPrice, money()) | st.builds(NamedPrice, words())


@cache
@st.composite
def requirements(draw: st.DrawFn) -> Requirement:
    """Draw a requirement of one, several or all of those with a role, of those named, or of any."""
    role = draw(st.none() | words())
    among = draw(st.lists(few_ids(), max_size=3, unique=True))
    every = st.none() if role is not None or among else st.nothing()
    return Requirement(role, among=among, count=draw(st.integers(1, len(among) or 2) | every))


@st.composite
def resources(draw: st.DrawFn, *, schedule: SearchStrategy[AnySchedule] | None = None) -> Resource:
    """Draw a resource, with any schedule unless a strategy for it is given."""
    own = draw(ids())
    return Resource(
        own,
        draw(schedules() if schedule is None else schedule),
        capacity=draw(st.integers(1, 3)),
        name=draw(names()),
        roles=draw(roles()),
        parts=draw(tuples_of(few_ids().filter(lambda one: one != own), max_size=1)),
        rank=draw(st.floats(allow_nan=False, allow_infinity=False)),
        active=draw(st.booleans()),
        attributes=draw(attributes()),
        version=draw(st.integers(1, 3)),
    )


@cache
@st.composite
def services(draw: st.DrawFn) -> Service:
    """Draw a service with rules of every kind."""
    price, policy = draw(st.none() | prices()), draw(policies())
    agree = all(currency_of(price) in {None, fee.amount.currency} for fee in policy.fixed_fees)
    return Service(
        draw(ids()),
        draw(durations()),
        name=draw(names()),
        needs=draw(tuples_of(requirements(), min_size=1, max_size=2)),
        grid=draw(st.none() | grids()),
        accept=draw(st.none() | grids()),
        shared_grid=draw(st.booleans()),
        buffers=draw(buffers()),
        notice=draw(st.none() | lengths()),
        horizon=draw(st.none() | lengths()),
        limits=draw(tuples_of(limits(), max_size=2)),
        price=price,
        policy=policy if agree else Policy(),
        units=draw(st.integers(1, 2)),
        max_units=draw(st.none() | st.integers(2, 3)),
        hold_for=draw(some_length(_HOUR)),
        action=draw(st.sampled_from(("book", "request"))),
        active=draw(st.booleans()),
        attributes=draw(attributes()),
        version=draw(st.integers(1, 3)),
    )
