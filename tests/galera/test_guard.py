"""The store's guard on a cluster, where no node knows the locks of others: what holds is certification."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from tests.galera.cluster import Cluster
from tests.galera.commits import stores, winners
from tests.galera.crowd import Plan, let_loose
from tests.galera.verdict import violations

from slotkeeper.adapters.sql import SqlStore, Tables, transaction
from slotkeeper.adapters.sql.row_locks import hold
from slotkeeper.errors import NotFoundError, RetryableError, SlotTakenError
from slotkeeper.testing.contract.samples import NOW, add, span, visit

pytestmark = pytest.mark.galera

ROUNDS = 40
BALLAST = "UPDATE {database}.ballast SET seq = -seq"
CROWDS = {
    "one-resource": Plan(resources=1),
    "six-resources": Plan(resources=6),
    "ordinary-tables": Plan(resources=6, portable=False),
}


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
    with stores(cluster, database, Tables(portable=True), capacity=1) as (here, there, _):
        heedless = heedless_of_lag(there)
        let_lag(cluster, database)
        add(here, visit("first", span(9, 10)))
        with pytest.raises(NotFoundError), heedless.begin(write=False) as unit:
            unit.bookings.get("first")
        with pytest.raises((RetryableError, SlotTakenError)), heedless.begin() as unit:
            unit.bookings.add(visit("second", span(9, 10)), now=NOW)
        with pytest.raises(SlotTakenError):
            heedless.repeat(lambda: add(heedless, visit("second", span(9, 10))))
        heedless.close()


def test_what_one_node_acknowledged_is_seen_on_all(cluster: Cluster, database: str) -> None:
    with stores(cluster, database, Tables(portable=True), capacity=1) as (here, there, _):
        let_lag(cluster, database)
        add(here, visit("first", span(9, 10)))
        with there.begin(write=False) as unit:
            assert unit.bookings.get("first").id == "first"
        let_lag(cluster, database)
        add(here, visit("next", span(10, 11)))
        with pytest.raises(SlotTakenError):
            add(there, visit("second", span(10, 11)))


def heedless_of_lag(store: SqlStore) -> SqlStore:
    """Return a store on the same node whose sessions do not wait until the node has caught up."""
    made = SqlStore.from_url(store.engine.url, tables=store._tables)
    sa.event.listen(made.engine, "connect", lambda session, _: session.query("SET wsrep_sync_wait = 0"))
    with made.begin(write=False) as unit:
        unit.resources.all()
    return made


def let_lag(cluster: Cluster, database: str) -> None:
    """Commit on the first node what takes the others a second to do after it."""
    ask = cluster.nodes[0].ask
    if not ask(f"SHOW TABLES FROM {database} LIKE 'ballast'"):
        ask(f"CREATE TABLE {database}.ballast (seq BIGINT PRIMARY KEY) SELECT seq FROM mysql.seq_1_to_60000")
    ask(BALLAST.format(database=database))
