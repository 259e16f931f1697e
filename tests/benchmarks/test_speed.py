"""How long the library takes beside others at the same work; run by ``make bench``.

No figure is asserted: machines differ. What is asserted is that all give the same answers. Each library is
used as its documentation recommends; where that offers two ways, in the faster one.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from tests.benchmarks.harness import OURS, Rival, Row, measure, save, table
from tests.benchmarks.workloads import (
    Span,
    attempts,
    crowded,
    disjoint,
    interval,
    interval_set,
    seconds,
    windows,
    working_year,
    year_of_bookings,
)

from slotkeeper.engine.conflicts import Occupancy, overlapping_pairs
from slotkeeper.engine.timeline import Entry, Timeline

if TYPE_CHECKING:
    from slotkeeper.domain.interval import Interval

intervaltree = pytest.importorskip("intervaltree")
portion = pytest.importorskip("portion")
quicksect = pytest.importorskip("quicksect")
sortedcontainers = pytest.importorskip("sortedcontainers")

pytestmark = pytest.mark.benchmark

REPORT: Final = Path(__file__).parents[2] / ".benchmarks" / "speed.json"
MANY: Final = 100_000
Book = Callable[[int, int], bool]
Ask = Callable[[int, int], Any]


@pytest.fixture(scope="module")
def report() -> Iterator[list[Row]]:
    rows: list[Row] = []
    yield rows
    save(rows, REPORT)
    print(f"\n\n{table(rows)}\n\nA ratio above one is in our favour. Also in {REPORT}")  # noqa: T201 - the report


# -- booking ---------------------------------------------------------------------------------------


def book_all(state: tuple[Book, Sequence[Span]]) -> list[bool]:
    book, spans = state
    return [book(start, end) for start, end in spans]


def ours_booking(spans: Sequence[Span], *, capacity: int) -> Rival:
    def work(intervals: Sequence[Interval]) -> list[bool]:
        book = Timeline[int]().book_if_free
        return [book(one, key, capacity=capacity) for key, one in enumerate(intervals)]

    return Rival(OURS, lambda: list(map(interval, spans)), work)


def tree_booking() -> Book:
    tree = intervaltree.IntervalTree()

    def book(start: int, end: int) -> bool:
        if tree.overlap(start, end):  # with bounds inside, `overlaps` is many times slower
            return False
        tree.addi(start, end)
        return True

    return book


def sorted_list_booking() -> Book:
    taken = sortedcontainers.SortedList()

    def book(start: int, end: int) -> bool:
        place = taken.bisect_left((end,))
        if place and taken[place - 1][1] > start:
            return False
        taken.add((start, end))
        return True

    return book


def quicksect_booking() -> Book:
    tree = quicksect.IntervalTree()

    def book(start: int, end: int) -> bool:
        if tree.search(start, end - 1):  # its ends are inside
            return False
        tree.add(start, end - 1)
        return True

    return book


def portion_booking() -> Book:
    taken = portion.empty()

    def book(start: int, end: int) -> bool:
        nonlocal taken
        wanted = portion.closedopen(start, end)
        if taken.overlaps(wanted):
            return False
        taken |= wanted
        return True

    return book


def test_booking_what_is_free(report: list[Row]) -> None:
    spans = attempts(MANY)
    report += measure(
        "book if free, 100,000 attempts",
        [
            ours_booking(spans, capacity=1),
            Rival("sortedcontainers", lambda: (sorted_list_booking(), spans), book_all),
            Rival("quicksect", lambda: (quicksect_booking(), spans), book_all),
            Rival("intervaltree", lambda: (tree_booking(), spans), book_all, rounds=3),
        ],
    )


def test_booking_what_is_free_in_a_small_calendar(report: list[Row]) -> None:
    spans = attempts(2_000)
    report += measure(
        "book if free, 2,000 attempts",
        [
            ours_booking(spans, capacity=1),
            Rival("portion", lambda: (portion_booking(), spans), book_all, rounds=3),
        ],
    )


def stays_within(capacity: int, start: int, hits: Sequence[Span]) -> bool:
    """Tell whether one more fits: the load can only peak where the window or a hit begins."""
    if len(hits) < capacity:
        return True
    instants = {start, *(first for first, _ in hits if first > start)}
    return all(sum(first <= at < end for first, end in hits) < capacity for at in instants)


def tree_booking_of(capacity: int) -> Book:
    tree = intervaltree.IntervalTree()
    keys = iter(range(MANY))

    def book(start: int, end: int) -> bool:
        if not stays_within(capacity, start, [(one.begin, one.end) for one in tree.overlap(start, end)]):
            return False
        tree.addi(start, end, next(keys))
        return True

    return book


def quicksect_booking_of(capacity: int) -> Book:
    tree = quicksect.IntervalTree()

    def book(start: int, end: int) -> bool:
        if not stays_within(
            capacity, start, [(one.start, one.end + 1) for one in tree.search(start, end - 1)]
        ):
            return False
        tree.add(start, end - 1)
        return True

    return book


def test_booking_within_a_capacity_of_four(report: list[Row]) -> None:
    horizon = MANY // 8 * 3_600
    spans = [(start % horizon, start % horizon + end - start) for start, end in attempts(MANY)]
    report += measure(
        "book if free, capacity 4, 100,000 attempts",
        [
            ours_booking(spans, capacity=4),
            Rival("quicksect", lambda: (quicksect_booking_of(4), spans), book_all),
            Rival("intervaltree", lambda: (tree_booking_of(4), spans), book_all, rounds=3),
        ],
    )


# -- asking ----------------------------------------------------------------------------------------


def ask_all(state: tuple[Ask, Sequence[Span]]) -> list[Any]:
    ask, asked = state
    return [ask(start, end) for start, end in asked]


def ask_ours(state: tuple[Callable[[Interval], Any], Sequence[Interval]]) -> list[Any]:
    ask, asked = state
    return [ask(window) for window in asked]


def filled_timeline(spans: Sequence[Span]) -> Timeline[int]:
    return Timeline(Entry(interval(span), key) for key, span in enumerate(spans))


def filled_tree(spans: Sequence[Span]) -> Any:  # noqa: ANN401 - the library ships no types
    return intervaltree.IntervalTree.from_tuples((start, end, key) for key, (start, end) in enumerate(spans))


def filled_quicksect(spans: Sequence[Span]) -> Any:  # noqa: ANN401 - the library ships no types
    tree = quicksect.IntervalTree()
    for key, (start, end) in enumerate(spans):
        tree.insert(quicksect.Interval(start, end - 1, key))
    return tree


def as_booleans(found: Sequence[Any]) -> list[bool]:
    return list(map(bool, found))


def keys_by(attribute: str) -> Callable[[Sequence[Any]], list[list[int]]]:
    key_of = operator.attrgetter(attribute)
    return lambda found: [sorted(map(key_of, hits)) for hits in found]


@pytest.mark.parametrize("count", [10_000, MANY])
def test_asking_what_overlaps(report: list[Row], count: int) -> None:
    spans = crowded(count)
    asked = windows(10_000, count * 900)
    ours = filled_timeline(spans), list(map(interval, asked))
    tree, sect = filled_tree(spans), filled_quicksect(spans)
    ours[0].overlapping(ours[1][0])

    def search(start: int, end: int) -> Any:  # noqa: ANN401 - the library ships no types
        return sect.search(start, end - 1)

    report += measure(
        f"any overlap, 10,000 times among {count:,}",
        [
            Rival(OURS, lambda: (ours[0].any_overlap, ours[1]), ask_ours),
            Rival("quicksect", lambda: (search, asked), ask_all, answer=as_booleans),
            Rival("intervaltree", lambda: (tree.overlaps, asked), ask_all, rounds=3),
        ],
    )
    report += measure(
        f"list overlaps, 10,000 times among {count:,}",
        [
            Rival(OURS, lambda: (ours[0].overlapping, ours[1]), ask_ours, answer=keys_by("key")),
            Rival("quicksect", lambda: (search, asked), ask_all, answer=keys_by("data")),
            Rival("intervaltree", lambda: (tree.overlap, asked), ask_all, answer=keys_by("data"), rounds=3),
        ],
    )


def test_finding_all_conflicts(report: list[Row]) -> None:
    spans = crowded(20_000)

    def look_up(search: Ask) -> list[tuple[int, int]]:
        found = ((hit.data, key) for key, (start, end) in enumerate(spans) for hit in search(start, end))
        return [pair for pair in found if pair[0] < pair[1]]

    def in_tree(_: object) -> list[tuple[int, int]]:
        return look_up(filled_tree(spans).overlap)

    def in_quicksect(_: object) -> list[tuple[int, int]]:
        tree = filled_quicksect(spans)
        return look_up(lambda start, end: tree.search(start, end - 1))

    report += measure(
        "all conflicts among 20,000",
        [
            Rival(
                OURS,
                lambda: [Occupancy("bay", interval(span), key) for key, span in enumerate(spans)],
                lambda given: [(one.key, two.key) for one, two in overlapping_pairs(given)],
                answer=lambda found: sorted((min(pair), max(pair)) for pair in found),
            ),
            Rival("quicksect", lambda: None, in_quicksect, answer=sorted, rounds=3),
            Rival("intervaltree", lambda: None, in_tree, answer=sorted, rounds=3),
        ],
    )


# -- sets ------------------------------------------------------------------------------------------


def portion_set(spans: Sequence[Span]) -> Any:  # noqa: ANN401 - the library ships no types
    return portion.Interval(*(portion.closedopen(start, end) for start, end in spans))


def portion_spans(found: Any) -> list[Span]:  # noqa: ANN401 - the library ships no types
    return [(atom.lower, atom.upper) for atom in found]


@pytest.mark.parametrize(
    ("name", "operation"),
    [("union", operator.or_), ("intersection", operator.and_), ("difference", operator.sub)],
)
def test_set_algebra(report: list[Row], name: str, operation: Callable[[Any, Any], Any]) -> None:
    one, other = disjoint(MANY, 1), disjoint(MANY, 2)
    ours = interval_set(one), interval_set(other)
    theirs = portion_set(one), portion_set(other)
    report += measure(
        f"{name} of two sets of 100,000",
        [
            Rival(OURS, lambda: ours, lambda pair: operation(*pair), answer=seconds),
            Rival("portion", lambda: theirs, lambda pair: operation(*pair), answer=portion_spans, rounds=3),
        ],
    )


def chop(state: tuple[Any, Sequence[Span]]) -> Any:  # noqa: ANN401 - the library ships no types
    tree, bookings = state
    for start, end in bookings:
        tree.chop(start, end)
    return tree


def test_free_time_of_a_year(report: list[Row]) -> None:
    opened, bookings = working_year(), year_of_bookings(2_000)
    ours = interval_set(opened), list(map(interval, bookings))
    theirs = portion_set(opened)
    report += measure(
        "free time of a year minus 2,000 bookings",
        [
            Rival(OURS, lambda: ours, lambda given: given[0] - type(given[0])(given[1]), answer=seconds),
            Rival(
                "portion",
                lambda: bookings,
                lambda spans: theirs - portion_set(spans),
                answer=portion_spans,
            ),
            Rival(
                "intervaltree",
                lambda: (intervaltree.IntervalTree.from_tuples(opened), bookings),
                chop,
                answer=lambda tree: sorted((one.begin, one.end) for one in tree),
                rounds=3,
            ),
        ],
    )
