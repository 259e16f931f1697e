"""How the cost of ours and of the peers grows with size; run by ``make bench-growth``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from tests.benchmarks.contests import CONTESTS
from tests.benchmarks.growth import slopes
from tests.benchmarks.harness import Contest, Row, measure
from tests.benchmarks.report import save

pytestmark = [pytest.mark.benchmark, pytest.mark.filterwarnings("ignore")]

REPORT: Final = Path(__file__).parents[2] / ".benchmarks" / "growth.json"
ROUNDS: Final = 3


@pytest.fixture(scope="module")
def report() -> Iterator[list[Row]]:
    rows: list[Row] = []
    yield rows
    print(f"\n\nThe figures are in {REPORT}")  # noqa: T201 - the report


@pytest.mark.parametrize("contest", [one for one in CONTESTS if one.growth], ids=lambda one: one.name)
def test_growth(contest: Contest, report: list[Row]) -> None:
    rows = [row for size in contest.growth for row in measure(contest, size, rounds=ROUNDS)]
    report += rows
    save(report, REPORT, slopes=slopes(report))  # each time, as an interrupted run is worth something too
    for rival, found in slopes(rows)[contest.name].items():
        print(f"\n{contest.name:<58} {rival:<32} {found:>6.2f}", end="")  # noqa: T201 - so that one sees that it goes on
