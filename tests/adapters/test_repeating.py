"""Commands are repeated whole after passing faults, where they are the store's to repeat."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
import stamina
from tests.adapters.servers import MARIADB, POSTGRESQL, Server, a_store
from tests.adapters.sessions import kill, session_of

from slotkeeper.adapters.memory import MemoryStore
from slotkeeper.adapters.sql import SqlStore
from slotkeeper.desk import BookingDesk
from slotkeeper.domain.event import Event
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.service import Service
from slotkeeper.errors import InvalidFieldError, RetryableError, SlotTakenError
from slotkeeper.ports import RepeatingStore
from slotkeeper.testing.contract.samples import HOUR, NOW, at

NINE = at(9)


@pytest.fixture(params=[POSTGRESQL, MARIADB], ids=["postgresql", "mariadb"])
def server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.param
    return found


@pytest.fixture
def store(server: Server) -> Iterator[SqlStore]:
    with a_store(server) as made:
        desk = BookingDesk(made, clock=lambda: NOW)
        desk.add_resource(Resource("bay"))
        desk.add_service(Service("visit", HOUR))
        yield made


@pytest.fixture
def memory() -> Iterator[SqlStore]:
    made = SqlStore.from_url("sqlite://", attempts=3)
    with stamina.set_testing(True, attempts=100, cap=True):
        yield made
    made.close()


class Fault:
    """A command that a passing fault ends a number of times."""

    def __init__(self, times: int) -> None:
        self.times, self.called = times, 0

    def __call__(self) -> str:
        self.called += 1
        if self.called <= self.times:
            raise RetryableError("busy")
        return "done"


def ids_that(strike: Callable[[], None], *, times: int) -> Callable[[], uuid.UUID]:
    """Return a maker of ids in the midst of whose first calls something happens."""
    made: list[uuid.UUID] = []

    def new_id() -> uuid.UUID:
        made.append(uuid.uuid4())
        if len(made) <= times:
            strike()
        return made[-1]

    return new_id


def sessions_of(store: SqlStore) -> list[int]:
    """Return a list that grows by each session in which the store begins a transaction."""
    seen: list[int] = []
    sa.event.listen(store.engine, "begin", lambda connection: seen.append(session_of(connection)))
    return seen


@pytest.mark.parametrize("times", [0, 1, 2])
def test_a_command_is_repeated_until_it_is_through(memory: SqlStore, times: int) -> None:
    fault = Fault(times)
    assert memory.repeat(fault) == "done"
    assert fault.called == times + 1


def test_a_command_is_not_repeated_for_ever(memory: SqlStore) -> None:
    fault = Fault(99)
    with pytest.raises(RetryableError):
        memory.repeat(fault)
    assert fault.called == 3


def test_what_is_no_passing_fault_is_not_repeated(memory: SqlStore) -> None:
    called: list[int] = []

    def divide() -> float:
        called.append(1)
        return 1 / 0

    with pytest.raises(ZeroDivisionError):
        memory.repeat(divide)
    assert called == [1]


@pytest.mark.parametrize("attempts", [0, -1, True, 1.5, "2"])
def test_a_number_of_attempts_is_a_whole_number_from_one_on(attempts: int) -> None:
    with pytest.raises(InvalidFieldError, match="attempts"):
        SqlStore.from_url("sqlite://", attempts=attempts)


def test_a_command_whose_connection_is_lost_is_carried_out_anew(server: Server, store: SqlStore) -> None:
    mine = SqlStore.from_url(server.url, tables=store._tables)
    told: list[Event] = []
    sessions = sessions_of(mine)
    new_id = ids_that(lambda: kill(sessions[-1], server), times=2)
    desk = BookingDesk(mine, clock=lambda: NOW, new_id=new_id, subscribers=[told.append])
    booking = desk.book("visit", NINE, key="mine")
    assert len(set(sessions)) == 3
    assert list(desk.find().items) == [booking]
    assert [event.booking for event in told] == [booking]
    assert desk.book("visit", NINE, key="mine") == booking
    mine.close()


def test_a_store_with_one_attempt_leaves_the_repeat_to_the_caller(server: Server, store: SqlStore) -> None:
    mine = SqlStore.from_url(server.url, tables=store._tables, attempts=1)
    sessions = sessions_of(mine)
    desk = BookingDesk(mine, clock=lambda: NOW, new_id=ids_that(lambda: kill(sessions[-1], server), times=1))
    with pytest.raises(RetryableError):
        desk.book("visit", NINE)
    assert desk.find().total == 0
    mine.close()


def test_what_a_sweep_returns_is_not_counted_twice_when_it_is_repeated(
    server: Server, store: SqlStore
) -> None:
    BookingDesk(store, clock=lambda: NOW).book("visit", NINE, booking_id="b")
    mine = SqlStore.from_url(server.url, tables=store._tables)
    sessions = sessions_of(mine)
    desk = BookingDesk(mine, clock=lambda: NOW, new_id=ids_that(lambda: kill(sessions[-1], server), times=1))
    assert [one.id for one in desk.remind(24 * HOUR)] == ["b"]
    mine.close()


def test_a_refusal_is_not_repeated(server: Server, store: SqlStore) -> None:
    mine = SqlStore.from_url(server.url, tables=store._tables)
    desk = BookingDesk(mine, clock=lambda: NOW)
    desk.book("visit", NINE)
    sessions = sessions_of(mine)
    with pytest.raises(SlotTakenError):
        desk.book("visit", NINE)
    assert len(sessions) == 1
    mine.close()


def test_a_command_within_a_hosts_transaction_is_the_hosts_to_repeat(server: Server, store: SqlStore) -> None:
    with server.engine.connect().execution_options(isolation_level="READ COMMITTED") as connection:
        hosted = SqlStore.on(connection, tables=store._tables)
        assert not isinstance(hosted, RepeatingStore)
        strike = ids_that(lambda: kill(session_of(connection), server), times=1)
        with pytest.raises(RetryableError):
            BookingDesk(hosted, clock=lambda: NOW, new_id=strike).book("visit", NINE)


def test_a_store_that_repeats_nothing_serves_a_desk_as_well() -> None:
    assert not isinstance(MemoryStore(), RepeatingStore)
