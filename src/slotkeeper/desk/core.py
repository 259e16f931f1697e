"""The desk's core: how every command runs, once, in one unit of work, with its events told after the commit.

A command with an idempotency key is looked up first: the same key and content gives the first result again,
refusals included; other content is an error. Results are kept in the unit of work that made them.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import attrs

from slotkeeper.domain.actor import Actor
from slotkeeper.domain.booking import Booking
from slotkeeper.domain.codec import from_json, to_json
from slotkeeper.domain.event import Event
from slotkeeper.domain.explanation import Explanation
from slotkeeper.domain.guards import Circumstances, HasRole, IsOwner, IsProvider, Who, someone_permits
from slotkeeper.domain.ids import Id, id_to_text
from slotkeeper.domain.instant import as_utc
from slotkeeper.domain.lifecycle import Lifecycle
from slotkeeper.domain.price import NamedPrice, PriceFunction
from slotkeeper.domain.service import Service
from slotkeeper.domain.standard_lifecycle import STANDARD
from slotkeeper.engine.preference import Preference, as_listed
from slotkeeper.errors import (
    ForbiddenError,
    IdempotencyMismatchError,
    RefusedError,
    StaleVersionError,
)
from slotkeeper.ports import Clock, KeptResult, Notifier, PaymentGateway, Store, UnitOfWork

R = TypeVar("R")


def system_clock() -> dt.datetime:
    """Return the present, from the machine's clock."""
    return dt.datetime.now(dt.UTC)


@attrs.frozen
class Command:
    """One call of the desk: its name, who gave it, and, for repeats, its key and its content."""

    name: str
    actor: Actor | None
    key: str | None
    content: Mapping[str, Any]

    @property
    def scope(self) -> str:
        """Keys of different actors and commands do not meet."""
        return f"{self.name}/{id_to_text(self.actor.id) if self.actor else ''}"

    @property
    def fingerprint(self) -> str:
        """The same for the same content, whatever the order of names."""
        content = {name: _plain(value) for name, value in self.content.items()}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _plain(value: object) -> object:
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    return to_json(value)


@attrs.frozen
class Work:
    """A command at work: its unit of work, the instant at which it acts, and the events that it causes."""

    unit: UnitOfWork
    now: dt.datetime
    events: list[Event] = attrs.field(factory=list, init=False)


@attrs.frozen(slots=False, eq=False, kw_only=True)
class DeskCore:
    """What all use cases share.

    Args:
        store: Where everything is kept.
        clock: The present; the machine's clock unless another is given.
        lifecycle: The table of statuses and actions.
        prefer: Which of several possible resources to take, unless a call says otherwise.
        payments: The payment provider; None where payments are the host's.
        subscribers: Told of every event after its commit.
        prices: The functions that named prices stand for.
        viewers: Who may read a booking; asked only where a call names an actor.
        new_id: Makes ids for bookings, events, series and timeslots, where the host gives none.
    """

    store: Store = attrs.field(kw_only=False)
    clock: Clock = system_clock
    lifecycle: Lifecycle = STANDARD
    prefer: Preference = as_listed
    payments: PaymentGateway | None = None
    subscribers: tuple[Notifier, ...] = attrs.field(default=(), converter=tuple)
    prices: Mapping[str, PriceFunction] = attrs.field(factory=dict)
    viewers: tuple[Who, ...] = attrs.field(
        default=(IsOwner(), IsProvider(), HasRole("admin")), converter=tuple
    )
    new_id: Callable[[], Id] = uuid.uuid4

    # -- running ---------------------------------------------------------------------------------------------

    def _now(self) -> dt.datetime:
        return as_utc(self.clock())

    def _read(self) -> AbstractContextManager[UnitOfWork]:
        return self.store.begin(write=False)

    def _run(self, command: Command, kind: type[R], act: Callable[[Work], R]) -> R:
        """Carry a command out in a unit of work of its own, once per key."""
        try:
            with self.store.begin() as unit:
                work = Work(unit, self._now())
                result = self._once(command, kind, act, work)
        except RefusedError as refusal:
            self._keep_refusal(command, refusal)
            raise
        self._tell(work.events)
        return result

    def _once(self, command: Command, kind: type[R], act: Callable[[Work], R], work: Work) -> R:
        if command.key is None:
            return act(work)
        kept = work.unit.keys.get(command.scope, command.key)
        if kept is not None:
            return _replayed(kept, command, kind)
        result = act(work)
        work.unit.keys.keep(command.scope, command.key, _kept(command, {"result": to_json(result)}, work.now))
        return result

    def _keep_refusal(self, command: Command, refusal: RefusedError) -> None:
        """Remember a refusal under its key, in a unit of work of its own: that of the command is rolled back."""
        if command.key is None:
            return
        with self.store.begin() as unit:
            if unit.keys.get(command.scope, command.key) is None:
                content = {"refusal": to_json(refusal.explanation)}
                unit.keys.keep(command.scope, command.key, _kept(command, content, self._now()))

    def _tell(self, events: Iterable[Event]) -> None:
        """Hand events to the subscribers, all of them to each, whatever one of them raises; then raise it."""
        faults: list[Exception] = []
        for event in events if self.store.commits else ():
            for notify in self.subscribers:
                try:
                    notify(event)
                except Exception as fault:  # noqa: BLE001 - raised again below, when everybody was told
                    faults.append(fault)
        if faults:
            raise ExceptionGroup("subscribers failed after the commit", faults)

    # -- shared pieces ---------------------------------------------------------------------------------------

    def _record(
        self,
        work: Work,
        action: str,
        booking: Booking,
        *,
        before: Booking | None = None,
        actor: Actor | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> None:
        """Note an event, to be kept with the change and told after the commit."""
        event = Event(
            id=self.new_id(),
            action=action,
            booking=booking,
            before=before,
            at=booking.updated_at,
            actor_id=actor.id if actor else None,
            reason=booking.reason,
            attributes=attributes or {},
        )
        work.unit.outbox.append(event)
        work.events.append(event)

    def _service(self, unit: UnitOfWork, service_id: Id) -> Service:
        """Return a service with its named price bound to the host's function."""
        service = unit.services.get(service_id)
        price = service.price
        if isinstance(price, NamedPrice) and price.function is None and price.name in self.prices:
            return attrs.evolve(service, price=NamedPrice(price.name, self.prices[price.name]))
        return service

    def _visible(self, booking: Booking, actor: Actor | None) -> Booking:
        """Return the booking if the actor may read it.

        Raises:
            ForbiddenError: The actor is none of the viewers.
        """
        case = Circumstances(
            actor=actor,
            owner_id=booking.customer_id,
            resource_ids=booking.resource_ids,
            interval=booking.interval,
            now=booking.updated_at,
        )
        if actor is not None and not someone_permits(self.viewers, case):
            raise ForbiddenError(actor.id, "read", [need for who in self.viewers for need in who.needs])
        return booking


def check_version(kind: str, item_id: Id, expected: int | None, actual: int) -> None:
    """Raise `StaleVersionError` where a version is expected and another one found."""
    if expected is not None and expected != actual:
        raise StaleVersionError(kind, item_id, expected, actual)


def _kept(command: Command, content: Mapping[str, Any], now: dt.datetime) -> KeptResult:
    return KeptResult(command.fingerprint, content, now)


def _replayed(kept: KeptResult, command: Command, kind: type[R]) -> R:
    if kept.fingerprint != command.fingerprint:
        raise IdempotencyMismatchError(command.key or "")
    if "refusal" in kept.result:
        raise from_json(Explanation, kept.result["refusal"]).error()
    return from_json(kind, kept.result["result"])
