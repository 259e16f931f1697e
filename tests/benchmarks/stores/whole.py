"""A whole booking: by the desk, and by a transaction written by hand that leaves the same rows.

Both take an idempotency key, look it up, lock, check, and write the booking, what it takes, the event and the
key's result; a refusal is kept with the key as well, in a transaction of its own. The one by hand knows all
but the spot beforehand: it reads no catalogue, judges no rule, and fills the rows of a booking of the desk's
with other ids and instants.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from typing import Any, Final

import sqlalchemy as sa
from tests.benchmarks.stores.places import Place
from tests.benchmarks.stores.spots import ANY, NOW, Spot, resource_named, service_named
from tests.benchmarks.stores.ways import HandGuard, OnStore, Raw, begin_to_write

from slotkeeper.adapters.sql.schema import Tables
from slotkeeper.desk import BookingDesk
from slotkeeper.domain.ids import id_to_text
from slotkeeper.errors import SlotTakenError

CUSTOMER: Final = "ada"
_SCOPE: Final = "book/"


class Desk(OnStore):
    """``BookingDesk.book`` with an idempotency key, on the one resource that the service may take."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.desk = BookingDesk(self.store, clock=_now)

    def attempt(self, spot: Spot, /) -> bool:
        try:
            self.desk.book(
                service_named(spot.number),
                spot.start,
                customer_id=CUSTOMER,
                booking_id=spot.booking.id,
                key=str(spot.booking.id),
            )
        except SlotTakenError:
            return False
        return True


class DeskWithoutTurns(Desk):
    """The same over a store whose threads do not queue: SQLite's own way to let one of them write."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        assert self.store._queued_for is not None
        self.store._queued_for = None


class DeskNaming(Desk):
    """The same with a service that needs nothing, on the resource that the call names."""

    def attempt(self, spot: Spot, /) -> bool:
        try:
            self.desk.book(
                ANY,
                spot.start,
                customer_id=CUSTOMER,
                resource_ids=[resource_named(spot.number)],
                booking_id=spot.booking.id,
                key=str(spot.booking.id),
            )
        except SlotTakenError:
            return False
        return True


def _now() -> dt.datetime:
    return NOW


class WholeByHand(Raw):
    """The same rows in a transaction written by hand, with SQLAlchemy Core statements built once."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        tables = self.tables
        self._guard = HandGuard(tables)
        self._find = sa.select(tables.keys.c.fingerprint, tables.keys.c.result).where(
            tables.keys.c.scope == sa.bindparam("wanted_scope"),
            tables.keys.c.key == sa.bindparam("wanted_key"),
        )
        self._event, self._key = sa.insert(tables.outbox), sa.insert(tables.keys)
        self._rows = _Rows(tables, self.engine)

    def attempt(self, spot: Spot, /) -> bool:
        key = str(spot.booking.id)
        row, taken, event, kept = self._rows.of(spot, key)
        with self.engine.connect() as connection:
            begin_to_write(connection)
            assert connection.execute(self._find, {"wanted_scope": _SCOPE, "wanted_key": key}).first() is None
            if not self._guard.is_free(connection, spot):
                connection.rollback()
                begin_to_write(connection)
                connection.execute(self._key, {**kept, "result": {"refusal": _refusal(spot)}})
                connection.commit()
                return False
            connection.execute(self._booking, row)
            connection.execute(self._taken, taken)
            connection.execute(self._event, event)
            connection.execute(self._key, kept)
            connection.commit()
        return True


def _refusal(spot: Spot) -> dict[str, Any]:
    """Return what the key is kept with where the time is taken, shorter than the desk's explanation."""
    return {"service_id": service_named(spot.number), "start": _text(spot.start), "code": "slot_taken"}


class _Rows:
    """The rows of a booking, made from those of one that the desk has made."""

    def __init__(self, tables: Tables, engine: sa.Engine) -> None:
        with engine.connect() as connection:

            def one(table: sa.Table, *left_out: str) -> dict[str, Any]:
                row = connection.execute(sa.select(table).limit(1)).mappings().one()
                return {name: value for name, value in row.items() if name not in left_out}

            self._booking = one(tables.bookings)
            self._taken = one(tables.allocations, "length_class", "taken_alone")
            self._event = one(tables.outbox, "position")
            self._kept = one(tables.keys)
        self._body = json.loads(self._event["body"])

    def of(self, spot: Spot, key: str) -> tuple[dict[str, Any], ...]:
        interval, booking_id, resource_id = (
            spot.booking.interval,
            spot.booking.id,
            resource_named(spot.number),
        )
        event_id, service_id = uuid.uuid4(), service_named(spot.number)
        span = {"start_at": interval.start, "end_at": interval.end}
        reach = {"reach_start": interval.start, "reach_end": interval.end}
        occupied = {"occupied_start": interval.start, "occupied_end": interval.end}
        text = f"{_text(interval.start)}/{_text(interval.end)}"
        told = {
            **self._body["booking"],
            "id": id_to_text(booking_id),
            "service_id": service_id,
            "interval": text,
            "allocations": [{"resource_id": resource_id, "interval": text}],
        }
        body = {**self._body, "id": id_to_text(event_id), "booking": told}
        return (
            {**self._booking, "id": booking_id, "service_id": service_id, **span},
            {
                **self._taken,
                "booking_id": booking_id,
                "resource_id": resource_id,
                **span,
                **reach,
                **occupied,
            },
            {
                **self._event,
                "id": event_id,
                "booking_id": booking_id,
                "body": json.dumps(body, separators=(",", ":")),
            },
            {**self._kept, "key": key, "result": {"result": told}},
        )


def _text(instant: dt.datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"
