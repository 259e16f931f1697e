"""Ways to store a booking that is known in full: one row about it, one about what it takes of its resource.

They are the raw inserts, the guards of the store, and a lock and check as one writes them by hand.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Protocol

import sqlalchemy as sa
from tests.benchmarks.stores.places import Place
from tests.benchmarks.stores.spots import NOW, Spot

from slotkeeper.adapters.sql import Tables
from slotkeeper.adapters.sql.lengths import bounds
from slotkeeper.adapters.sql.statements import statements_for
from slotkeeper.adapters.sql.store import SqlUnit
from slotkeeper.adapters.sql.types import IdText, Instant
from slotkeeper.errors import SlotTakenError

PATIENCE = 20


class Way(Protocol):
    """How an attempt is made."""

    def attempt(self, spot: Spot, /) -> bool:
        """Store a booking and tell whether it was free."""

    def give_up(self, booking_id: object, /) -> None:
        """Remove a booking, so that its place is free again; not measured."""

    def close(self) -> None:
        """Give back connections."""


class OnStore:
    """What is common to the ways that go through our store."""

    def __init__(self, place: Place) -> None:
        self.store = place.store()
        self._removal = Removal(self.store._tables)

    def give_up(self, booking_id: object, /) -> None:
        self._removal.carry_out(self.store.engine, booking_id)

    def close(self) -> None:
        self.store.close()


class Add(OnStore):
    """``Bookings.add`` in a unit of work: the guard as the store has it, its Python included."""

    def attempt(self, spot: Spot, /) -> bool:
        try:
            with self.store.begin() as unit:
                unit.bookings.add(spot.booking, now=NOW)
        except SlotTakenError:
            return False
        return True


class Statements(OnStore):
    """The statements of the guard as they run within the desk's commands; their results go nowhere.

    The lock tells the capacities, and the desk has read the service; `Add` by itself has to look for it.
    """

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._statements = statements_for(self.store._tables)

    def attempt(self, spot: Spot, /) -> bool:
        with self.store.begin() as unit:
            assert isinstance(unit, SqlUnit)
            transaction, statements = unit._transaction, self._statements
            taken = list(spot.booking.resource_ids)
            transaction.lock(taken)
            query, ids = statements.near.about(taken)
            if transaction.rows(query, {**ids, **bounds(spot.booking.interval)}):
                return False
            tables = transaction.tables
            transaction.add(transaction.inserting(tables.bookings), spot.row)
            return transaction.add(transaction.inserting(tables.allocations), spot.taken)


class Constraint(OnStore):
    """The store's two inserts where the database's own guard stands alone, without lock and check."""

    def attempt(self, spot: Spot, /) -> bool:
        try:
            with self.store.begin() as unit:
                assert isinstance(unit, SqlUnit)
                transaction = unit._transaction
                tables = transaction.tables
                transaction.add(transaction.inserting(tables.bookings), spot.row)
                _require(transaction.add(transaction.inserting(tables.allocations), spot.taken))
        except _TakenError:
            return False
        except sa.exc.IntegrityError as error:  # a trigger's word
            if "too few free units" in str(error):
                return False
            raise
        return True


class _TakenError(Exception):
    """The constraint found a rival; leaving the unit of work so rolls back."""


def _require(added: bool) -> None:  # noqa: FBT001 - the answer of `Transaction.add`
    if not added:
        raise _TakenError


class Raw:
    """Two plain inserts with SQLAlchemy Core, in the fewest statements: what no guard can be faster than."""

    def __init__(self, place: Place) -> None:
        self.engine, self.tables = place.engine(), place.tables()
        self._booking, self._taken = sa.insert(self.tables.bookings), sa.insert(self.tables.allocations)
        self._removal = Removal(self.tables)

    def attempt(self, spot: Spot, /) -> bool:
        with self.engine.begin() as connection:
            connection.execute(self._booking, spot.row)
            connection.execute(self._taken, spot.taken)
        return True

    def give_up(self, booking_id: object, /) -> None:
        self._removal.carry_out(self.engine, booking_id)

    def close(self) -> None:
        self.engine.dispose()


class LockByHand(Raw):
    """Lock, check and the two inserts as one writes them by hand, for one resource and capacity 1."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._guard = HandGuard(self.tables)

    def attempt(self, spot: Spot, /) -> bool:
        with self.engine.connect() as connection:
            begin_to_write(connection)
            if not self._guard.is_free(connection, spot):
                return False
            connection.execute(self._booking, spot.row)
            connection.execute(self._taken, spot.taken)
            connection.commit()
        return True


def begin_to_write(connection: sa.Connection) -> None:
    """Begin where the driver would begin too late for a check that comes first."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


class HandGuard:
    """The lock and the check that are right on each database, built once."""

    def __init__(self, tables: Tables) -> None:
        resources, taken = tables.resources, tables.allocations.c
        wanted = sa.bindparam("wanted", type_=IdText())
        one = sa.select(resources.c.id).where(resources.c.id == wanted)
        bump = sa.update(resources).values(times_locked=resources.c.times_locked + 1)
        self._locks = {
            "postgresql": one.with_for_update(key_share=True),
            "mysql": bump.where(resources.c.id == wanted),
        }
        self._rival = (
            sa.select(taken.booking_id)
            .where(
                taken.resource_id == wanted,
                taken.length_class == 0,
                taken.reach_start < sa.bindparam("last", type_=Instant()),
                taken.reach_start >= sa.bindparam("since_0", type_=Instant()),
                taken.reach_end > sa.bindparam("first", type_=Instant()),
                taken.relevant.is_(sa.true()),
            )
            .limit(1)
        )

    def is_free(self, connection: sa.Connection, spot: Spot) -> bool:
        """Lock the resource and tell whether the spot is free."""
        wanted = {"wanted": spot.booking.resource_ids[0]}
        if connection.dialect.name != "sqlite":
            connection.execute(self._locks[connection.dialect.name], wanted)
        within = bounds(spot.booking.interval)
        facts = {name: within[name] for name in ("first", "last", "since_0")}
        return connection.execute(self._rival, {**wanted, **facts}).first() is None


class Removal:
    """How a booking is taken away by plain statements, the same for every way."""

    def __init__(self, tables: Tables) -> None:
        wanted = sa.bindparam("wanted", type_=IdText())
        self._statements = (
            sa.delete(tables.allocations).where(tables.allocations.c.booking_id == wanted),
            sa.delete(tables.bookings).where(tables.bookings.c.id == wanted),
        )

    def carry_out(self, engine: sa.Engine, booking_id: object) -> None:
        for _ in range(PATIENCE):
            with suppress(sa.exc.OperationalError), engine.begin() as connection:
                for statement in self._statements:
                    connection.execute(statement, {"wanted": booking_id})
                return
        message = f"{booking_id} cannot be removed"
        raise TimeoutError(message)
