"""Every command says which version of a thing it expects, and which result its key stands for."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, get_args, get_type_hints

import pytest
from tests.desk.shops import EUROS, OPEN, Provider, Shop, at, shop

from slotkeeper import (
    BookingDesk,
    Interval,
    Resource,
    Service,
    StaleVersionError,
    Timeslot,
)

Change = Callable[[Any, int], object]

CHANGES: dict[str, Change] = {
    "act": lambda desk, version: desk.act("b", "start", expected_version=version),
    "cancel": lambda desk, version: desk.cancel("b", expected_version=version),
    "checkout": lambda desk, version: desk.checkout("b", expected_version=version),
    "complete": lambda desk, version: desk.complete("b", expected_version=version),
    "confirm": lambda desk, version: desk.confirm("b", expected_version=version),
    "deactivate_resource": lambda desk, version: desk.deactivate_resource("bay", expected_version=version),
    "deactivate_service": lambda desk, version: desk.deactivate_service("wash", expected_version=version),
    "decline": lambda desk, version: desk.decline("b", expected_version=version),
    "delete_timeslot": lambda desk, version: desk.delete_timeslot("t", expected_version=version),
    "mark_no_show": lambda desk, version: desk.mark_no_show("b", expected_version=version),
    "reschedule": lambda desk, version: desk.reschedule("b", at(4), expected_version=version),
    "amend": lambda desk, version: desk.amend("b", notes="late", expected_version=version),
    "set_status": lambda desk, version: desk.set_status("b", "in_progress", expected_version=version),
    "settle": lambda desk, version: desk.settle("b", paid=EUROS, expected_version=version),
    "start": lambda desk, version: desk.start("b", expected_version=version),
    "update": lambda desk, version: desk.update("b", notes="x", expected_version=version),
    "update_resource": lambda desk, version: desk.update_resource(
        Resource("bay", OPEN, capacity=3), expected_version=version
    ),
    "update_service": lambda desk, version: desk.update_service(
        Service("wash", at(1) - at(0)), expected_version=version
    ),
}
"""Commands that change one thing there is."""
OTHERS = {
    "add_resource",
    "add_service",
    "add_timeslot",
    "book",
    "book_series",
    "book_slot",
    "book_timeslot",
    "generate_timeslots",
    "hold",
    "put_resource",  # the thing itself names its version
    "put_service",
    "retry_event",  # an event never changes
    "dismiss_event",
}
SWEEPS = {"expire_holds", "forget_keys", "relay", "remind", "reresolve", "settle_refunds"}
"""Commands about whatever is due, which take no key, since they are to be run again and again."""


def prepared() -> Shop:
    here = shop(payments=Provider())
    here.desk.book("wash", at(0), booking_id="b")
    here.desk.add_timeslot(Timeslot("t", "bay", Interval(at(5), at(5.5)), service_id="wash"))
    return here


def arguments_of(use_case: Callable[..., object]) -> set[str]:
    """Return the names of what a use case takes, those of its terms included."""
    found = set(inspect.signature(use_case).parameters)
    terms = get_type_hints(use_case).get("terms") or get_type_hints(use_case).get("facts")
    for packed in get_args(terms):
        found |= set(get_type_hints(packed))
    return found


USE_CASES = {
    name: arguments_of(one)
    for name, one in inspect.getmembers(BookingDesk, inspect.isfunction)
    if name[0] != "_"
}


def test_each_command_is_known_here() -> None:
    assert {name for name, arguments in USE_CASES.items() if "key" in arguments} == CHANGES.keys() | OTHERS
    assert {
        name for name, arguments in USE_CASES.items() if "expected_version" in arguments
    } == CHANGES.keys()
    assert USE_CASES.keys() >= SWEEPS


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_another_version_than_the_one_expected_is_refused_and_changes_nothing(name: str) -> None:
    here = prepared()
    before = here.written()
    with pytest.raises(StaleVersionError) as stale:
        CHANGES[name](here.desk, 7)
    assert (stale.value.expected, stale.value.actual) == (7, 1)
    assert here.written() == before
