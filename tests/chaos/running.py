"""Running a plan: a crew at work, faults around it, and the verdict on what is left."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any
from uuid import uuid4

import attrs
from tests.adapters.wires import Wire
from tests.chaos.breaking import NO_FAULTS, Breakage, Faults, breaking
from tests.chaos.checker import violations
from tests.chaos.history import NOTHING, histories, model
from tests.chaos.journal import Asked, read_all
from tests.chaos.killable import Server
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
UNWIRED = 3
"""How many workers go by themselves for each one whose connections lead through the wire."""
LONGEST = 300
"""Seconds that a crew may take beyond its plan."""


def run(
    name: str,
    server: Server | None,
    *,
    store: str = "ours",
    portable: bool = False,
    faults: Faults = NO_FAULTS,
    seed: str,
    **amounts: Any,  # noqa: ANN401 - those of the plan
) -> Verdict:
    """Run a crew against a server's database, or a file where there is no server, and judge it."""
    with _folder() as folder:
        urls = server.urls if server else [f"sqlite:///{folder / 'week.sqlite3'}"]
        with Wire(urls[0]) if server and faults.commits else nullcontext() as wire:
            place: dict[str, Any] = {"prefix": f"c{uuid4().hex[:6]}_", "portable": portable}
            plan = Plan(
                store=store,
                routes=[[_driven(url, store) for url in route] for route in _routes(urls, wire)],
                place=place,
                folder=str(folder),
                seed=seed,
                pause=faults.workers,
                **amounts,
            )
            with closing(SqlStore.from_url(urls[0], tables=Tables(**place))) as made:
                made.create_all()
                damage = server.complaints() if server else []
                furnish(BookingDesk(made, clock=now), plan.resources)
            with _crew(plan) as crew, breaking(server, wire, faults, seed) as breakage:
                seconds = _work(plan, crew, breakage)
            kills, cuts = breakage.count("servers"), breakage.count("connections", "commits")
            damage += server.complaints() if server else []
            verdict = _judge(name, plan, server.urls if server else urls, seconds, damage)
            if not verdict.violations:
                with closing(SqlStore.from_url(urls[0], tables=Tables(**place))) as made:
                    made.drop_all()
            return attrs.evolve(verdict, server_kills=kills, cuts=cuts)


def _routes(urls: list[str], wire: Wire | None) -> list[list[str]]:
    """Return the ways to a database: beginning at each of its addresses, and some through the wire."""
    turns = [urls[number:] + urls[:number] for number in range(len(urls))]
    if wire is None:
        return turns
    wired = wire.url.render_as_string(hide_password=False)
    return [turns[number % len(turns)] for number in range(UNWIRED)] + [[wired, *urls[1:]]]


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


@contextmanager
def _crew(plan: Plan) -> Iterator[subprocess.Popen[bytes]]:
    """Call a crew that is ready to work; it has gone when the block ends.

    Raises:
        AssertionError: It failed.
    """
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
            yield crew
        finally:
            crew.kill()
            crew.wait()
    if crew.returncode:
        raise AssertionError(Path(log.name).read_text()[-5000:])


def _work(plan: Plan, crew: subprocess.Popen[bytes], breakage: Breakage) -> float:
    """Wait until the crew has done its work, and return for how many seconds."""
    began = time.monotonic()
    while crew.poll() is None:
        present = time.monotonic() - began
        if present > plan.seconds:
            breakage.over.set()
        if present > plan.seconds + LONGEST:
            raise TimeoutError(Path(plan.folder, "crew.log").read_text()[-5000:])
        time.sleep(TICK)
    return time.monotonic() - began


def _judge(name: str, plan: Plan, urls: list[str], seconds: float, damage: list[str]) -> Verdict:
    asked, there = list(read_all(plan.folder)), contents(plan, urls[0])
    killed = json.loads(Path(plan.folder, "crew.json").read_text())["killed"]
    found = [*damage, *violations(asked, there)]
    for url in urls[1:]:
        if (other := contents(plan, url)) != there:
            found += [
                f"at {url}: {one}" for one in ["not what the first one holds", *violations(asked, other)]
            ]
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
