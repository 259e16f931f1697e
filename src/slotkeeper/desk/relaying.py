"""Relaying: events handed on from the outbox, by any number of relays, and what becomes of the rest."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from slotkeeper.desk.arguments import check_count, check_function, check_kind, check_length
from slotkeeper.desk.awaiting import check_plain, check_taken, told
from slotkeeper.desk.command import Command, Work
from slotkeeper.desk.core import DeskCore
from slotkeeper.domain.actor import SYSTEM, Actor
from slotkeeper.domain.delivery import Delivery, Redelivery
from slotkeeper.domain.event import Event
from slotkeeper.domain.ids import Id, check_id
from slotkeeper.domain.instant import later
from slotkeeper.ports import Notifier

_LOG = logging.getLogger("slotkeeper")

LEASE: Final = dt.timedelta(minutes=5)
USUALLY: Final = Redelivery()
_LONGEST_FAULT: Final = 500
_NO_WORD: Final = "each attempt ended before it was known whether the event was taken"


@attrs.frozen
class _Batch:
    """Events that one relay has for itself until a time, and how the handing on of each ended."""

    claim: Id
    until: dt.datetime
    deliveries: Sequence[Delivery]
    taken: list[Id] = attrs.field(factory=list, init=False)
    faults: dict[Id, str] = attrs.field(factory=dict, init=False)
    stopped: set[Id] = attrs.field(factory=set, init=False)
    """The bookings of which an event was not taken, so that the later ones must wait for it."""

    def fail(self, delivery: Delivery, fault: str) -> None:
        self.faults[delivery.event.id] = fault
        self.stopped.add(delivery.event.booking_id)

    @property
    def untried(self) -> list[Id]:
        ids = (one.event.id for one in self.deliveries)
        return [one for one in ids if one not in self.faults and one not in self.taken]


class Relaying(DeskCore):
    """What is told to other systems, at least once, in order per booking."""

    def relay(
        self,
        notify: Notifier | None = None,
        *,
        limit: int = 100,
        lease: dt.timedelta = LEASE,
        redelivery: Redelivery = USUALLY,
    ) -> int:
        """Hand events from the outbox to ``notify``, or to the subscribers, and return how many were taken.

        Each event is handed on at least once, and those of one booking in their order. Any number of relays
        may run at once: what one has claimed, no other is given before the lease ends. An event whose
        receiver raises is offered again later, and the later ones of its booking wait for it; those of other
        bookings go on. After its last attempt it is parked, until somebody has it retried or dismissed. So
        is an event whose relay ended without a word that many times.

        Subscribers were told after the commit, unless the transaction was the host's; so a host that relays
        to something else names it. It is a sweep, so it takes no idempotency key.

        Args:
            notify: Who is told; the subscribers unless one is given.
            limit: How many events to try at most.
            lease: For how long events are this relay's alone, by the desk's clock; longer than the receiver
                may take for one of them.
            redelivery: When what was not taken is offered again, and how often.

        Raises:
            InvalidFieldError: The limit or the lease is not positive, ``notify`` cannot be called, or what it
                returns must be awaited, which only `AsyncBookingDesk` does; then nothing counts as taken.
        """
        check_count("limit", limit)
        check_function("notify", notify)
        check_plain("notify", notify, "AsyncBookingDesk")
        check_length("lease", lease)
        check_kind("redelivery", redelivery, Redelivery)
        receivers = self.subscribers if notify is None else (notify,)
        tried = taken = 0
        while tried < limit:
            batch = self._claimed(limit - tried, lease)
            if not batch.deliveries:
                break
            self._hand_on(batch, receivers, redelivery)
            tried += len(batch.deliveries)
            taken += len(batch.taken)
        return taken

    def parked_events(self, *, actor: Actor | None = None, limit: int = 100) -> list[Delivery]:
        """Return the events that were given up, the longest parked first, with what was raised last.

        Raises:
            ForbiddenError: The actor is no manager.
        """
        check_count("limit", limit)
        self._manage(actor, "parked_events")
        with self._read() as unit:
            return list(unit.outbox.parked(limit=limit))

    def retry_event(self, event_id: Id, *, actor: Actor | None = None, key: str | None = None) -> None:
        """Have a parked event offered again, as if for the first time; what waits behind it follows.

        Raises:
            NotFoundError: No event with that id is parked.
            ForbiddenError: The actor is no manager.
            IdempotencyMismatchError: The key belongs to another request.
        """
        self._decide("retry_event", event_id, actor, key, dismissed=False)

    def dismiss_event(self, event_id: Id, *, actor: Actor | None = None, key: str | None = None) -> None:
        """Have a parked event count as handed on, so that what waits behind it goes on without it.

        Raises:
            NotFoundError: No event with that id is parked.
            ForbiddenError: The actor is no manager.
            IdempotencyMismatchError: The key belongs to another request.
        """
        self._decide("dismiss_event", event_id, actor, key, dismissed=True)

    # -- steps -----------------------------------------------------------------------------------------------

    def _decide(
        self, name: str, event_id: Id, actor: Actor | None, key: str | None, *, dismissed: bool
    ) -> None:
        check_id("event_id", event_id)
        self._manage(actor, name)

        def change(work: Work) -> bool:
            work.unit.outbox.release(event_id)
            if dismissed:
                work.unit.outbox.mark_sent([event_id], at=work.now)
            return True

        self._run(Command(name, actor, key, {"id": event_id}), bool, change)

    def _claimed(self, limit: int, lease: dt.timedelta) -> _Batch:
        """Take events in a unit of work of its own, which is committed before anybody is told."""

        def take(work: Work) -> _Batch:
            claim, until = self.new_id(), later(work.now, lease)
            return _Batch(claim, until, work.unit.outbox.claim(claim, now=work.now, until=until, limit=limit))

        return self._run(Command("relay", SYSTEM), _Batch, take)

    def _hand_on(self, batch: _Batch, receivers: Iterable[Notifier], redelivery: Redelivery) -> None:
        """Offer each event while the claim lasts, and note how it went, whatever ends the loop."""
        try:
            for one in batch.deliveries:
                if self._now() >= batch.until:
                    break
                if one.event.booking_id in batch.stopped:
                    continue
                if one.attempt > redelivery.attempts:
                    batch.fail(one, one.fault or _NO_WORD)
                elif (fault := _offer(one.event, receivers)) is None:
                    batch.taken.append(one.event.id)
                else:
                    batch.fail(one, fault)
        finally:
            self._run(Command("relay", SYSTEM), bool, lambda work: _note(work, batch, redelivery))


def _offer(event: Event, receivers: Iterable[Notifier]) -> str | None:
    """Hand an event to receivers, and return what one of them raised, in words that every database holds."""
    for notify in receivers:
        try:
            result = told(notify, event)
        except Exception as error:  # noqa: BLE001 - it is logged and kept, and the event comes again
            _LOG.exception("event %s was not taken", event.id)
            return f"{type(error).__name__}: {str(error)!r}"[:_LONGEST_FAULT]
        check_taken(notify, result)
    return None


def _note(work: Work, batch: _Batch, redelivery: Redelivery) -> bool:
    outbox = work.unit.outbox
    outbox.mark_sent(batch.taken, at=work.now)
    outbox.give_back(batch.claim, batch.untried)
    for one in batch.deliveries:
        fault = batch.faults.get(one.event.id)
        if fault is None:
            continue
        pause = redelivery.pause_after(one.attempt)
        if pause is None:
            outbox.park(batch.claim, one.event.id, at=work.now, fault=fault)
        else:
            outbox.put_off(batch.claim, one.event.id, until=later(work.now, pause), fault=fault)
    return True
