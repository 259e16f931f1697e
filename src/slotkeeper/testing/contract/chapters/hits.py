"""Hits: what a rate limit counts, at most so many in any stretch of time."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import strategies as st

from slotkeeper.domain.instant import TICK
from slotkeeper.errors import RetryableError
from slotkeeper.ports import Store
from slotkeeper.testing.contract.samples import HOUR, at
from slotkeeper.testing.contract.suite import StoreSuite, for_all, needs

ALIKE = ("subject", "SUBJECT", "subject ", "s", "book/1", "book/int:a1", "'", "%", "ą")


def take(
    store: Store, now: dt.datetime, *, count: int = 1, subject: str = "anna", per: dt.timedelta = HOUR
) -> dt.datetime | None:
    """Take a hit in a unit of work of its own."""
    with store.begin() as unit:
        return unit.hits.take(subject, now=now, count=count, per=per)


def take_at_last(store: Store) -> dt.datetime | None:
    """Take one of three hits, again after passing faults."""
    for _ in range(20):
        with suppress(RetryableError):
            return take(store, at(0), count=3)
    return take(store, at(0), count=3)


class HitTests(StoreSuite):
    """`UnitOfWork.hits`."""

    def test_a_hit_counts_until_the_stretch_has_passed_and_not_from_then_on(self) -> None:
        with self.fresh() as store:
            assert take(store, at(0)) is None
            assert take(store, at(0)) == at(1)
            assert take(store, at(1) - TICK) == at(1)
            assert take(store, at(1)) is None
            assert take(store, at(1)) == at(2)

    def test_a_hit_of_a_clock_that_is_ahead_counts_unless_by_a_whole_stretch(self) -> None:
        with self.fresh() as store:
            assert take(store, at(1)) is None
            assert take(store, at(0)) is None
            assert take(store, at(0) + TICK) == at(1) + TICK or take(store, at(0) + TICK) == at(2)

    def test_a_hit_that_is_refused_is_not_counted(self) -> None:
        with self.fresh() as store:
            answers = [take(store, at(hour / 4), count=2) for hour in range(6)]
            assert answers == [None, None, at(1), at(1), None, None]

    def test_subjects_that_look_alike_are_counted_apart(self) -> None:
        with self.fresh() as store:
            assert [take(store, at(0), subject=one) for one in ALIKE] == [None] * len(ALIKE)
            assert [take(store, at(0), subject=one) for one in ALIKE] == [at(1)] * len(ALIKE)

    def test_a_hit_of_a_unit_of_work_that_fails_is_not_counted(self) -> None:
        with self.fresh() as store:
            assert take(store, at(0), count=2) is None
            with pytest.raises(ZeroDivisionError), store.begin() as unit:
                assert unit.hits.take("anna", now=at(0), count=2, per=HOUR) is None
                raise ZeroDivisionError
            assert take(store, at(0), count=2) is None
            assert take(store, at(0), count=2) == at(1)

    def test_hits_are_counted_within_one_unit_of_work_too(self) -> None:
        with self.fresh() as store, store.begin() as unit:
            assert [unit.hits.take("anna", now=at(0), count=2, per=HOUR) for _ in range(3)] == [
                None,
                None,
                at(1),
            ]

    @for_all(waits=st.lists(st.integers(0, 40), max_size=12), count=st.integers(1, 4))
    def test_no_stretch_of_time_has_more_hits_than_are_allowed(self, waits: list[int], count: int) -> None:
        now, noted = at(0), list[dt.datetime]()
        with self.fresh() as store:
            for minutes in waits:
                now += dt.timedelta(minutes=minutes)
                again = take(store, now, count=count)
                recent = [one for one in noted if one > now - HOUR]
                assert again == (None if len(recent) < count else recent[-count] + HOUR)
                if again is None:
                    noted.append(now)
        assert all(late - early >= HOUR for early, late in zip(noted, noted[count:], strict=False))
        assert all(early <= late for early, late in pairwise(noted))

    @needs("threads")
    def test_of_many_at_once_no_more_are_let_in_than_are_allowed(self) -> None:
        with self.fresh() as store, ThreadPoolExecutor(8) as pool:
            waiting = [pool.submit(take_at_last, store) for _ in range(8)]
            answers = [one.result(self.patience) for one in waiting]
        assert sorted(one is None for one in answers) == [False] * 5 + [True] * 3
