"""A cluster as what a run of `tests.chaos` breaks: a node is killed while the others go on, and rejoins."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import Final

import attrs
import pymysql
from tests.galera.cluster import Cluster, NodeFailedError
from tests.galera.node import Node

REMEMBERING: Final = 0.7
"""How often a node that was killed is sent only what it missed."""
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
        """The addresses of the nodes that run."""
        return [node.url(self.database) for node in self._running]

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
            self.cluster.wait_until_synced()
            self.cluster.catch_up()
        except (NodeFailedError, pymysql.MySQLError) as error:
            gone.append(str(error))
        return gone

    @property
    def _running(self) -> list[Node]:
        return [node for node in self.cluster.nodes if node.runs]
