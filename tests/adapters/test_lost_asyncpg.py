"""What a caller is told when asyncpg loses a connection, which says so in words of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.adapters.portal import PortalStore, waited
from tests.adapters.servers import POSTGRESQL, a_store
from tests.adapters.wires import Cut, Wire

from slotkeeper.adapters.sql import SqlStore
from slotkeeper.adapters.sql.async_store import AsyncSqlStore
from slotkeeper.adapters.sql.faults import connecting_told
from slotkeeper.domain.listing import BookingFilter, Listing
from slotkeeper.errors import OutcomeUnknownError, RetryableError
from slotkeeper.testing.contract.samples import NOW, add, furnish, span, visit


@pytest.fixture
def store() -> Iterator[SqlStore]:
    with a_store(POSTGRESQL) as made:
        furnish(made)
        yield made


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire(POSTGRESQL.url) as made:
        yield made


@pytest.fixture
def wired(store: SqlStore, wire: Wire) -> Iterator[PortalStore]:
    url = wire.url.set(drivername="postgresql+asyncpg", query={"ssl": "disable"})
    inner = AsyncSqlStore.from_url(url, tables=store._tables)
    yield PortalStore(inner)
    waited(inner.close())


def stored_ids(store: SqlStore) -> list[object]:
    with store.begin(write=False) as unit:
        return [booking.id for booking in unit.bookings.find(BookingFilter(), Listing()).items]


@pytest.mark.parametrize("cut", Cut)
def test_a_commit_without_an_answer_is_told_as_one_of_unknown_outcome(
    store: SqlStore, wire: Wire, wired: PortalStore, cut: Cut
) -> None:
    add(wired, visit("first", span(8, 9)))
    with pytest.raises(OutcomeUnknownError), wired.begin() as unit:
        unit.bookings.add(visit("mine", span(9, 10)), now=NOW)
        wire.cut = cut
    assert stored_ids(store) == (["first", "mine"] if cut is Cut.BEFORE_THE_CLIENT else ["first"])
    add(wired, visit("next", span(10, 11)))


@pytest.mark.parametrize("cut", Cut)
def test_a_connection_that_is_lost_while_it_is_set_up_can_be_repeated(
    store: SqlStore, wire: Wire, wired: PortalStore, cut: Cut
) -> None:
    wire.cut = cut
    with pytest.raises(RetryableError):
        add(wired, visit("mine", span(9, 10)))
    assert stored_ids(store) == []
    add(wired, visit("mine", span(9, 10)))


def test_a_server_that_cannot_be_reached_may_be_asked_again(wire: Wire, wired: PortalStore) -> None:
    wire.tear_down()
    with pytest.raises(RetryableError):
        add(wired, visit("mine", span(9, 10)))


def test_a_connection_that_is_lost_before_the_commit_can_be_repeated(
    store: SqlStore, wire: Wire, wired: PortalStore
) -> None:
    with pytest.raises(RetryableError), wired.begin() as unit:
        unit.bookings.add(visit("mine", span(9, 10)), now=NOW)
        wire.tear_down()
        unit.bookings.add(visit("more", span(10, 11)), now=NOW)
    assert stored_ids(store) == []


def test_a_connection_that_closes_as_it_is_opened_is_told_apart_from_a_mistake(store: SqlStore) -> None:
    closed, mistaken = ValueError("connection is closed"), ValueError("no such host")
    with pytest.raises(RetryableError), connecting_told(store._backend):
        raise closed
    with pytest.raises(ValueError, match="no such host"), connecting_told(store._backend):
        raise mistaken
