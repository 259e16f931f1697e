"""`AsyncBookingDesk`: the use cases of `BookingDesk` for an event loop, the same functions, awaited."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from functools import wraps
from inspect import isawaitable
from typing import Any, Concatenate, ParamSpec, TypedDict, TypeVar, Unpack, cast

import attrs

from slotkeeper.desk.arguments import check_function
from slotkeeper.desk.desk import BookingDesk
from slotkeeper.desk.relaying import LEASE, USUALLY
from slotkeeper.domain.delivery import Redelivery
from slotkeeper.domain.event import Event
from slotkeeper.domain.guards import Who
from slotkeeper.domain.ids import Id
from slotkeeper.domain.lifecycle import Lifecycle
from slotkeeper.domain.money import Money
from slotkeeper.domain.price import PriceFunction
from slotkeeper.engine.preference import Preference
from slotkeeper.ports import (
    AsyncNotifier,
    AsyncPaymentGateway,
    AsyncStore,
    Clock,
    Notifier,
    PaymentGateway,
    Store,
)

P = ParamSpec("P")
R = TypeVar("R")

AnyNotifier = Notifier | AsyncNotifier
AnyPaymentGateway = PaymentGateway | AsyncPaymentGateway


class DeskOptions(TypedDict, total=False):
    """What an `AsyncBookingDesk` is made with beside its store; it means what it does for `BookingDesk`."""

    clock: Clock
    lifecycle: Lifecycle
    prefer: Preference
    payments: AnyPaymentGateway | None
    subscribers: Iterable[AnyNotifier]
    prices: Mapping[str, PriceFunction]
    viewers: Iterable[Who]
    managers: str | Iterable[str]
    zone_data: Callable[[str], str | None]
    new_id: Callable[[], Id]
    numbered: bool


def awaited(
    use_case: Callable[Concatenate[BookingDesk, P], R],
) -> Callable[Concatenate[AsyncBookingDesk, P], Coroutine[Any, Any, R]]:
    """Return a use case of `BookingDesk` as a method of `AsyncBookingDesk` that is awaited."""

    @wraps(use_case)
    async def method(self: AsyncBookingDesk, /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Await the use case, whose own docstring takes the place of this one."""
        return await self.store.run(lambda store: use_case(self._over(store), *args, **kwargs))

    return method


class AsyncBookingDesk:
    """Keeps appointments for an event loop: every use case of `BookingDesk`, with its arguments, awaited.

    It holds no state of its own and has no second copy of any rule: each call runs `BookingDesk` over the
    store, which lets other tasks go on while it waits. Payments and subscribers may be asynchronous; price
    functions, preferences and the clock are called as they are, and must not wait for anything.

    Args:
        store: Where everything is kept.
        options: As for `BookingDesk`.

    >>> import asyncio
    >>> from slotkeeper.adapters.memory import MemoryStore
    >>> from slotkeeper.adapters.threaded import ThreadedStore
    >>> desk = AsyncBookingDesk(ThreadedStore(MemoryStore()))
    >>> asyncio.run(desk.resources())
    []
    """

    def __init__(self, store: AsyncStore, **options: Unpack[DeskOptions]) -> None:
        self._store = store
        # Each call works with the store that it is given; this one stands there until then.
        self._template = BookingDesk(cast("Store", store), **self._plain(options))

    @property
    def store(self) -> AsyncStore:
        """Where everything is kept."""
        return self._store

    @property
    def clock(self) -> Clock:
        """The present."""
        return self._template.clock

    @property
    def lifecycle(self) -> Lifecycle:
        """The table of statuses and actions."""
        return self._template.lifecycle

    act = awaited(BookingDesk.act)
    add_resource = awaited(BookingDesk.add_resource)
    add_service = awaited(BookingDesk.add_service)
    add_timeslot = awaited(BookingDesk.add_timeslot)
    admit = awaited(BookingDesk.admit)
    allowed_actions = awaited(BookingDesk.allowed_actions)
    amend = awaited(BookingDesk.amend)
    book = awaited(BookingDesk.book)
    book_series = awaited(BookingDesk.book_series)
    book_slot = awaited(BookingDesk.book_slot)
    book_timeslot = awaited(BookingDesk.book_timeslot)
    cancel = awaited(BookingDesk.cancel)
    checkout = awaited(BookingDesk.checkout)
    complete = awaited(BookingDesk.complete)
    confirm = awaited(BookingDesk.confirm)
    deactivate_resource = awaited(BookingDesk.deactivate_resource)
    deactivate_service = awaited(BookingDesk.deactivate_service)
    decline = awaited(BookingDesk.decline)
    delete_timeslot = awaited(BookingDesk.delete_timeslot)
    dismiss_event = awaited(BookingDesk.dismiss_event)
    edit_resource = awaited(BookingDesk.edit_resource)
    expire_holds = awaited(BookingDesk.expire_holds)
    explain = awaited(BookingDesk.explain)
    find = awaited(BookingDesk.find)
    find_all = awaited(BookingDesk.find_all)
    forget_keys = awaited(BookingDesk.forget_keys)
    free_time = awaited(BookingDesk.free_time)
    generate_timeslots = awaited(BookingDesk.generate_timeslots)
    get = awaited(BookingDesk.get)
    get_resource = awaited(BookingDesk.get_resource)
    get_service = awaited(BookingDesk.get_service)
    get_timeslot = awaited(BookingDesk.get_timeslot)
    history = awaited(BookingDesk.history)
    hold = awaited(BookingDesk.hold)
    mark_no_show = awaited(BookingDesk.mark_no_show)
    next_number = awaited(BookingDesk.next_number)
    next_slot = awaited(BookingDesk.next_slot)
    parked_events = awaited(BookingDesk.parked_events)
    put_resource = awaited(BookingDesk.put_resource)
    put_service = awaited(BookingDesk.put_service)
    quote_cancellation = awaited(BookingDesk.quote_cancellation)
    quote_reschedule = awaited(BookingDesk.quote_reschedule)
    remind = awaited(BookingDesk.remind)
    reminders_due = awaited(BookingDesk.reminders_due)
    reresolve = awaited(BookingDesk.reresolve)
    reschedule = awaited(BookingDesk.reschedule)
    resources = awaited(BookingDesk.resources)
    retry_event = awaited(BookingDesk.retry_event)
    services = awaited(BookingDesk.services)
    set_status = awaited(BookingDesk.set_status)
    settle = awaited(BookingDesk.settle)
    settle_refunds = awaited(BookingDesk.settle_refunds)
    slots = awaited(BookingDesk.slots)
    start = awaited(BookingDesk.start)
    statistics = awaited(BookingDesk.statistics)
    suggest = awaited(BookingDesk.suggest)
    timeslots = awaited(BookingDesk.timeslots)
    update = awaited(BookingDesk.update)
    update_resource = awaited(BookingDesk.update_resource)
    update_service = awaited(BookingDesk.update_service)

    async def relay(
        self,
        notify: AnyNotifier | None = None,
        *,
        limit: int = 100,
        lease: dt.timedelta = LEASE,
        redelivery: Redelivery = USUALLY,
    ) -> int:
        """Do what `BookingDesk.relay` does; the receiver may be asynchronous."""
        check_function("notify", notify)
        receiver = None if notify is None else _Told(self.store, notify)
        return await self.store.run(
            lambda store: self._over(store).relay(receiver, limit=limit, lease=lease, redelivery=redelivery)
        )

    # -- steps -----------------------------------------------------------------------------------------------

    def _over(self, store: Store) -> BookingDesk:
        return attrs.evolve(self._template, store=store)

    def _plain(self, options: DeskOptions) -> dict[str, Any]:
        """Return the options as `BookingDesk` takes them."""
        plain: dict[str, Any] = {**options}
        if "subscribers" in options:
            plain["subscribers"] = [_Told(self.store, one) for one in options["subscribers"]]
        if (gateway := options.get("payments")) is not None:
            plain["payments"] = _Paid(self.store, gateway)
        return plain


@attrs.frozen
class _Told:
    """A notifier that waits for one that may be asynchronous."""

    store: AsyncStore
    notify: AnyNotifier

    def __call__(self, event: Event, /) -> None:
        _settled(self.store, self.notify(event))


@attrs.frozen
class _Paid:
    """A payment gateway that waits for one that may be asynchronous."""

    store: AsyncStore
    gateway: AnyPaymentGateway

    def charge(self, booking_id: Id, amount: Money) -> str:
        return _settled(self.store, self.gateway.charge(booking_id, amount))

    def refund(self, booking_id: Id, reference: str, amount: Money) -> None:
        _settled(self.store, self.gateway.refund(booking_id, reference, amount))


def _settled(store: AsyncStore, result: R | Awaitable[R]) -> R:
    return store.wait(result) if isawaitable(result) else result
