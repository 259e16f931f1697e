from __future__ import annotations

import datetime as dt
from typing import Any

import attrs
import pytest
from tests.adapters.stores import store_in_memory
from tests.desk.shops import HALF, OPEN, TODAY, TRUE, at, shop

from slotkeeper import (
    Actor,
    BookingDesk,
    DuplicateIdError,
    ForbiddenError,
    InactiveError,
    InvalidFieldError,
    MemoryStore,
    NotFoundError,
    Requirement,
    Resource,
    Schedule,
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


def test_an_edit_is_made_of_what_is_stored_and_keeps_what_it_does_not_name() -> None:
    desk = shop().desk
    desk.deactivate_resource("bay")
    wider = desk.edit_resource("bay", lambda bay: attrs.evolve(bay, capacity=bay.capacity + 1))
    assert (wider.capacity, wider.active, wider.version) == (2, False, 3)
    assert desk.get_resource("bay") == wider


def test_an_edit_that_makes_no_sense_leaves_the_resource_as_it_is() -> None:
    here = shop()
    before = here.written()

    def failing(_: Resource) -> Resource:
        raise RuntimeError

    calls: list[tuple[Any, Any, type[Exception]]] = [
        ("?", lambda bay: bay, NotFoundError),
        (TRUE, lambda bay: bay, InvalidFieldError),
        ("bay", None, InvalidFieldError),
        ("bay", "wider", InvalidFieldError),
        ("bay", lambda _: None, InvalidFieldError),
        ("bay", lambda bay: attrs.evolve(bay, id="ramp"), InvalidFieldError),
        ("bay", lambda bay: attrs.evolve(bay, parts=["?"]), NotFoundError),
        ("bay", failing, RuntimeError),
    ]
    for resource_id, change, error in calls:
        with pytest.raises(error):
            here.desk.edit_resource(resource_id, change)
        assert here.written() == before


def test_nonsense_in_the_catalogue_is_refused_and_writes_nothing() -> None:
    here = shop()
    before = here.written()
    bad: list[tuple[Any, type[Exception]]] = [
        (lambda: here.desk.add_resource(Resource("bay", OPEN)), DuplicateIdError),
        (lambda: here.desk.add_resource(Resource("new", OPEN, version=2)), StaleVersionError),
        (lambda: here.desk.add_resource(Resource("hall", OPEN, parts=["?"])), NotFoundError),
        (lambda: here.desk.update_resource(Resource("bay", OPEN, parts=["?"])), NotFoundError),
        (lambda: here.desk.update_resource(Resource("?", OPEN)), NotFoundError),
        (lambda: here.desk.deactivate_resource("?"), NotFoundError),
        (lambda: here.desk.deactivate_resource(""), InvalidFieldError),
        (lambda: here.desk.get_resource(TRUE), InvalidFieldError),
        (lambda: here.desk.add_resource("bay"), InvalidFieldError),  # type: ignore[arg-type]
        (lambda: here.desk.update_resource(None), InvalidFieldError),  # type: ignore[arg-type]
        (lambda: here.desk.add_service(Service("wash", HALF)), DuplicateIdError),
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


@pytest.fixture(params=["memory", "sql"])
def empty_desk(request: pytest.FixtureRequest) -> BookingDesk:
    """A desk on an empty store, of each kind."""
    return BookingDesk(MemoryStore() if request.param == "memory" else store_in_memory())


def test_an_id_that_is_in_use_is_added_no_second_time(empty_desk: BookingDesk) -> None:
    first = empty_desk.add_resource(Resource("bay", OPEN))
    wash = empty_desk.add_service(Service("wash", HALF))
    with pytest.raises(DuplicateIdError) as resource:
        empty_desk.add_resource(Resource("bay", OPEN, capacity=2))
    with pytest.raises(DuplicateIdError) as service:
        empty_desk.add_service(Service("wash", 2 * HALF))
    assert (resource.value.kind, resource.value.id) == ("resource", "bay")
    assert (service.value.kind, service.value.id) == ("service", "wash")
    assert (empty_desk.resources(), empty_desk.services()) == ([first], [wash])


def test_a_script_that_puts_its_catalogue_can_run_twice(empty_desk: BookingDesk) -> None:
    for _ in range(2):
        assert empty_desk.put_resource(Resource("bay", OPEN)).version == 1
        assert empty_desk.put_service(Service("wash", HALF)).version == 1


def test_what_is_put_replaces_what_is_stored_whatever_version_it_names(empty_desk: BookingDesk) -> None:
    empty_desk.add_resource(Resource("bay", OPEN))
    larger = empty_desk.put_resource(Resource("bay", OPEN, capacity=2, version=7))
    assert (larger.version, larger.capacity, empty_desk.get_resource("bay")) == (2, 2, larger)
    assert empty_desk.put_service(Service("wash", HALF, version=3)).version == 1
    longer = empty_desk.put_service(Service("wash", 2 * HALF))
    assert (longer.version, empty_desk.get_service("wash")) == (2, longer)
    with pytest.raises(NotFoundError):
        empty_desk.put_resource(Resource("bay", OPEN, parts=["?"]))
    with pytest.raises(ForbiddenError):
        empty_desk.put_service(longer, actor=Actor(7))


class Sundays:
    """A calendar without end, that only says whether a date is in it."""

    def __contains__(self, date: object) -> bool:
        return isinstance(date, dt.date) and date.isoweekday() == 7


def test_a_calendar_without_end_is_refused_with_what_to_do_about_it(empty_desk: BookingDesk) -> None:
    calls: list[Any] = [empty_desk.add_resource, empty_desk.put_resource]
    for call in calls:
        with pytest.raises(InvalidFieldError, match="valid_from and valid_until"):
            call(Resource("bay", Schedule("UTC", {"daily": "09:00-17:00"}, closed_dates=Sundays())))
    assert empty_desk.resources() == []
    bounded = Schedule(
        "UTC",
        {"daily": "09:00-17:00"},
        closed_dates=Sundays(),
        valid_from="2025-10-20",
        valid_until="2025-11-20",
    )
    empty_desk.add_resource(Resource("bay", bounded))
    assert empty_desk.get_resource("bay").schedule == bounded


def test_switching_off_with_a_key_does_so_once(empty_desk: BookingDesk) -> None:
    empty_desk.add_resource(Resource("bay", OPEN))
    empty_desk.add_service(Service("wash", HALF))
    for _ in range(2):
        assert empty_desk.deactivate_resource("bay", key="off").version == 2
        assert empty_desk.deactivate_service("wash", key="off").version == 2
