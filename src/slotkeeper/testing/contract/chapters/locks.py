"""Locks: of two units of work on one resource, the second waits for the first and sees what it did."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest

from slotkeeper.errors import RetryableError, SlotTakenError
from slotkeeper.ports import Store
from slotkeeper.testing.contract.samples import NOW, add, everything, following, furnish, room, span, visit
from slotkeeper.testing.contract.suite import StoreSuite, needs

_A_WHILE = 0.2
_WORKERS = 4
_ROUNDS = 5


class LockTests(StoreSuite):
    """`UnitOfWork.lock`, and what holds between units of work even without it."""

    def test_a_lock_may_be_taken_again_and_may_name_nothing(self) -> None:
        with self.fresh() as store:
            furnish(store)
            with store.begin() as unit:
                unit.lock([])
                unit.lock([2, 1, 2])
                unit.lock([1])
                unit.bookings.add(visit(1, span(9, 10)), now=NOW)
            assert everything(store)["bookings"] == [visit(1, span(9, 10))]

    @needs("threads")
    def test_a_second_unit_of_work_waits_for_the_lock_and_sees_what_the_first_did(self) -> None:
        seen: list[int] = []
        with self.fresh() as store:
            furnish(store)

            def second() -> None:
                with store.begin() as unit:
                    unit.lock([1])
                    seen.append(unit.resources.get(1).version)

            with ThreadPoolExecutor(1) as pool:
                with store.begin() as unit:
                    unit.lock([1])
                    waiting = pool.submit(second)
                    threading.Event().wait(_A_WHILE)
                    assert seen == []
                    unit.resources.put(room(1, version=2))
                waiting.result(self.patience)
        assert seen == [2]

    @needs("threads")
    def test_counting_under_a_lock_loses_no_count(self) -> None:
        with self.fresh() as store:
            furnish(store)

            def count() -> None:
                for _ in range(_ROUNDS):
                    with store.begin() as unit:
                        unit.lock([1])
                        version = unit.resources.get(1).version
                        unit.resources.put(room(1, version=version + 1))

            self._in_threads([count] * _WORKERS)
            with store.begin(write=False) as unit:
                assert unit.resources.get(1).version == 1 + _WORKERS * _ROUNDS

    @needs("threads")
    def test_locks_named_in_different_orders_do_not_block_each_other_forever(self) -> None:
        with self.fresh() as store:
            furnish(store)

            def take(order: tuple[int, ...]) -> Callable[[], None]:
                def run() -> None:
                    for _ in range(_ROUNDS):
                        with store.begin() as unit:
                            unit.lock(order)

                return run

            self._in_threads([take((1, 2, 3)), take((3, 2, 1)), take((2, 3, 1))])

    @needs("threads")
    def test_of_many_threads_that_book_one_time_without_a_lock_one_succeeds(self) -> None:
        with self.fresh() as store:
            furnish(store, capacity=1)
            outcomes: list[str] = []

            def book(name: str) -> Callable[[], None]:
                return lambda: outcomes.append(self._booked(store, name))

            self._in_threads([book(f"visit {number}") for number in range(2 * _WORKERS)])
            stored = everything(store)["bookings"]
        assert isinstance(stored, list)
        assert [one.id for one in stored] == [one for one in outcomes if one]
        assert len(stored) == 1

    @needs("threads")
    def test_a_reader_never_sees_what_is_rolled_back(self) -> None:
        with self.fresh() as store:
            furnish(store)
            with ThreadPoolExecutor(1) as pool:
                with pytest.raises(ZeroDivisionError), store.begin() as unit:
                    unit.bookings.add(visit(1, span(9, 10)), now=NOW)
                    reading = pool.submit(everything, store)
                    threading.Event().wait(_A_WHILE)
                    raise ZeroDivisionError
                assert reading.result(self.patience)["bookings"] == []

    @needs("threads")
    def test_a_reader_sees_one_state_while_others_write(self) -> None:
        first = visit(1, span(9, 10))
        with self.fresh() as store:
            furnish(store)
            add(store, first)

            def write() -> None:
                with store.begin() as unit:
                    unit.bookings.replace(following(first, notes="changed"), now=NOW)

            with ThreadPoolExecutor(1) as pool:
                with store.begin(write=False) as unit:
                    assert unit.bookings.get(1) == first
                    writing = pool.submit(write)
                    threading.Event().wait(_A_WHILE)
                    assert unit.bookings.get(1) == first
                writing.result(self.patience)
            assert everything(store)["bookings"] == [following(first, notes="changed")]

    @needs("concurrent_units")
    def test_a_reader_does_not_wait_for_a_writer(self) -> None:
        with self.fresh() as store:
            furnish(store)
            with ThreadPoolExecutor(1) as pool, store.begin() as unit:
                unit.lock([1])
                unit.bookings.add(visit(1, span(9, 10)), now=NOW)
                assert pool.submit(everything, store).result(self.patience)["bookings"] == []

    def _in_threads(self, jobs: Iterable[Callable[[], None]]) -> None:
        with ThreadPoolExecutor() as pool:
            for one in [pool.submit(job) for job in jobs]:
                one.result(self.patience)

    def _booked(self, store: Store, name: str) -> str:
        while True:
            try:
                add(store, visit(name, span(9, 10)))
            except SlotTakenError:
                return ""
            except RetryableError:
                continue
            return name
