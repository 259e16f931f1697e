"""Strategies for who may do what, when and at what cost: actors, lifecycles and policies."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st

from slotkeeper.domain.actor import Actor, Customer
from slotkeeper.domain.fee import Fee, FixedFee, Quote, ShareFee
from slotkeeper.domain.guards import (
    BeforeEnd,
    BeforeStart,
    FromEnd,
    FromStart,
    HasRole,
    IsOwner,
    IsProvider,
    When,
    Who,
)
from slotkeeper.domain.lifecycle import Lifecycle
from slotkeeper.domain.lifecycle_table import State, Transition
from slotkeeper.domain.policy import (
    CancellationPolicy,
    CancellationQuote,
    CancellationTier,
    NoShowPolicy,
    Policy,
    ReschedulePolicy,
    RescheduleQuote,
)
from slotkeeper.testing.strategies.facts import attributes, ids, money, names, words
from slotkeeper.testing.strategies.times import instants, lengths, tuples_of

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

_STATUSES: Final = ("new", "agreed", "running", "over", "dropped")
_ACTIONS: Final = ("ask", "agree", "begin", "end", "drop")
_DAY: Final = dt.timedelta(days=1)


@cache
def roles() -> SearchStrategy[frozenset[str]]:
    """Return a strategy for sets of role names, mostly small."""
    return st.frozensets(st.sampled_from(("admin", "staff")) | words(), max_size=2)


@cache
def actors() -> SearchStrategy[Actor]:
    """Return a strategy for actors."""
    return st.builds(Actor, ids(), roles=roles())


@cache
def customers() -> SearchStrategy[Customer]:
    """Return a strategy for customers."""
    return st.builds(Customer, ids(), name=names(), attributes=attributes())


@cache
def people_guards() -> SearchStrategy[Who]:
    """Return a strategy for guards on who acts."""
    by_role = st.builds(HasRole, st.frozensets(words(), min_size=1, max_size=2))
    return st.builds(IsOwner) | st.builds(IsProvider) | by_role


@cache
def time_guards() -> SearchStrategy[When]:
    """Return a strategy for guards on when something is done."""
    margins = lengths(-_DAY, _DAY)
    before = st.builds(BeforeStart, margins) | st.builds(BeforeEnd, margins)
    return before | st.builds(FromStart, margins) | st.builds(FromEnd, margins)


@cache
@st.composite
def lifecycles(draw: st.DrawFn) -> Lifecycle:
    """Draw a table without contradictions; statuses that nothing reaches or leaves are possible."""
    count = draw(st.integers(1, len(_STATUSES)))
    codes = draw(
        st.lists(
            st.none() | st.integers(1, 9),
            min_size=count,
            max_size=count,
            unique_by=lambda one: one or object(),
        )
    )
    states = [draw(_states(name, code)) for name, code in zip(_STATUSES[:count], codes, strict=True)]
    sources = [None, *(state.name for state in states)]
    keys = draw(
        st.lists(st.tuples(st.sampled_from(sources), st.sampled_from(_ACTIONS)), max_size=8, unique=True)
    )
    return Lifecycle(
        states,
        [draw(_rows(source, action, _targets(source, states))) for source, action in keys],
        name=draw(names()),
    )


def _states(name: str, code: int | None) -> SearchStrategy[State]:
    flags = st.booleans()
    return st.builds(State, st.just(name), occupies=flags, final=flags, counts=flags, code=st.just(code))


def _targets(source: str | None, states: list[State]) -> list[str]:
    """Return where a row may lead: out of a final status nowhere else."""
    return [source] if source in {one.name for one in states if one.final} else [one.name for one in states]


def _rows(source: str | None, action: str, statuses: list[str]) -> SearchStrategy[Transition]:
    targets = st.sampled_from(statuses)
    who, when = tuples_of(people_guards(), max_size=2), tuples_of(time_guards(), max_size=1)
    return st.builds(Transition, st.just(source), st.just(action), targets, who=who, when=when, exempt=who)


@cache
def shares() -> SearchStrategy[Fraction]:
    """Return a strategy for parts of a whole, none and all of it included."""
    return st.sampled_from((Fraction(0), Fraction(1))) | st.fractions(0, 1, max_denominator=20)


@cache
def fees() -> SearchStrategy[Fee]:
    """Return a strategy for fees of both kinds."""
    return st.builds(ShareFee, shares()) | st.builds(FixedFee, money())


@cache
@st.composite
def cancellation_policies(draw: st.DrawFn) -> CancellationPolicy:
    """Draw a policy whose refund does not grow as the start nears."""
    ends = draw(st.lists(lengths(-_DAY, 3 * _DAY), max_size=3, unique=True))
    refunds = sorted(draw(st.lists(shares(), min_size=len(ends), max_size=len(ends))), reverse=True)
    tiers = [CancellationTier(*pair) for pair in zip(sorted(ends, reverse=True), refunds, strict=True)]
    return CancellationPolicy(tiers, exempt_roles=draw(roles()), late_fee=draw(st.none() | fees()))


@cache
def reschedule_policies() -> SearchStrategy[ReschedulePolicy]:
    """Return a strategy for policies on moving a booking."""
    return st.builds(
        ReschedulePolicy,
        notice=st.none() | lengths(longest=3 * _DAY),
        max_times=st.none() | st.integers(0, 3),
        fee=st.none() | fees(),
        exempt_roles=roles(),
    )


@cache
def policies() -> SearchStrategy[Policy]:
    """Return a strategy for policies; the simplest is the one that charges nothing."""
    full = st.builds(
        Policy,
        cancellation=cancellation_policies(),
        reschedule=reschedule_policies(),
        no_show=st.builds(NoShowPolicy, fee=st.none() | fees()),
    )
    return st.builds(Policy) | full


@cache
def quotes() -> SearchStrategy[Quote | CancellationQuote | RescheduleQuote]:
    """Return a strategy for what acts would cost."""
    at, amount, until = instants(), st.none() | money(), st.none() | instants()
    plain = st.builds(Quote, at=at, refund=amount, fee=amount, due=amount)
    cancelling = st.builds(
        CancellationQuote, at=at, refund=amount, fee=amount, due=amount, share=shares(), until=until
    )
    return plain | cancelling | st.builds(RescheduleQuote, at=at, due=amount, until=until)
