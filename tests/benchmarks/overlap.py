"""Asking an index that stands: is there any overlap with a window, and which are all."""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from tests.benchmarks.harness import OURS, Contest, Foreign, Goal, Rival, kept, uncompared
from tests.benchmarks.workloads import Span, crowded, interval, windows

from slotkeeper.engine.timeline import Entry, Timeline

if TYPE_CHECKING:
    from slotkeeper.domain.interval import Interval

ASKED: Final = 10_000
HALF: Final = 0.5
WITHOUT_LONG: Final = f"{OURS}, without the long ones"
Ask = Callable[[int, int], Any]
Asking = tuple[Ask, Sequence[Span]]


def _ask_all(state: Asking) -> list[Any]:
    ask, asked = state
    return [ask(start, end) for start, end in asked]


def _ask_ours(state: tuple[Callable[[Interval], Any], Sequence[Interval]]) -> list[Any]:
    ask, asked = state
    return [ask(window) for window in asked]


def _as_booleans(found: Sequence[Any]) -> list[bool]:
    return list(map(bool, found))


def _keys_by(attribute: str) -> Callable[[Sequence[Any]], list[list[int]]]:
    key_of = operator.attrgetter(attribute)
    return lambda found: [sorted(map(key_of, hits)) for hits in found]


def _sorted_each(found: Sequence[Sequence[int]]) -> list[list[int]]:
    return list(map(sorted, found))


# -- the indexes, filled -----------------------------------------------------------------------------


def _timeline(spans: Sequence[Span]) -> Timeline[int]:
    made = Timeline(Entry(interval(span), key) for key, span in enumerate(spans))
    made.overlapping(interval(spans[0]))  # sorts in what was added
    return made


def _intervaltree(spans: Sequence[Span]) -> Foreign:
    from intervaltree import IntervalTree

    return IntervalTree.from_tuples((start, end, key) for key, (start, end) in enumerate(spans))


def _quicksect(spans: Sequence[Span]) -> Ask:
    from quicksect import Interval as Kept
    from quicksect import IntervalTree

    tree = IntervalTree()
    for key, (start, end) in enumerate(spans):
        tree.insert(Kept(start, end - 1, key))
    return lambda start, end: tree.search(start, end - 1)


def _superintervals(spans: Sequence[Span]) -> Foreign:
    from superintervals import IntervalMap

    made = IntervalMap()
    for key, (start, end) in enumerate(spans):
        made.add(start, end - 1, key)
    made.build()
    return made


def _ncls(spans: Sequence[Span]) -> Foreign:
    import numpy as np
    from ncls import NCLS

    starts, ends = (np.array(column, dtype=np.int64) for column in zip(*spans, strict=True))
    return NCLS(starts, ends, np.arange(len(spans), dtype=np.int64))


def _columns(asked: Sequence[Span]) -> tuple[Foreign, Foreign, Foreign]:
    import numpy as np

    starts, ends = (np.array(column, dtype=np.int64) for column in zip(*asked, strict=True))
    return starts, ends, np.arange(len(asked), dtype=np.int64)


# -- any overlap -------------------------------------------------------------------------------------


def _any_in_superintervals(spans: Sequence[Span]) -> Ask:
    """Count in minutes, of which all bounds are whole ones: a million bookings outlast 32 bits of seconds."""
    has_overlaps = _superintervals([(start // 60, end // 60) for start, end in spans]).has_overlaps
    return lambda start, end: has_overlaps(start // 60, end // 60 - 1)


def _any_in_ncls(spans: Sequence[Span]) -> Ask:
    find = _ncls(spans).find_overlap
    return lambda start, end: any(True for _ in find(start, end))


def _any_overlap(size: int) -> list[Rival]:
    """Among half a booking at any time, so that about half of the windows are free."""
    spans = crowded(size, depth=HALF)
    asked = windows(ASKED, size * 7_200)

    def ours(filled: Sequence[Span]) -> Callable[[], Any]:
        return kept(lambda: (_timeline(filled).any_overlap, list(map(interval, asked))))

    def peer(name: str, fill: Callable[[Sequence[Span]], Ask], largest: int | None = None) -> Rival:
        prepare = kept(lambda: (fill(spans), asked))
        return Rival(name, prepare, _ask_all, answer=_as_booleans, module=name, largest=largest)

    return [
        Rival(OURS, ours(spans), _ask_ours),
        Rival(WITHOUT_LONG, ours(crowded(size, depth=HALF, long=False)), _ask_ours, answer=uncompared),
        peer("superintervals", _any_in_superintervals),
        peer("ncls", _any_in_ncls),
        peer("quicksect", _quicksect, largest=100_000),
        peer("intervaltree", lambda given: _intervaltree(given).overlap, largest=100_000),
    ]


# -- all overlaps ------------------------------------------------------------------------------------


def _all_in_superintervals(spans: Sequence[Span]) -> Ask:
    search = _superintervals(spans).search_values
    return lambda start, end: search(start, end - 1)


def _all_in_ncls(spans: Sequence[Span]) -> Ask:
    find = _ncls(spans).find_overlap
    return lambda start, end: [hit[2] for hit in find(start, end)]


def _by_question(found: tuple[Foreign, Foreign]) -> list[list[int]]:
    """Bring pairs of question and hit into a list for each question."""
    hits: defaultdict[int, list[int]] = defaultdict(list)
    for question, hit in zip(*(column.tolist() for column in found), strict=True):
        hits[question].append(hit)
    return [sorted(hits[question]) for question in range(ASKED)]


def _list_overlaps(size: int) -> list[Rival]:
    spans = crowded(size)
    asked = windows(ASKED, size * 900)

    def peer(
        name: str,
        fill: Callable[[Sequence[Span]], Ask],
        answer: Callable[[Any], Any],
        largest: int | None = None,
    ) -> Rival:
        prepare = kept(lambda: (fill(spans), asked))
        return Rival(name, prepare, _ask_all, answer=answer, module=name, largest=largest)

    return [
        Rival(
            OURS,
            kept(lambda: (_timeline(spans).overlapping, list(map(interval, asked)))),
            _ask_ours,
            answer=_keys_by("key"),
        ),
        peer("superintervals", _all_in_superintervals, _sorted_each),
        peer("ncls", _all_in_ncls, _sorted_each),
        Rival(
            "ncls, all at once",
            kept(lambda: (_ncls(spans).all_overlaps_both, _columns(asked))),
            lambda state: state[0](*state[1]),
            answer=_by_question,
            module="ncls",
        ),
        peer("quicksect", _quicksect, _keys_by("data"), largest=100_000),
        peer(
            "intervaltree",
            lambda given: _intervaltree(given).overlap,
            _keys_by("data"),
            largest=100_000,
        ),
    ]


_SIZES: Final = (10_000, 100_000, 1_000_000)
_GROWTH: Final = (1_000, 3_162, 10_000, 31_623, 100_000)

CONTESTS: Final = (
    Contest(
        "any overlap, 10,000 times",
        _any_overlap,
        _SIZES,
        300,
        growth=_GROWTH,
        goals=(Goal("intervaltree", 70), Goal(WITHOUT_LONG, 0.5)),
    ),
    Contest(
        "list overlaps, 10,000 times",
        _list_overlaps,
        _SIZES,
        300,
        growth=_GROWTH,
        goals=(Goal("intervaltree", 15),),
    ),
)
