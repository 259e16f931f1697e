"""The store's guard on a cluster, where no node knows the locks of others: what holds is certification."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing

import pytest
import sqlalchemy as sa
from tests.galera.cluster import Cluster
from tests.galera.commits import stores, winners
from tests.galera.crowd import Plan, let_loose
from tests.galera.lag import lagging, prepare
from tests.galera.node import WAITS
from tests.galera.verdict import violations

from slotkeeper.adapters.sql import SqlStore, Tables, transaction
from slotkeeper.adapters.sql.row_locks import hold
from slotkeeper.errors import NotFoundError, RetryableError, SlotTakenError
from slotkeeper.testing.contract.samples import add, span, visit

pytestmark = pytest.mark.galera

ROUNDS = 40
STARTS = 15
A_MOMENT = 1
PATIENCE_SECONDS = 60
CROWDS = {
    "one-resource": Plan(resources=1),
    "six-resources": Plan(resources=6),
    "ordinary-tables": Plan(resources=6, portable=False),
}


def test_the_first_rows_follow_the_tables_at_once_on_every_node(cluster: Cluster, database: str) -> None:
    for number in range(STARTS):
        tables = Tables(prefix=f"start{number}_", portable=True)
        with stores(cluster, database, tables) as on:
            assert winners(on, 1) == [1]


@pytest.mark.parametrize("portable", [True, False], ids=["portable", "ordinary"])
def test_of_nodes_that_commit_at_one_moment_one_wins(
    cluster: Cluster, database: str, *, portable: bool
) -> None:
    with stores(cluster, database, Tables(portable=portable)) as on:
        assert winners(on, ROUNDS) == [1] * ROUNDS


def test_rows_that_are_locked_and_not_changed_are_booked_twice(
    cluster: Cluster, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "bump", hold)
    with stores(cluster, database, Tables(portable=True)) as on:
        assert max(winners(on, ROUNDS)) > 1


@pytest.mark.parametrize("plan", CROWDS.values(), ids=CROWDS)
def test_a_crowd_on_all_nodes_books_nothing_twice_and_loses_nothing(
    cluster: Cluster, database: str, plan: Plan
) -> None:
    record = let_loose(cluster, database, plan)
    assert violations(cluster, database, record) == []
    assert record.of("refused"), "nobody was ever in anybody's way: the race was none"
    assert record.faults["1213 in commit"], "no commit was refused for another node's: they never met"
    assert not record.of("unknown")
    assert not record.of("abandoned")


def test_a_node_that_lags_behind_books_nothing_twice(cluster: Cluster, database: str) -> None:
    with (
        stores(cluster, database, Tables(portable=True)) as (here, there, _),
        closing(heedless_of_lag(there)) as heedless,
        ThreadPoolExecutor(1) as pool,
    ):
        prepare(cluster, database)
        with lagging(cluster, cluster.nodes[1], database):
            add(here, visit("first", span(9, 10)))
            assert not knows(heedless, "first")
            rival = pool.submit(add, heedless, visit("second", span(9, 10)))
            assert not wait([rival], timeout=A_MOMENT).done
            assert not knows(heedless, "first")
        with pytest.raises(RetryableError):  # it was found free there, and the commit refused
            rival.result(timeout=PATIENCE_SECONDS)
        with pytest.raises(SlotTakenError):
            heedless.repeat(lambda: add(heedless, visit("second", span(9, 10))))


def test_what_one_node_acknowledged_is_seen_on_all(cluster: Cluster, database: str) -> None:
    with (
        stores(cluster, database, Tables(portable=True)) as (here, there, _),
        closing(heedless_of_lag(there)) as heedless,
        ThreadPoolExecutor(2) as pool,
    ):
        prepare(cluster, database)
        with lagging(cluster, cluster.nodes[1], database):
            add(here, visit("first", span(9, 10)))
            reading = pool.submit(knows, there, "first")
            rival = pool.submit(add, there, visit("second", span(9, 10)))
            assert not wait([reading], timeout=A_MOMENT).done
            assert not rival.done()
            assert not knows(heedless, "first")
        assert reading.result(timeout=PATIENCE_SECONDS)
        with pytest.raises(SlotTakenError):
            rival.result(timeout=PATIENCE_SECONDS)


def heedless_of_lag(store: SqlStore) -> SqlStore:
    """Return a store on the same node whose sessions do not wait until the node has caught up."""
    made = SqlStore.from_url(store.engine.url, tables=store._tables, connect_args=WAITS)
    sa.event.listen(made.engine, "connect", lambda session, _: session.query("SET wsrep_sync_wait = 0"))
    return made


def knows(store: SqlStore, booking_id: str) -> bool:
    """Tell whether a store finds a booking."""
    with store.begin(write=False) as unit:
        try:
            return unit.bookings.get(booking_id).id == booking_id
        except NotFoundError:
            return False
