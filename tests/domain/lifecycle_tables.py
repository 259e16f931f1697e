"""Lifecycle tables drawn at random, and a booking to ask them about."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, TypedDict

from hypothesis import strategies as st

from slotkeeper.domain.actor import Actor
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
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.lifecycle import Lifecycle
from slotkeeper.domain.lifecycle_table import State, Transition
from slotkeeper.errors import (
    ForbiddenError,
    LifecycleError,
    SlotkeeperError,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from slotkeeper.domain.ids import Id

VISIT = Interval.parse("2025-10-23T09:00Z/2025-10-23T10:00Z")
HOUR = dt.timedelta(hours=1)

NAMES = ["new", "wait", "done", "In progress", "end", "state1"]
ACTIONS = ["go", "stop", "back", "undo"]
ROLES = ["admin", "provider", "customer"]
IDS: list[Id] = [1, 2, "1"]

margins = st.integers(-3, 3).map(lambda hours: hours * HOUR)
people: st.SearchStrategy[Who] = st.one_of(
    st.sets(st.sampled_from(ROLES), min_size=1).map(HasRole), st.just(IsOwner()), st.just(IsProvider())
)
times: st.SearchStrategy[When] = st.one_of(
    st.builds(BeforeStart, margins),
    st.builds(FromStart, margins),
    st.builds(BeforeEnd, margins),
    st.builds(FromEnd, margins),
)
actors = st.none() | st.builds(Actor, st.sampled_from(IDS), roles=st.sets(st.sampled_from(ROLES)))
nows = st.integers(-6, 6).map(lambda hours: VISIT.start + hours * HOUR)


@st.composite
def tables(draw: st.DrawFn) -> Lifecycle:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    states = [State(name, final=draw(st.booleans()), occupies=draw(st.booleans())) for name in names]
    sources = [None, *(state.name for state in states if not state.final)]
    rows = st.builds(
        Transition,
        st.sampled_from(sources),
        st.sampled_from(ACTIONS),
        st.sampled_from(names),
        who=st.lists(people, max_size=2),
        when=st.lists(times, max_size=2),
        exempt=st.lists(people, max_size=1),
    )
    return Lifecycle(states, draw(st.lists(rows, unique_by=lambda row: row.key, max_size=12)))


class Asking(TypedDict):
    """What `Lifecycle.transition` wants to know beside the status and the action."""

    actor: Actor | None
    owner_id: Id | None
    resource_ids: Collection[Id]
    interval: Interval
    now: dt.datetime


def asking(
    *,
    actor: Actor | None = None,
    owner_id: Id | None = 1,
    resource_ids: Collection[Id] = (2,),
    now: dt.datetime = VISIT.start,
) -> Asking:
    return Asking(actor=actor, owner_id=owner_id, resource_ids=resource_ids, interval=VISIT, now=now)


def outcome(table: Lifecycle, status: str | None, action: str, case: Asking) -> Transition | SlotkeeperError:
    try:
        return table.transition(status, action, **case)
    except (LifecycleError, ForbiddenError) as refusal:
        return refusal
