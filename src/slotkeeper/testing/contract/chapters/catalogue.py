"""The catalogue: resources and services by id, replaced only by their next version."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import strategies as st

from slotkeeper.domain.ids import Id
from slotkeeper.domain.service import Service
from slotkeeper.errors import NotFoundError, StaleVersionError
from slotkeeper.ports import Catalogue, UnitOfWork
from slotkeeper.testing.contract.samples import HOUR, everything, room
from slotkeeper.testing.contract.suite import StoreSuite, for_all

KINDS = pytest.mark.parametrize(
    ("kind", "item"),
    [
        pytest.param("resource", room(1), id="resource"),
        pytest.param("service", Service(1, HOUR), id="service"),
    ],
)


def shelf(unit: UnitOfWork, kind: str) -> Catalogue[Any]:
    """Return the repository of resources or of services."""
    return unit.resources if kind == "resource" else unit.services


class CatalogueTests(StoreSuite):
    """Resources and services."""

    @KINDS
    def test_what_was_put_is_got_and_what_was_not_is_not_found(self, kind: str, item: Any) -> None:  # noqa: ANN401
        with self.fresh() as store:
            with store.begin() as unit:
                shelf(unit, kind).put(item)
            with store.begin(write=False) as unit:
                assert shelf(unit, kind).get(1) == item
                with pytest.raises(NotFoundError) as missing:
                    shelf(unit, kind).get(2)
        assert (missing.value.kind, missing.value.id) == (kind, 2)

    @for_all(ids=st.lists(st.sampled_from((1, "1", 2, "two"))))
    def test_several_are_got_in_the_order_of_the_ids(self, ids: list[Id]) -> None:
        with self.fresh() as store:
            with store.begin() as unit:
                for one in (1, "1", 2, "two"):
                    unit.resources.put(room(one))
                    unit.services.put(Service(one, HOUR))
            with store.begin(write=False) as unit:
                assert list(unit.resources.several(ids)) == [room(one) for one in ids]
                assert list(unit.services.several(ids)) == [Service(one, HOUR) for one in ids]

    @KINDS
    def test_of_several_the_first_that_is_not_there_is_named(self, kind: str, item: Any) -> None:  # noqa: ANN401
        with self.fresh() as store:
            with store.begin() as unit:
                shelf(unit, kind).put(item)
            with store.begin(write=False) as unit, pytest.raises(NotFoundError) as missing:
                shelf(unit, kind).several([1, 3, 2])
        assert (missing.value.kind, missing.value.id) == (kind, 3)

    @KINDS
    def test_what_a_unit_of_work_puts_it_gets_from_then_on(self, kind: str, item: Any) -> None:  # noqa: ANN401
        second = attrs.evolve(item, version=2, name="second")
        with self.fresh() as store:
            with store.begin() as unit:
                shelf(unit, kind).put(item)
            with store.begin() as unit:
                unit.lock([1] if kind == "resource" else [])
                assert shelf(unit, kind).get(1) == item
                shelf(unit, kind).put(second)
                assert shelf(unit, kind).get(1) == second
                assert list(shelf(unit, kind).several([1])) == list(shelf(unit, kind).all()) == [second]

    @KINDS
    @pytest.mark.parametrize("version", [2, 3])
    def test_a_new_one_is_stored_at_version_one_only(self, kind: str, item: Any, version: int) -> None:  # noqa: ANN401
        with self.fresh() as store:
            with pytest.raises(StaleVersionError) as stale, store.begin() as unit:
                shelf(unit, kind).put(attrs.evolve(item, version=version))
            assert (stale.value.kind, stale.value.id, stale.value.actual) == (kind, 1, 0)
            assert not any(everything(store).values())

    @KINDS
    def test_one_is_replaced_by_its_next_version_only(self, kind: str, item: Any) -> None:  # noqa: ANN401
        second = attrs.evolve(item, version=2, name="second")
        with self.fresh() as store:
            with store.begin() as unit:
                shelf(unit, kind).put(item)
                shelf(unit, kind).put(second)
            for version in (1, 2, 4):
                with pytest.raises(StaleVersionError) as stale, store.begin() as unit:
                    shelf(unit, kind).put(attrs.evolve(item, version=version))
                assert (stale.value.expected, stale.value.actual) == (version - 1, 2)
            with store.begin(write=False) as unit:
                assert shelf(unit, kind).get(1) == second

    @KINDS
    @pytest.mark.parametrize("active", [True, False])
    def test_inactive_ones_are_kept_as_active_ones_are(self, kind: str, item: Any, *, active: bool) -> None:  # noqa: ANN401
        chosen = attrs.evolve(item, active=active)
        with self.fresh() as store:
            with store.begin() as unit:
                shelf(unit, kind).put(chosen)
            with store.begin(write=False) as unit:
                assert shelf(unit, kind).get(1) == chosen
                assert list(shelf(unit, kind).all()) == [chosen]

    @for_all(ids=st.permutations((1, 2, 3, 4)), changed=st.lists(st.sampled_from((1, 2, 3, 4)), max_size=4))
    def test_all_are_listed_in_the_order_of_their_first_being_put(
        self, ids: list[int], changed: list[int]
    ) -> None:
        with self.fresh() as store:
            for one in ids:
                with store.begin() as unit:
                    unit.resources.put(room(one))
                    unit.services.put(Service(one, HOUR))
            with store.begin() as unit:
                for one in changed:
                    version = unit.resources.get(one).version + 1
                    unit.resources.put(room(one, version=version))
                    unit.services.put(Service(one, HOUR, version=version))
            with store.begin(write=False) as unit:
                assert [one.id for one in unit.resources.all()] == ids
                assert [one.id for one in unit.services.all()] == ids
