"""A broken store: ``SERIALIZABLE`` over a GiST index, by which PostgreSQL does not see every pair of rivals.

Nothing is locked. Who checks and then inserts is to be told by the isolation level that another did so too,
and mostly is. With a B-tree it always is; so nothing else than the GiST index may be read on the way, be it
by a foreign key, whose reading would tell of the other one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, ClassVar, Final

import sqlalchemy as sa
from tests.chaos.broken import Broken

from slotkeeper.adapters.sql import rows
from slotkeeper.adapters.sql.bookings import SqlBookings
from slotkeeper.adapters.sql.postgresql import PostgreSQL
from slotkeeper.adapters.sql.types import Instant
from slotkeeper.domain.booking import Booking
from slotkeeper.domain.ids import Id

ENDS: Final = ("start", "end")


class _LookingByGist(SqlBookings):
    def _check(self, booking: Booking, now: dt.datetime) -> dict[Id, int]:
        tables, transaction = self._transaction.tables, self._transaction
        resource, taken = tables.resources.c, tables.allocations.c
        span = sa.func.tstzrange(taken.occupied_start, taken.occupied_end)
        for row in rows.allocation_columns(booking, dict.fromkeys(booking.resource_ids, 1), now=now):
            wanted = sa.func.tstzrange(*(sa.literal(row[f"occupied_{end}"], Instant()) for end in ENDS))
            rival = sa.select(taken.booking_id).where(
                taken.resource_id == row["resource_id"], span.op("&&")(wanted)
            )
            if transaction.rows(rival.limit(1)):
                return super()._check(booking, now)
        found = transaction.rows(sa.select(resource.id).where(resource.id.in_(booking.resource_ids)))
        return {one.id: 1 for one in found}


class _Serializable(PostgreSQL):
    def begin(self, connection: sa.Connection, *, write: bool) -> None:
        connection.execution_options(isolation_level="SERIALIZABLE", postgresql_readonly=not write)
        connection.begin()
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")


class SerializableOverGist(Broken):
    """It checks by a GiST index and inserts, at ``SERIALIZABLE``."""

    bookings: ClassVar[type[SqlBookings]] = _LookingByGist

    def __init__(self, engine: sa.Engine, **options: Any) -> None:  # noqa: ANN401 - those of SqlStore
        super().__init__(engine, **options)
        self._backend = _Serializable()

    def create_all(self, *others: sa.Table, fill: Callable[[sa.Connection], object] | None = None) -> None:
        super().create_all(*others, fill=fill)
        allocations, bookings = self._tables.allocations, self._tables.bookings
        keys = sa.inspect(self.engine).get_foreign_keys(allocations.name)
        with self.engine.begin() as connection:
            for key in keys:
                if key["referred_table"] == bookings.name:
                    drop = f"ALTER TABLE {allocations.name} DROP CONSTRAINT {key['name']}"
                    connection.exec_driver_sql(drop)
            connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS btree_gist")
            connection.exec_driver_sql(
                f"CREATE INDEX ON {allocations.name}"
                " USING gist (resource_id, tstzrange(occupied_start, occupied_end))"
            )
