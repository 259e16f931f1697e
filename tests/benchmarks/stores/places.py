"""Places: sets of tables on one server, guarded or raw; where a guard is an index, raw ones have it too."""

from __future__ import annotations

from contextlib import closing
from itertools import pairwise
from typing import Final

import attrs
import sqlalchemy as sa
from tests.benchmarks.stores.spots import ANY, HALF, NOW, QUARTER, resource_named, service_named

from slotkeeper.adapters.sql import SqlStore, Tables, configure_sqlite
from slotkeeper.adapters.sql.postgresql_guard import EXTENSION
from slotkeeper.desk import BookingDesk
from slotkeeper.domain.requirement import Requirement
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.service import Service

_PLAIN_INDEX: Final = {
    "postgresql": (
        """CREATE INDEX {name}_plain ON {name} USING gist
        (resource_id, tstzrange(occupied_start, occupied_end)) WHERE (occupies AND exclusive)""",
    ),
    "mysql": (
        """ALTER TABLE {name} ADD COLUMN taken_alone VARCHAR(255)
        AS (CASE WHEN occupies AND exclusive THEN resource_id END) STORED INVISIBLE""",
        "CREATE INDEX {name}_plain ON {name} (taken_alone, occupied_end, occupied_start)",
    ),
    "sqlite": (),
}
"""What gives raw tables the guard's own index, guarding nothing; SQLite's triggers have none."""


@attrs.frozen(kw_only=True)
class Place:
    """A set of tables.

    Args:
        url: On which server, or in which file.
        prefix: What their names begin with.
        portable: Without the database's own guard.
        indexed: Without it, but with an index like that of the database's own guard.
    """

    url: str
    prefix: str
    portable: bool = False
    indexed: bool = False

    def tables(self) -> Tables:
        return Tables(prefix=self.prefix, portable=self.portable or self.indexed)

    def store(self) -> SqlStore:
        return SqlStore.from_url(self.url, tables=self.tables())

    def engine(self) -> sa.Engine:
        """Return an engine as somebody has it who needs no store."""
        if sa.make_url(self.url).get_backend_name() == "sqlite":
            engine = sa.create_engine(self.url)
            configure_sqlite(engine)
            return engine
        return sa.create_engine(self.url, isolation_level="READ COMMITTED")

    def make(self, resources: int, *, crowd: int = 1) -> None:
        """Create the tables, with resources and what is booked on them.

        There is a service for each resource, one for each so many neighbours, and one that needs nothing
        but what is named.
        """
        with closing(self.store()) as store:
            if store.engine.dialect.name == "postgresql":
                _compare_ids_by_extension(store.engine)
            store.create_all()
            if self.indexed:
                self._add_plain_index(store)
            _furnish(BookingDesk(store, clock=lambda: NOW), resources, crowd)

    def _add_plain_index(self, store: SqlStore) -> None:
        with store.engine.begin() as connection:
            for text in _PLAIN_INDEX[store.engine.dialect.name]:
                connection.exec_driver_sql(text.format(name=store._tables.allocations.name))

    def doubles(self) -> int:
        """Return how many bookings overlap the one before them on their resource."""
        with closing(self.store()) as store, store.engine.connect() as connection:
            taken = store._tables.allocations.c
            query = sa.select(taken.resource_id, taken.occupied_start, taken.occupied_end).where(
                taken.occupies == sa.true()
            )
            rows = sorted((str(one), start, end) for one, start, end in connection.execute(query))
        return sum(one[0] == other[0] and other[1] < one[2] for one, other in pairwise(rows))


def _compare_ids_by_extension(engine: sa.Engine) -> None:
    """Have the constraint compare ids through the extension, where the server has it to offer."""
    with engine.begin() as connection:
        offered = "SELECT count(*) FROM pg_available_extensions WHERE name = 'btree_gist'"
        if (
            not connection.exec_driver_sql(EXTENSION).scalar()
            and connection.exec_driver_sql(offered).scalar()
        ):
            connection.exec_driver_sql("CREATE EXTENSION btree_gist")


def _furnish(desk: BookingDesk, resources: int, crowd: int) -> None:
    for number in range(resources):
        desk.add_resource(Resource(resource_named(number)))
    for number in range(resources):
        near = [resource_named((number + one) % resources) for one in range(crowd)]
        desk.add_service(Service(service_named(number), HALF, grid=QUARTER, needs=[Requirement(among=near)]))
    desk.add_service(Service(ANY, HALF, grid=QUARTER))
    desk.book(service_named(0), NOW, customer_id="ada", key="first")
