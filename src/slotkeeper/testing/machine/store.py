"""`StoreMachine`: units of work of any content, committed or rolled back, against dicts and lists."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from itertools import product

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from slotkeeper.domain.booking import Booking
from slotkeeper.domain.ids import Id
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.listing import BookingFilter, Listing
from slotkeeper.domain.service import Service
from slotkeeper.domain.slot import Timeslot
from slotkeeper.errors import NotFoundError, SlotkeeperError
from slotkeeper.ports import UnitOfWork
from slotkeeper.testing.contract.chapters.guard import small_visits
from slotkeeper.testing.contract.samples import HOUR, NOW, at, happening, kept, room, span
from slotkeeper.testing.machine.base import StoreDriver
from slotkeeper.testing.machine.store_model import Outcome, StoreModel

ROOMS = (1, 2)
IDS = st.integers(1, 5)
HOURS = st.integers(0, 12)
CLAIMS = st.sampled_from(("a", "b"))
ANY = st.integers(0, 99)
CLOCK = st.sampled_from((NOW, at(1), at(2), at(6)))
SPANS = st.builds(lambda start, length: span(start, start + length), HOURS, st.integers(1, 4))


class _RollBack(Exception):  # noqa: N818 - not a fault: it ends a unit of work on purpose
    """Ends a unit of work without its changes."""


class StoreMachine(StoreDriver):
    """Everything that the ports let one do with a store."""

    def __init__(self) -> None:
        super().__init__()
        self.model = StoreModel()
        self.before = StoreModel()
        self.open: AbstractContextManager[UnitOfWork] | None = None
        self.unit: UnitOfWork | None = None
        self.appended = 0

    @initialize(capacities=st.tuples(st.integers(1, 2), st.integers(1, 3)))
    def furnish(self, capacities: tuple[int, int]) -> None:
        with self._work() as unit:
            unit.services.put(Service(1, HOUR))
        for number, capacity in zip(ROOMS, capacities, strict=True):
            self._put(number, capacity, 1)

    # -- units of work -----------------------------------------------------------------------------------

    @precondition(lambda self: self.unit is None)
    @rule()
    def begin(self) -> None:
        self.before = self.model.copy()
        self.open = self.store.begin()
        self.unit = self.open.__enter__()

    @precondition(lambda self: self.unit is not None)
    @rule()
    def commit(self) -> None:
        self._leave(None)

    @precondition(lambda self: self.unit is not None)
    @rule()
    def roll_back(self) -> None:
        self._leave(_RollBack())
        self.model = self.before

    @precondition(lambda self: self.unit is None)
    @rule(bookings=st.lists(small_visits(), min_size=1, max_size=3), slot_id=IDS)
    def work_in_vain(self, bookings: list[Booking], slot_id: Id) -> None:
        self.begin()
        self.delete_slot(slot_id)
        self.mark_sent(2)
        for one in bookings:
            self._replace(one, NOW, 1)
            self._add(one, NOW)
            self.append(one)
        self.roll_back()

    def _leave(self, fault: BaseException | None) -> None:
        assert self.open is not None
        leaving, self.open, self.unit = self.open, None, None
        with suppress(_RollBack):
            leaving.__exit__(None if fault is None else type(fault), fault, None)

    def teardown(self) -> None:
        """End the unit of work that is open, and dispose of the store."""
        if self.unit is not None:
            self._leave(_RollBack())
        super().teardown()

    @contextmanager
    def _work(self) -> Iterator[UnitOfWork]:
        """Give the unit of work that is open, or one for a single step."""
        if self.unit is not None:
            yield self.unit
        else:
            with self.store.begin() as unit:
                yield unit

    def _agree(self, expected: Outcome, change: Callable[[UnitOfWork], object]) -> None:
        """Make a change that must end as the model says."""
        found: Outcome = None
        with suppress(SlotkeeperError), self._work() as unit:
            try:
                change(unit)
            except SlotkeeperError as error:
                found = type(error)
                if self.unit is None:
                    raise
        assert found is expected

    # -- changes -----------------------------------------------------------------------------------------

    @rule(room_id=st.sampled_from(ROOMS), capacity=st.integers(1, 3), step=st.sampled_from((1, 1, 1, 0, 2)))
    def put_resource(self, room_id: int, capacity: int, step: int) -> None:
        self._put(room_id, capacity, self.model.resources[room_id].version + step)

    def _put(self, room_id: int, capacity: int, version: int) -> None:
        one = room(room_id, capacity=capacity, version=version)
        self._agree(self.model.put(one), lambda unit: unit.resources.put(one))

    @rule(booking=small_visits(), now=CLOCK)
    def add(self, booking: Booking, now: dt.datetime) -> None:
        self._add(booking, now)

    @rule(bookings=st.lists(small_visits(), min_size=2, max_size=5))
    def add_several(self, bookings: list[Booking]) -> None:
        for one in bookings:
            self._add(one, NOW)

    def _add(self, booking: Booking, now: dt.datetime) -> None:
        self._agree(self.model.add(booking, now), lambda unit: unit.bookings.add(booking, now=now))

    @rule(booking=small_visits(), now=CLOCK, step=st.sampled_from((1, 1, 1, 0, 2)), same_place=st.booleans())
    def replace(self, booking: Booking, now: dt.datetime, step: int, *, same_place: bool) -> None:
        place = self.model.bookings.get(booking.id, booking) if same_place else booking
        self._replace(
            attrs.evolve(booking, interval=place.interval, allocations=place.allocations), now, step
        )

    def _replace(self, booking: Booking, now: dt.datetime, step: int) -> None:
        stored = self.model.bookings.get(booking.id, booking)
        changed = attrs.evolve(booking, version=stored.version + step)
        self._agree(self.model.replace(changed, now), lambda unit: unit.bookings.replace(changed, now=now))

    @rule(slot_id=IDS, room_id=st.sampled_from(ROOMS), when=SPANS)
    def add_slot(self, slot_id: Id, room_id: int, when: Interval) -> None:
        slot = Timeslot(slot_id, room_id, when)
        self._agree(self.model.add_slot(slot), lambda unit: unit.timeslots.add(slot))

    @rule(slot_id=IDS)
    def delete_slot(self, slot_id: Id) -> None:
        self._agree(self.model.delete_slot(slot_id), lambda unit: unit.timeslots.delete(slot_id))

    @rule(booking=small_visits())
    def append(self, booking: Booking) -> None:
        self.appended += 1
        event = happening(self.appended, booking)
        self.model.outbox.append(event)
        self._agree(None, lambda unit: unit.outbox.append(event))

    @rule(count=st.integers(1, 3))
    def mark_sent(self, count: int) -> None:
        chosen = [one.id for one in self.model.outbox.pending()[:count]]
        for one in chosen:
            self.model.outbox.mark_sent(one)
        self._agree(None, lambda unit: unit.outbox.mark_sent(chosen, at=NOW))

    @rule(claim=CLAIMS, now=CLOCK, hours=st.integers(1, 3), limit=st.integers(1, 4))
    def claim(self, claim: Id, now: dt.datetime, hours: int, limit: int) -> None:
        until = now + hours * HOUR
        with self._work() as unit:
            found = unit.outbox.claim(claim, now=now, until=until, limit=limit)
        given = [(one.event, one.attempt) for one in found]
        assert given == self.model.outbox.claim(claim, now, until, limit)

    @precondition(lambda self: self.model.outbox.parcels)
    @rule(claim=CLAIMS, which=ANY, until=CLOCK, end=st.sampled_from(("put_off", "park", "give_back")))
    def end_a_claim(self, claim: Id, which: int, until: dt.datetime, end: str) -> None:
        outbox, event_id = self.model.outbox, self._event(which)
        if end == "put_off":
            outbox.put_off(claim, event_id, until)
            self._agree(None, lambda unit: unit.outbox.put_off(claim, event_id, until=until, fault="x"))
        elif end == "park":
            outbox.park(claim, event_id)
            self._agree(None, lambda unit: unit.outbox.park(claim, event_id, at=NOW, fault="x"))
        else:
            outbox.give_back(claim, event_id)
            self._agree(None, lambda unit: unit.outbox.give_back(claim, [event_id]))

    @precondition(lambda self: self.model.outbox.parcels)
    @rule(which=ANY)
    def release(self, which: int) -> None:
        event_id = self._event(which)
        expected = None if self.model.outbox.release(event_id) else NotFoundError
        self._agree(expected, lambda unit: unit.outbox.release(event_id))

    def _event(self, which: int) -> Id:
        parcels = self.model.outbox.parcels
        return parcels[which % len(parcels)].event.id

    @rule(scope=st.sampled_from("ab"), key=st.sampled_from("ab"), content=st.integers(0, 9), moment=CLOCK)
    def keep(self, scope: str, key: str, content: int, moment: dt.datetime) -> None:
        result = attrs.evolve(kept(content), at=moment)
        self._agree(self.model.keep(scope, key, result), lambda unit: unit.keys.keep(scope, key, result))

    @rule(before=CLOCK)
    def forget(self, before: dt.datetime) -> None:
        with self._work() as unit:
            assert unit.keys.forget(before, limit=9) == self.model.forget(before)

    @rule(subject=st.sampled_from("ab"), now=CLOCK, count=st.integers(1, 2))
    def take(self, subject: str, now: dt.datetime, count: int) -> None:
        with self._work() as unit:
            again = unit.hits.take(subject, now=now, count=count, per=2 * HOUR)
        assert again == self.model.take(subject, now, count, 2 * HOUR)

    @rule()
    def count_on(self) -> None:
        with self._work() as unit:
            number = unit.next_number()
        assert number > self.model.number
        self.model.number = number

    # -- questions ---------------------------------------------------------------------------------------

    @rule(rooms=st.lists(st.sampled_from(ROOMS)), reach=SPANS)
    def look_near(self, rooms: list[int], reach: Interval) -> None:
        with self._work() as unit:
            assert list(unit.bookings.relevant(rooms, reach)) == self.model.relevant(rooms, reach)

    @rule(now=CLOCK)
    def look_for_lapsed(self, now: dt.datetime) -> None:
        with self._work() as unit:
            found = unit.bookings.lapsed(now, limit=9)
        assert {one.id for one in found} == self.model.lapsed(now)

    @rule(starting=SPANS, now=CLOCK)
    def look_for_reminders(self, starting: Interval, now: dt.datetime) -> None:
        with self._work() as unit:
            found = unit.bookings.unreminded(starting, now=now, limit=9)
        assert [one.id for one in found] == self.model.unreminded(starting, now)

    @invariant()
    def everything_is_as_the_model_says(self) -> None:
        model = self.model
        with self._work() as unit:
            bookings = unit.bookings.find(BookingFilter(), Listing(limit=99)).items
            assert {one.id: one for one in bookings} == model.bookings
            assert list(unit.resources.all()) == list(model.resources.values())
            slots = unit.timeslots.find(ROOMS, span(-9, 99))
            assert {one.id: one for one in slots} == model.timeslots
            assert list(unit.outbox.pending(limit=99)) == model.outbox.pending()
            assert {one.event.id for one in unit.outbox.parked(limit=99)} == set(model.outbox.parked())
            for one in model.bookings:
                assert list(unit.outbox.history(one)) == model.outbox.history(one)
            for scope, key in product("ab", "ab"):
                assert unit.keys.get(scope, key) == model.keys.get((scope, key))
