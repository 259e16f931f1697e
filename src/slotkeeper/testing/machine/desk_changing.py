"""Rules that change bookings: through the lifecycle, to another time, by paying, and by lapsing."""

from __future__ import annotations

import datetime as dt
from typing import Any

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from slotkeeper.domain.booking import Booking, PaymentStatus
from slotkeeper.domain.interval import Interval
from slotkeeper.errors import RefusedError, SlotkeeperError, StaleVersionError
from slotkeeper.testing.contract.samples import HOUR
from slotkeeper.testing.machine.desk_checks import check_expired
from slotkeeper.testing.machine.desk_driver import ANY, STARTS, DeskDriver
from slotkeeper.testing.machine.desk_model import CALLED_OFF, ROWS

MOVES = ("reschedule", "request_reschedule")
ACTIONS = sorted({action for _, action in ROWS} - {*MOVES, "expire"})


class ChangingRules(DeskDriver):
    """Everything that changes bookings."""

    @precondition(lambda self: self.model.bookings)
    @rule(which=ANY, action=st.sampled_from(ACTIONS), version=st.sampled_from((None, 0, 0, 1)))
    def act(self, which: int, action: str, version: int | None) -> None:
        before = self._pick(which)
        self._act(before, action, None if version is None else before.version + version)

    @precondition(lambda self: self.model.held())
    @rule(which=ANY, pay=st.booleans())
    def confirm_a_hold(self, which: int, *, pay: bool) -> None:
        held = self.model.held()
        before = held[which % len(held)]
        if pay:
            self._settle(before)
        else:
            self._act(before, "confirm", before.version)

    def _act(self, before: Booking, action: str, version: int | None) -> None:
        target: str | type[SlotkeeperError] = self.model.target(before, action)
        if version not in {None, before.version}:
            target = StaleVersionError
        terms: Any = {"expected_version": version}
        after = self._must(
            None if isinstance(target, str) else target,
            lambda: (
                self.desk.cancel(before.id, **terms).booking
                if action == "cancel"
                else self.desk.act(before.id, action, **terms)
            ),
        )
        if after is not None:
            assert after.status == target
            self._acknowledge(before, after)

    @precondition(lambda self: self.model.bookings)
    @rule(which=ANY, action=st.sampled_from(MOVES), start=STARTS, elsewhere=st.booleans())
    def move(self, which: int, action: str, start: dt.datetime, *, elsewhere: bool) -> None:
        before = self._pick(which)
        target = self.model.target(before, action)
        named = () if elsewhere else before.resource_ids
        choices = self.model.choices(before.service_id, start, before.units, named=named, besides=before.id)
        expected = None if choices else RefusedError
        move = self._must(
            expected if isinstance(target, str) else target,
            lambda: self.desk.reschedule(
                before.id, start, action=action, resource_ids=() if elsewhere else None
            ),
        )
        if move is not None:
            after = move.booking
            assert (after.status, after.moved) == (target, before.moved + 1)
            assert (after.resource_ids, after.interval) == (choices[0], Interval.lasting(start, HOUR))
            self._acknowledge(before, after)

    @precondition(lambda self: self.model.bookings)
    @rule(which=ANY)
    def settle(self, which: int) -> None:
        self._settle(self._pick(which))

    def _settle(self, before: Booking) -> None:
        after = self.desk.settle(before.id)
        if before.payment.status is not PaymentStatus.NONE:
            assert after == before
            return
        assert after.payment.paid == before.price
        lost = before.id in self.model.lapsed() and not self.model.has_room(before)
        confirms = ("confirm" in {action for one, action in ROWS if one == before.status}) and not lost
        status = "expired" if lost else "confirmed" if confirms else before.status
        given_back = status in CALLED_OFF
        assert after.status == status
        assert after.payment.status is (PaymentStatus.REFUNDED if given_back else PaymentStatus.PAID)
        self._acknowledge(before, after, steps=1 + confirms + lost + given_back)

    @precondition(lambda self: self.model.bookings)
    @rule(which=ANY, notes=st.sampled_from(("", "a note")))
    def annotate(self, which: int, notes: str) -> None:
        before = self._pick(which)
        after = self.desk.update(before.id, notes=notes)
        assert after == attrs.evolve(
            before, notes=notes, updated_at=self.model.now, version=before.version + 1
        )
        self._acknowledge(before, after)

    @rule(hours=st.integers(1, 6))
    def remind(self, hours: int) -> None:
        due = self.model.due(hours * HOUR)
        reminded = self.desk.remind(hours * HOUR)
        assert {one.id for one in reminded} == due
        for one in reminded:
            assert one.reminded_at == self.model.now
            self._acknowledge(self.model.bookings[one.id], one)

    @rule()
    def expire_holds(self) -> None:
        lapsed = self.model.lapsed()
        expired = self.desk.expire_holds()
        assert {one.id for one in expired} == lapsed
        for one in expired:
            check_expired(one, self.model.bookings[one.id], self.model.now)
            self.model.bookings[one.id] = one
