from __future__ import annotations

from typing import Any

import attrs
import pytest
from tests.desk.shops import HALF, OPEN, TODAY, TRUE, at, shop

from slotkeeper import (
    InactiveError,
    InvalidFieldError,
    NotFoundError,
    Requirement,
    Resource,
    Service,
    StaleVersionError,
)


def test_resources_are_listed_in_the_order_of_their_adding() -> None:
    desk = shop().desk
    for name in ("z", "a"):
        desk.add_resource(Resource(name, OPEN, roles="lift"))
    assert [one.id for one in desk.resources()] == ["bay", "z", "a"]
    assert [one.id for one in desk.resources(role="lift")] == ["z", "a"]


def test_what_is_switched_off_is_booked_no_more_and_keeps_its_bookings() -> None:
    desk = shop().desk
    made = desk.book("wash", at(0))
    assert desk.deactivate_resource("bay").version == 2
    assert desk.slots("wash", TODAY) == []
    with pytest.raises(InactiveError):
        desk.book("wash", at(1), resource_ids=["bay"])
    assert desk.get(made.id) == made
    assert desk.resources() == []
    assert [one.id for one in desk.resources(active=None)] == ["bay"]
    assert [one.id for one in desk.resources(active=False)] == ["bay"]
    desk.update_resource(attrs.evolve(desk.get_resource("bay"), active=True))
    assert desk.book("wash", at(1)).status == "confirmed"


def test_a_service_switched_off_says_so() -> None:
    desk = shop().desk
    desk.deactivate_service("wash")
    with pytest.raises(InactiveError):
        desk.book("wash", at(0))
    assert desk.services() == []
    assert [one.id for one in desk.services(active=None)] == ["wash"]
    assert desk.get_service("wash").active is False


def test_a_change_is_the_next_version_and_obeys_the_version_expected() -> None:
    here = shop()
    new = here.desk.update_resource(Resource("bay", OPEN, capacity=3), expected_version=1)
    assert (new.version, here.desk.get_resource("bay")) == (2, new)
    assert here.desk.update_service(Service("wash", 2 * HALF), expected_version=1).version == 2
    before = here.written()
    calls: list[Any] = [
        lambda version: here.desk.update_resource(new, expected_version=version),
        lambda version: here.desk.deactivate_resource("bay", expected_version=version),
        lambda version: here.desk.update_service(Service("wash", HALF), expected_version=version),
        lambda version: here.desk.deactivate_service("wash", expected_version=version),
    ]
    for call in calls:
        with pytest.raises(StaleVersionError):
            call(1)
        with pytest.raises(InvalidFieldError):
            call(TRUE)
    assert here.written() == before


def test_nonsense_in_the_catalogue_is_refused_and_writes_nothing() -> None:
    here = shop()
    before = here.written()
    bad: list[tuple[Any, type[Exception]]] = [
        (lambda: here.desk.add_resource(Resource("bay", OPEN)), StaleVersionError),
        (lambda: here.desk.add_resource(Resource("new", OPEN, version=2)), StaleVersionError),
        (lambda: here.desk.add_resource(Resource("hall", OPEN, parts=["?"])), NotFoundError),
        (lambda: here.desk.update_resource(Resource("bay", OPEN, parts=["?"])), NotFoundError),
        (lambda: here.desk.update_resource(Resource("?", OPEN)), NotFoundError),
        (lambda: here.desk.deactivate_resource("?"), NotFoundError),
        (lambda: here.desk.deactivate_resource(""), InvalidFieldError),
        (lambda: here.desk.get_resource(TRUE), InvalidFieldError),
        (lambda: here.desk.add_resource("bay"), InvalidFieldError),  # type: ignore[arg-type]
        (lambda: here.desk.update_resource(None), InvalidFieldError),  # type: ignore[arg-type]
        (lambda: here.desk.add_service(Service("wash", HALF)), StaleVersionError),
        (lambda: here.desk.add_service(Service("s", HALF, needs=[Requirement.any_of("?")])), NotFoundError),
        (lambda: here.desk.update_service(Service("?", HALF)), NotFoundError),
        (lambda: here.desk.update_service(Resource("wash")), InvalidFieldError),  # type: ignore[arg-type]
        (lambda: here.desk.deactivate_service("?"), NotFoundError),
        (lambda: here.desk.get_service("?"), NotFoundError),
    ]
    for call, error in bad:
        with pytest.raises(error):
            call()
        assert here.written() == before
