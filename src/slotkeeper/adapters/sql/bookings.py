"""Bookings in their two tables, behind the guard against overbooking."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Any, Final

import sqlalchemy as sa

from slotkeeper.adapters.cursor import sort_key
from slotkeeper.adapters.sql import rows
from slotkeeper.adapters.sql.listing import find_bookings
from slotkeeper.adapters.sql.statements import statements_for
from slotkeeper.adapters.sql.transaction import Transaction, in_portions
from slotkeeper.domain.booking import Booking
from slotkeeper.domain.ids import Id
from slotkeeper.domain.interval import Interval
from slotkeeper.engine.guard import check_capacity
from slotkeeper.errors import (
    DuplicateIdError,
    NotFoundError,
    RetryableError,
    SlotTakenError,
    StaleVersionError,
)
from slotkeeper.ports import BookingFilter, Listing, Page

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
        columns = rows.booking_columns(booking)
        try:
            self._check(booking, now)
            self._write(booking, self._statements.insert, columns)
        except (NotFoundError, SlotTakenError):
            self._refuse_twice(booking)
            raise
        self._transaction.change(self._statements.take, rows.allocation_columns(booking, now=now))

    def replace(self, booking: Booking, /, *, now: dt.datetime) -> None:
        """Replace the version before, guarded."""
        columns = rows.booking_columns(booking)
        self._transaction.lock(booking.resource_ids)
        stored = self.get(booking.id)
        if booking.version != stored.version + 1:
            raise StaleVersionError("booking", booking.id, booking.version - 1, stored.version)
        self._check(booking, now)
        new = self._retake(booking, stored, now)
        keys = {"wanted_id": booking.id, "wanted_version": stored.version}
        if self._write(booking, self._statements.update, {**columns, **keys}) != 1:
            raise RetryableError(_OVERTAKEN)
        if new:
            self._transaction.change(self._statements.take, new)

    def relevant(self, resource_ids: Iterable[Id], reach: Interval, /) -> Sequence[Booking]:
        """Return those that occupy or count near an interval."""
        found: dict[Id, Booking] = {}
        for portion in in_portions(resource_ids):
            near = self._read(
                self._statements.relevant, resource_ids=portion, first=reach.start, last=reach.end
            )
            found |= {one.id: one for one in near}
        return sorted(found.values(), key=lambda one: sort_key(one, "start"))

    def find(self, wanted: BookingFilter, listing: Listing, /) -> Page[Booking]:
        """Return a part of the bookings that the filter admits."""
        return find_bookings(self._transaction, wanted, listing)

    def lapsed(self, now: dt.datetime, /, *, limit: int) -> Sequence[Booking]:
        """Return bookings that occupy although their expiry is reached."""
        return self._read(self._statements.lapsed, now=now, at_most=limit)

    def owed(self, *, limit: int) -> Sequence[Booking]:
        """Return bookings whose refund is pending."""
        return self._read(self._statements.owed, at_most=limit)

    def _read(self, query: sa.Select[Any], **parameters: object) -> list[Booking]:
        return list(rows.bookings_of(self._transaction.rows(query, parameters)))

    def _check(self, booking: Booking, now: dt.datetime) -> None:
        """Hold the promise, on what is read after the lock."""
        self._transaction.lock(booking.resource_ids)
        query, wanted = self._statements.capacities, list(booking.resource_ids)
        capacities = {row.id: row.capacity for row in self._transaction.rows(query, {"resource_ids": wanted})}
        for one in wanted:
            if one not in capacities:
                raise NotFoundError("resource", one)
        if booking.blocks(now):
            whole = reduce(Interval.hull, (one.occupied for one in booking.allocations))
            check_capacity(booking, self.relevant(wanted, whole), capacities, now=now)

    def _write(self, booking: Booking, statement: sa.Insert | sa.Update, columns: rows.Columns) -> int:
        """Write a booking's own row; where its keys are in order, what it refers to is its service."""
        try:
            return self._transaction.change(statement, columns)
        except sa.exc.IntegrityError:
            raise NotFoundError("service", booking.service_id) from None

    def _refuse_twice(self, booking: Booking) -> None:
        """Raise if the id is in use, which is said before anything else that speaks against a booking."""
        if self._read(self._statements.by_id, wanted_id=booking.id):
            raise DuplicateIdError("booking", booking.id) from None

    def _retake(self, booking: Booking, stored: Booking, now: dt.datetime) -> list[rows.Columns]:
        """Bring the rows of what a booking takes up to date, and return those that are yet to be added.

        A guard in the database judges each row that changes, so what is kept is changed in place: it is
        judged by what it takes beyond before. It comes before the booking itself, whose flags it repeats.
        """
        wanted = rows.allocation_columns(booking, now=now)
        if booking.allocations == stored.allocations and _flags(booking) == _flags(stored):
            return []
        kept = set(booking.resource_ids) & set(stored.resource_ids)
        gone = [{"wanted_id": booking.id, "taken_id": one} for one in set(stored.resource_ids) - kept]
        if gone:
            self._transaction.change(self._statements.release, gone)
        changed = [one for one in wanted if one["resource_id"] in kept]
        keys = [{"wanted_id": booking.id, "taken_id": one["resource_id"]} for one in changed]
        if changed:
            self._transaction.change(
                self._statements.retake, [{**one, **key} for one, key in zip(changed, keys, strict=True)]
            )
        return [one for one in wanted if one["resource_id"] not in kept]


def _flags(booking: Booking) -> tuple[object, ...]:
    return booking.occupies, booking.counts, booking.expires_at
