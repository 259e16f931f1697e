"""How many bytes an interval takes in each structure: the growth of a process of its own that fills one.

It hardly differs from one process to the next, so one round is enough.

``python -m tests.benchmarks.memory NAME SIZE`` is such a process.
"""

from __future__ import annotations

import ctypes
import gc
import subprocess
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any, Final

from tests.benchmarks.harness import OURS, Contest, Foreign, Goal, Rival, as_told, nothing, uncompared
from tests.benchmarks.workloads import GRID, Span, interval

from slotkeeper.domain.interval_set import IntervalSet
from slotkeeper.engine.timeline import Timeline

ROOT: Final = Path(__file__).parents[2]
WARMING_UP: Final = 1_000
ARRAYS: Final = "by hand, two arrays of 64 bits"
MOST: Final = 18
"""The bytes aimed at, two more than two whole numbers of 64 bits take."""


def stream(size: int) -> Iterator[Span]:
    """Yield disjoint spans, no two of which are held at once."""
    draw, last = Random(8), 0
    for _ in range(size):
        start = last + draw.randrange(1, 6) * GRID
        last = start + draw.randrange(1, 6) * GRID
        yield start, last


# -- structures --------------------------------------------------------------------------------------


def _timeline(spans: Iterable[Span]) -> Timeline[int]:
    made = Timeline[int]()
    for key, span in enumerate(spans):
        made.book_if_free(interval(span), key)
    return made


def _interval_set(spans: Iterable[Span]) -> IntervalSet:
    return IntervalSet.from_pairs((one.start, one.end) for one in map(interval, spans))


def _intervaltree(spans: Iterable[Span]) -> Foreign:
    from intervaltree import IntervalTree

    return IntervalTree.from_tuples(spans)


def _portion(spans: Iterable[Span]) -> Foreign:
    import portion

    return portion.Interval(*(portion.closedopen(start, end) for start, end in spans))


def _sorted_list(spans: Iterable[Span]) -> Foreign:
    from sortedcontainers import SortedList

    return SortedList(spans)


def _quicksect(spans: Iterable[Span]) -> Foreign:
    from quicksect import IntervalTree

    tree = IntervalTree()
    for start, end in spans:
        tree.add(start, end)
    return tree


def _bx(spans: Iterable[Span]) -> Foreign:
    from bx.intervals.intersection import IntervalTree

    tree = IntervalTree()
    for start, end in spans:
        tree.insert(start, end, None)
    return tree


def _superintervals(spans: Iterable[Span]) -> Foreign:
    from superintervals import IntervalMap

    made = IntervalMap()
    for start, end in spans:
        made.add(start, end)
    made.build()
    return made


def _iranges(spans: Iterable[Span]) -> Foreign:
    import numpy as np
    from iranges import IRanges

    bounds = np.fromiter(spans, dtype=np.dtype((np.int32, 2)))
    return IRanges(bounds[:, 0].copy(), bounds[:, 1] - bounds[:, 0])


def _arrays(spans: Iterable[Span]) -> tuple[array[int], array[int]]:
    """Keep microseconds, as we do: 64 bits each."""
    starts, ends = array("q"), array("q")
    for start, end in spans:
        starts.append(start * 1_000_000)
        ends.append(end * 1_000_000)
    return starts, ends


KEEPERS: Final[dict[str, Callable[[Iterable[Span]], Any]]] = {
    OURS: _interval_set,
    f"{OURS}, timeline with keys": _timeline,
    ARRAYS: _arrays,
    "iranges": _iranges,
    "superintervals": _superintervals,
    "bx-python": _bx,
    "quicksect": _quicksect,
    "sortedcontainers": _sorted_list,
    "portion": _portion,
    "intervaltree": _intervaltree,
}
_MODULES: Final = {
    "bx-python": "bx",
    OURS: "slotkeeper",
    f"{OURS}, timeline with keys": "slotkeeper",
    ARRAYS: "array",
}


# -- measuring ---------------------------------------------------------------------------------------


def _resident() -> int:
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) * 1_024


def _grown_by(name: str, size: int) -> float:
    """Return the bytes for each interval; what is made but once is made beforehand."""
    keep = KEEPERS[name]
    keep(stream(WARMING_UP))
    before = _resident()
    kept = keep(stream(size))
    grown = _resident() - before
    del kept
    return grown / size


def _in_a_process(name: str, size: int) -> tuple[float, None]:
    command = [sys.executable, "-m", "tests.benchmarks.memory", name, str(size)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return float(done.stdout), None


def _memory(size: int) -> list[Rival]:
    return [
        Rival(
            name,
            nothing,
            lambda _, name=name: _in_a_process(name, size),  # type: ignore[misc]
            answer=uncompared,
            module=_MODULES.get(name, name),
            rounds=1,
        )
        for name in KEEPERS
    ]


CONTESTS: Final = (
    Contest(
        "bytes for each kept interval",
        _memory,
        (1_000_000,),
        2_000,
        goals=(Goal(ARRAYS, 16 / MOST),),
        gauge=as_told,
        unit="B",
    ),
)

if __name__ == "__main__":
    print(_grown_by(sys.argv[1], int(sys.argv[2])))  # noqa: T201 - the answer
