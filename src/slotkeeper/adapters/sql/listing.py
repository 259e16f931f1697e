"""Listings: a filter as conditions, an order and a cursor as an index has them, a page as one query."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa

from slotkeeper.adapters.cursor import cursor_after, read_cursor
from slotkeeper.adapters.sql.keyset import beyond
from slotkeeper.adapters.sql.rows import bookings_of
from slotkeeper.adapters.sql.schema import Tables
from slotkeeper.adapters.sql.spans import overlaps
from slotkeeper.adapters.sql.statements import ordered
from slotkeeper.adapters.sql.transaction import Transaction
from slotkeeper.domain.booking import Booking
from slotkeeper.domain.ids import id_from_text
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.listing import BookingFilter, Listing, Page

_COLUMNS = {"start": "start_at", "created_at": "created_at", "updated_at": "updated_at"}


def find_bookings(transaction: Transaction, wanted: BookingFilter, listing: Listing) -> Page[Booking]:
    """Return a part of the bookings that a filter admits, and how many it admits in all."""
    tables = transaction.tables
    query = page_query(tables, conditions_of(tables, wanted), listing)
    found = list(bookings_of(transaction.rows(query)))
    items = found[: listing.limit]
    more = cursor_after(items[-1], listing.order) if len(found) > len(items) else None
    if more is None and listing.after is None and not listing.offset:
        return Page(items, len(items))
    ((total,),) = transaction.rows(count_query(tables, wanted))
    return Page(items, total, more)


def page_query(
    tables: Tables, conditions: Iterable[sa.ColumnElement[bool]], listing: Listing
) -> sa.Select[Any]:
    """Return the query of the bookings on a page, and of one beyond it."""
    row = tables.bookings.c
    descending = listing.order.startswith("-")
    key = [row[_COLUMNS[listing.order.removeprefix("-")]], row.id]
    order = [sa.desc(one) if descending else sa.asc(one) for one in key]
    ids = (
        sa.select(row.id).where(*conditions).order_by(*order).limit(listing.limit + 1).offset(listing.offset)
    )
    if listing.after is not None:
        instant, text = read_cursor(listing.after, listing.order)
        ids = ids.where(beyond(key, (instant, id_from_text(text)), descending=descending))
    return ordered(tables, ids, order)


def count_query(tables: Tables, wanted: BookingFilter) -> sa.Select[Any]:
    """Return the query of how many bookings a filter admits."""
    if wanted.resource_ids and wanted == BookingFilter(resource_ids=wanted.resource_ids):
        taken = tables.allocations.c  # these suffice, and planners would read all bookings beside them
        return sa.select(sa.func.count(taken.booking_id.distinct())).where(
            _is_one_of(taken.resource_id, wanted.resource_ids)
        )
    return sa.select(sa.func.count()).select_from(tables.bookings).where(*conditions_of(tables, wanted))


def conditions_of(tables: Tables, wanted: BookingFilter) -> Iterator[sa.ColumnElement[bool]]:
    """Yield a filter's conditions; what they mean together is `BookingFilter.admits`."""
    row = tables.bookings.c
    if wanted.statuses:
        yield _is_one_of(row.status, wanted.statuses)
    if wanted.customer_id is not None:
        yield row.customer_id == wanted.customer_id
    if wanted.resource_ids:
        taken = tables.allocations.c
        on_these = _is_one_of(taken.resource_id, wanted.resource_ids)
        yield row.id.in_(sa.select(taken.booking_id).where(on_these))
    if wanted.service_ids:
        yield _is_one_of(row.service_id, wanted.service_ids)
    if wanted.series_id is not None:
        yield row.series_id == wanted.series_id
    if wanted.ids:
        yield _is_one_of(row.id, wanted.ids)
    yield from _conditions_of_time(tables, wanted)


def _is_one_of(column: sa.Column[Any], values: frozenset[Any]) -> sa.ColumnElement[bool]:
    """Return the condition; one value is an equality, so that an index goes on in the order of its rest."""
    return column == next(iter(values)) if len(values) == 1 else column.in_(values)


def _conditions_of_time(tables: Tables, wanted: BookingFilter) -> Iterator[sa.ColumnElement[bool]]:
    row = tables.bookings.c
    if wanted.overlapping is not None:
        longest = sa.select(sa.func.max(tables.bookings.alias("far").c.length)).scalar_subquery()
        yield overlaps(row.start_at, row.end_at, wanted.overlapping.start, wanted.overlapping.end, longest)
    if wanted.starting is not None:
        yield _within(row.start_at, wanted.starting)
    if wanted.created is not None:
        yield _within(row.created_at, wanted.created)


def _within(instant: sa.ColumnElement[Any], interval: Interval) -> sa.ColumnElement[bool]:
    return sa.and_(instant >= interval.start, instant < interval.end)
