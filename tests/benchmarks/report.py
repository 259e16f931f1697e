"""The report of a run: a table for people, and JSON with the versions measured."""

from __future__ import annotations

import datetime as dt
import json
import platform
from importlib import metadata
from typing import TYPE_CHECKING, Any

import attrs
from tests.benchmarks.harness import Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


def table(rows: Sequence[Row]) -> str:
    """Return the rows as text; a ratio above one is in our favour."""
    head = (
        f"{'workload':<58} {'size':>9} {'rival':<32} {'rounds':>6} {'figure':>16} {'ratio':>10} {'goal':>8}"
    )
    return "\n".join([head, *map(_line, rows)])


def _line(row: Row) -> str:
    goal = "" if row.goal is None else f"{row.goal:,.3g}"
    figure = f"{row.figure:,.3f} {row.unit}"
    return (
        f"{row.workload:<58} {row.size:>9,} {row.rival:<32} {row.rounds:>6} {figure:>16} "
        f"{row.ratio:>10,.2f} {goal:>8} {row.verdict}"
    ).rstrip()


def save(rows: Sequence[Row], path: Path, **more: object) -> None:
    """Write the rows as JSON, with the versions that were measured, and whatever else is to be told."""
    path.parent.mkdir(parents=True, exist_ok=True)
    found = {
        "measured": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "versions": versions(row.rival for row in rows),
        "rows": [attrs.asdict(row) for row in rows],
        **more,
    }
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def load(path: Path) -> dict[str, Any]:
    """Read what `save` has written, with the rows as `Row`."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {**found, "rows": [Row(**row) for row in found["rows"]]}


def versions(rivals: Iterable[str]) -> dict[str, str]:
    """Return the versions of those rivals that are distributions."""
    names = sorted({rival.partition(",")[0] for rival in rivals})
    return {name: version for name in names if (version := _version(name))}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
