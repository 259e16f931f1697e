"""Bookings in their two tables, behind the guard against overbooking."""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Iterable, Sequence
from functools import reduce
from typing import Any, Final, NoReturn

import sqlalchemy as sa

from slotkeeper.adapters.cursor import sort_key
from slotkeeper.adapters.sql import rows
from slotkeeper.adapters.sql.lengths import bounds
from slotkeeper.adapters.sql.listing import find_bookings
from slotkeeper.adapters.sql.statements import statements_for
from slotkeeper.adapters.sql.transaction import IDS_AT_ONCE, OverlapError, Transaction, in_portions
from slotkeeper.domain.booking import Allocation, Booking
from slotkeeper.domain.ids import Id
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.listing import BookingFilter, Listing, Page
from slotkeeper.engine.guard import check_capacity
from slotkeeper.errors import (
    DuplicateIdError,
    NotFoundError,
    RetryableError,
    SlotTakenError,
    StaleVersionError,
)

_OVERTAKEN: Final = "another transaction changed the booking"


class SqlBookings:
    """Bookings by id, and by resource in an index of their reach."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._statements = statements_for(transaction.tables)

    def get(self, booking_id: Id, /) -> Booking:
        """Return one by id."""
        for booking in self._read(self._statements.by_id, wanted_id=booking_id):
            return booking
        raise NotFoundError("booking", booking_id)

    def add(self, booking: Booking, /, *, now: dt.datetime) -> None:
        """Store a new booking, guarded."""
        columns, transaction = rows.booking_columns(booking), self._transaction
        try:
            capacities = self._check(booking, now)
        except (NotFoundError, SlotTakenError):
            self._refuse_twice(booking)
            raise
        transaction.known.changed()
        if not transaction.add(transaction.inserting(transaction.tables.bookings), columns):
            raise DuplicateIdError("booking", booking.id)
        taken = rows.allocation_columns(booking, capacities, now=now)
        if not transaction.add(transaction.inserting(transaction.tables.allocations), taken):
            for statement in self._statements.withdraw:
                transaction.change(statement, {"wanted_id": booking.id})
            self._refuse_overtaken(booking, now)

    def replace(self, booking: Booking, /, *, now: dt.datetime) -> None:
        """Replace the version before, guarded."""
        columns = rows.booking_columns(booking)
        self._transaction.lock(booking.resource_ids)
        stored = self.get(booking.id)
        if booking.version != stored.version + 1:
            raise StaleVersionError("booking", booking.id, booking.version - 1, stored.version)
        capacities = self._check(booking, now)
        keys = {"wanted_id": booking.id, "wanted_version": stored.version}
        self._transaction.known.changed()
        try:
            with self._transaction.step():
                new = self._retake(
                    booking, stored, rows.allocation_columns(booking, capacities, now=now), now
                )
                if self._transaction.change(self._statements.update, {**columns, **keys}) != 1:
                    raise RetryableError(_OVERTAKEN)
                if new:
                    self._transaction.change(self._statements.take, new)
        except OverlapError:
            self._refuse_overtaken(booking, now)

    def relevant(self, resource_ids: Iterable[Id], reach: Interval, /) -> Sequence[Booking]:
        """Return those that occupy or count near an interval."""
        wanted = tuple(resource_ids)
        known = self._transaction.known.near(wanted, reach)
        if known is not None:
            return known
        found: dict[Id, Booking] = {}
        for portion in in_portions(wanted):
            query, ids = self._statements.relevant.about(portion)
            found |= {one.id: one for one in self._read(query, **ids, **bounds(reach))}
        near = sorted(found.values(), key=lambda one: sort_key(one, "start"))
        self._transaction.known.read_near(wanted, reach, near)
        return near

    def find(self, wanted: BookingFilter, listing: Listing, /) -> Page[Booking]:
        """Return a part of the bookings that the filter admits."""
        return find_bookings(self._transaction, wanted, listing)

    def lapsed(self, now: dt.datetime, /, *, limit: int) -> Sequence[Booking]:
        """Return bookings that occupy although their expiry is reached."""
        return self._read(self._statements.lapsed, now=now, at_most=limit)

    def owed(self, *, limit: int) -> Sequence[Booking]:
        """Return bookings whose refund is pending."""
        return self._read(self._statements.owed, at_most=limit)

    def unreminded(self, starting: Interval, /, *, now: dt.datetime, limit: int) -> Sequence[Booking]:
        """Return bookings that block, start within an interval and were not reminded of."""
        soon = {"earliest": starting.start, "latest": starting.end}
        return self._read(self._statements.unreminded, now=now, at_most=limit, **soon)

    def _read(self, query: sa.Select[Any], **parameters: object) -> list[Booking]:
        return list(rows.bookings_of(self._transaction.rows(query, parameters)))

    def _check(self, booking: Booking, now: dt.datetime) -> dict[Id, int]:
        """Hold the promise, on what is read after the lock, and return the capacities that it was held by."""
        wanted = booking.resource_ids
        self._transaction.lock(wanted)
        capacities, offered = self._grounds(wanted, booking.service_id)
        if booking.blocks(now):
            whole = reduce(Interval.hull, (one.occupied for one in booking.allocations))
            others = self._others(booking, whole)
            check_capacity(booking, others, capacities, now=now)
            self._cede(others, capacities, now)
        if not offered:
            raise NotFoundError("service", booking.service_id)
        return capacities

    def _others(self, booking: Booking, whole: Interval) -> Sequence[Booking]:
        """Return what is relevant to a booking's resources; of a new one ask first whether anything is.

        Most new bookings have their time to themselves, and it is the columns that make reading slow.
        """
        ids, known = booking.resource_ids, self._transaction.known.near(booking.resource_ids, whole)
        if known is None and booking.version == 1 and len(ids) <= IDS_AT_ONCE:
            query, parameters = self._statements.near.about(ids)
            if not self._transaction.rows(query, {**parameters, **bounds(whole)}):
                return ()
        return self.relevant(ids, whole) if known is None else known

    def _grounds(self, resource_ids: Sequence[Id], service_id: Id) -> tuple[dict[Id, int], bool]:
        """Return the capacities of locked resources, and whether there is such a service."""
        known = self._transaction.known
        found = {one: known.capacity(one) for one in resource_ids}
        capacities = {one: capacity for one, capacity in found.items() if capacity is not None}
        if len(capacities) == len(found) and known.has_service(service_id):
            return capacities, True
        query, ids = self._statements.grounds.about(resource_ids)
        rows = self._transaction.rows(query, {**ids, "service_id": service_id})
        capacities = {row.id: row.capacity for row in rows}
        for one in resource_ids:
            if one not in capacities:
                raise NotFoundError("resource", one)
        return capacities, all(row.offered for row in rows)

    def _cede(self, others: Iterable[Booking], locked: Container[Id], now: dt.datetime) -> None:
        """Have what lapsed give up its place, where a constraint would go on keeping it."""
        lapsed = (one for one in others if one.occupies and not one.blocks(now))
        places = [_key(one, taken) for one in lapsed for taken in one.resource_ids if taken in locked]
        if places and self._transaction.excludes_overlaps:
            self._transaction.change(self._statements.cede, places)

    def _refuse_overtaken(self, booking: Booking, now: dt.datetime) -> NoReturn:
        """Raise for a booking of which the constraint knew a rival that our own check could not see yet."""
        self._transaction.known.changed()
        self._check(booking, now)
        raise RetryableError(_OVERTAKEN)

    def _refuse_twice(self, booking: Booking) -> None:
        """Raise if the id is in use, which is said before anything else that speaks against a booking."""
        if self._read(self._statements.by_id, wanted_id=booking.id):
            raise DuplicateIdError("booking", booking.id) from None

    def _retake(
        self, booking: Booking, stored: Booking, wanted: list[rows.Columns], now: dt.datetime
    ) -> list[rows.Columns]:
        """Bring the rows of what a booking takes up to date, and return those that are yet to be added.

        A guard in the database judges each row that changes, so what is kept is changed in place: it is
        judged by what it takes beyond before. It comes before the booking itself, whose flags it repeats.
        """
        if booking.allocations == stored.allocations and _flags(booking) == _flags(stored):
            return []
        kept = set(booking.resource_ids) & set(stored.resource_ids)
        gone = [_key(booking, one) for one in set(stored.resource_ids) - kept]
        if gone:
            self._transaction.change(self._statements.release, gone)
        for taken, row in zip(booking.allocations, wanted, strict=True):
            if taken.resource_id in kept:
                if booking.blocks(now) and stored.blocks(now) and _takes_no_more(taken, stored):
                    del row["exclusive"]  # it may stand beside others since before the capacity was lowered
                key = _key(booking, taken.resource_id)
                self._transaction.change(self._statements.retake, {**row, **key})
        return [one for one in wanted if one["resource_id"] not in kept]


def _key(booking: Booking, resource_id: Id) -> dict[str, Id]:
    return {"wanted_id": booking.id, "taken_id": resource_id}


def _takes_no_more(taken: Allocation, stored: Booking) -> bool:
    same = (one for one in stored.allocations if one.resource_id == taken.resource_id)
    return any(taken.occupied in one.occupied for one in same)


def _flags(booking: Booking) -> tuple[object, ...]:
    return booking.occupies, booking.counts, booking.expires_at
