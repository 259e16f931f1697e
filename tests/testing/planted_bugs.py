"""Stores that are wrong in one way each, as real ones are; made of the memory store, which is right."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence

import attrs

from slotkeeper.adapters.claims import Free
from slotkeeper.adapters.cursor import sort_key
from slotkeeper.adapters.memory import MemoryBookings, MemoryHits, MemoryKeys, MemoryStore, MemoryTimeslots
from slotkeeper.adapters.memory_outbox import MemoryOutbox
from slotkeeper.adapters.undo import take
from slotkeeper.domain.booking import Booking
from slotkeeper.domain.delivery import Delivery
from slotkeeper.domain.event import Event
from slotkeeper.domain.explanation import Explanation
from slotkeeper.domain.ids import Id
from slotkeeper.domain.instant import EARLIEST, TICK
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.listing import BookingFilter, Listing, Page
from slotkeeper.engine.guard import check_capacity
from slotkeeper.errors import SlotTakenError
from slotkeeper.ports import KeptResult


def wrong(**parts: type) -> MemoryStore:
    """Return a memory store in which some repositories are of other classes."""
    store = MemoryStore()
    undo = store._undo
    for name, kind in parts.items():
        arguments = (store._unit.resources, undo) if name == "bookings" else (undo,)
        setattr(store._unit, name, kind(*arguments))
    return store


class LosesUpdates(MemoryBookings):
    """Replaces whatever version is there."""

    def replace(self, booking: Booking, /, *, now: dt.datetime) -> None:
        self._check(booking, now)
        self._remove(self.get(booking.id))
        self._store(booking)


class OverwritesBookings(MemoryBookings):
    """Takes an id in use for a change."""

    def add(self, booking: Booking, /, *, now: dt.datetime) -> None:
        self._check(booking, now)
        if booking.id in self._items:
            self._remove(self._items[booking.id])
        self._store(booking)


class GuardsAddsOnly(MemoryBookings):
    """Checks what is new, and not what is moved or confirmed."""

    def _check(self, booking: Booking, now: dt.datetime) -> None:
        if booking.version == 1:
            super()._check(booking, now)


class ChecksOtherwise(MemoryBookings):
    """Has a guard that looks at other bookings than it should."""

    def seen(self, booking: Booking) -> Booking:
        """Return what the guard takes a booking for."""
        return booking

    def _check(self, booking: Booking, now: dt.datetime) -> None:
        capacities = {one: self._resources.get(one).capacity for one in booking.resource_ids}
        others = [self.seen(one) for one in self._items.values()]
        check_capacity(self.seen(booking), others, capacities, now=now)


class TakesEndsForTaken(ChecksOtherwise):
    """Holds intervals to be closed, so that touching ones overlap."""

    def seen(self, booking: Booking) -> Booking:
        rows = [attrs.evolve(one, interval=one.interval.expand(after=TICK)) for one in booking.allocations]
        return attrs.evolve(booking, allocations=rows)


class LeavesGaps(ChecksOtherwise):
    """Takes the last tick of an interval for free."""

    def seen(self, booking: Booking) -> Booking:
        rows = [attrs.evolve(one, interval=one.interval.expand(after=-TICK)) for one in booking.allocations]
        return attrs.evolve(booking, allocations=rows)


class MissesAStatus(ChecksOtherwise):
    """Knows by heart which statuses take resources."""

    def seen(self, booking: Booking) -> Booking:
        return attrs.evolve(booking, occupies=booking.occupies and booking.status != "in_progress")


class IgnoresBuffers(ChecksOtherwise):
    """Guards the bare intervals."""

    def seen(self, booking: Booking) -> Booking:
        rows = [
            attrs.evolve(one, buffers=attrs.evolve(one.buffers, combine="none"))
            for one in booking.allocations
        ]
        return attrs.evolve(booking, allocations=rows)


class ChecksTheFirstResourceOnly(ChecksOtherwise):
    """Forgets the others that a booking takes."""

    def seen(self, booking: Booking) -> Booking:
        return attrs.evolve(booking, allocations=booking.allocations[:1])


class LetsLapsedHoldsBlock(MemoryBookings):
    """Holds that an expiry is what a sweep notes, not what the clock says."""

    def _check(self, booking: Booking, now: dt.datetime) -> None:
        super()._check(booking, EARLIEST if booking.blocks(now) else now)


class AddsUpInsteadOfPeaking(MemoryBookings):
    """Adds up all that overlaps, though it may come one after the other."""

    def _check(self, booking: Booking, now: dt.datetime) -> None:
        super()._check(booking, now)
        for row in booking.allocations if booking.blocks(now) else ():
            others = (one for one in self.relevant([row.resource_id], row.occupied) if one.blocks(now))
            rows = [it for one in others if one.id != booking.id for it in one.allocations]
            near = [
                one
                for one in rows
                if one.resource_id == row.resource_id and one.occupied.overlaps(row.occupied)
            ]
            if row.units + sum(one.units for one in near) > self._resources.get(row.resource_id).capacity:
                raise SlotTakenError(Explanation(booking.service_id, booking.interval.start))


class FindsByBareIntervals(MemoryBookings):
    """Leaves the buffers out when asked what is near."""

    def relevant(self, resource_ids: Iterable[Id], reach: Interval, /) -> Sequence[Booking]:
        wanted = set(resource_ids)
        found = super().relevant(wanted, reach)
        return [
            one
            for one in found
            if any(row.interval.overlaps(reach) for row in one.allocations if row.resource_id in wanted)
        ]


class ForgetsWhatOnlyCounts(MemoryBookings):
    """Returns what occupies, and not what counts towards limits."""

    def relevant(self, resource_ids: Iterable[Id], reach: Interval, /) -> Sequence[Booking]:
        return [one for one in super().relevant(resource_ids, reach) if one.occupies]


class IgnoresOffsets(MemoryBookings):
    """Returns the first page whatever page is asked for."""

    def find(self, wanted: BookingFilter, listing: Listing, /) -> Page[Booking]:
        return super().find(wanted, attrs.evolve(listing, offset=0))


class LeavesTiesToChance(MemoryBookings):
    """Orders by the instant alone."""

    def find(self, wanted: BookingFilter, listing: Listing, /) -> Page[Booking]:
        page = super().find(wanted, attrs.evolve(listing, limit=1000, after=None, offset=0))
        items = sorted(self._items.values(), key=lambda one: sort_key(one, listing.order)[0])
        admitted = [one for one in items if wanted.admits(one)]
        ordered = admitted[::-1] if listing.order.startswith("-") else admitted
        return Page(ordered[listing.offset :][: listing.limit], page.total, None)


class RepeatsTheCursor(MemoryBookings):
    """Begins the next page with the last item of the one before."""

    def find(self, wanted: BookingFilter, listing: Listing, /) -> Page[Booking]:
        page = super().find(wanted, listing)
        if listing.after is None:
            return page
        everything = super().find(wanted, attrs.evolve(listing, after=None, limit=1000)).items
        first = everything.index(page.items[0]) if page.items else len(everything)
        return attrs.evolve(page, items=[*everything[first - 1 : first], *page.items][: listing.limit])


class CountsThePage(MemoryBookings):
    """Takes the length of the page for the total."""

    def find(self, wanted: BookingFilter, listing: Listing, /) -> Page[Booking]:
        page = super().find(wanted, listing)
        return attrs.evolve(page, total=len(page.items))


class DropsMicroseconds(MemoryBookings):
    """Keeps instants to the second."""

    def _store(self, booking: Booking) -> None:
        super()._store(attrs.evolve(booking, created_at=booking.created_at.replace(microsecond=0)))


class TurnsHoldsIntoBookings(MemoryBookings):
    """Forgets the class of what is stored."""

    def get(self, booking_id: Id, /) -> Booking:
        found = super().get(booking_id)
        return Booking(**{field.name: getattr(found, field.name) for field in attrs.fields(Booking)})


class TakesIdsForText(MemoryBookings):
    """Takes the number 1 for the text of it."""

    def get(self, booking_id: Id, /) -> Booking:
        return next(one for key, one in self._items.items() if str(key) == str(booking_id))


class KeepsEventsOfWhatFailed(MemoryOutbox):
    """Is left out of the transaction."""

    def __init__(self, undo: list[Callable[[], object]]) -> None:
        super().__init__([])
        del undo


class TellsEventsByTheirId(MemoryOutbox):
    """Orders events by something other than their arrival."""

    def pending(self, *, limit: int) -> Sequence[Event]:
        return sorted(super().pending(limit=1000), key=lambda one: str(one.id))[:limit]


class ForgetsWhatWasSent(MemoryOutbox):
    """Keeps no history."""

    def history(self, booking_id: Id, /) -> Sequence[Event]:
        return [one for one in super().history(booking_id) if self._way(one.id).sent_at is None]


class GivesEventsToAll(MemoryOutbox):
    """Forgets who has taken what."""

    def claim(self, claim: Id, /, *, now: dt.datetime, until: dt.datetime, limit: int) -> Sequence[Delivery]:
        del until
        return super().claim(claim, now=now, until=now, limit=limit)


class LetsEventsOvertake(MemoryOutbox):
    """Looks at each event alone, and not at those of the same booking before it."""

    def _free(self, now: dt.datetime) -> Iterator[Free]:
        ways = ((event, self._way(event.id)) for event in self._events.values())
        free = ((event, way) for event, way in ways if way.sent_at is None and way.is_free(now))
        for event, way in free:
            yield Free(Delivery(event, way.attempts + 1, way.fault), suspect=way.claim is not None)


class HearsLateClaims(MemoryOutbox):
    """Lets a claim that has lost an event decide about it."""

    def park(self, claim: Id, event_id: Id, /, *, at: dt.datetime, fault: str) -> None:
        del claim
        self._change(event_id, claim=None, held_until=None, fault=fault, parked_at=at)


class GivesSuspectsTogether(MemoryOutbox):
    """Gives what ended a relay once together with all the rest."""

    def claim(self, claim: Id, /, *, now: dt.datetime, until: dt.datetime, limit: int) -> Sequence[Delivery]:
        taken = [one.delivery for one in self._free(now)][:limit]
        for one in taken:
            self._change(one.event.id, attempts=one.attempt, claim=claim, held_until=until)
        return taken


class ForgetsYoungKeys(MemoryKeys):
    """Forgets the youngest first."""

    def forget(self, before: dt.datetime, /, *, limit: int) -> int:
        old = sorted(pair for pair, one in self._items.items() if one.at < before)[:limit]
        for pair in sorted(old, key=lambda pair: self._items[pair].at, reverse=True):
            take(self._items, pair, self._undo)
        return len(old)


class RemindsOfWhatLapsed(MemoryBookings):
    """Forgets that a hold may have lapsed."""

    def unreminded(self, starting: Interval, /, *, now: dt.datetime, limit: int) -> Sequence[Booking]:
        del now
        return super().unreminded(starting, now=EARLIEST, limit=limit)


class KeepsTheLastResult(MemoryKeys):
    """Lets a second result take a key over."""

    def keep(self, scope: str, key: str, kept: KeptResult, /) -> None:
        self._items.pop((scope, key), None)
        super().keep(scope, key, kept)


class CountsRefusedHits(MemoryHits):
    """Lets whoever keeps trying wait for ever."""

    def take(self, subject: str, /, *, now: dt.datetime, count: int, per: dt.timedelta) -> dt.datetime | None:
        again = super().take(subject, now=now, count=count, per=per)
        if again is not None:
            self._items[subject] = (*self._items[subject], now)
        return again


class CountsHitsByTheHour(MemoryHits):
    """Begins to count anew with each period, so that twice as many get in around its end."""

    def take(self, subject: str, /, *, now: dt.datetime, count: int, per: dt.timedelta) -> dt.datetime | None:
        begun = now - (now - EARLIEST) % per
        again = super().take(subject, now=now, count=count, per=now - begun + TICK)
        return None if again is None else begun + per


class BringsNoSlotBack(MemoryTimeslots):
    """Does not undo a deletion."""

    def delete(self, timeslot_id: Id, /) -> None:
        super().delete(timeslot_id)
        self._undo.pop()
