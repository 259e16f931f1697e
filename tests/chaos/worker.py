"""A worker: some callers in one process, which give commands until they have given enough or are killed.

What was left without an answer, by this process or by one before it, is asked again with the same key, and at
the next address of the route if there are several.
"""

from __future__ import annotations

import asyncio
from collections import deque

from tests.chaos.calling import Desk, answer
from tests.chaos.choosing import Caller
from tests.chaos.journal import FAILED, Asked, Command, Journal
from tests.chaos.plan import Plan, this_microsecond

PAUSE = 0.05
RAW_FAULTS = 20
"""After how many a command is given up; each is a violation of its own."""


def work(plan: Plan, route: list[Desk], names: list[str], end: int) -> None:
    """Let callers give their commands, until the end or until each has given its share."""

    async def together() -> None:
        await asyncio.gather(*(call(plan, deque(route), name, end) for name in names))

    asyncio.run(together())


async def visit(plan: Plan, route: deque[Desk], name: str, end: int) -> None:
    """Let one caller give its commands, and then give back all that it has booked."""
    caller, journal = await call(plan, route, name, end)
    for command in caller.farewell():
        await _settle(route, journal, Asked(command), end + int(plan.patience * 1e6))


async def call(plan: Plan, route: deque[Desk], name: str, end: int) -> tuple[Caller, Journal]:
    """Let one caller give its commands, until the end or until it has given its share."""
    journal = Journal(plan.folder, name)
    asked = journal.read()
    caller = Caller(plan, name, asked)
    last = end + int(plan.patience * 1e6)
    for one in asked.values():
        if one.final is None and one.command.action != "expire":
            await _settle(route, journal, one, last)
            caller.learn(one)
    for _ in range(plan.quota - len(asked)):
        if this_microsecond() > end:
            break
        one = Asked(caller.next())
        await _settle(route, journal, one, last)
        caller.learn(one)
        if _is_kept(one) and caller.repeats():
            route.rotate(-1)
            await _ask(route[0], journal, one.command)
    return caller, journal


def _is_kept(one: Asked) -> bool:
    """Tell whether a repeat must be told the same: an acknowledgement, or that a rule refuses it."""
    return one.command.action != "expire" and one.final is not None and "digest" in one.final


async def _settle(route: deque[Desk], journal: Journal, one: Asked, last: int) -> None:
    """Ask until there is an answer or it is too late; a sweep is asked once, since it takes no key."""
    faults = 0
    while one.final is None and faults < RAW_FAULTS and this_microsecond() < last:
        one.answers.append(await _ask(route[0], journal, one.command))
        if one.command.action == "expire":
            return
        faults += one.answers[-1]["told"] == FAILED
        if one.final is None:
            route.rotate(-1)
            await asyncio.sleep(PAUSE)


async def _ask(desk: Desk, journal: Journal, command: Command) -> dict[str, object]:
    journal.ask(command, this_microsecond())
    told = await answer(desk, command)
    journal.told(command, this_microsecond(), told)
    return told
