"""Commits on all nodes at one moment, of what each node's store found to be free."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from tests.galera.cluster import Cluster
from tests.galera.node import WAITS

from slotkeeper.adapters.sql import SqlStore, Tables
from slotkeeper.errors import RetryableError
from slotkeeper.testing.contract.samples import NOW, furnish, span, visit


@contextmanager
def stores(cluster: Cluster, database: str, tables: Tables) -> Iterator[list[SqlStore]]:
    """Lend a store on each node, with empty tables and what bookings name."""
    made = [SqlStore.from_url(url, tables=tables, connect_args=WAITS) for url in cluster.urls(database)]
    try:
        made[0].create_all()
        cluster.catch_up()
        furnish(made[0], capacity=1)
        yield made
    finally:
        for one in made:
            one.close()


def winners(on: Sequence[SqlStore], rounds: int) -> list[int]:
    """Let each store book the same hours, all at the same moment, and count for each how many were let."""
    together = threading.Barrier(len(on))

    def acknowledged(number: int) -> list[int]:
        hours = []
        for hour in range(rounds):
            with suppress(RetryableError):
                book(number, hour)
                hours.append(hour)
        return hours

    def book(number: int, hour: int) -> None:
        with on[number].begin() as unit:
            try:
                unit.bookings.add(visit(f"{number} {hour}", span(hour, hour + 1)), now=NOW)
            finally:
                together.wait(timeout=60)

    with ThreadPoolExecutor(len(on)) as pool:
        counted = Counter(hour for hours in pool.map(acknowledged, range(len(on))) for hour in hours)
    return [counted[hour] for hour in range(rounds)]
