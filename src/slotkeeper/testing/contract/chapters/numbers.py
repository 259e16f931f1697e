"""Numbers: each is given once, unless the unit of work that got it failed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from slotkeeper.ports import Store
from slotkeeper.testing.contract.suite import StoreSuite, needs

_WORKERS = 4
_ROUNDS = 5


def number(store: Store) -> int:
    """Return a number that was given to a unit of work of its own."""
    with store.begin() as unit:
        return unit.next_number()


class NumberTests(StoreSuite):
    """`UnitOfWork.next_number`."""

    def test_numbers_are_positive_and_grow(self) -> None:
        with self.fresh() as store:
            first = number(store)
            with store.begin() as unit:
                more = [unit.next_number() for _ in range(3)]
            assert 1 <= first < more[0] < more[1] < more[2] < number(store)

    def test_a_number_of_a_unit_of_work_that_ended_well_is_not_given_again(self) -> None:
        with self.fresh() as store:
            given = [number(store)]
            with pytest.raises(ZeroDivisionError), store.begin() as unit:
                unit.next_number()
                raise ZeroDivisionError
            given += [number(store), number(store)]
            assert given == sorted(set(given))

    @needs("survives_restart")
    def test_a_number_is_not_given_again_after_a_restart(self) -> None:
        with self.fresh() as store:
            last = number(store)
            again = self.reopen(store)
            try:
                assert number(again) > last
            finally:
                self.dispose(again)

    @needs("threads")
    def test_many_at_once_are_given_different_numbers(self) -> None:
        with self.fresh() as store, ThreadPoolExecutor(_WORKERS) as pool:
            waiting = [pool.submit(number, store) for _ in range(_WORKERS * _ROUNDS)]
            given = [one.result(self.patience) for one in waiting]
        assert len(set(given)) == len(given)
