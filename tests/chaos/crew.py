"""The crew of a run, as a script: ``crew.py PLAN`` forks workers, kills some at random, and replaces them.

It has everything imported, all statements compiled and no connection open: a new worker begins at once. At
the end it writes how many it has killed, and fails if one of them failed.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import signal
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import attrs
from tests.chaos.calling import Desk
from tests.chaos.plan import Plan, now, this_microsecond
from tests.chaos.stores import STORES
from tests.chaos.worker import visit, work

from slotkeeper.adapters.sql import Tables
from slotkeeper.adapters.sql.async_store import AsyncSqlStore
from slotkeeper.desk import AsyncBookingDesk, BookingDesk

TICK = 0.02
USES = 60
"""How many commands a desk has carried out before there are workers."""
USING = 20_000_000
"""Microseconds after which no more of them are begun."""


def main(path: str) -> None:
    plan = Plan.read(path)
    tables = Tables(**plan.place)
    addresses = enumerate(sorted(plan.addresses))
    desks = {url: _desk(plan, tables, url, f"crew{number}") for number, url in addresses}
    gc.freeze()  # what is never collected is not copied by each worker
    plan.ready.touch()
    end = this_microsecond() + int(plan.seconds * 1e6)
    started = {_start(plan, desks, number, end): number for number in range(len(plan.names))}
    killed, failed = _watch(plan, started, end, lambda number: _start(plan, desks, number, end))
    Path(plan.folder, "crew.json").write_text(json.dumps({"killed": killed}))
    sys.exit(1 if failed else 0)


def _desk(plan: Plan, tables: Tables, url: str, name: str) -> Desk:
    """Return a desk that a caller of the crew's own has used, without a connection for a fork to share."""
    store = STORES[plan.store](url, tables)
    briefly = attrs.evolve(plan, attempts=USES * plan.processes * plan.tasks)
    if isinstance(store, AsyncSqlStore):
        awaited = AsyncBookingDesk(store, clock=now)
        asyncio.run(_use_and_close(briefly, awaited, store, name))
        return awaited
    desk = BookingDesk(store, clock=now)
    asyncio.run(visit(briefly, deque([desk]), name, this_microsecond() + USING))
    store.close()
    return desk


async def _use_and_close(plan: Plan, desk: AsyncBookingDesk, store: AsyncSqlStore, name: str) -> None:
    await visit(plan, deque([desk]), name, this_microsecond() + USING)
    await store.close()


def _start(plan: Plan, desks: dict[str, Desk], number: int, end: int) -> int:
    child = os.fork()
    if child:
        return child
    try:
        route = plan.routes[number % len(plan.routes)]
        work(plan, [desks[url] for url in route], plan.names[number], end)
    except BaseException as error:  # noqa: BLE001 - the process ends here, whatever it was
        sys.excepthook(type(error), error, error.__traceback__)
        os._exit(1)
    os._exit(0)


def _watch(plan: Plan, started: dict[int, int], end: int, start: Callable[[int], int]) -> tuple[int, int]:
    """Kill and replace workers until the end, and wait for all; return how many were killed, and failed."""
    chance, killed, failed = random.Random(plan.seed), 0, 0
    due = _next_kill(plan, chance)
    while started:
        for child in list(started):
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                failed += os.waitstatus_to_exitcode(status) != 0
                del started[child]
        if started and due < time.monotonic() and this_microsecond() < end:
            child = chance.choice(list(started))
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            killed += os.WIFSIGNALED(status)
            number = started.pop(child)
            started[start(number)] = number
            due = _next_kill(plan, chance)
        time.sleep(TICK)
    return killed, failed


def _next_kill(plan: Plan, chance: random.Random) -> float:
    pause = chance.expovariate(1 / plan.pause) if plan.pause else float("inf")
    return time.monotonic() + pause


if __name__ == "__main__":
    main(sys.argv[1])
