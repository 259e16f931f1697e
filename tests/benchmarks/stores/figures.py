"""Figures: how fast each way was beside the first one in the same rounds, as a table and as JSON."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Final

import attrs
from tests.benchmarks.stores.crew import Stint

_MILLISECOND: Final = 1e6
_HEADS: Final = (
    "work",
    "database",
    "way",
    "workers",
    "refused",
    "attempts/s",
    "ratio",
    "p50 ms",
    "p99 ms",
    "max ms",
    "p99 ratio",
    "failed",
)
_LIBRARIES: Final = ("sqlalchemy", "psycopg", "pymysql")


@attrs.frozen(kw_only=True)
class Figures:
    """What one way has come to; latencies are milliseconds, those of attempts that were refused included.

    Args:
        refused: The share of attempts that found their time taken, or failed.
        ratio: Its attempts a second over those of the first way, the median of all rounds.
        tail_ratio: Its 99th percentile over that of the first way.
    """

    workload: str
    database: str
    way: str
    workers: int
    attempts: int
    booked: int
    refused: float
    per_second: float
    ratio: float
    p50: float
    p99: float
    longest: float
    tail_ratio: float
    failed: Mapping[str, int]


def figures(
    workload: str, database: str, rounds: Mapping[str, Sequence[Sequence[Stint]]], seconds: float
) -> list[Figures]:
    """Return the figures of the ways, each of which has the stints of all workers for each round."""
    first = next(iter(rounds))
    rates = {name: [_attempts(one) / seconds for one in found] for name, found in rounds.items()}
    times = {name: sorted(_times(found)) for name, found in rounds.items()}
    return [
        Figures(
            workload=workload,
            database=database,
            way=name,
            workers=len(found[0]),
            attempts=sum(map(_attempts, found)),
            booked=(booked := sum(stint.booked for one in found for stint in one)),
            refused=round(1 - booked / sum(map(_attempts, found)), 3),
            per_second=round(median(rates[name]), 1),
            ratio=round(median(a / b for a, b in zip(rates[name], rates[first], strict=True)), 3),
            p50=_at(times[name], 0.5),
            p99=_at(times[name], 0.99),
            longest=_at(times[name], 1),
            tail_ratio=round(_at(times[name], 0.99) / _at(times[first], 0.99), 2),
            failed=sum((Counter(stint.failed) for one in found for stint in one), Counter[str]()),
        )
        for name, found in rounds.items()
    ]


def _attempts(stints: Iterable[Stint]) -> int:
    return sum(len(one.times) for one in stints)


def _times(rounds: Iterable[Iterable[Stint]]) -> Iterable[int]:
    return (time for stints in rounds for stint in stints for time in stint.times)


def _at(times: Sequence[int], share: float) -> float:
    """Return the time that a share of all attempts did not exceed, in milliseconds."""
    return round(times[min(int(share * len(times)), len(times) - 1)] / _MILLISECOND, 2)


def table(found: Iterable[Figures]) -> str:
    """Return the figures as a table in Markdown."""
    lines = [f"| {' | '.join(_HEADS)} |", f"|{'---|' * 3}{'--:|' * (len(_HEADS) - 3)}"]
    lines += [
        f"| {one.workload} | {one.database} | {one.way} | {one.workers} | {one.refused:.0%} |"
        f" {one.per_second:.0f} | {one.ratio:.2f} | {one.p50:.2f} | {one.p99:.1f} | {one.longest:.1f} |"
        f" {one.tail_ratio:.2f} | {sum(one.failed.values())} |"
        for one in found
    ]
    return "\n".join(lines)


def save(found: Sequence[Figures], servers: Mapping[str, str], folder: Path) -> None:
    """Write the figures as Markdown and as JSON, with the versions that were measured."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "stores.md").write_text(f"{table(found)}\n", encoding="utf-8")
    whole = {
        "measured": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "versions": {name: metadata.version(name) for name in _LIBRARIES} | dict(servers),
        "figures": [attrs.asdict(one) for one in found],
    }
    (folder / "stores.json").write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
