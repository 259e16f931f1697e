"""The world that is booked in: resources with one unit or three, and services with every kind of buffers."""

from __future__ import annotations

import datetime as dt

from slotkeeper.desk import BookingDesk
from slotkeeper.domain.buffers import Buffers
from slotkeeper.domain.requirement import Requirement
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.service import Service

MINUTE = dt.timedelta(minutes=1)
FIRST = dt.datetime(2030, 1, 7, 8, tzinfo=dt.UTC)
STARTS = [FIRST + number * 15 * MINUTE for number in range(12)]
SHARED = 3
HOLD_FOR = dt.timedelta(seconds=1)
NONE = Buffers()
KINDS = {
    "visit": (40 * MINUTE, NONE),
    "rest": (30 * MINUTE, Buffers(5 * MINUTE, 10 * MINUTE)),
    "quiet": (30 * MINUTE, Buffers(10 * MINUTE, 20 * MINUTE, combine="max")),
}
PAIR = "pair"


def capacity(number: int) -> int:
    """Return the units of a resource: every fifth one has several."""
    return SHARED if number % 5 == 4 else 1


def furnish(desk: BookingDesk, resources: int) -> None:
    """Put the resources, each kind of service for each of them, and one for each two that are neighbours."""
    for number in range(resources):
        resource_id = f"r{number}"
        desk.add_resource(Resource(resource_id, capacity=capacity(number)))
        for kind, (length, buffers) in KINDS.items():
            desk.add_service(_service(f"{kind}-{number}", length, buffers, [resource_id]))
    for number in range(0, resources - 1, 2):
        both = [f"r{number}", f"r{number + 1}"]
        desk.add_service(_service(f"{PAIR}-{number}", 40 * MINUTE, NONE, both))


def _service(service_id: str, length: dt.timedelta, buffers: Buffers, among: list[str]) -> Service:
    return Service(
        service_id,
        length,
        needs=[Requirement(among=among, count=len(among))],
        grid=15 * MINUTE,
        buffers=buffers,
        hold_for=HOLD_FOR,
    )
