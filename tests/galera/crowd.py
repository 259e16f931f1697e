"""A crowd: processes that book through all nodes at once, and what they wrote down about it."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final

import attrs
from tests.galera.cluster import Cluster
from tests.galera.node import WAITS
from tests.galera.patience import patience

from slotkeeper.adapters.sql import SqlStore, Tables
from slotkeeper.desk import BookingDesk
from slotkeeper.domain.requirement import Requirement
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.service import Service

WORKER: Final = Path(__file__).with_name("worker.py")
VISIT: Final = dt.timedelta(minutes=40)
GRID: Final = dt.timedelta(minutes=15)
_NUMBERS = count(1)


@attrs.frozen(kw_only=True)
class Plan:
    """What a crowd is to do.

    Args:
        processes: How many.
        attempts: How many commands each asks for.
        resources: How many there are.
        portable: Whether on portable tables.
        planted: Whether to lock rows without changing them, which is wrong here.
        causal: The session's ``wsrep_sync_wait``; None leaves it to the store.
        tries: How often the store tries a command.
        roams: Whether each command goes to another node than the one before.
        seed: What chance begins with.
        seconds: After how many nobody waits for it any more.
    """

    processes: int = 9
    attempts: int = 40
    resources: int = 1
    portable: bool = True
    planted: bool = False
    causal: int | None = None
    tries: int = 8
    roams: bool = True
    seed: int = 0
    seconds: float = 180

    @property
    def resource_ids(self) -> list[str]:
        return [f"bay{number}" for number in range(self.resources)]


@attrs.frozen
class Record:
    """What the processes wrote down, line by line, each process's in its order."""

    lines: list[dict[str, Any]]

    def of(self, told: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["told"] == told]

    def keys(self, told: str) -> set[str]:
        return {line["key"] for line in self.of(told)}

    @property
    def faults(self) -> Counter[str]:
        """Return how many passing faults were met, by number and place."""
        return sum((Counter(line["faults"]) for line in self.of("met")), Counter())


def open_shop(cluster: Cluster, store: SqlStore, plan: Plan) -> None:
    """Create the tables, and put resources in, with a service on each, and one that needs it and the next."""
    store.create_all()
    cluster.catch_up()
    desk = BookingDesk(store)
    for name in plan.resource_ids:
        desk.add_resource(Resource(name))
    # The desk locks whatever could serve, so a service names just what it takes.
    names = plan.resource_ids
    for number, (one, next_one) in enumerate(zip(names, names[1:] + names[:1], strict=True)):
        for service_id, taken in (f"one{number}", {one}), (f"two{number}", {one, next_one}):
            needs = [Requirement(among=taken, count=len(taken))]
            desk.add_service(Service(service_id, VISIT, grid=GRID, needs=needs))


def let_loose(cluster: Cluster, database: str, plan: Plan) -> Record:
    """Let a crowd in, and return its record when it has gone."""
    with let_in(cluster, database, plan) as result:
        pass
    return result()


@contextmanager
def let_in(cluster: Cluster, database: str, plan: Plan) -> Iterator[Callable[[], Record]]:
    """Let a crowd in, wait at the end until it has gone, and lend what then returns its record."""
    place: dict[str, Any] = {"prefix": "slotkeeper_", "portable": plan.portable}
    store = SqlStore.from_url(cluster.nodes[0].url(database), tables=Tables(**place), connect_args=WAITS)
    open_shop(cluster, store, plan)
    store.close()
    folder = cluster.nodes[0].base / f"crowd{next(_NUMBERS)}"  # what works there ends with the cluster
    folder.mkdir()
    told = attrs.asdict(plan) | {"place": place, "log": str(folder / "log"), "urls": cluster.urls(database)}
    told["waits"] = WAITS
    (folder / "plan.json").write_text(json.dumps(told))
    command = [sys.executable, str(WORKER), str(folder / "plan.json")]
    process = subprocess.Popen(command, start_new_session=True)
    try:
        with patience(cluster, plan.seconds):
            yield lambda: _record(folder)
            assert process.wait() == 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _record(folder: Path) -> Record:
    return Record(
        [json.loads(line) for log in sorted(folder.glob("log.*")) for line in log.read_text().splitlines()]
    )
