"""What a caller is told when the connection to a server is lost, and what is there afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from tests.adapters.servers import MARIADB, POSTGRESQL, Server, a_store
from tests.adapters.sessions import kill, session_of
from tests.adapters.wires import Cut, Wire

from slotkeeper.adapters.sql import SqlStore
from slotkeeper.adapters.sql.store import SqlUnit
from slotkeeper.desk import BookingDesk
from slotkeeper.domain.listing import BookingFilter, Listing
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.schedule import Schedule
from slotkeeper.domain.service import Service
from slotkeeper.errors import DuplicateIdError, OutcomeUnknownError, RetryableError
from slotkeeper.ports import UnitOfWork
from slotkeeper.testing.contract.samples import HOUR, NOW, add, at, furnish, span, visit

NINE = at(9)
_REFUSAL_AT_COMMIT = """
CREATE TEMPORARY TABLE watched (one int);
CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN RAISE EXCEPTION SQLSTATE '{state}'; END $$;
CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON watched
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pg_temp.refuse();
INSERT INTO watched VALUES (1)
"""


@pytest.fixture(params=[POSTGRESQL, MARIADB], ids=["postgresql", "mariadb"])
def server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.param
    return found


@pytest.fixture
def store(server: Server) -> Iterator[SqlStore]:
    """A store whose connections nobody touches, to look at what is there."""
    with a_store(server) as made:
        furnish(made)
        yield made


@pytest.fixture
def wire(server: Server) -> Iterator[Wire]:
    with Wire(server.url) as made:
        yield made


@pytest.fixture
def wired(store: SqlStore, wire: Wire) -> Iterator[SqlStore]:
    """The same store through a wire."""
    made = SqlStore.from_url(wire.url, tables=store._tables)
    yield made
    made.close()


def stored_ids(store: SqlStore) -> list[object]:
    with store.begin(write=False) as unit:
        return [booking.id for booking in unit.bookings.find(BookingFilter(), Listing()).items]


def connection_of(unit: UnitOfWork) -> sa.Connection:
    assert isinstance(unit, SqlUnit)
    return unit._transaction._connection


# -- in the commit -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", Cut)
def test_a_commit_without_an_answer_is_told_as_one_of_unknown_outcome(
    store: SqlStore, wire: Wire, wired: SqlStore, cut: Cut
) -> None:
    with pytest.raises(OutcomeUnknownError), wired.begin() as unit:
        unit.bookings.add(visit("mine", span(9, 10)), now=NOW)
        wire.cut = cut
    assert stored_ids(store) == (["mine"] if cut is Cut.BEFORE_THE_CLIENT else [])
    add(wired, visit("next", span(10, 11)))
    assert "next" in stored_ids(store)


def test_a_session_that_the_server_ends_at_the_commit_leaves_its_outcome_unknown(
    server: Server, store: SqlStore, wired: SqlStore
) -> None:
    with pytest.raises(OutcomeUnknownError), wired.begin() as unit:
        unit.bookings.add(visit("mine", span(9, 10)), now=NOW)
        kill(session_of(connection_of(unit)), server)
    assert stored_ids(store) == []


def test_a_commit_of_nothing_can_be_repeated(wire: Wire, wired: SqlStore) -> None:
    with pytest.raises(RetryableError), wired.begin(write=False) as unit:
        assert unit.bookings.lapsed(NOW, limit=1) == []
        wire.cut = Cut.BEFORE_THE_SERVER


@pytest.mark.parametrize(
    ("state", "told"),
    [("40001", RetryableError), ("40003", OutcomeUnknownError), ("08007", OutcomeUnknownError)],
)
def test_what_postgresql_and_its_kin_answer_to_a_commit_is_told_apart(
    state: str, told: type[Exception]
) -> None:
    with a_store(POSTGRESQL) as store, pytest.raises(told), store.begin() as unit:
        connection_of(unit).exec_driver_sql(_REFUSAL_AT_COMMIT.format(state=state))


# -- before the commit ---------------------------------------------------------------------------------------


def test_a_connection_that_is_lost_before_the_commit_can_be_repeated(
    server: Server, store: SqlStore, wired: SqlStore
) -> None:
    with pytest.raises(RetryableError), wired.begin() as unit:
        unit.bookings.add(visit("mine", span(9, 10)), now=NOW)
        kill(session_of(connection_of(unit)), server)
        unit.bookings.add(visit("more", span(10, 11)), now=NOW)
    assert stored_ids(store) == []
    add(wired, visit("next", span(9, 10)))
    assert stored_ids(store) == ["next"]


def test_an_idle_connection_that_was_lost_meanwhile_costs_one_repeat(server: Server, wired: SqlStore) -> None:
    with wired.begin(write=False) as unit:
        session = session_of(connection_of(unit))
    kill(session, server)
    with pytest.raises(RetryableError):
        add(wired, visit("mine", span(9, 10)))
    add(wired, visit("mine", span(9, 10)))


def test_a_server_that_cannot_be_reached_may_be_asked_again(
    store: SqlStore, wire: Wire, wired: SqlStore
) -> None:
    wire.tear_down()
    with pytest.raises(RetryableError):
        add(wired, visit("mine", span(9, 10)))
    assert stored_ids(store) == []


def test_what_ends_a_unit_of_work_is_raised_although_its_connection_is_lost_too(
    server: Server, wired: SqlStore
) -> None:
    with pytest.raises(ZeroDivisionError), wired.begin() as unit:
        kill(session_of(connection_of(unit)), server)
        raise ZeroDivisionError
    add(wired, visit("next", span(9, 10)))


def test_a_host_whose_connection_is_lost_is_told_to_repeat(server: Server, store: SqlStore) -> None:
    with server.engine.connect().execution_options(isolation_level="READ COMMITTED") as connection:
        hosted = SqlStore.on(connection, tables=store._tables)
        with pytest.raises(RetryableError), hosted.begin() as unit:
            kill(session_of(connection), server)
            unit.bookings.add(visit("mine", span(9, 10)), now=NOW)
    assert stored_ids(store) == []


@pytest.mark.parametrize("moment", ["begins", "ends"])
def test_a_savepoint_that_is_lost_can_be_repeated(
    server: Server, store: SqlStore, wired: SqlStore, moment: str
) -> None:
    with pytest.raises(RetryableError), wired.begin() as unit:
        assert isinstance(unit, SqlUnit)
        session = session_of(connection_of(unit))
        if moment == "begins":
            kill(session, server)
        with unit._transaction.step():
            if moment == "ends":
                kill(session, server)
    assert stored_ids(store) == []


# -- through the desk ----------------------------------------------------------------------------------------


@pytest.fixture
def desk(store: SqlStore, wired: SqlStore) -> BookingDesk:
    """A desk whose connection is open already, so that the next commit is that of a command."""
    setting_up = BookingDesk(store)
    setting_up.add_resource(Resource("bay", Schedule.always(), capacity=2))
    setting_up.add_service(Service("wash", HOUR))
    desk = BookingDesk(wired, clock=lambda: NOW)
    desk.get_resource("bay")
    return desk


def test_with_a_key_the_desk_finds_the_result_of_a_commit_without_an_answer(
    store: SqlStore, wire: Wire, desk: BookingDesk
) -> None:
    wire.cut = Cut.BEFORE_THE_CLIENT
    booking = desk.book("wash", NINE, resource_ids=["bay"], key="once")
    assert stored_ids(store) == [booking.id]
    assert desk.book("wash", NINE, resource_ids=["bay"], key="once") == booking


def test_with_a_key_a_repeat_makes_up_for_a_commit_that_was_never_made(
    store: SqlStore, wire: Wire, desk: BookingDesk
) -> None:
    wire.cut = Cut.BEFORE_THE_SERVER
    with pytest.raises(OutcomeUnknownError):
        desk.book("wash", NINE, resource_ids=["bay"], key="once")
    assert stored_ids(store) == []
    booking = desk.book("wash", NINE, resource_ids=["bay"], key="once")
    assert stored_ids(store) == [booking.id]


def test_without_a_key_an_id_of_the_hosts_tells_a_repeat(
    store: SqlStore, wire: Wire, desk: BookingDesk
) -> None:
    wire.cut = Cut.BEFORE_THE_CLIENT
    with pytest.raises(OutcomeUnknownError):
        desk.book("wash", NINE, resource_ids=["bay"], booking_id="mine")
    with pytest.raises(DuplicateIdError):
        desk.book("wash", NINE, resource_ids=["bay"], booking_id="mine")
    assert stored_ids(store) == ["mine"]


def test_an_outcome_stays_unknown_where_it_cannot_be_looked_up(
    store: SqlStore, wire: Wire, desk: BookingDesk
) -> None:
    wire.cut = Cut.BEFORE_THE_CLIENT
    wire.let_nobody_in()
    with pytest.raises(OutcomeUnknownError):
        desk.book("wash", NINE, resource_ids=["bay"], key="once")
    assert len(stored_ids(store)) == 1


def test_a_refusal_that_is_perhaps_not_kept_is_not_told(
    store: SqlStore, wire: Wire, desk: BookingDesk
) -> None:
    taken = desk.book("wash", NINE, resource_ids=["bay"], units=2)
    wire.cut = Cut.BEFORE_THE_SERVER
    with pytest.raises(OutcomeUnknownError):
        desk.book("wash", NINE, resource_ids=["bay"], key="once")
    desk.cancel(taken.id)
    assert desk.book("wash", NINE, resource_ids=["bay"], key="once").id in stored_ids(store)
