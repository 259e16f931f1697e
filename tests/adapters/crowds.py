"""Tables with thousands of rows, written at once, so that a database has reason to choose its indexes."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from typing import Any, Final

import sqlalchemy as sa

from slotkeeper.adapters.sql import SqlStore, rows
from slotkeeper.domain.booking import Booking, Payment
from slotkeeper.domain.codec import to_json
from slotkeeper.domain.ids import Id
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.service import Service
from slotkeeper.domain.slot import Timeslot
from slotkeeper.testing.contract.samples import HOUR, NOW, at, happening, kept, room, span, visit

PLACES: Final = 40
"""How many resources there are, with a service each; all are booked hour after hour."""
MINUTE: Final = dt.timedelta(minutes=1)


def hour_of(number: int) -> Interval:
    """Return the hour for which a booking is made."""
    return span(number // PLACES, number // PLACES + 1)


def booking_of(number: int) -> Booking:
    """Return a booking: one in fifty a hold, one in a hundred cancelled with its refund pending."""
    made = NOW + number * MINUTE
    facts: dict[str, Any] = {
        "service_id": number % PLACES,
        "customer_id": number // 10,
        "series_id": number // 20 if number % 5 == 0 else None,
        "created_at": made,
        "updated_at": made,
    }
    if number % 50 == 0:
        facts |= {"status": "held", "expires_at": at(number // PLACES)}
    if number % 100 == 7:
        facts |= {"status": "cancelled", "occupies": False, "counts": False}
        facts |= {"payment": Payment("refund_pending")}
    return visit(number, hour_of(number), on=[number % PLACES], **facts)


def put_places(store: SqlStore) -> None:
    """Store the resources and the services."""
    with store.begin() as unit:
        for number in range(PLACES):
            unit.resources.put(room(number))
            unit.services.put(Service(number, HOUR))


def crowd(store: SqlStore, numbers: Iterable[int]) -> None:
    """Write bookings, and for each a stored slot, an event, handed on but for one in a hundred, and a key."""
    tables, bookings = store._tables, [booking_of(number) for number in numbers]
    capacities: dict[Id, int] = dict.fromkeys(range(PLACES), 1)
    with store.engine.begin() as connection:

        def write(table: sa.Table, written: Iterable[rows.Columns]) -> None:
            connection.execute(sa.insert(table), list(written))

        write(tables.bookings, map(rows.booking_columns, bookings))
        taken = (rows.allocation_columns(one, capacities, now=NOW) for one in bookings)
        write(tables.allocations, (row for several in taken for row in several))
        slots = (Timeslot(one.id, one.resource_id, one.interval) for one in bookings)
        write(tables.timeslots, map(rows.timeslot_columns, slots))
        write(tables.outbox, map(_event_row, bookings))
        write(tables.keys, map(_key_row, bookings))


def analyse(store: SqlStore) -> None:
    """Have the database count what is there, as it does by itself now and then."""
    words = {"sqlite": "ANALYZE", "postgresql": "VACUUM ANALYZE", "mysql": "ANALYZE TABLE"}
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        name = connection.dialect.identifier_preparer.format_table
        for table in store._tables.all:
            connection.exec_driver_sql(f"{words[connection.dialect.name]} {name(table)}")


def _event_row(booking: Booking) -> rows.Columns:
    number = int(str(booking.id))
    return {
        "id": number,
        "booking_id": number,
        "sequence": 1,
        "action": "book",
        "at": NOW,
        "sent_at": NOW if number % 100 else None,
        "parked_at": NOW if number % 500 == 0 else None,
        "body": json.dumps(to_json(happening(number, booking))),
    }


def _key_row(booking: Booking) -> rows.Columns:
    one = kept()
    return {
        "scope": "book/",
        "key": f"key {booking.id}",
        "fingerprint": one.fingerprint,
        "result": dict(one.result),
        "at": one.at,
    }
