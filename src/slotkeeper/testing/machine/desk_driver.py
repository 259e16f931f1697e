"""A desk over a store, its clock, its model, and the steps that all of the machine's rules take."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any, TypeVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import initialize

from slotkeeper.desk import BookingDesk
from slotkeeper.domain.booking import Booking, Hold
from slotkeeper.domain.event import Event
from slotkeeper.errors import SlotkeeperError
from slotkeeper.testing.contract.samples import HOUR, at, span
from slotkeeper.testing.machine.base import StoreDriver
from slotkeeper.testing.machine.desk_model import CANDIDATES, RESOURCES, SERVICES, DeskModel

R = TypeVar("R")

DAY = span(0, 24)
HALF_HOURS = [at(number / 2) for number in range(48)]
ANY = st.integers(0, 99)
SERVICE_IDS = st.sampled_from(sorted(map(str, CANDIDATES)))
_ON_GRID = st.sampled_from(HALF_HOURS[14:34])
STARTS = _ON_GRID | _ON_GRID.map(lambda start: start + HOUR / 6)
"""Starts around the hours of the workshop, on its grid and off it."""


class DeskDriver(StoreDriver):
    """A desk over the store, a clock that the machine sets, and the model of both."""

    def __init__(self) -> None:
        super().__init__()
        self.model = DeskModel()
        self.told: list[Event] = []
        self.relayed: list[Event] = []
        self.calls: list[tuple[dict[str, Any], object]] = []
        numbers = count(1)
        self.desk = BookingDesk(
            self.store,
            clock=lambda: self.model.now,
            subscribers=[self.told.append],
            new_id=lambda: UUID(int=next(numbers)),
        )

    @initialize()
    def open(self) -> None:
        for resource in RESOURCES:
            self.desk.add_resource(resource)
        for service in SERVICES:
            self.desk.add_service(service)

    def _pick(self, which: int) -> Booking:
        known = list(self.model.bookings.values())
        return known[which % len(known)]

    def _acknowledge(self, before: Booking, after: Booking, *, steps: int = 1) -> None:
        assert (after.id, after.version) == (before.id, before.version + steps)
        assert after.updated_at == self.model.now
        self.model.bookings[after.id] = after

    def _must(self, expected: type[SlotkeeperError] | None, call: Callable[[], R]) -> R | None:
        """Make a call that must end with an error of that kind, or without one."""
        try:
            result = call()
        except SlotkeeperError as error:
            if expected is None or not isinstance(error, expected):
                raise
            return None
        assert expected is None
        return result

    def _acknowledge_new(self, made: Booking, status: str) -> None:
        assert made.id not in self.model.bookings
        assert (made.status, made.version, made.created_at) == (status, 1, self.model.now)
        held = status == "held"
        assert isinstance(made, Hold) is held
        assert made.expires_at == (self.model.now + HOUR if held else None)
        self.model.bookings[made.id] = made
