"""All pairs of bookings that overlap, 500 bookings on each resource, about one in a hundred in conflict."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Final

from tests.benchmarks.harness import OURS, Contest, Foreign, Goal, Rival, kept
from tests.benchmarks.workloads import GRID, interval

from slotkeeper.engine.conflicts import Occupancy, overlapping_pairs

ON_EACH: Final = 500
SWEEP: Final = "by hand, a plain sweep"
Row = tuple[int, int, int]
Pair = tuple[int, int]


def _rows(size: int) -> list[Row]:
    """Return the resource, start and end of each booking; mostly one after the other, in no order."""
    draw = random.Random(6)
    found = []
    for at in range(size):
        start = at // max(size // ON_EACH, 1) * 24 * GRID + draw.randrange(8) * GRID
        length = 17 if draw.random() > 0.01 else 40
        found.append((at % max(size // ON_EACH, 1), start, start + length * GRID))
    draw.shuffle(found)
    return found


def _occupancies(rows: Sequence[Row]) -> list[Occupancy[int]]:
    return [Occupancy(f"r{one}", interval((start, end)), key) for key, (one, start, end) in enumerate(rows)]


def _ours(given: Sequence[Occupancy[int]]) -> list[Pair]:
    return [(one.key, other.key) for one, other in overlapping_pairs(given)]


def _by_sweeping(given: Sequence[Occupancy[int]]) -> list[Pair]:
    """Sort by resource and start, and keep those that have not ended yet."""
    found: list[Pair] = []
    going: list[Occupancy[int]] = []
    for one in sorted(given, key=attrgetter("resource_id", "interval.start")):
        going = [
            other
            for other in going
            if other.resource_id == one.resource_id and other.interval.end > one.interval.start
        ]
        found += [(other.key, one.key) for other in going]
        going.append(one)
    return found


def _frame(rows: Sequence[Row]) -> Foreign:
    import pandas as pd

    return pd.DataFrame(rows, columns=["resource", "start", "end"]).rename_axis("key").reset_index()


def _in_pandas(frame: Foreign) -> list[Pair]:
    """Compare each row with the one ``ahead`` rows before it, until nothing reaches so far."""
    ordered = frame.sort_values(["resource", "start"], ignore_index=True)
    reach = ordered.groupby("resource")["end"].cummax()
    found: list[Pair] = []
    for ahead in range(1, len(ordered)):
        before = ordered.shift(ahead)
        same = before["resource"] == ordered["resource"]
        if not (same & (reach.shift(ahead) > ordered["start"])).any():
            break
        hits = same & (before["end"] > ordered["start"])
        found += zip(before.loc[hits, "key"].astype(int), ordered.loc[hits, "key"], strict=True)
    return found


def _sorted_pairs(found: Iterable[Pair]) -> list[Pair]:
    return sorted((int(min(pair)), int(max(pair))) for pair in found)


def _conflicts(size: int) -> list[Rival]:
    rows = _rows(size)
    given = kept(lambda: _occupancies(rows))
    return [
        Rival(OURS, given, _ours, answer=_sorted_pairs),
        Rival(SWEEP, given, _by_sweeping, answer=_sorted_pairs),
        Rival("pandas", kept(lambda: _frame(rows)), _in_pandas, answer=_sorted_pairs, module="pandas"),
    ]


CONTESTS: Final = (
    Contest(
        "all conflicts among bookings",
        _conflicts,
        (100_000, 1_000_000),
        1_000,
        growth=(10_000, 31_623, 100_000, 316_228),
        goals=(Goal(SWEEP, 1.5),),
    ),
)
