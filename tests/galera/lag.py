"""Lag: a node that does nothing of what the others commit, for as long as one likes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.galera.cluster import Cluster
from tests.galera.node import Node
from tests.galera.patience import patience

SECONDS = 30
BLOCKED = """
    SELECT count(*) FROM information_schema.processlist
    WHERE user = 'system user' AND state = 'Waiting for table metadata lock'
"""


@contextmanager
def lagging(cluster: Cluster, node: Node, database: str) -> Iterator[None]:
    """Keep all appliers of a node waiting for a table that is locked there and written elsewhere.

    Sessions of the node can go on; their commits come after those that wait.
    """
    other = next(one for one in cluster.nodes if one is not node)
    ((appliers,),) = node.ask("SELECT @@wsrep_slave_threads")
    other.ask(f"CREATE TABLE {database}.ballast (number INT PRIMARY KEY)")
    cluster.catch_up()
    with node.session() as session:
        session.execute(f"LOCK TABLES {database}.ballast READ")
        for number in range(appliers):
            other.ask(f"INSERT INTO {database}.ballast VALUES ({number})")
        with patience(cluster, SECONDS):
            while node.ask(BLOCKED) != [(appliers,)]:
                time.sleep(0.02)
        yield
        assert node.ask(BLOCKED) == [(appliers,)], f"{node.name} did not lag to the end"
        session.execute("UNLOCK TABLES")
