"""The host stays in charge, on every database: its metadata, keys to our rows, its session, its tenants."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from tests.adapters.servers import OURS, POSTGRESQL, SERVERS
from tests.adapters.stores import remove_file, store_in_a_file

from slotkeeper import BookingDesk, Id, Resource, Service, SlotTakenError
from slotkeeper.adapters.sql import SqlStore, Tables
from slotkeeper.testing.contract.samples import HOUR, NOW, at


@contextmanager
def engine_of(name: str) -> Iterator[sa.Engine]:
    """Lend the host an engine of its own."""
    if name == "sqlite":
        store = store_in_a_file()
        yield store.engine
        remove_file(store)
    else:
        engine = sa.create_engine(SERVERS[name].url, isolation_level="READ COMMITTED")
        yield engine
        engine.dispose()


class Host:
    """An application with one metadata, in which an order refers to a booking of ours by a foreign key."""

    def __init__(self, engine: sa.Engine, *, portable: bool) -> None:
        self.engine, self.metadata = engine, sa.MetaData()
        self.tables = Tables(self.metadata, prefix=f"{OURS}_app_", portable=portable)
        booking_id = self.tables.bookings.c.id
        self.orders = sa.Table(
            f"{OURS}_orders",
            self.metadata,
            sa.Column("number", sa.Integer, primary_key=True),
            sa.Column("booking_id", booking_id.type, sa.ForeignKey(booking_id), nullable=False),
            mysql_collate="utf8mb4_nopad_bin",
            mysql_engine="InnoDB",
        )

    def desk(self, session: orm.Session) -> BookingDesk:
        return BookingDesk(SqlStore.on(session.connection(), tables=self.tables), clock=lambda: NOW)

    def order(self, session: orm.Session, number: int, booking_id: Id) -> None:
        session.execute(sa.insert(self.orders).values(number=number, booking_id=booking_id))

    def all(self) -> list[tuple[int, Id]]:
        with self.engine.connect() as connection:
            joined = sa.select(self.orders.c.number, self.tables.bookings.c.id).join_from(
                self.orders, self.tables.bookings
            )
            return [tuple(row) for row in connection.execute(joined.order_by(self.orders.c.number))]


@pytest.fixture(params=["sqlite", *SERVERS])
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    with engine_of(request.param) as engine:
        found = Host(engine, portable="portable" in request.param)
        found.metadata.create_all(engine)
        with orm.Session(engine) as session:
            desk = found.desk(session)
            desk.add_resource(Resource("room"))
            desk.add_service(Service("visit", HOUR))
            session.commit()
        yield found
        found.metadata.drop_all(engine)


@pytest.mark.parametrize("booking_id", ["text", 7, UUID(int=5)], ids=["text", "number", "uuid"])
def test_a_hosts_row_refers_to_a_booking_by_an_id_of_any_type(host: Host, booking_id: Id) -> None:
    with orm.Session(host.engine) as session:
        made = host.desk(session).book("visit", at(9), booking_id=booking_id)
        host.order(session, 1, made.id)
        session.commit()
    assert host.all() == [(1, booking_id)]
    assert type(host.all()[0][1]) is type(booking_id)


def test_a_session_commits_both_or_neither(host: Host) -> None:
    with orm.Session(host.engine) as session:
        host.order(session, 1, host.desk(session).book("visit", at(9)).id)
        session.rollback()
        assert host.all() == []
        made = host.desk(session).book("visit", at(9))
        host.order(session, 2, made.id)
        session.commit()
    assert host.all() == [(2, made.id)]


def test_a_refusal_leaves_the_session_and_its_rows(host: Host) -> None:
    with orm.Session(host.engine) as session:
        made = host.desk(session).book("visit", at(9))
        host.order(session, 1, made.id)
        with pytest.raises(SlotTakenError):
            host.desk(session).book("visit", at(9))
        host.order(session, 2, made.id)
        session.commit()
    assert host.all() == [(1, made.id), (2, made.id)]


def test_a_savepoint_of_the_hosts_that_is_rolled_back_takes_its_booking_along(host: Host) -> None:
    with orm.Session(host.engine) as session:
        kept = host.desk(session).book("visit", at(9))
        host.order(session, 1, kept.id)
        with pytest.raises(ZeroDivisionError), session.begin_nested():
            host.order(session, 2, host.desk(session).book("visit", at(11)).id)
            raise ZeroDivisionError
        again = host.desk(session).book("visit", at(11))
        host.order(session, 3, again.id)
        session.commit()
    assert host.all() == [(1, kept.id), (3, again.id)]


def test_a_booking_that_an_order_refers_to_cannot_be_deleted_behind_its_back(host: Host) -> None:
    with orm.Session(host.engine) as session:
        host.order(session, 1, host.desk(session).book("visit", at(9)).id)
        session.commit()
    with pytest.raises(sa.exc.IntegrityError), host.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        connection.execute(sa.delete(host.tables.allocations))
        connection.execute(sa.delete(host.tables.bookings))


# -- tenants -------------------------------------------------------------------------------------------------


@pytest.fixture
def tenants() -> Iterator[list[sa.Engine]]:
    names = [f"{OURS}_north", f"{OURS}_south"]
    engine = sa.create_engine(POSTGRESQL.url)
    with engine.begin() as connection:
        for one in names:
            connection.execute(sa.schema.CreateSchema(one))
    yield [engine.execution_options(schema_translate_map={None: one}) for one in names]
    with engine.begin() as connection:
        for one in names:
            connection.execute(sa.schema.DropSchema(one, cascade=True))
    engine.dispose()


def test_tenants_in_schemas_of_their_own_share_tables_and_nothing_else(tenants: list[sa.Engine]) -> None:
    tables = Tables()
    desks = []
    for engine in tenants:
        store = SqlStore(engine, tables=tables)
        store.create_all()
        store.check_schema()
        desk = BookingDesk(store, clock=lambda: NOW)
        desk.add_resource(Resource("room"))
        desk.add_service(Service("visit", HOUR))
        desks.append(desk)
    made = [desk.book("visit", at(9), booking_id="same", key="key") for desk in desks]
    assert made[0].id == made[1].id
    desks[0].cancel("same")
    assert [desk.get("same").status for desk in desks] == ["cancelled", "confirmed"]
    desks[0].book("visit", at(9))
    with pytest.raises(SlotTakenError):
        desks[1].book("visit", at(9))
    assert [desk.relay(lambda _: None) for desk in desks] == [3, 1]
