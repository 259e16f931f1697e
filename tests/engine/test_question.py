from __future__ import annotations

import datetime as dt
from typing import Final

import pytest
from tests.engine.worlds import CELL, EPOCH, booking_of, span

from slotkeeper.domain.booking import Allocation
from slotkeeper.domain.limit import Limit
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.service import Service
from slotkeeper.engine.evaluator import Evaluator
from slotkeeper.engine.question import Request, Snapshot
from slotkeeper.errors import InvalidFieldError, NaiveDatetimeError, NotFoundError

CUT: Final = Service("cut", CELL, units=2)
NESTED: Final = (
    Resource("house", parts=["hall", "yard"]),
    Resource("hall", parts=["left", "right"]),
    Resource("left"),
    Resource("right"),
    Resource("yard", parts=["left"]),
)


def test_a_request_takes_its_units_from_the_service_unless_it_names_some() -> None:
    assert Request(CUT).wanted_units == 2
    assert Request(CUT, units=1).wanted_units == 1


@pytest.mark.parametrize("wrong", [{"units": 0}, {"duration": dt.timedelta(0)}])
def test_a_request_for_nothing_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidFieldError):
        Request(CUT, **wrong)  # type: ignore[arg-type]


def test_limits_that_look_beyond_the_resources_are_those_of_service_and_known_customer() -> None:
    limits = [Limit(per, "day", "UTC", count=1) for per in ("customer", "resource", "service")]
    service = Service("cut", CELL, limits=limits)
    assert Request(service).looks_elsewhere == (limits[2],)
    assert Request(service, customer_id="ann").looks_elsewhere == (limits[0], limits[2])


def test_a_footprint_is_a_resource_and_all_its_parts_once() -> None:
    snapshot = Snapshot(EPOCH, NESTED)
    assert [one.id for one in snapshot.footprint(NESTED[0])] == ["house", "hall", "yard", "left", "right"]
    assert [one.id for one in snapshot.footprint(NESTED[2])] == ["left"]


def test_an_unknown_resource_is_not_found() -> None:
    snapshot = Snapshot(EPOCH, [Resource("a", parts=["missing"])])
    with pytest.raises(NotFoundError):
        snapshot.footprint(snapshot.resource("a"))
    with pytest.raises(NotFoundError):
        Evaluator(Snapshot(EPOCH, [Resource("a")]), Request(CUT, resource_ids=["b"])).offer(EPOCH)


def test_resources_may_be_given_by_id() -> None:
    by_id = {one.id: one for one in NESTED}
    assert Snapshot(EPOCH, by_id).resources == Snapshot(EPOCH, NESTED).resources


def test_now_is_an_instant() -> None:
    with pytest.raises(NaiveDatetimeError):
        Snapshot(dt.datetime(2025, 10, 23), [])


def test_only_what_is_in_force_loads_and_counts() -> None:
    row = Allocation("left", span(0, 2), 3)
    bookings = [
        booking_of([row], "in force"),
        booking_of([row], "lapsed", expires_at=EPOCH),
        booking_of([row], "held", expires_at=EPOCH + CELL, counts=False),
        booking_of([row], "cancelled", occupies=False, counts=False),
    ]
    snapshot = Snapshot(EPOCH, NESTED, bookings)
    assert snapshot.load("left").peak() == 6
    assert snapshot.load("left", ignore=["held"]).peak() == 3
    assert snapshot.load("right").peak() == 0
    assert [one.id for one in snapshot.counted] == ["in force"]
