"""A stored slot is either booked or removed, however close together the two are asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from tests.adapters.servers import MARIADB, POSTGRESQL, Server

from slotkeeper import BookingDesk, Interval, NotFoundError, Resource, Service, SlotTakenError, Timeslot

NOW = dt.datetime(2025, 10, 22, 8, tzinfo=dt.UTC)
ROUNDS = 25


@pytest.mark.parametrize("server", [POSTGRESQL, MARIADB], ids=["postgresql", "mariadb"])
def test_a_slot_is_booked_or_removed_and_never_both(server: Server) -> None:
    store = server.store()
    desk = BookingDesk(store, clock=lambda: NOW)
    desk.add_resource(Resource("room"))
    desk.add_service(Service("stay", dt.timedelta(hours=1)))
    slots = [
        desk.add_timeslot(Timeslot(f"slot {at}", "room", Interval(start, start + dt.timedelta(hours=1))))
        for at, start in enumerate(NOW + dt.timedelta(hours=hour) for hour in range(1, ROUNDS + 1))
    ]
    made = [desk.book("stay", NOW + dt.timedelta(days=9, hours=2 * at)) for at in range(ROUNDS)]
    with ThreadPoolExecutor(2) as pool:
        for at, slot in enumerate(slots):
            takes: list[Callable[[], object]] = [
                partial(desk.book_timeslot, slot.id, service_id="stay"),
                partial(desk.reschedule, made[at].id, timeslot_id=slot.id),
            ]
            ready = Barrier(2)
            acts: list[Callable[[], object]] = [takes[at % 2], partial(desk.delete_timeslot, slot.id)]
            done = [pool.submit(_succeeds, ready, act) for act in acts]
            assert sorted(one.result(60) for one in done) == [False, True], slot.id
    server.put_back(store)


def _succeeds(ready: Barrier, act: Callable[[], object]) -> bool:
    ready.wait(30)
    try:
        act()
    except (NotFoundError, SlotTakenError):
        return False
    return True
