"""The plan of a run: where it books, who books, and how much; written to a file that its processes read."""

from __future__ import annotations

import datetime as dt
import json
import time
from pathlib import Path
from typing import Any

import attrs
from tests.chaos.world import KINDS, PAIR

EPOCH = dt.datetime(2029, 1, 1, tzinfo=dt.UTC)


def now() -> dt.datetime:
    """Return the present on the clock that all processes of a machine share and nobody sets."""
    return EPOCH + dt.timedelta(microseconds=time.monotonic_ns() // 1000)


def microsecond(instant: dt.datetime) -> int:
    """Return an instant as the number of microseconds since that clock began."""
    return (instant - EPOCH) // dt.timedelta(microseconds=1)


def this_microsecond() -> int:
    return time.monotonic_ns() // 1000


@attrs.frozen(kw_only=True)
class Plan:
    """One run.

    Args:
        store: Which store the workers open, a name in `tests.chaos.stores`.
        routes: Of the database, as workers reach it: each takes one of the lists in turn, and goes on to the
            next address of it when a call brings no answer.
        place: What `Tables` is made with.
        folder: Where the journals are.
        seed: Of all random choices.
        processes: How many workers.
        tasks: How many callers in each.
        resources: How many there are.
        attempts: How many commands are given in all, at least while there is time.
        seconds: How long new ones are given.
        patience: For how many seconds after that an answer is waited for.
        kinds: Of the services that are booked, some twice for them to be booked more often.
        pause: Seconds between two kills of a worker, on average; 0 kills none.
    """

    store: str
    routes: list[list[str]]
    place: dict[str, Any]
    folder: str
    seed: str
    processes: int = 16
    tasks: int = 1
    resources: int = 1
    attempts: int = 1000
    seconds: float = 10
    patience: float = 120
    kinds: tuple[str, ...] = (*KINDS, *KINDS, PAIR)
    pause: float = 0

    @property
    def path(self) -> Path:
        return Path(self.folder, "plan.json")

    @property
    def ready(self) -> Path:
        """A file that is there once the workers begin."""
        return Path(self.folder, "ready")

    @property
    def names(self) -> list[list[str]]:
        """The callers of each worker."""
        return [[f"w{one}t{task}" for task in range(self.tasks)] for one in range(self.processes)]

    @property
    def addresses(self) -> set[str]:
        """All addresses on any route."""
        return {one for route in self.routes for one in route}

    @property
    def quota(self) -> int:
        """How many commands each caller gives."""
        return -(-self.attempts // (self.processes * self.tasks))

    def write(self) -> None:
        self.path.write_text(json.dumps(attrs.asdict(self)))

    @classmethod
    def read(cls, path: str) -> Plan:
        return cls(**json.loads(Path(path).read_text()))
