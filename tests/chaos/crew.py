"""The crew of a run, as a script: ``crew.py PLAN`` forks workers, kills some at random, and replaces them.

It has everything imported and no connection open, so that a new worker begins at once. At the end it writes
how many it has killed, and fails if one of them failed.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.chaos.calling import Desk
from tests.chaos.plan import Plan, now, this_microsecond
from tests.chaos.stores import STORES
from tests.chaos.worker import work

from slotkeeper.adapters.sql import Tables
from slotkeeper.adapters.sql.async_store import AsyncSqlStore
from slotkeeper.desk import AsyncBookingDesk, BookingDesk
from slotkeeper.errors import NotFoundError

TICK = 0.02


def main(path: str) -> None:
    plan = Plan.read(path)
    tables = Tables(**plan.place)
    desks = {url: _desk(plan, tables, url) for url in sorted(plan.addresses)}
    plan.ready.touch()
    end = this_microsecond() + int(plan.seconds * 1e6)
    started = {_start(plan, desks, number, end): number for number in range(len(plan.names))}
    killed, failed = _watch(plan, started, end, lambda number: _start(plan, desks, number, end))
    Path(plan.folder, "crew.json").write_text(json.dumps({"killed": killed}))
    sys.exit(1 if failed else 0)


def _desk(plan: Plan, tables: Tables, url: str) -> Desk:
    """Return a desk that has been used, without a connection that a fork would share."""
    store = STORES[plan.store](url, tables)
    if isinstance(store, AsyncSqlStore):
        asyncio.run(_use(desk := AsyncBookingDesk(store, clock=now)))
        return desk
    used = BookingDesk(store, clock=now)
    with suppress(NotFoundError):
        used.confirm("nobody's")
    store.close()
    return used


async def _use(desk: AsyncBookingDesk) -> None:
    with suppress(NotFoundError):
        await desk.confirm("nobody's")
    assert isinstance(desk.store, AsyncSqlStore)
    await desk.store.close()


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
