"""Idempotency keys: one result for each, kept until it is to be forgotten."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import strategies as st

from slotkeeper.domain.instant import TICK
from slotkeeper.errors import IdempotencyPendingError
from slotkeeper.testing.contract.samples import at, kept
from slotkeeper.testing.contract.suite import StoreSuite, for_all
from slotkeeper.testing.strategies import attributes, lengths

ALIKE = ("key", "KEY", "key ", " key", "kéy", "ke\u0301y", "", "'key'", "key%", "k_y")


class KeyTests(StoreSuite):
    """`UnitOfWork.keys`."""

    def test_a_key_that_was_not_kept_gives_nothing(self) -> None:
        with self.fresh() as store, store.begin(write=False) as unit:
            assert unit.keys.get("scope", "key") is None

    def test_a_key_is_kept_once(self) -> None:
        with self.fresh() as store:
            with store.begin() as unit:
                unit.keys.keep("scope", "key", kept("first"))
            for again in ("first", "second"):
                with pytest.raises(IdempotencyPendingError) as pending, store.begin() as unit:
                    unit.keys.keep("scope", "key", kept(again))
                assert pending.value.key == "key"
            with store.begin(write=False) as unit:
                assert unit.keys.get("scope", "key") == kept("first")

    def test_a_key_is_kept_once_within_one_unit_of_work_too(self) -> None:
        with self.fresh() as store:
            with pytest.raises(IdempotencyPendingError), store.begin() as unit:
                unit.keys.keep("scope", "key", kept())
                unit.keys.keep("scope", "key", kept())
            with store.begin(write=False) as unit:
                assert unit.keys.get("scope", "key") is None

    def test_keys_and_scopes_that_look_alike_are_apart(self) -> None:
        pairs = [*((scope, "key") for scope in ALIKE), *(("key", key) for key in ALIKE if key != "key")]
        with self.fresh() as store:
            with store.begin() as unit:
                for pair in pairs:
                    unit.keys.keep(*pair, kept(list(pair)))
            with store.begin(write=False) as unit:
                assert [unit.keys.get(*pair) for pair in pairs] == [kept(list(pair)) for pair in pairs]

    @for_all(ages=st.lists(st.integers(0, 9), max_size=6), bound=st.integers(0, 10), limit=st.integers(1, 7))
    def test_what_was_kept_before_an_instant_is_forgotten_the_oldest_first(
        self, ages: list[int], bound: int, limit: int
    ) -> None:
        results = {f"key {number}": attrs.evolve(kept(), at=at(age)) for number, age in enumerate(ages)}
        old = sorted(one.at for one in results.values() if one.at < at(bound))
        with self.fresh() as store:
            with store.begin() as unit:
                for key, result in results.items():
                    unit.keys.keep("scope", key, result)
            with store.begin() as unit:
                assert unit.keys.forget(at(bound), limit=limit) == len(old[:limit])
            with store.begin(write=False) as unit:
                left = {key: unit.keys.get("scope", key) for key in results}
        assert all(one is None or one == results[key] for key, one in left.items())
        assert sorted(results[key].at for key, one in left.items() if one is None) == old[:limit]

    def test_a_key_that_was_forgotten_is_free_again(self) -> None:
        with self.fresh() as store:
            with store.begin() as unit:
                unit.keys.keep("scope", "key", kept("first"))
            with store.begin() as unit:
                assert unit.keys.forget(kept().at, limit=9) == 0
                assert unit.keys.forget(kept().at + TICK, limit=9) == 1
            with store.begin() as unit:
                unit.keys.keep("scope", "key", kept("second"))
            with store.begin(write=False) as unit:
                assert unit.keys.get("scope", "key") == kept("second")

    @for_all(content=attributes(), microseconds=st.integers(0, 999_999), after=lengths())
    def test_a_result_comes_back_equal(self, content: dict[str, Any], microseconds: int, after: Any) -> None:  # noqa: ANN401
        result = attrs.evolve(kept(content), at=at(0).replace(microsecond=microseconds) + after)
        with self.fresh() as store:
            with store.begin() as unit:
                unit.keys.keep("scope", "key", result)
            with store.begin(write=False) as unit:
                assert unit.keys.get("scope", "key") == result
