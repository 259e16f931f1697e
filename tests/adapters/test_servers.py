"""What the SQL store promises on PostgreSQL and MariaDB beyond the contract."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.adapters.races import assert_kept_apart, log_of, open_workshop, run_worker
from tests.adapters.servers import MARIADB, OURS, POSTGRESQL, SERVERS, Server, a_store

from slotkeeper.adapters.sql import SqlStore, Tables
from slotkeeper.domain.instant import EARLIEST, LATEST, TICK
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.listing import BookingFilter, Listing
from slotkeeper.domain.slot import Timeslot
from slotkeeper.errors import InvalidFieldError, RetryableError, SlotTakenError
from slotkeeper.testing.contract.samples import (
    NOW,
    add,
    at,
    everything,
    following,
    furnish,
    moved_to,
    span,
    visit,
)

PROCESSES = 8
ATTEMPTS = 40
A_WHILE = 0.3


@pytest.fixture(params=list(SERVERS.values()), ids=list(SERVERS))
def server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.param
    return found


@pytest.fixture
def store(server: Server) -> Iterator[SqlStore]:
    with a_store(server) as made:
        yield made


@pytest.fixture(params=[POSTGRESQL, MARIADB], ids=["postgresql", "mariadb"])
def guarded(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    """Lend a store whose database has a guard of its own."""
    with a_store(request.param) as made:
        yield made


@pytest.fixture
def postgresql() -> Iterator[SqlStore]:
    with a_store(POSTGRESQL) as made:
        yield made


def test_processes_that_race_for_overlapping_starts_book_nothing_twice_and_lose_nothing(
    server: Server, store: SqlStore, tmp_path: Path
) -> None:
    open_workshop(store)
    run_worker("race", server.url, server.place_of(store._tables), tmp_path, PROCESSES, ATTEMPTS)
    noted = log_of(tmp_path)
    assert_kept_apart(store, noted)
    assert len(noted["asked"]) == PROCESSES * ATTEMPTS
    assert len(noted["cancelled"]) > PROCESSES


# -- the host's transaction ----------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_host_that_writes_at_another_isolation_level_is_told(
    server: Server, store: SqlStore, level: str
) -> None:
    with server.engine.connect().execution_options(isolation_level=level) as connection:
        hosted = SqlStore.on(connection, tables=store._tables)
        with pytest.raises(InvalidFieldError, match="must be READ COMMITTED"), hosted.begin():
            pytest.fail("began on a state that may be old")
        with hosted.begin(write=False) as unit:
            assert unit.resources.all() == []


def test_a_connection_that_commits_every_statement_is_refused(server: Server, store: SqlStore) -> None:
    with server.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        hosted = SqlStore.on(connection, tables=store._tables)
        with pytest.raises(InvalidFieldError, match="commits every statement"), hosted.begin():
            pytest.fail("began without a transaction")


def test_an_engine_that_commits_every_statement_still_has_whole_units_of_work(
    server: Server, store: SqlStore
) -> None:
    engine = sa.create_engine(server.url, isolation_level="AUTOCOMMIT")
    furnish(store)
    with pytest.raises(ZeroDivisionError), SqlStore(engine, tables=store._tables).begin() as unit:
        unit.bookings.add(visit(1, span(9, 10)), now=NOW)
        raise ZeroDivisionError
    engine.dispose()
    assert everything(store)["bookings"] == []


def test_a_host_that_waits_too_long_is_told_to_repeat(server: Server, store: SqlStore) -> None:
    furnish(store)
    engine = sa.create_engine(server.url, isolation_level="READ COMMITTED")
    patience = (
        "lock_timeout = '200ms'" if engine.dialect.name == "postgresql" else "innodb_lock_wait_timeout = 1"
    )
    with store.begin() as first, engine.connect() as connection:
        first.lock([1])
        connection.exec_driver_sql(f"SET {patience}")
        hosted = SqlStore.on(connection, tables=store._tables)
        with pytest.raises(RetryableError), hosted.begin() as unit:
            unit.lock([2, 1])
    engine.dispose()


def test_of_two_hosts_that_wait_for_each_other_one_is_told_to_repeat(server: Server, store: SqlStore) -> None:
    furnish(store)
    meet = threading.Barrier(2)

    def lock(first: int, second: int) -> bool:
        with server.engine.connect().execution_options(isolation_level="READ COMMITTED") as connection:
            hosted = SqlStore.on(connection, tables=store._tables)
            try:
                with hosted.begin() as unit:
                    unit.lock([first])
                    meet.wait(20)
                    unit.lock([second])
            except RetryableError:
                return False
            return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(lock, (1, 2), (2, 1))) == [False, True]


# -- columns -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "interval",
    [
        Interval(EARLIEST, LATEST),
        Interval(EARLIEST, EARLIEST + TICK),
        Interval(LATEST - TICK, LATEST),
        Interval(at(9) + TICK, at(9) + 3 * TICK),
    ],
    ids=["ever", "first", "last", "short"],
)
def test_instants_of_all_years_come_back_to_the_microsecond(store: SqlStore, interval: Interval) -> None:
    furnish(store)
    slot = Timeslot("slot", 1, interval)
    with store.begin() as unit:
        unit.timeslots.add(slot)
    with store.begin(write=False) as unit:
        assert unit.timeslots.get("slot") == slot
        assert list(unit.timeslots.find([1], Interval(EARLIEST, LATEST))) == [slot]
        assert list(unit.timeslots.find([1], interval)) == [slot]


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Auckland"])
def test_a_hosts_session_in_another_zone_reads_the_same_instants(postgresql: SqlStore, zone: str) -> None:
    furnish(postgresql)
    change = dt.datetime(2025, 11, 2, 5, 30, tzinfo=dt.UTC)
    booking = visit(1, Interval(change, change + dt.timedelta(hours=1)))
    with POSTGRESQL.engine.connect() as connection:
        connection.exec_driver_sql(f"SET LOCAL TIME ZONE '{zone}'")
        hosted = SqlStore.on(connection, tables=postgresql._tables)
        add(hosted, booking)
        with hosted.begin(write=False) as unit:
            assert unit.bookings.get(1) == booking
            assert unit.bookings.relevant([1], booking.interval) == [booking]


def test_what_the_database_cannot_hold_is_refused_with_our_own_error(store: SqlStore) -> None:
    furnish(store)
    long = "x" * 300 if store.engine.dialect.name == "mysql" else "a\x00b"
    with pytest.raises(InvalidFieldError):
        add(store, visit(1, span(9, 10), status=long))


# -- the databases' own guards -------------------------------------------------------------------------------


def bypass(connection: sa.Connection, store: SqlStore, booking_id: str, first: float, last: float) -> None:
    """Take resource 1 for a booking by a statement of one's own, as no store would."""
    row = {
        "booking_id": booking_id,
        "resource_id": 1,
        "position": 0,
        "units": 1,
        "buffer_before": dt.timedelta(0),
        "buffer_after": dt.timedelta(0),
        "buffer_rule": "sum",
        "length": at(last) - at(first),
        "occupies": True,
        "relevant": True,
        "judged_at": at(first),
    }
    row |= {name: at(first) for name in ("start_at", "occupied_start", "reach_start")}
    row |= {name: at(last) for name in ("end_at", "occupied_end", "reach_end")}
    connection.execute(sa.insert(store._tables.allocations), row)


def test_who_bypasses_the_store_cannot_take_what_is_taken(guarded: SqlStore) -> None:
    furnish(guarded, capacity=1)
    add(guarded, visit("there", span(9, 10)), visit("rival", span(11, 12), on=[2]))
    for first, last in [(9, 10), (8, 11), (9.25, 9.5), (8, 9.5)]:
        with guarded.engine.begin() as connection, pytest.raises(sa.exc.IntegrityError, match="ex_"):
            bypass(connection, guarded, "rival", first, last)
    with guarded.engine.begin() as connection:
        bypass(connection, guarded, "rival", 10, 11)


def test_who_bypasses_the_store_cannot_move_onto_what_is_taken(guarded: SqlStore) -> None:
    furnish(guarded, capacity=1)
    add(guarded, visit("there", span(9, 10)), visit("rival", span(11, 12)))
    table = guarded._tables.allocations
    moved = sa.update(table).where(table.c.booking_id == "rival").values(occupied_start=at(9.5))
    with guarded.engine.begin() as connection, pytest.raises(sa.exc.IntegrityError):
        connection.execute(moved.values(reach_start=at(9.5), length=at(12) - at(9.5)))


def test_what_takes_nothing_or_shares_its_resource_is_not_kept_apart(guarded: SqlStore) -> None:
    furnish(guarded, capacity=2)
    called_off = visit("off", span(9, 10), status="cancelled", occupies=False, counts=False)
    add(guarded, called_off, visit("there", span(9, 10)), visit("beside", span(9, 10)))
    with pytest.raises(SlotTakenError):
        add(guarded, visit("third", span(9.5, 10)))


@pytest.mark.parametrize("moved", [False, True], ids=["new", "moved"])
def test_a_rival_that_only_the_constraint_knows_of_is_named_in_the_refusal(
    guarded: SqlStore, *, moved: bool
) -> None:
    furnish(guarded, capacity=1)
    mine, at_nine = visit("mine", span(14, 15)), visit("mine", span(9, 10))
    add(guarded, visit("rival", span(11, 12), on=[2]), *([mine] if moved else []))

    def take_nine() -> None:
        with guarded.begin() as unit:
            with pytest.raises(SlotTakenError) as refused:
                if moved:
                    unit.bookings.replace(moved_to(mine, span(9, 10)), now=NOW)
                else:
                    unit.bookings.add(at_nine, now=NOW)
            (busy,) = refused.value.explanation.refusals
            assert [one.booking_id for one in busy.blockers] == ["rival"]  # type: ignore[union-attr]
            unit.bookings.add(visit("later", span(16, 17)), now=NOW)

    with ThreadPoolExecutor(1) as pool:
        with guarded.engine.begin() as connection:
            bypass(connection, guarded, "rival", 9, 10)
            waiting = pool.submit(take_nine)
            assert not wait([waiting], timeout=A_WHILE).done
        waiting.result(20)
    with guarded.begin(write=False) as unit:
        assert unit.bookings.get("later").resource_ids == (1,)
        found = unit.bookings.find(BookingFilter(ids=["mine"]), Listing()).items
        assert list(found) == ([mine] if moved else [])


def test_a_booking_follows_a_hold_that_lapsed(guarded: SqlStore) -> None:
    furnish(guarded, capacity=1)
    held = visit("held", span(9, 10), status="held", expires_at=at(2))
    add(guarded, held)
    add(guarded, visit("next", span(9, 10)), now=at(2))
    with pytest.raises(SlotTakenError), guarded.begin() as unit:
        unit.bookings.replace(following(held, expires_at=None, status="confirmed"), now=at(2))


@pytest.fixture
def bare() -> Iterator[sa.Engine]:
    """Lend a database of its own on PostgreSQL, without any extension that another one may have."""
    name = f"{OURS}_bare"
    with POSTGRESQL.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as server:
        server.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0")
        engine = sa.create_engine(sa.make_url(POSTGRESQL.url).set(database=name))
        try:
            yield engine
        finally:
            engine.dispose()
            server.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


def test_without_btree_gist_or_with_it_the_constraint_is_there_and_goes_with_the_tables(
    bare: sa.Engine,
) -> None:
    tables = Tables(prefix="sk_probe_")
    offered = sa.text("SELECT count(*) FROM pg_available_extensions WHERE name = 'btree_gist'")
    with bare.connect() as connection:
        tables.metadata.create_all(connection)
        assert "sk_probe_ids(" in definition(connection)
        tables.metadata.drop_all(connection)
        assert connection.scalar(sa.text("SELECT to_regtype('sk_probe_ids')")) is None
        if connection.scalar(offered):
            connection.exec_driver_sql("CREATE EXTENSION btree_gist")
            tables.metadata.create_all(connection)
            assert "(resource_id WITH =" in definition(connection)


def definition(connection: sa.Connection) -> str:
    query = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'ex_sk_probe_allocations'"
    return str(connection.scalar(sa.text(query)))
