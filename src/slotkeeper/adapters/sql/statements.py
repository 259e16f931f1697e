"""The statements about bookings that never vary, built once for a set of tables; all values are bound."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from slotkeeper.adapters.sql.by_ids import Wanted, by_ids
from slotkeeper.adapters.sql.lengths import overlapping
from slotkeeper.adapters.sql.rows import read_columns
from slotkeeper.adapters.sql.schema import Tables, occupying, refund_pending
from slotkeeper.adapters.sql.types import IdText, Instant, Whole


class BookingStatements:
    """What `SqlBookings` asks and changes.

    Args:
        tables: Of which tables.
    """

    def __init__(self, tables: Tables) -> None:
        bookings, allocations, resources = tables.bookings, tables.allocations, tables.resources
        wanted_id = sa.bindparam("wanted_id", type_=IdText())

        self.by_id = joined(tables).where(bookings.c.id == wanted_id).order_by(allocations.c.position)
        offered = sa.exists().where(tables.services.c.id == sa.bindparam("service_id", type_=IdText()))
        self.grounds = by_ids(
            lambda wanted: sa.select(resources.c.id, resources.c.capacity, offered.label("offered")).where(
                wanted(resources.c.id)
            )
        )
        self.near = by_ids(lambda wanted: near(tables, wanted))
        in_order = [bookings.c.start_at, bookings.c.id]
        self.relevant = by_ids(lambda wanted: ordered(tables, near(tables, wanted), in_order))
        self.lapsed = lapsed(tables)
        self.owed = owed(tables)
        self.unreminded = unreminded(tables)
        self.update = sa.update(bookings).where(
            bookings.c.id == wanted_id,
            bookings.c.version == sa.bindparam("wanted_version", type_=Whole()),
        )
        one_taken = (
            allocations.c.booking_id == wanted_id,
            allocations.c.resource_id == sa.bindparam("taken_id", type_=IdText()),
        )
        self.take = sa.insert(allocations)
        self.retake = sa.update(allocations).where(*one_taken)
        self.release = sa.delete(allocations).where(*one_taken)
        self.cede = sa.update(allocations).where(*one_taken).values(exclusive=False)
        self.withdraw = (
            sa.delete(allocations).where(allocations.c.booking_id == wanted_id),
            sa.delete(bookings).where(bookings.c.id == wanted_id),
        )


@cache
def statements_for(tables: Tables) -> BookingStatements:
    """Return the statements about some tables, the same ones each time."""
    return BookingStatements(tables)


def joined(tables: Tables) -> sa.Select[Any]:
    """Return the query of all bookings, each with all that it takes."""
    same = tables.allocations.c.booking_id == tables.bookings.c.id
    return sa.select(*read_columns(tables)).join_from(tables.bookings, tables.allocations, same)


def ordered(tables: Tables, ids: sa.SelectBase, order: Sequence[sa.ColumnElement[Any]]) -> sa.Select[Any]:
    """Return the query of the bookings that another query gives the ids of, in an order."""
    chosen = ids.subquery("chosen")
    query = joined(tables).join(chosen, chosen.c.id == tables.bookings.c.id)
    return query.order_by(*order, tables.allocations.c.position)


def near(tables: Tables, wanted: Wanted) -> sa.CompoundSelect[Any]:
    """Return the query of the ids of relevant bookings whose reach on a resource overlaps an interval."""
    taken = tables.allocations.c
    of_these = sa.select(taken.booking_id.label("id")).where(
        wanted(taken.resource_id), taken.relevant.is_(sa.true())
    )
    spans = overlapping(taken.length_class, taken.reach_start, taken.reach_end)
    return sa.union(*(of_these.where(span) for span in spans))


def lapsed(tables: Tables) -> sa.Select[Any]:
    """Return the query of bookings that occupy although they have lapsed, the longest overdue first."""
    row = tables.bookings.c
    order = [row.expires_at, row.id]
    overdue = row.expires_at <= sa.bindparam("now", type_=Instant())
    return ordered(
        tables, _first(sa.select(row.id).where(occupying(row.occupies), overdue).order_by(*order)), order
    )


def owed(tables: Tables) -> sa.Select[Any]:
    """Return the query of bookings whose refund is pending, the longest waiting first."""
    row = tables.bookings.c
    order = [row.updated_at, row.id]
    return ordered(
        tables, _first(sa.select(row.id).where(refund_pending(row.payment_status)).order_by(*order)), order
    )


def unreminded(tables: Tables) -> sa.Select[Any]:
    """Return the query of bookings that block, start within an interval and were not reminded of."""
    row = tables.bookings.c
    order = [row.start_at, row.id]
    lasting = sa.or_(row.expires_at.is_(None), row.expires_at > sa.bindparam("now", type_=Instant()))
    soon = (
        row.start_at >= sa.bindparam("earliest", type_=Instant()),
        row.start_at < sa.bindparam("latest", type_=Instant()),
    )
    wanted = sa.select(row.id).where(occupying(row.occupies), row.reminded_at.is_(None), lasting, *soon)
    return ordered(tables, _first(wanted.order_by(*order)), order)


def _first(query: sa.Select[Any]) -> sa.Select[Any]:
    return query.limit(sa.bindparam("at_most", type_=Whole()))
