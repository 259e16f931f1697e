"""How cost grows with size: the slope of time against size, both logarithmic, by least squares.

One is linear, two square; a slope of zero means that size does not matter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from math import log
from statistics import linear_regression
from typing import TYPE_CHECKING, Final

from tests.benchmarks.harness import OURS, Row

if TYPE_CHECKING:
    from pathlib import Path

Point = tuple[int, float]

_SALT: Final = "slotkeeper"
"""What the names inside a drawing are made from, so that the same figures draw the same file."""


def slope(points: Sequence[Point]) -> float:
    """Return the exponent of the power of the size that fits best."""
    sizes, figures = zip(*points, strict=True)
    return linear_regression(list(map(log, sizes)), list(map(log, figures))).slope


def curves(rows: Sequence[Row]) -> dict[str, dict[str, list[Point]]]:
    """Return the points of each rival by workload."""
    found: defaultdict[str, defaultdict[str, list[Point]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        found[row.workload][row.rival].append((row.size, row.figure))
    return {workload: dict(rivals) for workload, rivals in found.items()}


def slopes(rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """Return the slope of each rival by workload, of those that were measured at three sizes at least."""
    return {
        workload: {rival: slope(points) for rival, points in rivals.items() if len(points) > 2}
        for workload, rivals in curves(rows).items()
    }


def draw(workload: str, rivals: dict[str, list[Point]], path: Path) -> None:
    """Draw time against size, both logarithmic, with the slope of each rival in the legend."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": _SALT, "svg.fonttype": "none"})
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
    for rival, points in rivals.items():
        sizes, figures = zip(*points, strict=True)
        label = f"{rival} ({slope(points):.2f})" if len(points) > 2 else rival
        width = 2.5 if rival == OURS else 1.2
        axes.loglog(sizes, figures, marker="o", markersize=3, linewidth=width, label=label)
    axes.set(xlabel="size", ylabel="ms of CPU time", title=workload)
    axes.grid(visible=True, which="both", alpha=0.25)
    axes.legend(fontsize="x-small")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
