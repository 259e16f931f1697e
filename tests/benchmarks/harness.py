"""Measures rivals side by side: interleaved rounds, medians, a table of ratios; answers have to agree."""

from __future__ import annotations

import datetime as dt
import gc
import json
import platform
from collections.abc import Callable
from importlib import metadata
from statistics import median
from time import thread_time_ns
from typing import TYPE_CHECKING, Any, Final

import attrs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

OURS: Final = "slotkeeper"


@attrs.frozen
class Rival:
    """One way to do a piece of work.

    Args:
        name: The library's distribution name.
        prepare: Makes what the work starts from, in the library's own types; not timed.
        work: What is timed.
        answer: Brings the result into a form that compares with the other rivals'; not timed.
        rounds: How often it is measured; slow ones less often.
    """

    name: str
    prepare: Callable[[], Any]
    work: Callable[[Any], Any]
    answer: Callable[[Any], Any] = attrs.field(default=lambda result: result, kw_only=True)
    rounds: int = attrs.field(default=7, kw_only=True)


@attrs.frozen
class Row:
    """The median CPU time of one rival at one piece of work, and how many times ours that is."""

    workload: str
    rival: str
    rounds: int
    milliseconds: float
    ratio: float


def measure(workload: str, rivals: Sequence[Rival]) -> list[Row]:
    """Measure the rivals, ours first, in interleaved rounds.

    Raises:
        AssertionError: The answers of two rivals differ.
    """
    times: dict[str, list[float]] = {rival.name: [] for rival in rivals}
    answers: dict[str, Any] = {}
    for turn in range(max(rival.rounds for rival in rivals)):
        for rival in rivals:
            if turn < rival.rounds:
                spent, result = _timed(rival)
                times[rival.name].append(spent)
                answers.setdefault(rival.name, rival.answer(result))
    for name, answer in answers.items():
        assert answer == answers[OURS], f"{name} answers otherwise at {workload!r}"
    ours = median(times[OURS])
    return [
        Row(workload, name, len(spent), median(spent), median(spent) / ours) for name, spent in times.items()
    ]


def _timed(rival: Rival) -> tuple[float, Any]:
    state = rival.prepare()
    gc.collect()
    before = thread_time_ns()
    result = rival.work(state)
    return (thread_time_ns() - before) / 1e6, result


def table(rows: Sequence[Row]) -> str:
    """Return the rows as text; a ratio above one is in our favour."""
    lines = [f"{'workload':<52} {'rival':<18} {'rounds':>6} {'ms':>12} {'ratio':>9}"]
    lines += [
        f"{row.workload:<52} {row.rival:<18} {row.rounds:>6} {row.milliseconds:>12.3f} {row.ratio:>9.2f}"
        for row in rows
    ]
    return "\n".join(lines)


def save(rows: Sequence[Row], path: Path) -> None:
    """Write the rows as JSON, with the versions that were measured."""
    path.parent.mkdir(parents=True, exist_ok=True)
    found = {
        "measured": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in sorted({row.rival for row in rows})},
        "rows": [attrs.asdict(row) for row in rows],
    }
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
