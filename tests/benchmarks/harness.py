"""Measures rivals side by side: interleaved rounds, medians, ratios against goals; answers have to agree.

A contest is one piece of work at several sizes. Who enters it is told by a function of the size, so that
nothing is made, and no peer is imported, before its turn has come.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from functools import cache
from importlib.util import find_spec
from statistics import median
from time import thread_time_ns
from typing import Any, Final, TypeAlias

import attrs

OURS: Final = "slotkeeper"
Foreign: TypeAlias = Any
"""A value of a library that ships no types, or need not be installed."""


def _same(result: Any) -> Any:  # noqa: ANN401 - whatever a rival answers
    return result


def uncompared(_: object) -> None:
    """The answer of one who does another piece of work, measured for its cost alone."""


def nothing() -> None:
    """The preparation of one who needs none."""


@attrs.frozen
class Rival:
    """One way to do a piece of work.

    Args:
        name: The library's distribution name, perhaps with a comma and in which way it is used.
        prepare: Makes what the work starts from, in the library's own types; not timed.
        work: What is timed.
        answer: Brings the result into a form that compares with the other rivals'; not timed.
        module: What has to be installed.
        rounds: How often it is measured; slow ones less often.
        largest: The size beyond which it takes no part, being too slow.
    """

    name: str
    prepare: Callable[[], Any]
    work: Callable[[Any], Any]
    answer: Callable[[Any], Any] = attrs.field(default=_same, kw_only=True)
    module: str | None = attrs.field(default=None, kw_only=True)
    rounds: int = attrs.field(default=7, kw_only=True)
    largest: int | None = attrs.field(default=None, kw_only=True)

    def takes_part(self, size: int) -> bool:
        """Tell whether it is fast enough for the size."""
        return self.largest is None or size <= self.largest

    @property
    def is_installed(self) -> bool:
        """Whether what it needs is there."""
        return self.module is None or find_spec(self.module) is not None


@attrs.frozen
class Goal:
    """How many times our figure a rival's is to be, at the largest size at which it takes part."""

    rival: str
    ratio: float


Gauge: TypeAlias = Callable[[Rival], tuple[float, Any]]


def cpu_time(rival: Rival) -> tuple[float, Any]:
    """Return the milliseconds of CPU time that the work takes, and its result."""
    state = rival.prepare()
    gc.collect()
    before = thread_time_ns()
    result = rival.work(state)
    return (thread_time_ns() - before) / 1e6, result


def as_told(rival: Rival) -> tuple[float, Any]:
    """Return the figure that the work itself tells, with its result."""
    figure, result = rival.work(rival.prepare())
    return figure, result


@attrs.frozen
class Contest:
    """One piece of work.

    Args:
        name: What is done.
        enter: Returns who takes part at a size, ours first.
        sizes: The sizes in the table.
        tiny: A size at which it is over in a moment, to see whether the answers agree.
        growth: The sizes by which the growth is measured; none, where it has no size.
        goals: What is aimed at.
        gauge: What is measured.
        unit: In which unit.
    """

    name: str
    enter: Callable[[int], Sequence[Rival]]
    sizes: tuple[int, ...]
    tiny: int
    growth: tuple[int, ...] = attrs.field(default=(), kw_only=True)
    goals: tuple[Goal, ...] = attrs.field(default=(), kw_only=True)
    gauge: Gauge = attrs.field(default=cpu_time, kw_only=True)
    unit: str = attrs.field(default="ms", kw_only=True)

    def entrants(self, size: int) -> list[Rival]:
        """Return who takes part at a size; each that is not installed is named in a line."""
        found = []
        for rival in self.enter(size):
            if not rival.is_installed:
                print(f"{self.name}: {rival.name} is missing, as {rival.module} is not installed")  # noqa: T201
            elif rival.takes_part(size):
                found.append(rival)
        return found

    def goal_of(self, rival: Rival, size: int) -> float | None:
        """Return the ratio aimed at, if this is the size at which it counts."""
        at = [one for one in self.sizes if rival.takes_part(one)]
        ratios = {goal.rival: goal.ratio for goal in self.goals}
        return ratios.get(rival.name) if at and size == max(at) else None


@attrs.frozen
class Row:
    """The median figure of one rival at one piece of work, and how many times ours that is."""

    workload: str
    size: int
    rival: str
    rounds: int
    figure: float
    unit: str
    ratio: float
    goal: float | None = None

    @property
    def verdict(self) -> str:
        """Whether the goal is met; empty where there is none."""
        if self.goal is None:
            return ""
        return "met" if self.ratio >= self.goal else "missed"


def measure(contest: Contest, size: int, *, rounds: int | None = None) -> list[Row]:
    """Measure the rivals, ours first, in interleaved rounds; at most ``rounds`` of them.

    Raises:
        AssertionError: The answers of two rivals differ.
    """
    rivals = contest.entrants(size)
    planned = {one.name: min(one.rounds, rounds or one.rounds) for one in rivals}
    figures: dict[str, list[float]] = {one.name: [] for one in rivals}
    answers: dict[str, Any] = {}
    for turn in range(max(planned.values())):
        for rival in (one for one in rivals if turn < planned[one.name]):
            figure, result = contest.gauge(rival)
            figures[rival.name].append(figure)
            if not turn:
                answers[rival.name] = rival.answer(result)
    _compare(contest, size, answers)
    medians = {name: median(found) for name, found in figures.items()}
    return [
        Row(
            contest.name,
            size,
            one.name,
            planned[one.name],
            medians[one.name],
            contest.unit,
            medians[one.name] / medians[OURS],
            contest.goal_of(one, size),
        )
        for one in rivals
    ]


def _compare(contest: Contest, size: int, answers: dict[str, Any]) -> None:
    """Raise unless all answers are ours; None says that there is nothing to compare."""
    for name, answer in answers.items():
        if answer is not None and answer != answers[OURS]:
            message = f"{name} answers otherwise at {contest.name!r}, {size:,}"
            raise AssertionError(message)


def kept(make: Callable[[], Any]) -> Callable[[], Any]:
    """Return a preparation that makes its state once, for work that leaves it as it was."""
    return cache(make)
