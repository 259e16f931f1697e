"""A crew: processes that wait for the word, then book in one way, all at once, for a while.

The rounds of the ways are interleaved, so that what else the machine does meets them all alike.
"""

from __future__ import annotations

import multiprocessing as mp
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from multiprocessing.connection import Connection
from typing import Any, Final, Protocol, TypeAlias

import attrs
import sqlalchemy as sa
from tests.benchmarks.stores.spots import Spot
from tests.benchmarks.stores.ways import Way

from slotkeeper.errors import RetryableError

_PRELOADED: Final = ["tests.benchmarks.stores.whole"]
_LEAD: Final = 0.1
_LONGEST: Final = 120.0

Makers: TypeAlias = Mapping[str, Callable[[], Way]]
Course: TypeAlias = Callable[[int, int], Iterator[Spot]]


@attrs.frozen(kw_only=True)
class Order:
    """What each process is to do: in which ways, and where.

    Args:
        frees: Whether a process gives up its last booking once it has another.
    """

    ways: Makers
    course: Course
    resources: int
    frees: bool = False


@attrs.frozen
class Stint:
    """What one process did in one round; times are nanoseconds, each that of one attempt."""

    times: Sequence[int]
    booked: int
    failed: Mapping[str, int]


class Crew(Protocol):
    """Workers that are told what to do, round by round."""

    def round(self, way: str, seconds: float) -> list[Stint]:
        """Have all workers book in one way at once."""


class Processes:
    """A crew of processes; made by `crew`."""

    def __init__(self, doors: Sequence[Connection]) -> None:
        self._doors = doors

    def round(self, way: str, seconds: float) -> list[Stint]:
        """Have all processes book in one way at once."""
        begin = time.monotonic() + _LEAD
        for door in self._doors:
            door.send((way, begin, begin + seconds))
        return [_received(door) for door in self._doors]


@contextmanager
def crew(size: int, order: Order) -> Iterator[Crew]:
    """Start processes, and end them afterwards."""
    context = mp.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    doors, processes = [], []
    try:
        for number in range(size):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, number, order), daemon=True)
            process.start()
            theirs.close()
            doors.append(ours)
            processes.append(process)
        for door in doors:
            assert _received(door) == "ready"
        yield Processes(doors)
        for door in doors:
            door.send(None)
        for process in processes:
            process.join(_LONGEST)
    finally:
        for process in processes:
            if process.is_alive():
                process.kill()
                process.join()
        for door in doors:
            door.close()


class Threads:
    """A crew of threads of this process; made by `crew_of_threads`."""

    def __init__(self, order: Order, pool: ThreadPoolExecutor, size: int) -> None:
        self._ways = {name: make() for name, make in order.ways.items()}
        self._spots = {
            name: [order.course(number, order.resources) for number in range(size)] for name in order.ways
        }
        self._pool, self._frees = pool, order.frees

    def round(self, way: str, seconds: float) -> list[Stint]:
        """Have all threads book in one way at once."""
        end = time.monotonic() + _LEAD + seconds
        jobs = [
            self._pool.submit(_stint, self._ways[way], spots, end, frees=self._frees)
            for spots in self._spots[way]
        ]
        return [job.result(_LONGEST) for job in jobs]

    def close(self) -> None:
        for way in self._ways.values():
            way.close()


@contextmanager
def crew_of_threads(size: int, order: Order) -> Iterator[Crew]:
    """Lend threads that share the ways."""
    with ThreadPoolExecutor(size) as pool, closing(Threads(order, pool, size)) as made:
        yield made


def _received(door: Connection) -> Any:  # noqa: ANN401 - whatever was sent
    if not door.poll(_LONGEST):
        message = "a process does not answer"
        raise TimeoutError(message)
    return door.recv()


def _serve(door: Connection, number: int, order: Order) -> None:
    ways = {name: make() for name, make in order.ways.items()}
    spots = {name: order.course(number, order.resources) for name in ways}
    door.send("ready")
    while (word := door.recv()) is not None:
        name, begin, end = word
        time.sleep(max(0.0, begin - time.monotonic()))
        door.send(_stint(ways[name], spots[name], end, frees=order.frees))
    for way in ways.values():
        way.close()


def _stint(way: Way, spots: Iterator[Spot], end: float, *, frees: bool) -> Stint:
    times, failed, booked = array("q"), Counter[str](), 0
    kept: object = None
    while time.monotonic() < end:
        spot = next(spots)
        done = False
        before = time.perf_counter_ns()
        try:
            done = way.attempt(spot)
        except (RetryableError, sa.exc.DBAPIError) as error:
            failed[_name_of(error)] += 1
        times.append(time.perf_counter_ns() - before)
        booked += done
        if done and frees:
            if kept is not None:
                way.give_up(kept)
            kept = spot.booking.id
    if kept is not None:
        way.give_up(kept)
    return Stint(times, booked, failed)


def _name_of(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:100]
