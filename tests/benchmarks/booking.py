"""Booking if free: attempts at random, one after the other, on one resource."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import count
from typing import TYPE_CHECKING, Final

from tests.benchmarks.harness import OURS, Contest, Goal, Rival
from tests.benchmarks.workloads import Span, attempts, interval

from slotkeeper.engine.timeline import Timeline

if TYPE_CHECKING:
    from slotkeeper.domain.interval import Interval

Book = Callable[[int, int], bool]
BookUnits = Callable[[int, int, int], bool]
Attempt = tuple[int, int, int]

CAPACITY: Final = 4


# -- capacity 1 --------------------------------------------------------------------------------------


def _book_all(state: tuple[Book, Sequence[Span]]) -> list[bool]:
    book, spans = state
    return [book(start, end) for start, end in spans]


def _ours(intervals: Sequence[Interval]) -> list[bool]:
    book = Timeline[int]().book_if_free
    return [book(one, key) for key, one in enumerate(intervals)]


def _in_sorted_list() -> Book:
    from sortedcontainers import SortedList

    taken = SortedList()

    def book(start: int, end: int) -> bool:
        place = taken.bisect_left((end,))
        if place and taken[place - 1][1] > start:
            return False
        taken.add((start, end))
        return True

    return book


def _in_quicksect() -> Book:
    from quicksect import IntervalTree

    tree = IntervalTree()

    def book(start: int, end: int) -> bool:
        if tree.search(start, end - 1):  # its ends are inside
            return False
        tree.add(start, end - 1)
        return True

    return book


def _in_bx() -> Book:
    from bx.intervals.intersection import IntervalTree

    tree = IntervalTree()

    def book(start: int, end: int) -> bool:
        if tree.find(start, end):
            return False
        tree.insert(start, end, True)
        return True

    return book


def _in_bits() -> Book:
    """Book minutes, not seconds: the set holds 2**29 bits at most."""
    from bx.bitset import BinnedBitSet

    taken = BinnedBitSet(2**29, 4096)

    def book(start: int, end: int) -> bool:
        first, length = start // 60, (end - start) // 60
        if taken.count_range(first, length):
            return False
        taken.set_range(first, length)
        return True

    return book


def _in_intervaltree() -> Book:
    from intervaltree import IntervalTree

    tree = IntervalTree()

    def book(start: int, end: int) -> bool:
        if tree.overlap(start, end):  # with bounds inside, `overlaps` is many times slower
            return False
        tree.addi(start, end)
        return True

    return book


def _in_portion() -> Book:
    import portion

    taken = portion.empty()

    def book(start: int, end: int) -> bool:
        nonlocal taken
        wanted = portion.closedopen(start, end)
        if taken.overlaps(wanted):
            return False
        taken |= wanted
        return True

    return book


def _in_superintervals() -> Book:
    """Build anew before each question, as it must be after each addition."""
    from superintervals import IntervalMap

    taken = IntervalMap()

    def book(start: int, end: int) -> bool:
        if taken.has_overlaps(start, end - 1):
            return False
        taken.add(start, end - 1)
        taken.build()
        return True

    return book


def _in_calgebra() -> Book:
    from calgebra import Interval as Span_
    from calgebra.mutable.memory import MemoryTimeline

    line = MemoryTimeline()

    def book(start: int, end: int) -> bool:
        if any(True for _ in line[start:end]):
            return False
        line.add(Span_(start=start, end=end))
        return True

    return book


def _one_resource(size: int) -> list[Rival]:
    spans = attempts(size)

    def peer(
        name: str,
        make: Callable[[], Book],
        *,
        module: str | None = None,
        rounds: int = 7,
        largest: int | None = None,
    ) -> Rival:
        return Rival(
            name,
            lambda: (make(), spans),
            _book_all,
            module=module or name,
            rounds=rounds,
            largest=largest,
        )

    return [
        Rival(OURS, lambda: list(map(interval, spans)), _ours),
        peer("bx-python, bits of minutes", _in_bits, module="bx"),
        peer("bx-python", _in_bx, module="bx"),
        peer("quicksect", _in_quicksect),
        peer("sortedcontainers", _in_sorted_list),
        peer("intervaltree", _in_intervaltree, rounds=3),
        peer("superintervals", _in_superintervals, rounds=3, largest=10_000),
        peer("calgebra", _in_calgebra, rounds=3, largest=1_000),
        peer("portion", _in_portion, rounds=3, largest=1_000),
    ]


# -- capacity 4 --------------------------------------------------------------------------------------


def _mixed_attempts(size: int) -> list[Attempt]:
    """Return attempts to take one to three of four units, folded so that about half find room."""
    draw = random.Random(2)
    horizon = max(size // 4, 1) * 3_600
    folded = ((start % horizon, start % horizon + end - start) for start, end in attempts(size))
    return [(start, end, draw.randrange(1, 4)) for start, end in folded]


def _book_units(state: tuple[BookUnits, Sequence[Attempt]]) -> list[bool]:
    book, wanted = state
    return [book(start, end, units) for start, end, units in wanted]


def _our_units(wanted: Sequence[tuple[Interval, int]]) -> list[bool]:
    book = Timeline[int]().book_if_free
    return [book(one, key, units=units, capacity=CAPACITY) for key, (one, units) in enumerate(wanted)]


def _has_room(start: int, units: int, hits: Sequence[Attempt]) -> bool:
    """Tell whether units more fit: the load can only peak where the window or a hit begins."""
    room = CAPACITY - units
    if sum(taken for _, _, taken in hits) <= room:
        return True
    instants = {start, *(first for first, _, _ in hits if first > start)}
    return all(sum(taken for first, end, taken in hits if first <= at < end) <= room for at in instants)


def _units_in_quicksect() -> BookUnits:
    from quicksect import Interval as Kept
    from quicksect import IntervalTree

    tree = IntervalTree()

    def book(start: int, end: int, units: int) -> bool:
        hits = [(one.start, one.end + 1, one.data) for one in tree.search(start, end - 1)]
        if not _has_room(start, units, hits):
            return False
        tree.insert(Kept(start, end - 1, units))
        return True

    return book


def _units_in_bx() -> BookUnits:
    from bx.intervals.intersection import IntervalTree

    tree = IntervalTree()

    def book(start: int, end: int, units: int) -> bool:
        if not _has_room(start, units, tree.find(start, end)):
            return False
        tree.insert(start, end, (start, end, units))
        return True

    return book


def _units_in_intervaltree() -> BookUnits:
    from intervaltree import IntervalTree

    tree, keys = IntervalTree(), count()

    def book(start: int, end: int, units: int) -> bool:
        hits = [(one.begin, one.end, one.data[0]) for one in tree.overlap(start, end)]
        if not _has_room(start, units, hits):
            return False
        tree.addi(start, end, (units, next(keys)))
        return True

    return book


def _capacity_of_four(size: int) -> list[Rival]:
    wanted = _mixed_attempts(size)

    def peer(name: str, make: Callable[[], BookUnits], module: str, rounds: int = 7) -> Rival:
        return Rival(name, lambda: (make(), wanted), _book_units, module=module, rounds=rounds)

    return [
        Rival(OURS, lambda: [(interval((start, end)), units) for start, end, units in wanted], _our_units),
        peer("quicksect", _units_in_quicksect, "quicksect"),
        peer("bx-python", _units_in_bx, "bx"),
        peer("intervaltree", _units_in_intervaltree, "intervaltree", rounds=3),
    ]


_GROWTH: Final = (1_000, 3_162, 10_000, 31_623, 100_000)

CONTESTS: Final = (
    Contest(
        "book if free, one resource",
        _one_resource,
        (1_000, 10_000, 100_000),
        200,
        growth=_GROWTH,
        goals=(Goal("intervaltree", 50), Goal("sortedcontainers", 5), Goal("quicksect", 4)),
    ),
    Contest(
        "book if free, capacity 4, mixed units",
        _capacity_of_four,
        (1_000, 10_000, 100_000),
        200,
        growth=_GROWTH,
        goals=(Goal("quicksect", 1),),
    ),
)
