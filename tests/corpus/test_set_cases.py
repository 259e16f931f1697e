"""Set algebra, answered by PostgreSQL's multiranges and by the test suites of four booking systems."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Final

import pytest
from tests.corpus.cases import Case, cases

from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet

EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
Moment = int | str


def instant(moment: Moment) -> dt.datetime:
    """Read a tick as that many minutes since the epoch, and text as ISO 8601."""
    return (
        EPOCH + dt.timedelta(minutes=moment) if isinstance(moment, int) else dt.datetime.fromisoformat(moment)
    )


def interval_set(spans: Sequence[tuple[Moment, Moment]]) -> IntervalSet:
    return IntervalSet.from_pairs((instant(start), instant(end)) for start, end in spans)


def hull(*sets: IntervalSet) -> IntervalSet:
    span = IntervalSet.overlapping(sets).span()
    return IntervalSet([span] if span else [])


def adjacent(one: IntervalSet, other: IntervalSet) -> bool:
    first, second = one.span(), other.span()
    return first is not None and second is not None and first.touches(second)


SET_OPERATIONS: Final[dict[str, Callable[..., IntervalSet]]] = {
    "union": lambda *sets: IntervalSet.overlapping(sets),
    "union_agg": lambda *sets: IntervalSet.overlapping(sets),
    "normalize": lambda *sets: IntervalSet.overlapping(sets),
    "intersection": lambda *sets: IntervalSet.overlapping(sets, len(sets)),
    "difference": lambda one, other: one - other,
    "span": hull,
}
QUESTIONS: Final[dict[str, Callable[[IntervalSet, IntervalSet], bool]]] = {
    "contains": lambda one, other: one >= other,
    "contained_by": lambda one, other: one <= other,
    "overlaps": lambda one, other: not one.isdisjoint(other),
    "adjacent": adjacent,
}


def answer(case: Case) -> IntervalSet | bool:
    operation = case.given["op"]
    sets = [interval_set(spans) for spans in case.given["sets"]]
    if operation == "complement":
        return IntervalSet.overlapping(sets).complement(Interval(*map(instant, case.given["bounds"])))
    return QUESTIONS[operation](*sets) if operation in QUESTIONS else SET_OPERATIONS[operation](*sets)


@pytest.mark.parametrize("case", cases("set"))
def test_set_operations_agree_with_the_source(case: Case) -> None:
    given = answer(case)
    if isinstance(given, bool):
        assert given is case.expect["holds"]
        return
    assert given == interval_set(case.expect["set"])
    if case.given.get("merge_touching", True):
        assert [list(pair) for pair in given.pairs] == [
            [instant(s), instant(e)] for s, e in case.expect["set"]
        ]


@pytest.mark.parametrize("case", cases("set", op="union"))
def test_the_union_operator_agrees_with_the_union_of_many(case: Case) -> None:
    total = IntervalSet()
    for spans in case.given["sets"]:
        total |= interval_set(spans)
    assert total == interval_set(case.expect["set"])


@pytest.mark.parametrize("case", cases("set", op="intersection"))
def test_the_intersection_operator_agrees_with_the_depth_of_many(case: Case) -> None:
    total, *others = map(interval_set, case.given["sets"])
    for other in others:
        total &= other
    assert total == interval_set(case.expect["set"])
