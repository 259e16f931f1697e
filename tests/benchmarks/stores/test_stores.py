"""What the guards cost beside raw inserts, and the desk beside a transaction by hand; ``make bench-stores``.

No figure is asserted: machines differ. What is asserted is that nothing is booked twice and that nobody is
told of a deadlock.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final

import attrs
import pytest
from tests.benchmarks.stores.crew import crew_of_threads
from tests.benchmarks.stores.figures import Figures, save, table
from tests.benchmarks.stores.measuring import Measurement
from tests.benchmarks.stores.places import Place
from tests.benchmarks.stores.spots import apart, crowded
from tests.benchmarks.stores.ways import Add, Constraint, LockByHand, Raw, Statements, Way
from tests.benchmarks.stores.whole import Desk, DeskNaming, DeskWithoutTurns, WholeByHand
from tests.chaos.killable import Killable, mariadb, postgresql

pytestmark = pytest.mark.benchmark

FOLDER: Final = Path(__file__).parents[3] / ".benchmarks"
SPREAD: Final = 50
"""Resources among which bookings spread, so that they seldom meet."""
SEVERAL: Final = 16
MANY: Final = 64
FEW: Final = 4
ALONE: Final = " alone"
"""What ends the name of a way in which the database's own guard stands without a lock, and may deadlock."""
GUARD: Final = {"PostgreSQL": "constraint", "MariaDB": "key", "SQLite": "triggers"}
"""What the database itself has against overlaps."""


@attrs.frozen
class Arena:
    """A server, or a folder for files, that nobody else uses."""

    name: str
    version: str
    url: str
    _numbers: Iterator[int] = attrs.field(factory=count, init=False)

    def place(self, resources: int, *, portable: bool = False, indexed: bool = False) -> Place:
        """Return new tables; on SQLite, in a file of their own."""
        number = next(self._numbers)
        url = self.url.format(number=number)
        made = Place(url=url, prefix=f"b{number}_", portable=portable, indexed=indexed)
        made.make(resources)
        return made


@contextmanager
def on(name: str, server: Callable[[], AbstractContextManager[Killable]]) -> Iterator[Arena]:
    with server() as running:
        yield Arena(name, running.version(), running.url)


@contextmanager
def in_files() -> Iterator[Arena]:
    with tempfile.TemporaryDirectory(prefix="slotkeeper-") as folder:
        yield Arena("SQLite", sqlite3.sqlite_version, f"sqlite:///{folder}/{{number}}.sqlite3")


ARENAS: Final[dict[str, Callable[[], AbstractContextManager[Arena]]]] = {
    "PostgreSQL": partial(on, "PostgreSQL", postgresql),
    "MariaDB": partial(on, "MariaDB", mariadb),
    "SQLite": in_files,
}


@attrs.define
class Report:
    """What was measured, and on which servers."""

    rows: list[Figures] = attrs.field(factory=list)
    servers: dict[str, str] = attrs.field(factory=dict)

    def add(self, arena: Arena, measurement: Measurement) -> None:
        self.servers[arena.name] = arena.version
        self.rows += (rows := measurement.carry_out(arena.name))
        print(f"\n\n{table(rows)}")  # noqa: T201 - so that one sees that it goes on
        told = {one.way: one.failed for one in rows if one.failed and not one.way.endswith(ALONE)}
        assert not told, "the caller was told of a passing fault"


@pytest.fixture(scope="module")
def report() -> Iterator[Report]:
    made = Report()
    yield made
    save(made.rows, made.servers, FOLDER)
    print(f"\n\n{table(made.rows)}\n\nAlso in {FOLDER}")  # noqa: T201 - the report


@pytest.fixture(scope="module", params=ARENAS)
def arena(request: pytest.FixtureRequest) -> Iterator[Arena]:
    with ARENAS[request.param]() as made:
        yield made


Making = Callable[[Place], Way]


def ways(chosen: dict[str, tuple[Making, Place]]) -> dict[str, Callable[[], Way]]:
    return {name: partial(make, place) for name, (make, place) in chosen.items()}


def test_the_guard_of_the_database_beside_the_raw_insert(arena: Arena, report: Report) -> None:
    raw = arena.place(SPREAD, indexed=True)
    guarded = [arena.place(SPREAD) for _ in range(3)]
    guard = GUARD[arena.name]
    report.add(
        arena,
        Measurement(
            workload=f"guard: {guard}",
            ways=ways(
                {
                    "raw insert, same indexes": (Raw, raw),
                    f"{guard}{ALONE}": (Constraint, guarded[0]),
                    f"lock, check, {guard}: statements": (Statements, guarded[1]),
                    f"lock, check, {guard}: Bookings.add": (Add, guarded[2]),
                }
            ),
            course=apart,
            resources=SPREAD,
            workers=SEVERAL,
            guarded=guarded,
        ),
    )


def test_the_portable_guard_beside_the_raw_insert(arena: Arena, report: Report) -> None:
    raw, by_hand = (arena.place(SPREAD, portable=True) for _ in range(2))
    guarded = [arena.place(SPREAD, portable=True) for _ in range(2)]
    report.add(
        arena,
        Measurement(
            workload="guard: portable",
            ways=ways(
                {
                    "raw insert, same indexes": (Raw, raw),
                    "lock, check: by hand": (LockByHand, by_hand),
                    "lock, check: statements": (Statements, guarded[0]),
                    "lock, check: Bookings.add": (Add, guarded[1]),
                }
            ),
            course=apart,
            resources=SPREAD,
            workers=SEVERAL,
            guarded=[by_hand, *guarded],
        ),
    )


def test_the_guards_on_one_hot_resource(arena: Arena, report: Report) -> None:
    by_hand = arena.place(1, portable=True)
    guarded = [arena.place(1), arena.place(1), arena.place(1, portable=True)]
    guard = GUARD[arena.name]
    report.add(
        arena,
        Measurement(
            workload="hot guard",
            ways=ways(
                {
                    "lock, check: by hand": (LockByHand, by_hand),
                    f"{guard}{ALONE}": (Constraint, guarded[0]),
                    f"lock, check, {guard}: Bookings.add": (Add, guarded[1]),
                    "lock, check: Bookings.add": (Add, guarded[2]),
                }
            ),
            course=crowded,
            resources=1,
            workers=MANY,
            guarded=[by_hand, *guarded],
            frees=True,
        ),
    )


@pytest.mark.parametrize(("workload", "resources", "workers"), [("hot", 1, MANY), ("whole", SPREAD, FEW)])
def test_the_desk_beside_a_transaction_by_hand(
    arena: Arena, report: Report, workload: str, resources: int, workers: int
) -> None:
    by_hand = arena.place(resources, portable=True)
    guarded = [arena.place(resources), arena.place(resources), arena.place(resources, portable=True)]
    guard = GUARD[arena.name]
    report.add(
        arena,
        Measurement(
            workload=f"{workload} booking",
            ways=ways(
                {
                    "by hand: lock, check": (WholeByHand, by_hand),
                    f"desk.book, {guard}": (Desk, guarded[0]),
                    f"desk.book naming the resource, {guard}": (DeskNaming, guarded[1]),
                    "desk.book, portable": (Desk, guarded[2]),
                }
            ),
            course=crowded if workload == "hot" else apart,
            resources=resources,
            workers=workers,
            guarded=[by_hand, *guarded],
            frees=workload == "hot",
        ),
    )


def test_threads_that_queue_for_one_file_beside_threads_that_do_not(report: Report) -> None:
    with in_files() as arena:
        queued, unqueued = arena.place(SPREAD), arena.place(SPREAD)
        report.add(
            arena,
            Measurement(
                workload="threads of a process",
                ways=ways(
                    {
                        "desk.book, without turns": (DeskWithoutTurns, unqueued),
                        "desk.book, in turn": (Desk, queued),
                    }
                ),
                course=apart,
                resources=SPREAD,
                workers=SEVERAL,
                guarded=[queued, unqueued],
                by=crew_of_threads,
            ),
        )
