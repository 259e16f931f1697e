"""``import slotkeeper``, each time in an interpreter of its own, beside importing what it depends on."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

from tests.benchmarks.harness import OURS, Contest, Goal, Rival, as_told, nothing

DEPENDENCIES: Final = "by hand, import attrs, dateutil.rrule"
EXTRAS: Final = (
    "alembic",
    "holidays",
    "hypothesis",
    "numpy",
    "pandas",
    "psycopg",
    "pytest",
    "sqlalchemy",
    "stamina",
)
_PROGRAM: Final = """
import sys, time
before = time.process_time_ns()
{statement}
print((time.process_time_ns() - before) / 1e6, *(name for name in {extras} if name in sys.modules))
"""


def _imported(statement: str) -> tuple[float, list[str]]:
    """Return the milliseconds of CPU time, and which extras came along."""
    program = _PROGRAM.format(statement=statement, extras=EXTRAS)
    command = [sys.executable, "-I", "-c", program]
    spent, *extras = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(spent), extras


def _importing(_: int) -> list[Rival]:
    return [
        Rival(OURS, nothing, lambda _: _imported("import slotkeeper"), rounds=15),
        Rival(DEPENDENCIES, nothing, lambda _: _imported("import attrs, dateutil.rrule"), rounds=15),
    ]


CONTESTS: Final = (
    Contest("import", _importing, (1,), 1, goals=(Goal(DEPENDENCIES, 1 / 1.5),), gauge=as_told),
)
