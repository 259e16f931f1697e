"""Running a plan: a crew at work, faults around it, and the verdict on what is left."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any
from uuid import uuid4

import attrs
from tests.adapters.wires import Cut, Wire
from tests.chaos.checker import violations
from tests.chaos.history import NOTHING, histories, model
from tests.chaos.journal import Asked, read_all
from tests.chaos.killable import Killable
from tests.chaos.plan import Plan, now
from tests.chaos.rows import contents
from tests.chaos.stores import ASYNC
from tests.chaos.verdict import Verdict
from tests.chaos.world import furnish

from slotkeeper.adapters.sql import SqlStore, Tables
from slotkeeper.desk import BookingDesk
from slotkeeper.testing.linearizability import UndecidedError, linearize

ROOT = Path(__file__).parents[2]
CREW = Path(__file__).with_name("crew.py")
TICK = 0.02
LONGEST = 300
"""Seconds that a crew may take beyond its plan."""


@attrs.frozen(kw_only=True)
class Faults:
    """What is done to a run: the average pause between two of a kind, in seconds; 0 spares it.

    Args:
        workers: Kills of workers.
        connections: Connections that the server is told to end.
        commits: Commits that are cut off, before or after the server hears of them.
        servers: Kills of the server.
    """

    workers: float = 0
    connections: float = 0
    commits: float = 0
    servers: float = 0


NO_FAULTS = Faults()


def run(
    name: str,
    server: Killable | None,
    *,
    store: str = "ours",
    portable: bool = False,
    faults: Faults = NO_FAULTS,
    seed: str,
    **amounts: Any,  # noqa: ANN401 - those of the plan
) -> Verdict:
    """Run a crew against a server's database, or a file where there is no server, and judge it."""
    with _folder() as folder:
        url = server.url if server else f"sqlite:///{folder / 'week.sqlite3'}"
        with Wire(url) if server and faults.commits else nullcontext() as wire:
            place: dict[str, Any] = {"prefix": f"c{uuid4().hex[:6]}_", "portable": portable}
            plan = Plan(
                store=store,
                url=_driven(url, store),
                wire=_driven(wire.url.render_as_string(hide_password=False) if wire else url, store),
                place=place,
                folder=str(folder),
                seed=seed,
                pause=faults.workers,
                **amounts,
            )
            tables = Tables(**place)
            with closing(SqlStore.from_url(url, tables=tables)) as made:
                made.create_all()
                furnish(BookingDesk(made, clock=now), plan.resources)
            seconds, kills, cuts = _work(plan, faults, server, wire)
            verdict = _judge(name, attrs.evolve(plan, url=url), seconds)
            with closing(SqlStore.from_url(url, tables=tables)) as made:
                made.drop_all()
            return attrs.evolve(verdict, server_kills=kills, cuts=cuts)


def _driven(url: str, store: str) -> str:
    """Return an address with the driver that a store needs."""
    if store != ASYNC:
        return url
    return url.replace("+psycopg", "+asyncpg").replace("sslmode=disable", "ssl=disable")


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="skchaos-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _work(plan: Plan, faults: Faults, server: Killable | None, wire: Wire | None) -> tuple[float, int, int]:
    """Let the crew work under faults; return for how long, and how many servers and connections were cut."""
    plan.write()
    paths = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    with Path(plan.folder, "crew.log").open("wb") as log:
        crew = subprocess.Popen(
            [sys.executable, str(CREW), str(plan.path)],
            env={**os.environ, "PYTHONPATH": paths},
            stdout=log,
            stderr=log,
        )
        try:
            while crew.poll() is None and not plan.ready.exists():
                time.sleep(TICK)
            began = time.monotonic()
            kills, cuts = _harass(crew, plan, faults, server, wire)
            seconds = time.monotonic() - began
        finally:
            crew.kill()
            crew.wait()
    if crew.returncode:
        raise AssertionError(Path(log.name).read_text()[-5000:])
    return seconds, kills, cuts


def _harass(
    crew: subprocess.Popen[bytes], plan: Plan, faults: Faults, server: Killable | None, wire: Wire | None
) -> tuple[int, int]:
    chance = random.Random(f"{plan.seed}/faults")
    started, kills, cuts = time.monotonic(), 0, 0
    due = {"connections": started, "commits": started, "servers": started + 1}
    pauses: Mapping[str, float] = attrs.asdict(faults)
    while crew.poll() is None:
        present = time.monotonic()
        if present > started + plan.seconds + LONGEST:
            raise TimeoutError(Path(plan.folder, "crew.log").read_text()[-5000:])
        for kind in due if present < started + plan.seconds else ():
            if server and pauses[kind] and due[kind] < present:
                due[kind] = present + chance.expovariate(1 / pauses[kind])
                if kind == "servers":
                    server.kill()
                    server.start()
                    kills += 1
                elif kind == "connections":
                    cuts += server.cut_a_connection()
                elif wire:
                    cuts += wire.cut is None
                    wire.cut = chance.choice(list(Cut))
        time.sleep(TICK)
    return kills, cuts


def _judge(name: str, plan: Plan, seconds: float) -> Verdict:
    asked, there = list(read_all(plan.folder)), contents(plan)
    killed = json.loads(Path(plan.folder, "crew.json").read_text())["killed"]
    found = violations(asked, there)
    calls, undecided = 0, 0
    for resource_id, history in histories(asked).items():
        calls += len(history)
        try:
            if linearize(history, NOTHING, model(there.capacities[resource_id])) is None:
                found.append(f"no order of the {len(history)} calls on {resource_id} explains their answers")
        except UndecidedError:
            undecided += 1
    return Verdict(
        store=name,
        processes=plan.processes,
        resources=plan.resources,
        seconds=seconds,
        **_counted(asked),
        client_kills=killed,
        ordered=calls,
        undecided=undecided,
        violations=tuple(found),
    )


def _counted(asked: list[Asked]) -> dict[str, int]:
    """Return how many calls there were, and with which answers; one without any is of unknown outcome."""
    told = [answer["told"] for one in asked for answer in one.answers]
    attempts = sum(len(one.calls) for one in asked)
    acknowledged, refused = told.count("acknowledged"), told.count("refused")
    return {
        "attempts": attempts,
        "acknowledged": acknowledged,
        "refused": refused,
        "unknown": attempts - acknowledged - refused,
    }
