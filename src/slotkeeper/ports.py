"""Ports: what the desk asks of the outside world, each as small as the desk needs.

A `Store` opens units of work; a unit of work is one transaction with the repositories in it. What a store
must keep, beyond these signatures, is a suite in `slotkeeper.testing` that any store can run:

- a unit of work that ends with an exception leaves nothing behind;
- after `UnitOfWork.lock` another unit of work that locks one of these resources waits until this one ends;
- `Bookings.add` and `Bookings.replace` refuse a booking that would lift the peak load of a resource above its
  capacity, whoever calls them;
- a booking, resource or service is replaced only by its next version;
- an id is given once, and what a booking or a stored slot names, its service and its resources, exists.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar, runtime_checkable

import attrs

from slotkeeper.domain.booking import Booking
from slotkeeper.domain.delivery import Delivery
from slotkeeper.domain.event import Event
from slotkeeper.domain.ids import Id
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.listing import BookingFilter, Listing, Page
from slotkeeper.domain.money import Money
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.service import Service
from slotkeeper.domain.slot import Timeslot

T = TypeVar("T")


class Clock(Protocol):
    """The one source of the present; called with no arguments, it returns an aware datetime."""

    def __call__(self) -> dt.datetime:
        """Return the present instant."""


class Notifier(Protocol):
    """Told of events after they are committed; what it raises does not undo them."""

    def __call__(self, event: Event, /) -> None:
        """Take notice of an event."""


class PaymentGateway(Protocol):
    """A payment provider. The booking's id is the provider's idempotency key, so that calls may be repeated.

    The desk never calls it inside a unit of work.
    """

    def charge(self, booking_id: Id, amount: Money) -> str:
        """Open a checkout and return the provider's reference for it.

        Raises:
            PaymentError: The provider refuses or fails.
        """

    def refund(self, booking_id: Id, reference: str, amount: Money) -> None:
        """Give back a part of what was paid.

        Raises:
            PaymentError: The provider refuses or fails.
        """


class AsyncNotifier(Protocol):
    """A `Notifier` that is awaited."""

    def __call__(self, event: Event, /) -> Awaitable[None]:
        """Take notice of an event."""


class AsyncPaymentGateway(Protocol):
    """A `PaymentGateway` that is awaited; the same holds of its calls."""

    def charge(self, booking_id: Id, amount: Money) -> Awaitable[str]:
        """Open a checkout and return the provider's reference for it.

        Raises:
            PaymentError: The provider refuses or fails.
        """

    def refund(self, booking_id: Id, reference: str, amount: Money) -> Awaitable[None]:
        """Give back a part of what was paid.

        Raises:
            PaymentError: The provider refuses or fails.
        """


@attrs.frozen
class KeptResult:
    """What an idempotency key is remembered with: the request's fingerprint and the result as JSON."""

    fingerprint: str
    result: Mapping[str, Any] = attrs.field(hash=False)
    at: dt.datetime


class Catalogue(Protocol[T]):
    """Resources or services by id."""

    def get(self, item_id: Id, /) -> T:
        """Return one by id, active or not.

        Raises:
            NotFoundError: There is none.
        """

    def several(self, item_ids: Iterable[Id], /) -> Sequence[T]:
        """Return some by id, active or not, in the order of the ids.

        Raises:
            NotFoundError: There is none with one of them; the first such is named.
        """

    def all(self) -> Sequence[T]:
        """Return every one, active or not, in the order in which they were first put."""

    def put(self, item: T, /) -> None:
        """Store a new one at version 1, or replace the one before its version.

        Raises:
            StaleVersionError: The stored version is not the one before.
        """


class Bookings(Protocol):
    """Bookings by id, with the guard against overbooking."""

    def get(self, booking_id: Id, /) -> Booking:
        """Return one by id.

        Raises:
            NotFoundError: There is none.
        """

    def add(self, booking: Booking, /, *, now: dt.datetime) -> None:
        """Store a new booking.

        Raises:
            DuplicateIdError: There is one with that id.
            NotFoundError: There is no such service, or no such resource.
            SlotTakenError: Together with the bookings that block at ``now`` it exceeds a resource's capacity.
        """

    def replace(self, booking: Booking, /, *, now: dt.datetime) -> None:
        """Replace the version before by this one, under the same guard as `add`.

        Raises:
            NotFoundError: There is none with that id, no such service or no such resource.
            StaleVersionError: The stored version is not the one before.
            SlotTakenError: As for `add`.
        """

    def relevant(self, resource_ids: Iterable[Id], reach: Interval, /) -> Sequence[Booking]:
        """Return what occupies or counts on these resources near an interval, in order of start and id.

        Near is a booking of which the `Allocation.reach` on one of the resources overlaps ``reach``.
        """

    def find(self, wanted: BookingFilter, listing: Listing, /) -> Page[Booking]:
        """Return a part of the bookings that the filter admits."""

    def lapsed(self, now: dt.datetime, /, *, limit: int) -> Sequence[Booking]:
        """Return bookings that occupy although their expiry is reached, the longest overdue first."""

    def owed(self, *, limit: int) -> Sequence[Booking]:
        """Return bookings whose refund is pending, the longest waiting first."""

    def unreminded(self, starting: Interval, /, *, now: dt.datetime, limit: int) -> Sequence[Booking]:
        """Return bookings that block, start in an interval and were not reminded of, in order of start."""


class Timeslots(Protocol):
    """Stored slots by id."""

    def get(self, timeslot_id: Id, /) -> Timeslot:
        """Return one by id.

        Raises:
            NotFoundError: There is none.
        """

    def add(self, timeslot: Timeslot, /) -> None:
        """Store a new one.

        Raises:
            DuplicateIdError: There is one with that id.
            NotFoundError: There is no such resource.
        """

    def find(self, resource_ids: Iterable[Id], overlapping: Interval, /) -> Sequence[Timeslot]:
        """Return those of these resources that overlap an interval, in order of start and id."""

    def delete(self, timeslot_id: Id, /) -> None:
        """Remove one.

        Raises:
            NotFoundError: There is none.
        """


class Outbox(Protocol):
    """Events waiting to be handed on, kept in the transaction that they tell of."""

    def append(self, event: Event, /) -> None:
        """Add an event.

        Raises:
            DuplicateIdError: There is one with that id.
        """

    def pending(self, *, limit: int) -> Sequence[Event]:
        """Return events not yet marked, in the order in which they were appended."""

    def claim(self, claim: Id, /, *, now: dt.datetime, until: dt.datetime, limit: int) -> Sequence[Delivery]:
        """Take events to hand on, in the order of appending; nobody else is given them before ``until``.

        Free are those that are neither marked nor parked and whose last claim or pause has ended by ``now``,
        that instant included. An event stays while an earlier one of its booking waits that is not taken with
        it. One whose last claim ran out is taken alone: should it end its relay each time, it drags no other
        along.
        """

    def mark_sent(self, event_ids: Iterable[Id], /, *, at: dt.datetime) -> None:
        """Mark events as handed on; they stay as history."""

    def put_off(self, claim: Id, event_id: Id, /, *, until: dt.datetime, fault: str) -> None:
        """Have a claimed event pause because of a fault; do nothing if the claim has lost it."""

    def park(self, claim: Id, event_id: Id, /, *, at: dt.datetime, fault: str) -> None:
        """Give up a claimed event; do nothing if the claim has lost it. What follows in its booking waits."""

    def give_back(self, claim: Id, event_ids: Iterable[Id], /) -> None:
        """Free what a claim still has of these events, as if they had not been taken."""

    def parked(self, *, limit: int) -> Sequence[Delivery]:
        """Return events that were given up, the longest parked first."""

    def release(self, event_id: Id, /) -> None:
        """Have a parked event wait to be handed on, as if for the first time.

        Raises:
            NotFoundError: No event with that id is parked.
        """

    def history(self, booking_id: Id, /) -> Sequence[Event]:
        """Return all events of a booking, in order."""


class Keys(Protocol):
    """Results by idempotency key."""

    def get(self, scope: str, key: str, /) -> KeptResult | None:
        """Return what is kept under a key, or None."""

    def keep(self, scope: str, key: str, kept: KeptResult, /) -> None:
        """Keep a result under a key.

        Raises:
            IdempotencyPendingError: Another unit of work has kept one meanwhile.
        """

    def forget(self, before: dt.datetime, /, *, limit: int) -> int:
        """Forget results that were kept before an instant, the oldest first, and return how many."""


class Hits(Protocol):
    """How often a subject did something lately."""

    def take(self, subject: str, /, *, now: dt.datetime, count: int, per: dt.timedelta) -> dt.datetime | None:
        """Note a hit unless ``count`` were noted in the stretch of ``per`` that ends now, open at its start.

        Whoever takes a hit of the same subject meanwhile waits, or is refused by the time both end. Hits that
        no longer count when another one is noted need not be kept. Those that lie in the future, where clocks
        differ, count if they are nearer than ``per``.

        Returns:
            None if it was noted, else the first instant at which one would be if none came before.
        """


class UnitOfWork(Protocol):
    """One transaction."""

    @property
    def resources(self) -> Catalogue[Resource]:
        """The resources."""

    @property
    def services(self) -> Catalogue[Service]:
        """The services."""

    @property
    def bookings(self) -> Bookings:
        """The bookings."""

    @property
    def timeslots(self) -> Timeslots:
        """The stored slots."""

    @property
    def outbox(self) -> Outbox:
        """The events."""

    @property
    def keys(self) -> Keys:
        """The idempotency keys."""

    @property
    def hits(self) -> Hits:
        """What rate limits count."""

    def next_number(self) -> int:
        """Return a whole number from 1 on, greater than all that were given to units of work that ended well.

        Those given to others may come again, and need not.
        """

    def lock(self, resource_ids: Iterable[Id], /) -> None:
        """Wait until no other unit of work has one of these resources, then keep them until this one ends.

        What is read afterwards is no older than the lock.
        """


class Store(Protocol):
    """Keeps everything; the only way in is a unit of work."""

    def begin(self, *, write: bool = True) -> AbstractContextManager[UnitOfWork]:
        """Open a unit of work: it commits when the block ends, and rolls back when the block raises.

        One that only reads may run beside writers and sees one consistent state.
        """

    @property
    def commits(self) -> bool:
        """Whether a unit of work that ends is committed; false where the transaction is the host's to end.

        Then events are not handed to subscribers; they wait in the outbox until the host relays them.
        """


@runtime_checkable
class RepeatingStore(Protocol):
    """A store that can have a whole command carried out again where a passing fault has ended it.

    Only a store whose units of work end with their blocks may be one: where the transaction is the host's,
    nobody but the host can repeat it.
    """

    def repeat(self, command: Callable[[], T], /) -> T:
        """Carry out a command, anew after a `RetryableError` as often as is bounded, and return its result.

        Raises:
            RetryableError: The last attempt ended so.
        """


class AsyncStore(Protocol):
    """A store for an event loop: what is written for a `Store` runs over it while the loop goes on."""

    async def run(self, work: Callable[[Store], T], /) -> T:
        """Carry out what needs a store, and return its result; other tasks run while it waits.

        When the task is cancelled meanwhile, the unit of work that is open leaves nothing behind.
        """

    def wait(self, awaitable: Awaitable[T], /) -> T:
        """Return what an awaitable gives, from within the work of `run`."""
