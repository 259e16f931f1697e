"""A client whose node fails asks another node, with the same key, and is told what became of its command."""

from __future__ import annotations

import datetime as dt
from contextlib import closing

import pytest
from tests.adapters.wires import Cut, Wire
from tests.galera.cluster import Cluster
from tests.galera.node import WAITS

from slotkeeper.adapters.sql import SqlStore, Tables
from slotkeeper.desk import BookingDesk
from slotkeeper.domain.requirement import Requirement
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.service import Service
from slotkeeper.errors import OutcomeUnknownError

pytestmark = pytest.mark.galera
NOW = dt.datetime(2025, 10, 20, tzinfo=dt.UTC)
START = NOW + dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)


def test_a_key_gives_the_first_result_on_another_node(cluster: Cluster, database: str) -> None:
    here, there, _ = cluster.nodes
    with closing(store_at(there.url(database))) as survivor:
        with closing(store_at(here.url(database))) as first:
            open_shop(cluster, first)
            booking = desk_of(first).book("visit", START, booking_id="one", key="k")
        cluster.kill(here)
        assert desk_of(survivor).book("visit", START, booking_id="one", key="k") == booking
        assert happened(survivor) == ["one"]


@pytest.mark.parametrize("place", Cut)
def test_a_command_whose_node_died_in_its_commit_is_carried_out_once(
    cluster: Cluster, database: str, place: Cut
) -> None:
    here, there, _ = cluster.nodes
    with closing(store_at(there.url(database))) as survivor, Wire(here.url(database)) as wire:
        with closing(store_at(wire.url.render_as_string(hide_password=False))) as first:
            open_shop(cluster, survivor)
            desk_of(first).expire_holds()
            wire.let_nobody_in()  # who has a connection keeps it, and cannot ask again when it is cut
            wire.cut = place
            with pytest.raises(OutcomeUnknownError):
                desk_of(first).book("visit", START, booking_id="one", key="k")
        cluster.kill(here)
        assert desk_of(survivor).book("visit", START, booking_id="one", key="k").id == "one"
        assert happened(survivor) == ["one"]


def store_at(url: str) -> SqlStore:
    return SqlStore.from_url(url, tables=Tables(portable=True), connect_args=WAITS)


def desk_of(store: SqlStore) -> BookingDesk:
    return BookingDesk(store, clock=lambda: NOW)


def open_shop(cluster: Cluster, store: SqlStore) -> None:
    store.create_all()
    cluster.catch_up()
    desk = desk_of(store)
    desk.add_resource(Resource("bay"))
    desk.add_service(Service("visit", HOUR, grid=HOUR, needs=[Requirement(among={"bay"})]))


def happened(store: SqlStore) -> list[object]:
    with store.begin(write=False) as unit:
        return [event.booking_id for event in unit.outbox.pending(limit=9)]
