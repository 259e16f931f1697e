"""Strategies for what happens: slots, bookings, holds, events, and refusals."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import TYPE_CHECKING, Any

import attrs
from hypothesis import strategies as st

from slotkeeper.domain import explanation as why
from slotkeeper.domain.booking import Allocation, Booking, Hold, Payment, PaymentStatus
from slotkeeper.domain.event import Event
from slotkeeper.domain.local_start import LocalStart
from slotkeeper.domain.slot import Slot, Timeslot
from slotkeeper.domain.standard_lifecycle import Action, Status
from slotkeeper.domain.zones import zone_name
from slotkeeper.testing.strategies.catalogue import buffers, limits
from slotkeeper.testing.strategies.facts import attributes, few_ids, ids, money, names
from slotkeeper.testing.strategies.times import (
    instants,
    interval_sets,
    intervals,
    lengths,
    some_length,
    tuples_of,
    zones,
)

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


@cache
def allocations() -> SearchStrategy[Allocation]:
    """Return a strategy for what a booking takes from one of a few resources."""
    return st.builds(Allocation, few_ids(), intervals(), st.integers(1, 3), buffers=buffers())


@cache
def payments() -> SearchStrategy[Payment]:
    """Return a strategy for payments; amounts and status are drawn apart."""
    status, amounts = st.sampled_from(PaymentStatus), st.none() | money()
    reference = st.none() | names()
    return st.builds(Payment, status, reference=reference, paid=amounts, refunded=amounts)


@cache
def local_starts() -> SearchStrategy[LocalStart]:
    """Return a strategy for starts on a wall clock."""
    walls = st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2040, 1, 1))  # noqa: DTZ001 - of no offset
    data = st.none() | st.sampled_from(("2025b", "2026f"))
    return st.builds(LocalStart, walls, zones().map(zone_name), st.integers(0, 1), data)


@cache
@st.composite
def _booking_facts(draw: st.DrawFn) -> dict[str, Any]:
    interval = draw(intervals())
    created = draw(instants())
    taken = draw(st.lists(allocations(), min_size=1, max_size=2, unique_by=lambda one: one.resource_id))
    return {
        "id": draw(ids()),
        "service_id": draw(few_ids()),
        "customer_id": draw(st.none() | ids()),
        "interval": interval,
        "local": draw(st.none() | local_starts()),
        "allocations": [attrs.evolve(one, interval=interval) for one in taken],
        "status": draw(st.sampled_from(Status)).value,
        "occupies": draw(st.booleans()),
        "counts": draw(st.booleans()),
        "units": draw(st.integers(1, 3)),
        "price": draw(st.none() | money()),
        "payment": draw(payments()),
        "notes": draw(names()),
        "reason": draw(st.none() | names()),
        "expires_at": draw(st.none() | instants()),
        "moved": draw(st.integers(0, 2)),
        "reminded_at": draw(st.none() | instants()),
        "series_id": draw(st.none() | few_ids()),
        "timeslot_id": draw(st.none() | few_ids()),
        "attributes": draw(attributes()),
        "created_at": created,
        "updated_at": created + draw(lengths()),
        "version": draw(st.integers(1, 3)),
    }


@cache
def bookings() -> SearchStrategy[Booking]:
    """Return a strategy for bookings in any status; their flags and dates are drawn apart from it."""
    return _booking_facts().map(lambda facts: Booking(**facts))


@cache
def holds() -> SearchStrategy[Hold]:
    """Return a strategy for holds; they may lapse before, while or after they last."""
    return st.builds(
        lambda facts, expires: Hold(**{**facts, "status": "held", "expires_at": expires}),
        _booking_facts(),
        instants(),
    )


@cache
def slots() -> SearchStrategy[Slot]:
    """Return a strategy for offers on one resource or several."""
    resources = st.lists(ids(), min_size=1, max_size=2, unique=True).map(tuple)
    units = st.integers(1, 3)
    return st.builds(Slot, ids(), intervals(), resources, units, units, st.none() | money())


@cache
def timeslots() -> SearchStrategy[Timeslot]:
    """Return a strategy for stored slots."""
    return st.builds(
        Timeslot,
        ids(),
        few_ids(),
        intervals(),
        service_id=st.none() | few_ids(),
        attributes=attributes(),
        version=st.integers(1, 3),
    )


@cache
def events() -> SearchStrategy[Event]:
    """Return a strategy for events; the bookings before and after need not be of the same id."""
    either = bookings() | holds()
    return st.builds(
        Event,
        id=ids(),
        action=st.sampled_from(Action).map(str),
        booking=either,
        before=st.none() | either,
        at=instants(),
        actor_id=st.none() | ids(),
        reason=st.none() | names(),
        attributes=attributes(),
    )


@cache
def refusals() -> SearchStrategy[why.Refusal]:
    """Return a strategy for refusals by each rule."""
    resource, maybe, moment = few_ids(), st.none() | few_ids(), instants()
    length, count = some_length(), st.integers(0, 3)
    blocker = st.builds(
        why.Blocker,
        ids(),
        intervals(),
        st.integers(1, 3),
        st.sampled_from(Status).map(str),
        st.none() | moment,
        intervals(),
    )
    return (
        st.builds(why.Inactive, st.sampled_from(("service", "resource")), ids(), maybe)
        | st.builds(why.WrongDuration, length, length, maybe)
        | st.builds(why.TooManyUnits, count, count, maybe)
        | st.builds(why.TooSoon, moment, length, maybe)
        | st.builds(why.TooFar, moment, maybe)
        | st.builds(why.LimitReached, limits(), intervals(), count, lengths(), maybe)
        | st.builds(why.OffGrid, st.none() | moment, st.none() | moment, maybe)
        | st.builds(why.Closed, resource, interval_sets(max_size=2))
        | st.builds(why.Busy, resource, count, count, tuples_of(blocker, max_size=2))
        | st.builds(why.NotOffered, maybe)
        | st.builds(why.TooFew, count, count, maybe)
    )


@cache
def explanations() -> SearchStrategy[why.Explanation]:
    """Return a strategy for explanations, of permission too."""
    return st.builds(why.Explanation, ids(), instants(), tuples_of(refusals(), max_size=3))
