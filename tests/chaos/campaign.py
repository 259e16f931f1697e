"""The campaign: rounds against every store, whose verdicts are kept in a file, so that it can be continued.

Environment variables bound it: ``SLOTKEEPER_CHAOS_SECONDS`` for each store (120) and
``SLOTKEEPER_CHAOS_ATTEMPTS`` for each store (no bound), whichever is reached first;
``SLOTKEEPER_CHAOS_ROUND`` for one round (20 seconds).
``SLOTKEEPER_CHAOS_SEED`` repeats a campaign's choices, and ``SLOTKEEPER_CHAOS_RESULTS`` names the file.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Final

import attrs
from tests.chaos.breaking import Faults
from tests.chaos.killable import Server, mariadb, postgresql
from tests.chaos.running import run
from tests.chaos.stores import ASYNC
from tests.chaos.verdict import Verdict

PROCESSES: Final = (16, 32, 64)
RESOURCES: Final = (1, 50)
FAULTS: Final = Faults(workers=0.7, connections=0.5, commits=0.7, servers=12)


def no_server() -> AbstractContextManager[None]:
    """Lend nothing: the database is a file."""
    return nullcontext()


ARENAS: Final[Mapping[str, tuple[Callable[[], AbstractContextManager[Server | None]], dict[str, Any]]]] = {
    "SQLite": (no_server, {}),
    "PostgreSQL, constraint": (postgresql, {}),
    "PostgreSQL, portable": (postgresql, {"portable": True}),
    "PostgreSQL, asyncpg": (postgresql, {"store": ASYNC, "tasks": 2}),
    "MariaDB, key": (mariadb, {}),
    "MariaDB, portable": (mariadb, {"portable": True}),
}
"""Each store with the server that it needs and what its runs are given."""


@attrs.frozen(kw_only=True)
class Campaign:
    """How long, how much, from which seed, and where its verdicts go."""

    seconds: float
    attempts: float
    round_seconds: float
    seed: str
    results: Path | None

    @classmethod
    def of_the_environment(cls) -> Campaign:
        def number(name: str, usual: float) -> float:
            return float(os.environ.get(f"SLOTKEEPER_CHAOS_{name}", usual))

        results = os.environ.get("SLOTKEEPER_CHAOS_RESULTS")
        return cls(
            seconds=number("SECONDS", 120),
            attempts=number("ATTEMPTS", float("inf")),
            round_seconds=number("ROUND", 20),
            seed=os.environ.get("SLOTKEEPER_CHAOS_SEED") or f"{random.SystemRandom().getrandbits(32):08x}",
            results=Path(results) if results else None,
        )

    def kept(self) -> list[Verdict]:
        """Return the verdicts of earlier rounds."""
        if self.results is None or not self.results.exists():
            return []
        return [Verdict(**json.loads(line)) for line in self.results.read_text().splitlines()]

    def fight(self, name: str) -> Iterator[Verdict]:
        """Yield the verdicts of rounds against a store, until its time or its attempts are used up."""
        arena, amounts = ARENAS[name]
        number = sum(one.store == name for one in self.kept())
        seconds, attempts = 0.0, 0
        with arena() as server:
            while seconds < self.seconds and attempts < self.attempts:
                verdict = self._round(name, server, number, amounts)
                number, seconds, attempts = (
                    number + 1,
                    seconds + verdict.seconds,
                    attempts + verdict.attempts,
                )
                self._keep(verdict)
                yield verdict

    def _round(self, name: str, server: Server | None, number: int, amounts: dict[str, Any]) -> Verdict:
        return run(
            name,
            server,
            seed=f"{self.seed}/{number}",
            faults=FAULTS,
            processes=PROCESSES[number // len(RESOURCES) % len(PROCESSES)],
            resources=RESOURCES[number % len(RESOURCES)],
            attempts=int(min(self.attempts, 100_000)),
            seconds=self.round_seconds,
            **amounts,
        )

    def _keep(self, verdict: Verdict) -> None:
        if self.results is not None:
            with self.results.open("a") as file:
                file.write(json.dumps(attrs.asdict(verdict)) + "\n")
