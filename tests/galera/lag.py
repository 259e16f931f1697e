"""Lag: a node that does nothing of what the others commit, for as long as one likes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.galera.cluster import Cluster
from tests.galera.node import Node
from tests.galera.patience import TooLongError

SECONDS = 10
BLOCKED = """
    SELECT sum(state = 'Waiting for table metadata lock') > 0
    AND sum(state IN ('Waiting for table metadata lock', 'Waiting for certification')) = @@wsrep_slave_threads
    FROM information_schema.processlist WHERE user = 'system user'
"""
"""Whether one applier waits for a lock on a table, and each other one for that or for its turn after it."""


def prepare(cluster: Cluster, database: str) -> None:
    """Make the table for which a lagging node's appliers are to wait."""
    cluster.nodes[0].ask(f"CREATE TABLE {database}.ballast (number INT AUTO_INCREMENT PRIMARY KEY)")
    cluster.catch_up()


@contextmanager
def lagging(cluster: Cluster, node: Node, database: str) -> Iterator[None]:
    """Keep all appliers of a node waiting for a table that is locked there and written elsewhere.

    Sessions of the node can go on; their commits come after those that wait.

    Raises:
        TooLongError: The appliers did not come to that.
        MySQLError: A node did not answer.
    """
    other = next(one for one in cluster.nodes if one is not node)
    ((appliers,),) = node.ask("SELECT @@wsrep_slave_threads")
    with node.session() as session:
        session.execute(f"LOCK TABLES {database}.ballast READ")
        for _ in range(appliers):
            other.ask(f"INSERT INTO {database}.ballast VALUES ()", wait=SECONDS)
        deadline = time.monotonic() + SECONDS
        while node.ask(BLOCKED) != [(1,)]:
            if time.monotonic() > deadline:
                raise TooLongError(cluster, SECONDS)
            time.sleep(0.02)
        yield
        assert node.ask(BLOCKED) == [(1,)], f"{node.name} did not lag to the end"
        session.execute("UNLOCK TABLES")
