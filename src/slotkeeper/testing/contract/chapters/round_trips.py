"""Round trips: whatever value is stored comes back equal, and of the same class."""

from __future__ import annotations

import datetime as dt
from typing import TypeVar
from uuid import UUID

import attrs
from hypothesis import strategies as st

from slotkeeper.domain.booking import Booking, Hold
from slotkeeper.domain.event import Event
from slotkeeper.domain.ids import Id, id_to_text
from slotkeeper.domain.instant import EARLIEST, LATEST, TICK
from slotkeeper.domain.listing import BookingFilter, Listing
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.service import Service
from slotkeeper.domain.slot import Timeslot
from slotkeeper.testing.contract.samples import (
    ALWAYS,
    HOUR,
    NOW,
    add,
    furnish,
    happening,
    kept,
    room,
    span,
    visit,
)
from slotkeeper.testing.contract.suite import StoreSuite, for_all
from slotkeeper.testing.strategies import (
    bookings,
    events,
    holds,
    ids,
    instants,
    resources,
    services,
    timeslots,
)

T = TypeVar("T")

_UUID = UUID("0198f5a0-0000-7000-8000-000000000001")
ALIKE: tuple[Id, ...] = (
    *(1, "1", "01", "int:1", -1, 2**63, 10**30, "str:1"),
    *(_UUID, str(_UUID), _UUID.urn, _UUID.hex, _UUID.int),
    *("a", "A", "a ", " a", "ä", "a\u0308", "\uff41", "%", "_", "'; --", "\\", "\n", "\u202e", "💈"),
)
"""Ids that a careless store takes for one another, or for something else."""

HOSTILE = (
    "",
    " ",
    "'; DROP TABLE bookings; --",
    '"',
    "\\'",
    "%s %(x)s :x ?",
    "\r\n\t",
    "ﬀ e\u0301 💈",
    "\u202e<b>&amp;",
)


EDGES = (EARLIEST, EARLIEST + TICK, LATEST - TICK, LATEST)


def shifts() -> st.SearchStrategy[dt.timedelta]:
    """Return a strategy for what brings an instant off its round minute, some of them centuries away."""
    far = st.sampled_from((0, 0, -40_000, -500_000, 100_000))
    return st.builds(lambda days, small: dt.timedelta(days, 0, small), far, st.integers(0, 10**9))


def elsewhen(booking: Booking, by: dt.timedelta) -> Booking:
    """Return a first version with each of its instants moved."""
    when = booking.interval.shift(by)
    return attrs.evolve(
        booking,
        interval=when,
        allocations=[attrs.evolve(one, interval=when) for one in booking.allocations],
        created_at=booking.created_at + by,
        updated_at=booking.updated_at + by,
        expires_at=booking.expires_at and booking.expires_at + by,
        reminded_at=booking.reminded_at and booking.reminded_at + by,
        version=1,
    )


class RoundTripTests(StoreSuite):
    """What is put in comes out."""

    @for_all(given=st.builds(elsewhen, bookings() | holds(), shifts()))
    def test_a_booking_comes_back_equal(self, given: Booking) -> None:
        self.assume_storable(given)
        with self.fresh() as store:
            furnish(store)
            add(store, given)
            with store.begin(write=False) as unit:
                found = [
                    unit.bookings.get(given.id),
                    *unit.bookings.find(BookingFilter(ids=[given.id]), Listing()).items,
                    *unit.bookings.relevant(given.resource_ids, ALWAYS),
                ]
        assert found == [given] * len(found)
        assert {type(one) for one in found} == {type(given)}
        assert all(type(one.id) is type(given.id) for one in found)

    @for_all(first=holds(), second=bookings())
    def test_every_field_can_change_from_version_to_version(self, first: Hold, second: Booking) -> None:
        self.assume_storable([first, second])
        before, after = attrs.evolve(first, version=1), attrs.evolve(second, id=first.id, version=2)
        with self.fresh() as store:
            furnish(store)
            add(store, before)
            with store.begin() as unit:
                unit.bookings.replace(after, now=NOW)
            with store.begin(write=False) as unit:
                found = unit.bookings.get(first.id)
        assert (type(found), found) == (Booking, after)

    @for_all(given=st.lists(instants(anywhere=True) | st.sampled_from(EDGES), max_size=9))
    def test_an_instant_of_any_year_comes_back_to_the_microsecond(self, given: list[dt.datetime]) -> None:
        with self.fresh() as store:
            with store.begin() as unit:
                for number, one in enumerate(given):
                    unit.keys.keep("scope", str(number), attrs.evolve(kept(), at=one))
            with store.begin(write=False) as unit:
                found = [unit.keys.get("scope", str(number)) for number in range(len(given))]
        assert [one and one.at for one in found] == given
        assert all(one and one.at.utcoffset() == dt.timedelta(0) for one in found)

    @for_all(given=resources())
    def test_a_resource_comes_back_equal(self, given: Resource) -> None:
        self.assume_storable(given)
        first = attrs.evolve(given, version=1)
        with self.fresh() as store:
            with store.begin() as unit:
                unit.resources.put(first)
            with store.begin(write=False) as unit:
                assert unit.resources.get(given.id) == first
                assert list(unit.resources.all()) == [first]

    @for_all(given=services())
    def test_a_service_comes_back_equal(self, given: Service) -> None:
        self.assume_storable(given)
        first = attrs.evolve(given, version=1)
        with self.fresh() as store:
            with store.begin() as unit:
                unit.services.put(first)
            with store.begin(write=False) as unit:
                assert unit.services.get(given.id) == first
                assert list(unit.services.all()) == [first]

    @for_all(given=timeslots(), by=shifts())
    def test_a_stored_slot_comes_back_equal(self, given: Timeslot, by: dt.timedelta) -> None:
        self.assume_storable(given)
        slot = attrs.evolve(given, interval=given.interval.shift(by))
        with self.fresh() as store:
            furnish(store)
            with store.begin() as unit:
                unit.timeslots.add(slot)
            with store.begin(write=False) as unit:
                assert unit.timeslots.get(given.id) == slot
                assert list(unit.timeslots.find([given.resource_id], ALWAYS)) == [slot]

    @for_all(given=events(), by=shifts())
    def test_an_event_comes_back_equal(self, given: Event, by: dt.timedelta) -> None:
        self.assume_storable(given)
        event = attrs.evolve(given, at=given.at + by)
        with self.fresh() as store:
            furnish(store)
            with store.begin() as unit:
                unit.outbox.append(event)
            with store.begin(write=False) as unit:
                found = [*unit.outbox.pending(limit=9), *unit.outbox.history(given.booking_id)]
        assert found == [event, event]
        assert all(type(one.booking) is type(given.booking) for one in found)

    @for_all(one=ids(), two=ids(), three=ids())
    def test_ids_of_every_kind_are_kept_as_they_are(self, one: Id, two: Id, three: Id) -> None:
        self.assume_storable([one, two, three])
        given = visit(
            one, span(9, 10), on=[two], service_id=three, customer_id=one, series_id=two, timeslot_id=three
        )
        with self.fresh() as store:
            with store.begin() as unit:
                unit.resources.put(room(two))
                unit.services.put(Service(three, HOUR))
                unit.bookings.add(given, now=NOW)
                unit.lock([two])
            with store.begin(write=False) as unit:
                found = unit.bookings.get(one)
        facts = (
            found.id,
            found.customer_id,
            found.resource_ids,
            found.service_id,
            found.series_id,
            found.timeslot_id,
        )
        assert facts == (one, one, (two,), three, two, three)
        assert [type(fact) for fact in facts] == [
            type(one),
            type(one),
            tuple,
            *map(type, (three, two, three)),
        ]

    def test_ids_that_look_alike_are_apart(self) -> None:
        assert len(set(map(id_to_text, ALIKE))) == len(ALIKE)
        visits = [visit(one, span(9, 10), on=[one], customer_id=one, service_id=one) for one in ALIKE]
        with self.fresh() as store:
            with store.begin() as unit:
                for one, booking in zip(ALIKE, visits, strict=True):
                    unit.resources.put(room(one))
                    unit.services.put(Service(one, HOUR))
                    unit.bookings.add(booking, now=NOW)
                    unit.timeslots.add(Timeslot(one, one, span(9, 10)))
                    unit.outbox.append(happening(one, booking))
            with store.begin(write=False) as unit:
                for one, booking in zip(ALIKE, visits, strict=True):
                    assert unit.bookings.get(one) == booking
                    assert list(unit.bookings.relevant([one], span(9, 10))) == [booking]
                    for wanted in (
                        BookingFilter(ids=[one]),
                        BookingFilter(resource_ids=[one]),
                        BookingFilter(customer_id=one),
                        BookingFilter(service_ids=[one]),
                    ):
                        assert list(unit.bookings.find(wanted, Listing()).items) == [booking]
                    assert unit.resources.get(one) == room(one)
                    assert list(unit.timeslots.find([one], span(9, 10))) == [unit.timeslots.get(one)]
                    assert list(unit.outbox.history(one)) == [happening(one, booking)]

    def test_hostile_text_is_only_text(self) -> None:
        visits = [
            visit(number, span(9, 10), notes=text, reason=text, attributes={text: text}, status=text or "-")
            for number, text in enumerate(HOSTILE)
            if text.strip() or not text
        ]
        with self.fresh() as store:
            furnish(store)
            add(store, *visits)
            with store.begin(write=False) as unit:
                for one in visits:
                    assert unit.bookings.get(one.id) == one
                    same = BookingFilter(statuses=[one.status], ids=[one.id])
                    assert list(unit.bookings.find(same, Listing()).items) == [one]
