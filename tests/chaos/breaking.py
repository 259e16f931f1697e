"""Breaking: what is done to a run while its crew works, each kind of fault at random moments of its own."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import attrs
from tests.adapters.wires import Cut, Wire
from tests.chaos.killable import Server

FIRST_KILL = 1
"""Seconds until a server is killed for the first time, for short runs to have one."""


@attrs.frozen(kw_only=True)
class Faults:
    """What is done to a run: the average pause between two of a kind, in seconds; 0 spares it.

    Args:
        workers: Kills of workers.
        connections: Connections that the server is told to end.
        commits: Commits that are cut off, before or after the server hears of them.
        servers: Kills of the server; the pause begins when it is of use again.
    """

    workers: float = 0
    connections: float = 0
    commits: float = 0
    servers: float = 0


NO_FAULTS = Faults()


@attrs.define
class Breakage:
    """How much was broken, of each kind; known when it is over."""

    over: Event = attrs.field(factory=Event)
    done: dict[str, Future[int]] = attrs.field(factory=dict)

    def count(self, *kinds: str) -> int:
        return sum(self.done[kind].result() for kind in kinds if kind in self.done)


@contextmanager
def breaking(server: Server | None, wire: Wire | None, faults: Faults, seed: str) -> Iterator[Breakage]:
    """Break things until it is said to be over, or the block ends; a server that is down is started again."""
    breakage, chance = Breakage(), random.Random(f"{seed}/cuts")
    with ThreadPoolExecutor(3) as pool:

        def begin(kind: str, pause: float, act: Callable[[], bool], first: float | None = None) -> None:
            if pause:
                moments = _moments(breakage.over, pause, f"{seed}/{kind}", first)
                breakage.done[kind] = pool.submit(lambda: sum(act() for _ in moments))

        if server:
            begin("servers", faults.servers, lambda: _restart(server), FIRST_KILL)
            begin("connections", faults.connections, server.cut_a_connection)
        if wire:
            begin("commits", faults.commits, lambda: _have_cut(wire, chance))
        try:
            yield breakage
        finally:
            breakage.over.set()


def _moments(over: Event, pause: float, seed: str, first: float | None) -> Iterator[None]:
    chance = random.Random(seed)
    wait = chance.expovariate(1 / pause) if first is None else first
    while not over.wait(wait):
        yield
        wait = chance.expovariate(1 / pause)


def _restart(server: Server) -> bool:
    server.kill()
    server.start()
    return True


def _have_cut(wire: Wire, chance: random.Random) -> bool:
    """Have the next commit through the wire cut off, and tell whether the one before has been."""
    idle = wire.cut is None
    wire.cut = chance.choice(list(Cut))
    return idle
