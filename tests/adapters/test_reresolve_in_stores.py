"""What new zone data move is moved in every store, also by several who do it at once."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.adapters.test_many_at_once import NAMES, lent
from tests.desk.test_reresolve import NOON, NOW, Coast, after, before

from slotkeeper import BookingDesk, Resource, Schedule, Service

HOUR = dt.timedelta(hours=1)


@pytest.mark.parametrize("name", NAMES)
def test_what_an_update_moves_is_moved_once_by_many(name: str) -> None:
    with lent(name) as store:
        desk = BookingDesk(store, clock=lambda: NOW)
        with before():
            desk.add_resource(Resource("room", Schedule.always("Test/Coast")))
            desk.add_service(Service("visit", HOUR))
            made = [Coast(desk, []).book(NOON + number * HOUR) for number in range(6)]
        with after():
            with ThreadPoolExecutor(3) as pool:
                found = [one.result() for one in [pool.submit(desk.reresolve, move=True) for _ in range(3)]]
            assert desk.reresolve().shifts == ()
        assert sum(len(one.shifts) for one in found) >= len(made)
        assert all(one.refused == () for one in found)
        there = desk.find().items
        assert [one.start for one in there] == [one.start - HOUR for one in made]
        assert {one.version for one in there} == {2}
        assert all(one.local and one.local.zone_data == "2026f" for one in there)
