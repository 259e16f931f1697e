"""The desk's core: how every command runs, once, in one unit of work, its events told after the commit."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any, TypeVar

import attrs

from slotkeeper.desk.arguments import check_actor
from slotkeeper.desk.awaiting import check_taken, told
from slotkeeper.desk.command import Command, Work
from slotkeeper.desk.zone_data import installed_zone_data
from slotkeeper.domain.actor import Actor, role_names
from slotkeeper.domain.booking import Booking
from slotkeeper.domain.event import Event
from slotkeeper.domain.explanation import Explanation
from slotkeeper.domain.guards import Circumstances, HasRole, IsOwner, IsProvider, Who, someone_permits
from slotkeeper.domain.ids import Id, check_id
from slotkeeper.domain.instant import as_utc
from slotkeeper.domain.lifecycle import Lifecycle
from slotkeeper.domain.price import PriceFunction
from slotkeeper.domain.standard_lifecycle import STANDARD
from slotkeeper.engine.preference import Preference, as_listed
from slotkeeper.errors import (
    ConcurrencyError,
    ForbiddenError,
    IdempotencyPendingError,
    LifecycleError,
    NotFoundError,
    OutcomeUnknownError,
    PolicyError,
    RefusedError,
    SlotkeeperError,
)
from slotkeeper.ports import Clock, Notifier, PaymentGateway, RepeatingStore, Store, UnitOfWork

R = TypeVar("R")

_LOG = logging.getLogger("slotkeeper")

# What a repeat may meet because the first call with its key has been carried out meanwhile.
_OVERTAKEN = (RefusedError, LifecycleError, PolicyError, ConcurrencyError, IdempotencyPendingError)


def system_clock() -> dt.datetime:
    """Return the present, from the machine's clock."""
    return dt.datetime.now(dt.UTC)


@attrs.frozen(slots=False, eq=False, kw_only=True)
class DeskCore:
    """What all use cases share.

    Args:
        store: Where everything is kept.
        clock: The present; the machine's clock unless another is given.
        lifecycle: The table of statuses and actions.
        prefer: Which of several possible resources to take, unless a call says otherwise.
        payments: The payment provider; None where payments are the host's.
        subscribers: Told of every event after its commit; what one raises is logged and hurts nobody else.
        prices: The functions that named prices stand for.
        viewers: Who may read a booking; asked only where a call names an actor.
        managers: The roles of those who may change the catalogue and stored slots and read statistics; asked
            only where a call names an actor.
        zone_data: Tells the version of the zone data that a zone is read from, by its IANA name.
        new_id: Makes ids for bookings, events, series and timeslots, where the host gives none.
        numbered: Whether bookings and timeslots without an id of the host's get whole numbers, which the
            store counts, instead.
    """

    store: Store = attrs.field(kw_only=False)
    clock: Clock = system_clock
    lifecycle: Lifecycle = STANDARD
    prefer: Preference = as_listed
    payments: PaymentGateway | None = None
    subscribers: tuple[Notifier, ...] = attrs.field(default=(), converter=tuple[Notifier, ...])
    prices: Mapping[str, PriceFunction] = attrs.field(factory=dict)
    viewers: tuple[Who, ...] = attrs.field(
        default=(IsOwner(), IsProvider(), HasRole("admin")), converter=tuple[Who, ...]
    )
    managers: frozenset[str] = attrs.field(default="admin", converter=role_names)
    zone_data: Callable[[str], str | None] = installed_zone_data
    new_id: Callable[[], Id] = uuid.uuid4
    numbered: bool = attrs.field(default=False, validator=attrs.validators.instance_of(bool))

    # -- running ---------------------------------------------------------------------------------------------

    def _now(self) -> dt.datetime:
        return as_utc(self.clock())

    def _read(self) -> AbstractContextManager[UnitOfWork]:
        return self.store.begin(write=False)

    def _run(self, command: Command, kind: type[R], act: Callable[[Work], R]) -> R:
        """Carry a command out, again while passing faults end it, if the store is to do that."""
        if self._repeating is not None:
            return self._repeating.repeat(lambda: self._attempt(command, kind, act))
        return self._attempt(command, kind, act)

    @cached_property
    def _repeating(self) -> RepeatingStore | None:
        return self.store if isinstance(self.store, RepeatingStore) else None

    def _attempt(self, command: Command, kind: type[R], act: Callable[[Work], R]) -> R:
        """Carry a command out in a unit of work of its own, once per key."""
        try:
            with self.store.begin() as unit:
                work = Work(unit, self._now())
                result = self._once(command, kind, act, work)
        except RefusedError as error:
            return self._instead_of(self._discreet(error, command.actor), command, kind)
        except _OVERTAKEN as error:
            return self._instead_of(error, command, kind)
        self._tell(work.events)
        return result

    def _once(self, command: Command, kind: type[R], act: Callable[[Work], R], work: Work) -> R:
        if command.key is None:
            return act(work)
        kept = work.unit.keys.get(command.scope, command.key)
        if kept is not None:
            return command.replayed(kept, kind)
        result = act(work)
        work.unit.keys.keep(command.scope, command.key, command.kept(result, kind, work.now))
        return result

    def _instead_of(self, error: SlotkeeperError, command: Command, kind: type[R]) -> R:
        """Return the first result where a repeat came too early to see it; else raise, and keep a refusal.

        The command's own unit of work is rolled back by now, so this takes another. If its outcome is
        unknown, it stays so unless the result is found.
        """
        if command.key is None:
            raise error
        try:
            with self.store.begin() as unit:
                kept = unit.keys.get(command.scope, command.key)
                if kept is None and isinstance(error, RefusedError):
                    unit.keys.keep(command.scope, command.key, command.kept_refusal(error, self._now()))
        except ConcurrencyError as failed:
            if isinstance(error, OutcomeUnknownError):
                raise error from failed
            raise
        if kept is None:
            raise error
        return command.replayed(kept, kind)

    def _tell(self, events: Iterable[Event]) -> None:
        """Hand events to the subscribers, all of them to each; whatever one raises, the change stands."""
        for event in events if self.store.commits else ():
            for notify in self.subscribers:
                try:
                    check_taken(notify, told(notify, event))
                except Exception:  # noqa: BLE001 - it is logged, and the change is committed
                    _LOG.exception("a subscriber failed on event %s", event.id)

    # -- shared pieces ---------------------------------------------------------------------------------------

    def _next_id(self, unit: UnitOfWork) -> Id:
        """Return an id for a new booking or timeslot."""
        return unit.next_number() if self.numbered else self.new_id()

    def _record(
        self,
        work: Work,
        action: str,
        booking: Booking,
        *,
        before: Booking | None = None,
        actor: Actor | None = None,
        reason: str | None = None,
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
            reason=reason,
            attributes=attributes or {},
        )
        work.unit.outbox.append(event)
        work.events.append(event)

    def _stored(self, unit: UnitOfWork, booking_id: Id) -> Booking:
        check_id("booking_id", booking_id)
        return unit.bookings.get(booking_id)

    def _discreet(self, refused: RefusedError, actor: Actor | None) -> RefusedError:
        """Return a refusal that names no booking that the actor may not read."""
        if actor is None:
            return refused
        with self._read() as unit:
            return type(refused)(self._shown(unit, refused.explanation, actor))

    def _shown(self, unit: UnitOfWork, explanation: Explanation, actor: Actor | None) -> Explanation:
        """Return an explanation with the ids of those bookings only that the actor may read."""
        check_actor(actor)

        def visible(booking_id: Id) -> bool:
            try:
                return bool(self._visible(unit.bookings.get(booking_id), actor))
            except (ForbiddenError, NotFoundError):
                return False

        return explanation if actor is None else explanation.showing(visible)

    def _visible(self, booking: Booking, actor: Actor | None) -> Booking:
        """Return the booking if the actor may read it.

        Raises:
            ForbiddenError: The actor is none of the viewers.
        """
        check_actor(actor)
        case = Circumstances(
            actor=actor,
            owner_id=booking.customer_id,
            resource_ids=booking.resource_ids,
            interval=booking.interval,
            now=booking.updated_at,
        )
        if actor is not None and not someone_permits(self.viewers, case):
            raise self._unseen(actor, "read")
        return booking

    def _unseen(self, actor: Actor, action: str) -> ForbiddenError:
        return ForbiddenError(actor.id, action, [need for who in self.viewers for need in who.needs])

    def _manage(self, actor: Actor | None, action: str) -> None:
        """Raise `ForbiddenError` unless the actor has one of the managers' roles."""
        check_actor(actor)
        if actor is not None and self.managers.isdisjoint(actor.roles):
            raise ForbiddenError(actor.id, action, [f"role:{role}" for role in sorted(self.managers)])
