"""`DeskMachine`: a day at the desk, every answer foretold by a plain model."""

from __future__ import annotations

import datetime as dt

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from slotkeeper.testing.machine import desk_checks as check
from slotkeeper.testing.machine.desk_changing import ChangingRules
from slotkeeper.testing.machine.desk_making import MakingRules

_ALL = 1000


class DeskMachine(MakingRules, ChangingRules):
    """Bookings are made and changed, time passes, and after every step the promises hold."""

    @rule(minutes=st.sampled_from((10, 30, 30, 61)))
    def time_passes(self, minutes: int) -> None:
        self.model.now += dt.timedelta(minutes=minutes)

    @precondition(lambda self: self.model.moments())
    @rule()
    def the_next_moment_comes(self) -> None:
        self.model.now = min(self.model.moments())

    @rule()
    def relay(self) -> None:
        self.desk.relay(self.relayed.append, limit=_ALL)

    @invariant()
    def every_acknowledged_booking_is_there_as_it_was_acknowledged(self) -> None:
        stored = check.stored_bookings(self.desk)
        known = self.model.bookings
        assert stored.keys() == known.keys()
        lapsed = self.model.lapsed()
        for one in stored.values():
            assert self.desk.get(one.id) == one
            if one != known[one.id]:
                assert one.id in lapsed
                check.check_expired(one, known[one.id], self.model.now)
        known.update(stored)

    @invariant()
    def no_resource_carries_more_than_its_capacity(self) -> None:
        check.check_peak_load(self.model.bookings.values(), self.model.now)

    @invariant()
    def every_change_left_its_event(self) -> None:
        with self.store.begin(write=False) as unit:
            pending = list(unit.outbox.pending(limit=_ALL))
        events = [*self.relayed, *pending]
        if self.store.commits:
            assert self.told == events
        for one in self.model.bookings.values():
            history = list(self.desk.history(one.id))
            check.check_history(one, history)
            assert [event for event in events if event.booking_id == one.id] == history
        assert {event.booking_id for event in events} == self.model.bookings.keys()
