"""How long the library takes beside others at the same work; run by ``make bench``.

No figure is asserted: machines differ, and the table says which goals are met. What is asserted is that all
give the same answers. Each library is used as its documentation recommends; where that offers two ways, in
the faster one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from tests.benchmarks.contests import CONTESTS
from tests.benchmarks.harness import Contest, Row, measure
from tests.benchmarks.report import save, table

pytestmark = [pytest.mark.benchmark, pytest.mark.filterwarnings("ignore")]

REPORT: Final = Path(__file__).parents[2] / ".benchmarks" / "speed.json"


@pytest.fixture(scope="module")
def report() -> Iterator[list[Row]]:
    rows: list[Row] = []
    yield rows
    print(f"\n\n{table(rows)}\n\nA ratio above one is in our favour. Also in {REPORT}")  # noqa: T201 - the report


@pytest.mark.parametrize(
    ("contest", "size"),
    [pytest.param(one, size, id=f"{one.name}-{size}") for one in CONTESTS for size in one.sizes],
)
def test_the_answers_are_the_same(contest: Contest, size: int, report: list[Row]) -> None:
    report += (rows := measure(contest, size))
    save(report, REPORT)  # each time, as an interrupted run is worth something too
    print(f"\n{table(rows)}")  # noqa: T201 - so that one sees that it goes on
