"""The desk for event loops has every use case of the plain one, and awaits what is asynchronous itself."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import attrs
import pytest
from tests.adapters.portal import waited
from tests.desk.shops import EUROS, HALF, OPEN, SetClock, at

import slotkeeper
from slotkeeper import (
    GUARDED,
    STANDARD,
    AsyncBookingDesk,
    Event,
    Id,
    MemoryStore,
    Money,
    Requirement,
    Resource,
    Service,
    ThreadedStore,
)
from slotkeeper.domain.booking import PaymentStatus
from slotkeeper.errors import InvalidFieldError


def public(desk: type) -> dict[str, Any]:
    return {
        name: value
        for name, value in inspect.getmembers(desk, inspect.isfunction)
        if not name.startswith("_")
    }


def arguments(function: Any) -> list[tuple[str, Any, Any]]:  # noqa: ANN401 - of any type
    found = inspect.signature(function).parameters.values()
    return [(one.name, one.kind, one.default) for one in found]


def test_it_has_every_use_case_with_the_same_arguments() -> None:
    plain, awaited = public(slotkeeper.BookingDesk), public(AsyncBookingDesk)
    assert plain.keys() == awaited.keys()
    for name in plain:
        assert inspect.iscoroutinefunction(awaited[name])
        assert list(inspect.signature(plain[name]).parameters) == list(
            inspect.signature(awaited[name]).parameters
        )


@attrs.frozen
class Ledger:
    """A payment provider that is awaited."""

    asked: list[tuple[str, Id, Money]] = attrs.field(factory=list)

    async def charge(self, booking_id: Id, amount: Money) -> str:
        await asyncio.sleep(0)
        self.asked.append(("charge", booking_id, amount))
        return "checkout"

    async def refund(self, booking_id: Id, reference: str, amount: Money) -> None:
        await asyncio.sleep(0)
        self.asked.append((f"refund {reference}", booking_id, amount))


async def a_desk(**options: Any) -> AsyncBookingDesk:  # noqa: ANN401 - those of the desk
    desk = AsyncBookingDesk(ThreadedStore(MemoryStore()), clock=SetClock(), **options)
    await desk.add_resource(Resource("bay", OPEN))
    await desk.add_service(Service("wash", HALF, needs=[Requirement.any_of("bay")], price=EUROS))
    return desk


def test_payments_may_be_awaited() -> None:
    ledger = Ledger()

    async def work() -> PaymentStatus:
        desk = await a_desk(payments=ledger)
        booking = await desk.book("wash", at(0), booking_id="b")
        await desk.checkout(booking.id)
        await desk.settle(booking.id, paid=EUROS)
        await desk.cancel(booking.id)
        return (await desk.get(booking.id)).payment.status

    assert waited(work()) is PaymentStatus.REFUNDED
    assert ledger.asked == [("charge", "b", EUROS), ("refund checkout", "b", EUROS)]


def test_subscribers_may_be_awaited_and_may_fail(caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []

    async def tell(event: Event) -> None:
        await asyncio.sleep(0)
        told.append(event.action)

    async def fail(_: Event) -> None:
        raise OSError

    async def work() -> None:
        desk = await a_desk(subscribers=[fail, tell])
        await desk.book("wash", at(0))

    waited(work())
    assert told == ["book"]
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_events_are_relayed_to_one_who_is_awaited() -> None:
    told: list[str] = []

    async def tell(event: Event) -> None:
        await asyncio.sleep(0)
        told.append(event.action)

    async def work() -> None:
        desk = await a_desk()
        booking = await desk.book("wash", at(0))
        await desk.cancel(booking.id)
        await desk.relay(tell)
        await desk.relay(tell)

    waited(work())
    assert told == ["book", "cancel"]


def test_what_is_no_function_is_refused_before_anything_is_relayed() -> None:
    async def work() -> None:
        desk = await a_desk()
        none: Any = 0
        with pytest.raises(InvalidFieldError):
            await desk.relay(none)

    waited(work())


def test_other_tasks_run_while_a_command_works() -> None:
    async def work() -> int:
        desk = await a_desk()
        steps = 0

        async def tick() -> None:
            nonlocal steps
            while True:
                steps += 1
                await asyncio.sleep(0)

        ticking = asyncio.create_task(tick())
        await desk.book("wash", at(0))
        ticking.cancel()
        return steps

    assert waited(work()) > 1


def test_it_shows_its_store_clock_and_lifecycle_as_the_plain_desk_does() -> None:
    store, clock = ThreadedStore(MemoryStore()), SetClock()
    desk = AsyncBookingDesk(store, clock=clock, lifecycle=GUARDED)
    assert (desk.store, desk.clock, desk.lifecycle) == (store, clock, GUARDED)
    assert AsyncBookingDesk(store).lifecycle is STANDARD
    with pytest.raises(AttributeError):
        desk.store = store  # type: ignore[misc] # as with the plain one
