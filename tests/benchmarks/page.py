"""Writes what was measured into the documentation: ``python -m tests.benchmarks.page``, after the two runs.

The table and the slopes become fragments that ``docs/explanation/performance.md`` includes, and the growth
of each workload a drawing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.growth import curves, draw, slopes
from tests.benchmarks.harness import OURS, Row
from tests.benchmarks.report import load

ROOT: Final = Path(__file__).parents[2]
MEASURED: Final = ROOT / ".benchmarks"
FOLDER: Final = ROOT / "docs" / "explanation" / "performance"


def _measured_with(found: dict[str, Any]) -> str:
    peers = ", ".join(f"{name} {version}" for name, version in found["versions"].items() if name != OURS)
    return f"Measured {found['measured'][:10]} with Python {found['python']}; {peers}.\n"


def _table(rows: Sequence[Row]) -> Iterator[str]:
    yield "| workload | size | rival | rounds | figure | ratio | goal | |"
    yield "|---|--:|---|--:|--:|--:|--:|---|"
    last = None
    for row in rows:
        name, size = (row.workload, f"{row.size:,}") if (row.workload, row.size) != last else ("", "")
        goal = "" if row.goal is None else f"{row.goal:,.3g}"
        last = row.workload, row.size
        yield (
            f"| {name} | {size} | {row.rival} | {row.rounds} | {row.figure:,.4g} {row.unit} "
            f"| {row.ratio:,.3g} | {goal} | {row.verdict} |"
        )


def _slopes(rows: Sequence[Row]) -> Iterator[str]:
    yield "| workload | sizes | ours | others |"
    yield "|---|---|--:|---|"
    for workload, found in slopes(rows).items():
        sizes = [row.size for row in rows if row.workload == workload]
        others = ", ".join(f"{name} {one:.2f}" for name, one in found.items() if name != OURS)
        yield f"| {workload} | {min(sizes):,} to {max(sizes):,} | {found[OURS]:.2f} | {others} |"


def _drawings(rows: Sequence[Row]) -> Iterator[str]:
    for workload, rivals in curves(rows).items():
        name = re.sub(r"\W+", "-", workload).strip("-")
        draw(workload, rivals, FOLDER / f"{name}.svg")
        yield f"![Time against size: {workload}](performance/{name}.svg)\n"


def _write(name: str, lines: Iterator[str]) -> None:
    (FOLDER / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def write() -> None:
    """Write the fragments and the drawings anew."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    speed, growth = load(MEASURED / "speed.json"), load(MEASURED / "growth.json")
    _write("table.inc", iter([_measured_with(speed), *_table(speed["rows"])]))
    _write("slopes.inc", _slopes(growth["rows"]))
    _write("drawings.inc", _drawings(growth["rows"]))


if __name__ == "__main__":
    write()
