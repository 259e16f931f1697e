"""The cluster that the tests start is one, its nodes come back, and nothing is left of it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.galera.cluster import Cluster
from tests.galera.guardian import processes_that_name
from tests.galera.node import Node

pytestmark = pytest.mark.galera
A_WHILE = 30


def test_what_is_written_on_one_node_is_there_on_all(cluster: Cluster, database: str) -> None:
    one, *others = cluster.nodes
    one.ask(f"CREATE TABLE {database}.seen (number INT PRIMARY KEY)")
    one.ask(f"INSERT INTO {database}.seen VALUES (7)")
    for other in others:
        assert other.ask(f"SET STATEMENT wsrep_sync_wait = 1 FOR SELECT * FROM {database}.seen") == [(7,)]


@pytest.mark.parametrize(
    ("remembering", "sent"), [(True, "IST"), (False, "SST")], ids=["what-it-missed", "everything"]
)
def test_a_node_that_was_killed_is_sent_what_it_lacks(
    cluster: Cluster, database: str, *, remembering: bool, sent: str
) -> None:
    one, _, other = cluster.nodes
    one.ask(f"CREATE TABLE {database}.seen (number INT PRIMARY KEY)")
    cluster.kill(other)
    one.ask(f"INSERT INTO {database}.seen VALUES (7)")
    before = transfers(other, sent)
    cluster.bring_back(other, remembering=remembering)
    assert transfers(other, sent) == before + 1
    assert other.ask(f"SELECT * FROM {database}.seen") == [(7,)]


def transfers(node: Node, kind: str) -> int:
    return node.log.read_text(errors="replace").count(f"rsync {kind} completed on joiner")


def test_nothing_is_left_of_a_cluster_whose_tests_were_killed() -> None:
    command = [sys.executable, str(Path(__file__).with_name("cluster.py"))]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().split()[-1]).parent
        assert len(processes_that_name(str(folder))) >= 3
        process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + A_WHILE
    while (processes_that_name(str(folder)) or folder.exists()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_that_name(str(folder)) == []
    assert not folder.exists()
