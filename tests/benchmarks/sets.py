"""Set algebra: union, intersection and difference of two sets of as many intervals each."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, Final

from tests.benchmarks.free_time import portion_set, portion_spans
from tests.benchmarks.harness import OURS, Contest, Foreign, Goal, Rival, kept
from tests.benchmarks.workloads import Span, disjoint, interval_set, seconds

Operation = Callable[[Any, Any], Any]


def _ranges(spans: Sequence[Span]) -> Foreign:
    import numpy as np
    from iranges import IRanges

    starts, ends = (np.array(column, dtype=np.int32) for column in zip(*spans, strict=True))
    return IRanges(starts, ends - starts)


def _range_spans(found: Foreign) -> list[Span]:
    """Return ranges as spans; those that touch are one, as in the other libraries."""
    joined: list[Span] = []
    for start, end in zip(found.get_start().tolist(), found.get_end_exclusive().tolist(), strict=True):
        begin = joined.pop()[0] if joined and joined[-1][1] == start else start
        joined.append((begin, end))
    return joined


def _of(operation: Operation, method: str) -> Callable[[int], list[Rival]]:
    def enter(size: int) -> list[Rival]:
        spans = disjoint(size, 1), disjoint(size, 2)

        def pair(make: Callable[[Sequence[Span]], Any]) -> Callable[[], Any]:
            return kept(lambda: tuple(map(make, spans)))

        def work(sets: tuple[Any, Any]) -> Any:  # noqa: ANN401 - a set of the library's
            return operation(*sets)

        return [
            Rival(OURS, pair(interval_set), work, answer=seconds),
            Rival(
                "iranges",
                pair(_ranges),
                lambda sets: getattr(sets[0], method)(sets[1]),
                answer=_range_spans,
                module="iranges",
            ),
            Rival("portion", pair(portion_set), work, answer=portion_spans, module="portion", rounds=3),
        ]

    return enter


_GROWTH: Final = (1_000, 3_162, 10_000, 31_623, 100_000)

CONTESTS: Final = tuple(
    Contest(
        f"{name} of two sets",
        _of(operation, method),
        (100_000,),
        100,
        growth=_GROWTH,
        goals=(Goal("portion", ratio),),
    )
    for name, operation, method, ratio in (
        ("union", operator.or_, "union", 7),
        ("intersection", operator.and_, "intersect_ncls", 50),
        ("difference", operator.sub, "setdiff", 70),
    )
)
