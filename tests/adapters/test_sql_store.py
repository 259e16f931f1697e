"""What the SQL store promises beyond the contract: hosts' transactions, faults, exact columns, indexes."""

from __future__ import annotations

import datetime as dt
import importlib
import sqlite3
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import orm
from sqlalchemy.pool import StaticPool
from tests.adapters.stores import store_in_memory

from slotkeeper.adapters.cursor import cursor_after
from slotkeeper.adapters.sql import SqlStore, configure_sqlite
from slotkeeper.adapters.sql.types import Amount, Document, IdText, Instant, Length, instant_of, ticks_of
from slotkeeper.desk import BookingDesk
from slotkeeper.domain.booking import Booking, Payment
from slotkeeper.domain.ids import Id
from slotkeeper.domain.instant import EARLIEST, LATEST
from slotkeeper.domain.listing import BookingFilter, Listing
from slotkeeper.domain.money import Money
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.service import Service
from slotkeeper.domain.slot import Timeslot
from slotkeeper.errors import (
    DuplicateIdError,
    InvalidFieldError,
    MissingExtraError,
    NotFoundError,
    ParseError,
    RetryableError,
    SlotTakenError,
)
from slotkeeper.testing.contract.samples import (
    HOUR,
    NOW,
    add,
    at,
    everything,
    furnish,
    happening,
    kept,
    room,
    span,
    visit,
)
from slotkeeper.testing.strategies import ids, instants

MANY_IDS = 1201


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Return the address of a file with the tables in it, and four resources of capacity one."""
    address = f"sqlite:///{tmp_path}/week.sqlite3"
    store = SqlStore.from_url(address)
    store.create_all()
    furnish(store, capacity=1)
    store.close()
    return address


@pytest.fixture
def store(url: str) -> Iterator[SqlStore]:
    made = SqlStore.from_url(url)
    yield made
    made.close()


@pytest.fixture
def host(url: str) -> Iterator[sa.Engine]:
    """Return an engine as a host makes it, with a table of its own."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE people (name TEXT)")
    yield engine
    engine.dispose()


def people(engine: sa.Engine) -> list[str]:
    with engine.connect() as connection:
        return [name for (name,) in connection.exec_driver_sql("SELECT name FROM people")]


def booked(engine: sa.Engine) -> list[Id]:
    with SqlStore(engine).begin(write=False) as unit:
        return [one.id for one in unit.bookings.find(BookingFilter(), Listing()).items]


def greet(connection: sa.Connection, name: str) -> None:
    connection.execute(sa.text("INSERT INTO people VALUES (:name)"), {"name": name})


# -- the host's transaction ----------------------------------------------------------------------------------


def test_the_hosts_rows_and_a_booking_commit_together(host: sa.Engine) -> None:
    with host.begin() as connection:
        greet(connection, "ada")
        add_on(connection, visit(1, span(9, 10)))
    assert (people(host), booked(host)) == (["ada"], [1])


def add_on(connection: sa.Connection, *bookings: Booking) -> None:
    add(SqlStore.on(connection), *bookings)


def test_the_hosts_rows_and_a_booking_roll_back_together(host: sa.Engine) -> None:
    with pytest.raises(ZeroDivisionError), host.begin() as connection:
        add_on(connection, visit(1, span(9, 10)))
        greet(connection, "ada")
        raise ZeroDivisionError
    assert (people(host), booked(host)) == ([], [])


def test_nothing_is_committed_before_the_host_commits(host: sa.Engine) -> None:
    with host.connect() as connection:
        add_on(connection, visit(1, span(9, 10)))
        assert booked(host) == []
        connection.commit()
    assert booked(host) == [1]


def test_a_refusal_leaves_the_hosts_transaction_usable(host: sa.Engine) -> None:
    with host.begin() as connection:
        greet(connection, "ada")
        add_on(connection, visit(1, span(9, 10)))
        with pytest.raises(SlotTakenError):
            add_on(connection, visit(2, span(11, 12)), visit(3, span(9, 10)))
        greet(connection, "ben")
    assert (people(host), booked(host)) == (["ada", "ben"], [1])


def test_a_session_and_the_store_share_one_transaction(host: sa.Engine) -> None:
    with orm.Session(host) as session:
        session.execute(sa.text("INSERT INTO people VALUES ('ada')"))
        desk = BookingDesk(SqlStore.on(session.connection()), clock=lambda: NOW)
        desk.book(1, at(9), booking_id="mine")
        session.rollback()
        assert (people(host), booked(host)) == ([], [])
        session.execute(sa.text("INSERT INTO people VALUES ('ada')"))
        BookingDesk(SqlStore.on(session.connection()), clock=lambda: NOW).book(1, at(9), booking_id="mine")
        session.commit()
    assert (people(host), booked(host)) == (["ada"], ["mine"])


def test_events_wait_in_the_outbox_while_the_host_has_not_committed(host: sa.Engine) -> None:
    told: list[object] = []
    with host.begin() as connection:
        desk = BookingDesk(SqlStore.on(connection), clock=lambda: NOW, subscribers=[told.append])
        desk.book(1, at(9))
    assert told == []
    assert BookingDesk(SqlStore(host), clock=lambda: NOW).relay(told.append) == 1


def test_of_two_hosts_that_decide_at_once_one_is_told_to_repeat(host: sa.Engine, store: SqlStore) -> None:
    with host.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql("SELECT * FROM people").all()
        add(store, visit(1, span(9, 10)))
        with pytest.raises(RetryableError):
            add_on(connection, visit(2, span(9, 10)))
        connection.rollback()
        with pytest.raises(SlotTakenError):
            add_on(connection, visit(2, span(9, 10)))


def test_a_lock_in_the_hosts_transaction_keeps_other_writers_out(url: str, host: sa.Engine) -> None:
    other = SqlStore(sa.create_engine(url, connect_args={"timeout": 0}))
    with host.begin() as connection:
        connection.exec_driver_sql("BEGIN")
        with SqlStore.on(connection).begin() as unit:
            unit.lock([2, 1])
            with pytest.raises(RetryableError), other.begin():
                pytest.fail("another writer got in")
    with other.begin() as unit:
        unit.lock([1])
    other.close()


def test_a_host_that_reads_keeps_nobody_from_writing(host: sa.Engine, store: SqlStore) -> None:
    with host.connect() as connection:
        hosted = SqlStore.on(connection)
        with hosted.begin(write=False) as unit:
            assert unit.bookings.find(BookingFilter(), Listing()).total == 0
        add(store, visit(1, span(9, 10)))
        assert everything(hosted)["bookings"] == []


def test_a_connection_that_commits_every_statement_is_refused(host: sa.Engine) -> None:
    with (
        host.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        pytest.raises(InvalidFieldError, match="commits every statement"),
    ):
        add_on(connection, visit(1, span(9, 10)))
    assert booked(host) == []


def test_a_host_that_begins_transactions_by_events_is_served(url: str) -> None:
    engine = sa.create_engine(url)

    @sa.event.listens_for(engine, "connect")
    def leave_it_to_us(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    add(SqlStore(engine), visit(1, span(9, 10)))
    with pytest.raises(ZeroDivisionError), engine.begin() as connection:
        add_on(connection, visit(2, span(11, 12)))
        raise ZeroDivisionError
    assert booked(engine) == [1]
    engine.dispose()


# -- engines -------------------------------------------------------------------------------------------------


def test_an_engine_of_the_hosts_keeps_its_settings_and_its_ways(host: sa.Engine) -> None:
    before = pragmas(host)
    add(SqlStore(host), visit(1, span(9, 10)))
    assert pragmas(host) == before
    with host.connect() as connection:
        greet(connection, "ada")
        connection.rollback()
    assert people(host) == []


def pragmas(engine: sa.Engine) -> dict[str, Any]:
    names = ("foreign_keys", "synchronous", "busy_timeout", "journal_mode")
    with engine.connect() as connection:
        return {one: connection.exec_driver_sql(f"PRAGMA {one}").scalar_one() for one in names}


def test_an_engine_of_our_own_is_durable_checked_and_patient(store: SqlStore) -> None:
    assert pragmas(store.engine) == {
        "foreign_keys": 1,
        "synchronous": 2,
        "busy_timeout": 30_000,
        "journal_mode": "wal",
    }


def test_a_host_may_give_its_engine_the_same_settings(url: str, store: SqlStore) -> None:
    engine = sa.create_engine(url)
    configure_sqlite(engine)
    assert pragmas(engine) == pragmas(store.engine)
    engine.dispose()


def test_an_engine_with_a_database_for_each_thread_is_not_configured() -> None:
    with pytest.raises(InvalidFieldError, match="another database for each thread"):
        configure_sqlite(sa.create_engine("sqlite://"))


def test_a_shared_connection_in_a_transaction_is_not_committed_behind_the_hosts_back() -> None:
    engine = sa.create_engine("sqlite://", poolclass=StaticPool)
    store = SqlStore(engine)
    store.create_all()
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE people (name TEXT)")
        greet(connection, "ada")
        with pytest.raises(InvalidFieldError, match=r"SqlStore\.on"), store.begin():
            pytest.fail("began in the host's transaction")
        connection.rollback()
    assert people(engine) == []
    store.close()


def test_an_unknown_database_is_refused_by_name() -> None:
    with pytest.raises(InvalidFieldError, match=r"must be one of .*sqlite"):
        SqlStore.from_url("mssql+pyodbc://host/name")


@pytest.mark.parametrize(
    "address", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:shared?mode=memory&uri=true"]
)
def test_a_database_in_memory_is_one_for_all_threads(address: str) -> None:
    store = SqlStore.from_url(address)
    store.create_all()
    furnish(store)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: add(store, visit(number, span(9, 10))), range(8)))
    with store.begin(write=False) as unit:
        assert unit.bookings.find(BookingFilter(), Listing()).total == 8
    store.close()


def test_a_writer_that_waits_too_long_is_told_to_repeat(url: str, store: SqlStore) -> None:
    hasty = SqlStore(sa.create_engine(url, connect_args={"timeout": 0}))
    with store.begin(), pytest.raises(RetryableError, match="locked"), hasty.begin():
        pytest.fail("two writers at once")
    hasty.close()


def test_a_writer_waits_for_another(url: str, store: SqlStore) -> None:
    inside, free = threading.Event(), threading.Event()

    def occupy() -> None:
        with SqlStore.from_url(url).begin() as unit:
            inside.set()
            free.wait(20)
            unit.bookings.add(visit(1, span(9, 10)), now=NOW)

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(occupy)
        inside.wait(20)
        threading.Timer(0.1, free.set).start()
        with pytest.raises(SlotTakenError):
            add(store, visit(2, span(9, 10)))
        first.result(20)


def test_a_unit_of_work_that_reads_changes_nothing(store: SqlStore) -> None:
    with pytest.raises(InvalidFieldError, match="must be true"), store.begin(write=False) as unit:
        unit.bookings.add(visit(1, span(9, 10)), now=NOW)
    assert everything(store)["bookings"] == []


def test_without_sqlalchemy_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    monkeypatch.delitem(sys.modules, "slotkeeper.adapters.sql")
    with pytest.raises(MissingExtraError) as missing:
        importlib.import_module("slotkeeper.adapters.sql")
    assert missing.value.extra == "sql"


# -- columns -------------------------------------------------------------------------------------------------


@given(instants(anywhere=True))
def test_every_instant_is_a_whole_number_and_back(instant: dt.datetime) -> None:
    assert instant_of(ticks_of(instant)) == instant


def test_the_first_and_the_last_instant_come_back() -> None:
    assert [instant_of(ticks_of(one)) for one in (EARLIEST, LATEST)] == [EARLIEST, LATEST]


@given(st.lists(instants(anywhere=True), max_size=5))
def test_instants_order_as_their_numbers(given_instants: list[dt.datetime]) -> None:
    assert [instant_of(one) for one in sorted(map(ticks_of, given_instants))] == sorted(given_instants)


@pytest.mark.parametrize("kind", [Instant(), Length(), IdText(), Amount()])
def test_nothing_is_null_and_null_is_nothing(kind: sa.types.TypeDecorator[Any]) -> None:
    engine = sa.create_engine("sqlite://")
    table = sa.Table("one", sa.MetaData(), sa.Column("fact", kind))
    table.create(engine)
    with engine.begin() as connection:
        connection.execute(sa.insert(table), {"fact": None})
        assert connection.execute(sa.select(table)).all() == [(None,)]
    engine.dispose()


def test_a_host_reads_bookings_with_its_own_queries(store: SqlStore) -> None:
    facts: dict[str, Any] = {
        "price": Money.of("40.00", "EUR"),
        "payment": Payment("paid", paid=Money.of("40.00", "EUR")),
    }
    add(store, visit(1, span(9, 10), notes="bring a bike", attributes={"color": "red"}, **facts))
    query = """
        SELECT status, start_at, notes, price_amount, price_currency, paid_amount, attributes ->> 'color'
        FROM slotkeeper_bookings JOIN slotkeeper_allocations ON booking_id = id WHERE resource_id = 'int:a1'
    """.replace("start_at", "slotkeeper_bookings.start_at")
    with store.engine.connect() as connection:
        (row,) = connection.exec_driver_sql(query)
    assert tuple(row) == ("confirmed", ticks_of(at(9)), "bring a bike", "40.00", "EUR", "40.00", "red")
    assert Decimal(row.price_amount) == 40


HOSTILE = (
    "'; DROP TABLE slotkeeper_bookings; --",
    '" OR 1=1 --',
    "%(id)s :id ? ?1 $1 {id}",
    "\x00 in the middle \x00",
    "int:a7",
    "\\",
    "\u202e\U0001f6b2",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_kept_as_it_is_wherever_it_stands(text: str) -> None:
    store = store_in_memory()
    with store.begin() as unit:
        unit.resources.put(room(text, name=text))
        unit.services.put(Service(text, HOUR, name=text))
        words: dict[str, Any] = dict.fromkeys(
            ("service_id", "customer_id", "series_id", "notes", "status", "reason"), text
        )
        booking = visit(text, span(9, 10), on=[text], attributes={text: [text]}, **words)
        unit.bookings.add(booking, now=NOW)
        unit.outbox.append(happening(text, booking, reason=text))
        unit.keys.keep(text, text, kept(text))
    with store.begin(write=False) as unit:
        wanted = BookingFilter(
            ids=[text],
            customer_id=text,
            service_ids=[text],
            series_id=text,
            statuses=[text],
            resource_ids=[text],
        )
        assert list(unit.bookings.find(wanted, Listing()).items) == [booking]
        assert unit.bookings.relevant([text], span(8, 11)) == [booking]
        assert unit.outbox.history(text)[0].booking == booking
        assert unit.keys.get(text, text) == kept(text)
    store.close()


@given(st.lists(ids(), unique=True, max_size=6))
@settings(max_examples=20)
def test_ids_of_all_types_stay_apart(given_ids: list[Id]) -> None:
    store = store_in_memory()
    with store.begin() as unit:
        for one in given_ids:
            unit.resources.put(Resource(one))
        assert [one.id for one in unit.resources.all()] == given_ids
        assert [unit.resources.get(one).id for one in given_ids] == given_ids
    store.close()


@pytest.mark.parametrize("notes", ["\ud800", "a \udfff"])
def test_text_that_is_no_unicode_is_refused_with_our_own_error(store: SqlStore, notes: str) -> None:
    with pytest.raises(InvalidFieldError, match="Unicode"):
        add(store, visit(1, span(9, 10), notes=notes))


def test_numbers_beyond_64_bits_are_refused_with_our_own_error(store: SqlStore) -> None:
    with pytest.raises(InvalidFieldError, match="64 bits"), store.begin() as unit:
        unit.resources.put(room(9, capacity=2**63))


def test_a_booking_of_a_class_of_the_hosts_is_refused_rather_than_cut(store: SqlStore) -> None:
    class Special(Booking):
        pass

    special = Special(**attrs.asdict(visit(1, span(9, 10)), recurse=False))
    with pytest.raises(InvalidFieldError, match="not of a subclass"):
        add(store, special)


def test_a_cursor_of_another_order_is_refused(store: SqlStore) -> None:
    cursor = cursor_after(visit(1, span(9, 10)), "start")
    with pytest.raises(ParseError), store.begin(write=False) as unit:
        unit.bookings.find(BookingFilter(), Listing(order="-start", after=cursor))


def test_more_ids_than_one_statement_takes_are_asked_for_in_portions(store: SqlStore) -> None:
    add(store, visit(1, span(9, 10)), visit(2, span(9, 10), on=[2, 3]))
    with store.begin(write=False) as unit:
        near = unit.bookings.relevant([2, *range(1000, 1000 + MANY_IDS), 3, 1], span(8, 11))
    assert [one.id for one in near] == [1, 2]


def test_a_booking_of_a_service_that_is_not_there_is_refused(store: SqlStore) -> None:
    with pytest.raises(NotFoundError) as missing:
        add(store, visit(1, span(9, 10), service_id="none"))
    assert (missing.value.kind, missing.value.id) == ("service", "none")


def test_a_stored_slot_of_a_resource_that_is_not_there_is_refused(store: SqlStore) -> None:
    with pytest.raises(NotFoundError) as missing, store.begin() as unit:
        unit.timeslots.add(Timeslot(1, "none", span(9, 10)))
    assert (missing.value.kind, missing.value.id) == ("resource", "none")


def test_an_event_is_kept_once(store: SqlStore) -> None:
    with pytest.raises(DuplicateIdError), store.begin() as unit:
        unit.outbox.append(happening(1, visit(1, span(9, 10))))
        unit.outbox.append(happening(1, visit(2, span(9, 10))))


# -- spans and columns ---------------------------------------------------------------------------------------


def test_a_long_booking_far_back_is_found_and_short_ones_before_it_are_not_read(store: SqlStore) -> None:
    add(
        store, visit("long", span(0, 200)), *(visit(hour, span(hour, hour + 1), on=[2]) for hour in range(50))
    )
    with store.begin(write=False) as unit:
        assert [one.id for one in unit.bookings.relevant([1, 2], span(48.5, 49))] == ["long", 48]


def test_documents_are_text_of_ascii_characters() -> None:
    written = Document().process_bind_param({"ą": "\ud800"}, sa.create_engine("sqlite://").dialect)
    assert written.isascii()


def test_a_savepoint_of_the_hosts_is_not_the_outermost(store: SqlStore) -> None:
    with store.engine.connect() as connection:
        with connection.begin_nested():
            add_on(connection, visit(1, span(9, 10)))
        connection.rollback()
    assert booked(store.engine) == []
