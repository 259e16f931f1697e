"""Room: whether a booking fits beside others, worked out anew, without slotkeeper's code."""

from __future__ import annotations

from collections.abc import Iterable

from tests.chaos.rows import Taking


def peak(spans: Iterable[tuple[int, int, int]], first: int, last: int) -> int:
    """Return the greatest sum of units at any time in ``[first, last)``, of spans of (start, end, units)."""
    changes: list[tuple[int, int]] = []
    for start, end, units in spans:
        if start < last and end > first:
            changes += [(max(start, first), units), (min(end, last), -units)]
    load = highest = 0
    for _, change in sorted(changes):
        load += change
        highest = max(highest, load)
    return highest


def fits(wanted: Taking, others: Iterable[Taking], capacity: int) -> bool:
    """Tell whether the units are free for the time wanted, and neighbours at the distance that buffers ask.

    The distance to a neighbour is the larger buffer of the two where both say ``max``, else their sum. A
    neighbour counts as wider by what its buffers ask beyond the wanted one's.
    """
    near = list(others)
    start, end = wanted.start - wanted.before, wanted.end + wanted.after
    widened = [
        (
            one.start - (_distance(wanted, one) - wanted.after),
            one.end + (_distance(one, wanted) - wanted.before),
            one.units,
        )
        for one in near
    ]
    bare = [(*one.occupied, one.units) for one in near]
    most = max(peak(widened, start, end), peak(bare, *wanted.occupied))
    return most + wanted.units <= capacity


def _distance(earlier: Taking, later: Taking) -> int:
    both = earlier.after, later.before
    return max(both) if earlier.rule == later.rule == "max" else sum(both)
