"""A cluster as what a run of `tests.chaos` breaks: a node is killed while the others go on, and rejoins."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import Final

import attrs
import pymysql
from tests.galera.cluster import Cluster, NodeFailedError
from tests.galera.lag import lagging, prepare
from tests.galera.node import Node
from tests.galera.patience import TooLongError

PATIENCE_SECONDS: Final = 30
REMEMBERING: Final = 0.7
"""How often a node that was killed is sent only what it missed."""
LAG_SECONDS: Final = 0.3
SESSIONS: Final = """
    SELECT id FROM information_schema.processlist
    WHERE user = 'root' AND id <> connection_id() ORDER BY rand() LIMIT 1
"""


@attrs.define
class KillableCluster:
    """A database on a cluster, and chance, which chooses the nodes.

    Attributes:
        rejoined: How often a node was sent what it missed, and how often everything.
    """

    cluster: Cluster
    database: str
    chance: random.Random
    rejoined: dict[bool, int] = attrs.field(factory=lambda: {True: 0, False: 0})

    @property
    def urls(self) -> list[str]:
        """The addresses of the nodes that are of use."""
        ready = (node for node in self._running if node.status().get("wsrep_ready") == "ON")
        return [node.url(self.database) for node in ready]

    def kill(self) -> None:
        """Kill one of the nodes, and wait until the others go on without it."""
        self.cluster.kill(self.chance.choice(self._running))

    def start(self) -> None:
        """Have every node rejoin that does not run."""
        for node in self.cluster.nodes:
            if not node.runs:
                remembering = self.chance.random() < REMEMBERING
                self.cluster.bring_back(node, remembering=remembering)
                self.rejoined[remembering] += 1

    def cut_a_connection(self) -> bool:
        """Have one of the nodes end a session."""
        node = self.chance.choice(self._running)
        with suppress(pymysql.MySQLError), node.session() as session:
            session.execute(SESSIONS)
            for (number,) in session.fetchall():
                session.execute(f"KILL {number}")
                return True
        return False

    def complaints(self) -> list[str]:
        """Wait until each node has what all have, and tell of those that do not come to that."""
        gone = [f"{node.name} has ended by itself" for node in self.cluster.nodes if not node.runs]
        try:
            self.cluster.wait_until_synced(PATIENCE_SECONDS)
        except NodeFailedError as error:
            gone.append(str(error))
        with ThreadPoolExecutor(len(self.cluster.nodes)) as pool:
            return gone + [one for told in pool.map(_behind, self._running) for one in told]

    @property
    def _running(self) -> list[Node]:
        return [node for node in self.cluster.nodes if node.runs]


def _behind(node: Node) -> list[str]:
    """Tell of a node that does not come to have what the others have committed."""
    try:
        node.catch_up()
    except pymysql.MySQLError as error:
        return [f"{node.name} does not catch up: {error}"]
    return []


@attrs.define
class LaggingCluster(KillableCluster):
    """The same, whose nodes are not killed: one after another does nothing for a while of what others commit.

    On loopback nodes are so near each other that their commits hardly ever meet; between cities they do.

    Attributes:
        lags: How often that was so.
    """

    lags: int = 0
    _lag: ExitStack = attrs.field(factory=ExitStack)

    def __attrs_post_init__(self) -> None:
        prepare(self.cluster, self.database)

    def kill(self) -> None:
        """Keep a node from what the others commit, for a while, unless the cluster is past that."""
        node = self.chance.choice(self._running)
        with suppress(pymysql.MySQLError, TooLongError):
            self._lag.enter_context(lagging(self.cluster, node, self.database))
            self.lags += 1
            time.sleep(LAG_SECONDS)

    def start(self) -> None:
        """Let it catch up."""
        self._lag.close()
