"""A Galera cluster of three nodes on loopback, made for a test run and gone with it.

As a script it starts one, says where the nodes are, and ends it with the first line of input.
"""

from __future__ import annotations

import random
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import attrs

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.galera.guardian import Guardian
from tests.galera.node import Node, provider, unprivileged

NODES: Final = 3
PORTS_EACH: Final = 4
PATIENCE_SECONDS: Final = 120


class ClusterMissingError(Exception):
    """The programs that a cluster is made of are not installed."""

    def __init__(self, missing: list[str]) -> None:
        packages = "Debian's mariadb-server, galera-4 and rsync"
        super().__init__(f"no Galera cluster without {', '.join(missing)} ({packages} bring them)")


class NodeFailedError(Exception):
    """A node ended, or did not come to be what was expected of it."""

    def __init__(self, node: Node) -> None:
        end_of_log = "\n".join(node.log.read_text(errors="replace").splitlines()[-40:])
        super().__init__(f"{node.name} is not as it should be: {node.status()}\n{end_of_log}")


@attrs.frozen
class Cluster:
    """Nodes that have found each other."""

    nodes: tuple[Node, ...]

    def urls(self, database: str) -> list[str]:
        """Return the addresses of a database, one for each node."""
        return [node.url(database) for node in self.nodes]

    def kill(self, node: Node) -> None:
        """Kill a node, and wait until the others go on without it."""
        node.kill()
        self.wait_until_synced()

    def bring_back(self, node: Node, *, remembering: bool = True) -> float:
        """Start a node that was killed, wait until it is one of the cluster, and return how long it took.

        Args:
            node: Which one.
            remembering: Whether it is sent only what it missed, or else everything.
        """
        began = time.monotonic()
        node.start_again(remembering=remembering)
        self.wait_until_synced()
        return time.monotonic() - began

    def wait_until_synced(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until all nodes that run, and no others, are one cluster, and each has what all have."""
        running = [node for node in self.nodes if node.runs]
        for node in running:
            _wait(node, lambda node=node: is_synced(node, len(running)), seconds)  # type: ignore[misc]

    def catch_up(self) -> None:
        """Wait until each node that runs has done all that the cluster has committed so far.

        Between the creation of tables and the first rows nothing else will do: appliers know of no order
        between an index of a table and rows of the one that it refers to. One holds the table while the other
        wants it, neither gives way ("MDL BF-BF conflict" in the log), and the node applies nothing any more.
        """
        for node in self.nodes:
            if node.runs:
                node.catch_up()


def is_synced(node: Node, size: int) -> bool:
    status = node.status()
    wanted = {
        "wsrep_local_state_comment": "Synced",
        "wsrep_ready": "ON",
        "wsrep_cluster_size": str(size),
        "wsrep_cluster_status": "Primary",
    }
    return wanted.items() <= status.items()


@contextmanager
def started(*settings: str) -> Iterator[Cluster]:
    """Start a cluster, and end it with all its processes and files.

    Args:
        settings: Options of the server's, for all nodes.

    Raises:
        ClusterMissingError: A program is not installed.
    """
    _check_installed()
    with ExitStack() as ending:
        base = Path(tempfile.mkdtemp(prefix="slotkeeper-galera-"))
        cluster = Cluster(_nodes(base, settings))
        for node in cluster.nodes:
            ending.callback(node.wait)
        ending.callback(Guardian(base).end)  # the first to be called
        if who := unprivileged():
            shutil.chown(base, who)
        _form(cluster)
        yield cluster


def _form(cluster: Cluster) -> None:
    """Have one node found the cluster, and give the others its files, so that they need not be sent all."""
    first, *others = cluster.nodes
    first.prepare()
    first.start("--wsrep-new-cluster")
    _wait(first, lambda: is_synced(first, 1))
    first.stop()
    for other in others:
        first.copy_to(other)
    first.start("--wsrep-new-cluster")
    _wait(first, lambda: is_synced(first, 1))
    for other in others:
        other.start()
    cluster.wait_until_synced()


def _nodes(base: Path, settings: tuple[str, ...]) -> tuple[Node, ...]:
    lowest = _free_ports(NODES * PORTS_EACH)
    ports = [lowest + PORTS_EACH * number for number in range(NODES)]
    peers = ",".join(f"127.0.0.1:{port + 1}" for port in ports)
    return tuple(Node(number, base, port, peers, settings) for number, port in enumerate(ports))


def _free_ports(count: int) -> int:
    """Return the first of so many free ports in a row, below those that outgoing connections use."""
    while True:
        first = random.randrange(15_000, 32_000)
        if all(_is_free(port) for port in range(first, first + count)):
            return first


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def _wait(node: Node, reached: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        if not node.runs or time.monotonic() > deadline:
            raise NodeFailedError(node)
        time.sleep(0.1)


def _check_installed() -> None:
    missing = [name for name in ("mariadbd", "mariadb-install-db", "rsync") if shutil.which(name) is None]
    if provider() is None:
        missing.append("libgalera_smm.so")
    if missing:
        raise ClusterMissingError(missing)


if __name__ == "__main__":
    with started(*sys.argv[1:]) as running:
        for one in running.nodes:
            print(one.name, one.url(""), one.folder, flush=True)  # noqa: T201
        sys.stdin.readline()
