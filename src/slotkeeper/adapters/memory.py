"""`MemoryStore`: everything in this process, for tests, notebooks and small tools; it ends with the process.

One lock serialises units of work. Each change leaves a note of how to undo it; a unit of work that fails is
undone from the last note to the first.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count as counting
from typing import Generic, TypeVar

from slotkeeper.adapters.cursor import SortKey, cursor_after, read_cursor, sort_key
from slotkeeper.adapters.hits import taken
from slotkeeper.adapters.memory_outbox import MemoryOutbox
from slotkeeper.adapters.undo import Undo, put, take
from slotkeeper.domain.booking import Booking, PaymentStatus
from slotkeeper.domain.ids import Id, id_to_text
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.listing import BookingFilter, Listing, Page
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.service import Service
from slotkeeper.domain.slot import Timeslot
from slotkeeper.engine.guard import check_capacity
from slotkeeper.engine.timeline import Timeline
from slotkeeper.errors import DuplicateIdError, IdempotencyPendingError, NotFoundError, StaleVersionError
from slotkeeper.ports import KeptResult, UnitOfWork

T = TypeVar("T", Resource, Service)


class MemoryStore:
    """Keeps everything in memory; safe to share between threads."""

    commits = True

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._undo: Undo = []
        self._depth = 0
        self._unit = MemoryUnit(self._undo)

    @contextmanager
    def begin(self, *, write: bool = True) -> Iterator[UnitOfWork]:
        """Open a unit of work; other threads wait until it ends, whether it writes or not.

        One that is opened inside another belongs to it: should it fail, its own changes are undone, and
        should the outer one fail, those of both.
        """
        del write
        with self._lock:
            self._depth += 1
            mark = len(self._undo)
            try:
                yield self._unit
            except BaseException:
                while len(self._undo) > mark:
                    self._undo.pop()()
                raise
            finally:
                self._depth -= 1
                if not self._depth:
                    self._undo.clear()


class MemoryUnit:
    """The repositories, and the notes of how to undo what was changed in them."""

    def __init__(self, undo: Undo) -> None:
        self.resources: MemoryCatalogue[Resource] = MemoryCatalogue("resource", undo)
        self.services: MemoryCatalogue[Service] = MemoryCatalogue("service", undo)
        self.bookings = MemoryBookings(self.resources, self.services, undo)
        self.timeslots = MemoryTimeslots(self.resources, undo)
        self.outbox = MemoryOutbox(undo)
        self.keys = MemoryKeys(undo)
        self.hits = MemoryHits(undo)
        self._numbers = counting(1)

    def next_number(self) -> int:
        """Return the next number, which is not given again whatever becomes of the unit of work."""
        return next(self._numbers)

    def lock(self, resource_ids: Iterable[Id], /) -> None:
        """Do nothing more: a unit of work has the whole store locked."""


class MemoryCatalogue(Generic[T]):
    """Resources or services by id."""

    def __init__(self, kind: str, undo: Undo) -> None:
        self._kind, self._undo = kind, undo
        self._items: dict[Id, T] = {}

    def get(self, item_id: Id, /) -> T:
        """Return one by id."""
        try:
            return self._items[item_id]
        except KeyError:
            raise NotFoundError(self._kind, item_id) from None

    def several(self, item_ids: Iterable[Id], /) -> Sequence[T]:
        """Return some by id, in the order of the ids."""
        return [self.get(one) for one in item_ids]

    def all(self) -> Sequence[T]:
        """Return every one, in the order in which they were first put."""
        return list(self._items.values())

    def put(self, item: T, /) -> None:
        """Store a new one at version 1, or replace the version before."""
        old = self._items.get(item.id)
        actual = old.version if old else 0
        if item.version != actual + 1:
            raise StaleVersionError(self._kind, item.id, item.version - 1, actual)
        put(self._items, item.id, item, self._undo)


class MemoryBookings:
    """Bookings by id, and by resource in a timeline of their reach."""

    def __init__(
        self, resources: MemoryCatalogue[Resource], services: MemoryCatalogue[Service], undo: Undo
    ) -> None:
        self._resources, self._services, self._undo = resources, services, undo
        self._items: dict[Id, Booking] = {}
        self._timelines: dict[Id, Timeline[Id]] = {}

    def get(self, booking_id: Id, /) -> Booking:
        """Return one by id."""
        try:
            return self._items[booking_id]
        except KeyError:
            raise NotFoundError("booking", booking_id) from None

    def add(self, booking: Booking, /, *, now: dt.datetime) -> None:
        """Store a new booking, guarded."""
        if booking.id in self._items:
            raise DuplicateIdError("booking", booking.id)
        self._check(booking, now)
        self._store(booking)

    def replace(self, booking: Booking, /, *, now: dt.datetime) -> None:
        """Replace the version before, guarded."""
        stored = self.get(booking.id)
        if booking.version != stored.version + 1:
            raise StaleVersionError("booking", booking.id, booking.version - 1, stored.version)
        self._check(booking, now)
        self._remove(stored)
        self._store(booking)

    def _check(self, booking: Booking, now: dt.datetime) -> None:
        capacities = {one: self._resources.get(one).capacity for one in booking.resource_ids}
        others = {
            one.id: one
            for row in booking.allocations
            for one in self.relevant([row.resource_id], row.occupied)
        }
        check_capacity(booking, others.values(), capacities, now=now)
        self._services.get(booking.service_id)

    def _store(self, booking: Booking) -> None:
        self._index(booking)
        self._undo.append(lambda: self._unindex(booking))
        put(self._items, booking.id, booking, self._undo)

    def _remove(self, booking: Booking) -> None:
        self._unindex(booking)
        self._undo.append(lambda: self._index(booking))

    def _index(self, booking: Booking) -> None:
        if booking.occupies or booking.counts:
            for row in booking.allocations:
                self._timelines.setdefault(row.resource_id, Timeline()).add(row.reach, booking.id)

    def _unindex(self, booking: Booking) -> None:
        if booking.occupies or booking.counts:
            for row in booking.allocations:
                self._timelines[row.resource_id].remove(booking.id)

    def relevant(self, resource_ids: Iterable[Id], reach: Interval, /) -> Sequence[Booking]:
        """Return those that occupy or count near an interval."""
        timelines = (self._timelines[one] for one in set(resource_ids) if one in self._timelines)
        ids = {entry.key for timeline in timelines for entry in timeline.overlapping(reach)}
        return sorted((self._items[one] for one in ids), key=lambda one: sort_key(one, "start"))

    def find(self, wanted: BookingFilter, listing: Listing, /) -> Page[Booking]:
        """Return a part of the bookings that the filter admits."""
        descending = listing.order.startswith("-")
        found = [one for one in self._items.values() if wanted.admits(one)]
        found.sort(key=lambda one: sort_key(one, listing.order), reverse=descending)
        rest = found[listing.offset :]
        if listing.after is not None:
            last = read_cursor(listing.after, listing.order)
            rest = [
                one for one in rest if _follows(sort_key(one, listing.order), last, descending=descending)
            ]
        items = rest[: listing.limit]
        more = cursor_after(items[-1], listing.order) if len(rest) > len(items) else None
        return Page(items, len(found), more)

    def lapsed(self, now: dt.datetime, /, *, limit: int) -> Sequence[Booking]:
        """Return bookings that occupy although their expiry is reached."""
        found = (one for one in self._items.values() if one.occupies and one.lapsed(now))
        return sorted(found, key=lambda one: (one.expires_at, id_to_text(one.id)))[:limit]

    def owed(self, *, limit: int) -> Sequence[Booking]:
        """Return bookings whose refund is pending."""
        found = (one for one in self._items.values() if one.payment.status is PaymentStatus.REFUND_PENDING)
        return sorted(found, key=lambda one: sort_key(one, "updated_at"))[:limit]

    def unreminded(self, starting: Interval, /, *, now: dt.datetime, limit: int) -> Sequence[Booking]:
        """Return bookings that block, start within an interval and were not reminded of."""
        found = (
            one
            for one in self._items.values()
            if one.interval.start in starting and one.reminded_at is None and one.blocks(now)
        )
        return sorted(found, key=lambda one: sort_key(one, "start"))[:limit]


class MemoryTimeslots:
    """Stored slots by id."""

    def __init__(self, resources: MemoryCatalogue[Resource], undo: Undo) -> None:
        self._resources, self._undo = resources, undo
        self._items: dict[Id, Timeslot] = {}

    def get(self, timeslot_id: Id, /) -> Timeslot:
        """Return one by id."""
        try:
            return self._items[timeslot_id]
        except KeyError:
            raise NotFoundError("timeslot", timeslot_id) from None

    def add(self, timeslot: Timeslot, /) -> None:
        """Store a new one."""
        if timeslot.id in self._items:
            raise DuplicateIdError("timeslot", timeslot.id)
        self._resources.get(timeslot.resource_id)
        put(self._items, timeslot.id, timeslot, self._undo)

    def find(self, resource_ids: Iterable[Id], overlapping: Interval, /) -> Sequence[Timeslot]:
        """Return those of these resources that overlap an interval."""
        wanted = set(resource_ids)
        found = (
            one
            for one in self._items.values()
            if one.resource_id in wanted and overlapping.overlaps(one.interval)
        )
        return sorted(found, key=lambda one: (one.interval.start, id_to_text(one.id)))

    def delete(self, timeslot_id: Id, /) -> None:
        """Remove one."""
        self.get(timeslot_id)
        take(self._items, timeslot_id, self._undo)


class MemoryKeys:
    """Results by idempotency key."""

    def __init__(self, undo: Undo) -> None:
        self._undo = undo
        self._items: dict[tuple[str, str], KeptResult] = {}

    def get(self, scope: str, key: str, /) -> KeptResult | None:
        """Return what is kept under a key, or None."""
        return self._items.get((scope, key))

    def keep(self, scope: str, key: str, kept: KeptResult, /) -> None:
        """Keep a result under a key."""
        if (scope, key) in self._items:
            raise IdempotencyPendingError(key)
        put(self._items, (scope, key), kept, self._undo)

    def forget(self, before: dt.datetime, /, *, limit: int) -> int:
        """Forget results that were kept before an instant."""
        old = sorted((one.at, *pair) for pair, one in self._items.items() if one.at < before)[:limit]
        for _, *pair in old:
            take(self._items, tuple(pair), self._undo)
        return len(old)


class MemoryHits:
    """The instants of the last hits, by subject."""

    def __init__(self, undo: Undo) -> None:
        self._undo = undo
        self._items: dict[str, tuple[dt.datetime, ...]] = {}

    def take(self, subject: str, /, *, now: dt.datetime, count: int, per: dt.timedelta) -> dt.datetime | None:
        """Note a hit unless there were too many."""
        noted = taken(self._items.get(subject, ()), now=now, count=count, per=per)
        if isinstance(noted, dt.datetime):
            return noted
        put(self._items, subject, noted, self._undo)
        return None


def _follows(key: SortKey, last: SortKey, *, descending: bool) -> bool:
    return key < last if descending else key > last
