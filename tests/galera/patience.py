"""Patience: no wait of these tests lasts for ever; one that lasts too long tells what the nodes were at."""

from __future__ import annotations

import math
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NoReturn

import pymysql
from tests.galera.cluster import Cluster
from tests.galera.node import Node

USUAL_SECONDS: Final = 300
TELLING: Final = (
    "wsrep_local_state_comment",
    "wsrep_cluster_status",
    "wsrep_cluster_size",
    "wsrep_ready",
    "wsrep_last_committed",
    "wsrep_local_recv_queue",
    "wsrep_flow_control_paused",
    "wsrep_local_cert_failures",
    "wsrep_local_bf_aborts",
)


class TooLongError(Exception):
    """Something took longer than anybody waits for it."""

    def __init__(self, cluster: Cluster, seconds: float) -> None:
        super().__init__(f"not done after {seconds:g} seconds\n{state(cluster)}")


def state(cluster: Cluster) -> str:
    """Return what each node says about itself, and what its sessions and its appliers are at."""
    return "\n".join(line for node in cluster.nodes for line in (f"{node.name}:", *_lines(node)))


def _lines(node: Node) -> Iterator[str]:
    if not node.runs:
        yield "  does not run"
        return
    status = node.status()
    yield f"  {', '.join(f'{name}={status.get(name)}' for name in TELLING)}"
    try:
        yield from (f"  {one}" for one in node.ask("SHOW FULL PROCESSLIST"))
    except pymysql.MySQLError as error:
        yield f"  does not say what its sessions are at: {error}"
    conflicts = [line for line in node.log.read_text(errors="replace").splitlines() if "[ERROR]" in line]
    yield from (f"  {line}" for line in conflicts[-5:])


@contextmanager
def patience(cluster: Cluster, seconds: float = USUAL_SECONDS) -> Iterator[None]:
    """Raise in the main thread, whatever it waits for, when the block takes too long.

    An outer block's time stands still meanwhile.

    Raises:
        TooLongError: It did.
    """

    def give_up(*_: object) -> NoReturn:
        raise TooLongError(cluster, seconds)

    before = signal.signal(signal.SIGALRM, give_up)
    left = signal.alarm(math.ceil(seconds))
    try:
        yield
    finally:
        signal.alarm(left)
        signal.signal(signal.SIGALRM, before)
