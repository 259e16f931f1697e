"""Measuring: ways side by side on one server, in interleaved rounds, and what has to be true afterwards.

``SLOTKEEPER_BENCH_SECONDS`` is how long each way is measured in each round (2), ``SLOTKEEPER_BENCH_ROUNDS``
how many rounds there are (5).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager

import attrs
from tests.benchmarks.stores.crew import Course, Crew, Makers, Order, Stint, crew
from tests.benchmarks.stores.figures import Figures, figures
from tests.benchmarks.stores.places import Place


def seconds() -> float:
    return float(os.environ.get("SLOTKEEPER_BENCH_SECONDS", "2"))


def rounds() -> int:
    return int(os.environ.get("SLOTKEEPER_BENCH_ROUNDS", "5"))


@attrs.frozen(kw_only=True)
class Measurement:
    """Ways at the same work; the first is what the others are compared with.

    Args:
        workload: What the table calls it.
        ways: How each is made, in a process of its own.
        guarded: The places in which nothing may be booked twice.
        by: Who does it: processes, or threads of this one.
    """

    workload: str
    ways: Makers
    course: Course
    resources: int
    workers: int
    guarded: Iterable[Place]
    frees: bool = False
    by: Callable[[int, Order], AbstractContextManager[Crew]] = crew

    def carry_out(self, database: str) -> list[Figures]:
        """Measure, and make sure that nothing was booked twice and that all ways booked at all."""
        order = Order(ways=self.ways, course=self.course, resources=self.resources, frees=self.frees)
        found: dict[str, list[list[Stint]]] = {name: [] for name in self.ways}
        names = list(self.ways)
        with self.by(self.workers, order) as people:
            for name in names:
                people.round(name, min(1.0, seconds()))
            for turn in range(rounds()):
                for name in names[turn % len(names) :] + names[: turn % len(names)]:
                    found[name].append(people.round(name, seconds()))
        rows = figures(self.workload, database, found, seconds())
        assert all(place.doubles() == 0 for place in self.guarded)
        assert all(one.booked for one in rows)
        return rows
