"""What was read under a lock is not read again; what was read before it, or changed since, is."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from tests.adapters.servers import SERVERS, Server, a_store
from tests.adapters.stores import remove_file, store_in_a_file

from slotkeeper.adapters.sql import SqlStore
from slotkeeper.desk import BookingDesk
from slotkeeper.domain.limit import Limit
from slotkeeper.domain.requirement import Requirement
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.service import Service
from slotkeeper.errors import LimitReachedError, SlotTakenError
from slotkeeper.testing.contract.samples import HOUR, NOW, at, everything, furnish, room, span, visit

PATIENCE = 20
A_WHILE = 0.3


@pytest.fixture(params=list(SERVERS.values()), ids=list(SERVERS))
def store(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    """A store on a server, where others go on beside a unit of work that writes."""
    server: Server = request.param
    with a_store(server) as made:
        yield made


@pytest.fixture(params=["sqlite", *SERVERS])
def any_store(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    if request.param == "sqlite":
        made = store_in_a_file()
        yield made
        remove_file(made)
    else:
        with a_store(SERVERS[request.param]) as made:
            yield made


@contextmanager
def statements_of(store: SqlStore) -> Iterator[list[str]]:
    """Note what is sent to the database within the block."""
    sent: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    sa.event.listen(store.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(store.engine, "before_cursor_execute", note)


def reads(sent: list[str], table: sa.Table) -> int:
    return sum(one.startswith("SELECT") and f"FROM {table.name}" in one.replace('"', "") for one in sent)


def test_a_resource_that_changes_before_it_is_locked_is_read_again(store: SqlStore) -> None:
    furnish(store)
    with store.begin() as unit:
        assert unit.resources.get(1).version == 1
        with store.begin() as other:
            other.resources.put(room(1, version=2, name="changed"))
        unit.lock([1])
        assert unit.resources.get(1).name == "changed"


def test_a_resource_that_changes_while_its_lock_is_waited_for_is_read_again(store: SqlStore) -> None:
    furnish(store)

    def second() -> str:
        with store.begin() as unit:
            unit.resources.get(1)
            unit.lock([1])
            return unit.resources.get(1).name

    with ThreadPoolExecutor(1) as pool:
        with store.begin() as unit:
            unit.lock([1])
            waiting = pool.submit(second)
            assert not wait([waiting], timeout=A_WHILE).done
            unit.resources.put(room(1, version=2, name="changed"))
        assert waiting.result(PATIENCE) == "changed"


def test_a_capacity_that_is_lowered_before_the_lock_counts(store: SqlStore) -> None:
    furnish(store, capacity=2)
    with store.begin() as unit:
        unit.bookings.add(visit(1, span(9, 10)), now=NOW)
    with pytest.raises(SlotTakenError), store.begin() as unit:
        assert unit.resources.get(1).capacity == 2
        with store.begin() as other:
            other.resources.put(room(1, capacity=1, version=2))
        unit.bookings.add(visit(2, span(9, 10)), now=NOW)


def test_bookings_that_were_read_before_the_lock_do_not_count_as_known(store: SqlStore) -> None:
    furnish(store, capacity=1)
    with pytest.raises(SlotTakenError), store.begin() as unit:
        assert list(unit.bookings.relevant([1], span(8, 12))) == []
        with store.begin() as other:
            other.bookings.add(visit("rival", span(9, 10)), now=NOW)
        unit.lock([1])
        unit.bookings.add(visit("mine", span(9, 10)), now=NOW)


def test_what_a_unit_of_work_adds_itself_counts_at_once(any_store: SqlStore) -> None:
    furnish(any_store, capacity=1)
    with any_store.begin() as unit:
        unit.lock([1])
        assert list(unit.bookings.relevant([1], span(8, 12))) == []
        first = visit(1, span(9, 10))
        unit.bookings.add(first, now=NOW)
        assert list(unit.bookings.relevant([1], span(8, 12))) == [first]
        with pytest.raises(SlotTakenError):
            unit.bookings.add(visit(2, span(9, 10)), now=NOW)
        unit.bookings.add(visit(3, span(10, 11)), now=NOW)
        assert [one.id for one in unit.bookings.relevant([1], span(8, 12))] == [1, 3]


def test_a_part_of_what_is_known_is_what_would_be_read(any_store: SqlStore) -> None:
    furnish(any_store, capacity=2)
    with any_store.begin() as unit:
        for number, taken in enumerate([[1], [2], [1, 2], [3]]):
            unit.bookings.add(visit(number, span(9 + number, 11 + number), on=taken), now=NOW)
    questions = [([1], span(9, 10)), ([2], span(10, 12)), ([1, 2], span(11, 12)), ([2], span(14, 15))]
    with any_store.begin(write=False) as unit:
        expected = [[one.id for one in unit.bookings.relevant(*asked)] for asked in questions]
    with any_store.begin() as unit:
        unit.lock([1, 2])
        unit.bookings.relevant([1, 2], span(8, 16))
        with statements_of(any_store) as sent:
            assert [[one.id for one in unit.bookings.relevant(*asked)] for asked in questions] == expected
        assert sent == []
        with statements_of(any_store) as sent:
            unit.bookings.relevant([1, 3], span(9, 10))
            unit.bookings.relevant([1], span(9, 17))
        assert len(sent) == 2


def booked_by(store: SqlStore, **rules: object) -> BookingDesk:
    desk = BookingDesk(store, clock=lambda: NOW)
    for one in ("bay", "ramp", "yard"):
        desk.put_resource(Resource(one))
    facts: dict[str, object] = {"notice": None, **rules}
    desk.put_service(Service("visit", HOUR, **facts))  # type: ignore[arg-type]
    return desk


def test_a_booking_reads_what_is_booked_once_and_no_other_resource(any_store: SqlStore) -> None:
    desk, tables = booked_by(any_store), any_store._tables
    desk.book("visit", at(8), resource_ids=["bay"])
    with statements_of(any_store) as sent:
        desk.book("visit", at(9), resource_ids=["bay"])
    assert sum(tables.allocations.name in one and one.startswith("SELECT") for one in sent) == 1
    assert reads(sent, tables.resources) <= 2  # the lock may be one


def test_a_booking_that_names_its_resource_does_not_wait_for_the_others(store: SqlStore) -> None:
    desk = booked_by(store)
    with ThreadPoolExecutor(1) as pool, store.begin() as unit:
        unit.lock(["bay", "yard"])
        pool.submit(desk.book, "visit", at(9), resource_ids=["ramp"]).result(PATIENCE)


def test_one_that_leaves_the_choice_waits_for_all_it_may_take(store: SqlStore) -> None:
    desk = booked_by(store, needs=[Requirement.any_of("bay", "ramp")])
    with ThreadPoolExecutor(1) as pool:
        with store.begin() as unit:
            unit.lock(["ramp"])
            waiting = pool.submit(desk.book, "visit", at(9))
            assert not wait([waiting], timeout=A_WHILE).done
        assert waiting.result(PATIENCE).resource_ids == ("bay",)


@pytest.mark.parametrize("all_services", [False, True])
def test_where_a_limit_counts_all_of_a_service_those_that_name_resources_wait_too(
    store: SqlStore, *, all_services: bool
) -> None:
    limit = Limit("customer", "day", "UTC", count=1, all_services=all_services)
    desk = booked_by(store, limits=[limit])
    with ThreadPoolExecutor(1) as pool:
        with store.begin() as unit:
            unit.lock(["yard"])
            waiting = pool.submit(desk.book, "visit", at(9), customer_id="ada", resource_ids=["ramp"])
            assert not wait([waiting], timeout=A_WHILE).done
        waiting.result(PATIENCE)


def test_of_many_that_race_for_the_last_of_a_limit_on_resources_of_their_own_one_succeeds(
    store: SqlStore,
) -> None:
    desk = booked_by(store, limits=[Limit("service", "day", "UTC", count=1)])

    def book(one: str) -> bool:
        try:
            desk.book("visit", at(9), resource_ids=[one])
        except LimitReachedError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(book, ["bay", "ramp", "yard"] * 2)) == 1
    bookings = everything(store)["bookings"]
    assert isinstance(bookings, list)
    assert len(bookings) == 1
