from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.desk.shops import EUROS, HOUR, TRUE, at, shop

from slotkeeper import (
    STANDARD,
    Actor,
    BeforeStart,
    BookingDesk,
    ForbiddenError,
    HasRole,
    Id,
    InvalidFieldError,
    IsOwner,
    Lifecycle,
    Money,
    NotFoundError,
    NotModifiableError,
    PaymentStatus,
    SlotTakenError,
    StaleVersionError,
    State,
    Transition,
    TransitionError,
    TransitionTimeError,
)

Change = Callable[[BookingDesk, Id, Any], object]

WORKSHOP = Lifecycle(
    [
        State("New", occupies=True, code=1),
        State("Completed", final=True, code=2),
        State("Cancelled", final=True, counts=False, code=-1),
    ],
    [
        Transition(None, "book", "New"),
        Transition("New", "complete", "Completed", who=[HasRole("secretariat")]),
        Transition("New", "cancel", "Cancelled", who=[IsOwner(), HasRole("secretariat")]),
        Transition("New", "reschedule", "New", when=[BeforeStart()]),
        Transition("New", "update", "New", when=[BeforeStart()]),
    ],
)


def test_a_visit_goes_from_request_to_completion() -> None:
    here = shop()
    made = here.desk.book("wash", at(0), action="request")
    here.desk.confirm(made.id)
    here.desk.start(made.id)
    done = here.desk.complete(made.id)
    assert (done.status, done.occupies, done.version) == ("completed", True, 4)
    assert [event.action for event in here.told] == ["request", "confirm", "start", "complete"]


def test_a_visit_that_is_over_early_keeps_its_time_and_its_buffers() -> None:
    here = shop()
    made = here.desk.book("wash", at(0))
    here.desk.start(made.id)
    here.desk.complete(made.id)
    with pytest.raises(SlotTakenError):
        here.desk.book("wash", made.start)


def test_a_refused_action_changes_nothing() -> None:
    here = shop()
    made = here.desk.book("wash", at(0))
    before = here.written()
    calls: list[tuple[Any, type[Exception]]] = [
        (lambda: here.desk.confirm(made.id), TransitionError),
        (lambda: here.desk.complete(made.id), TransitionTimeError),
        (lambda: here.desk.mark_no_show(made.id), TransitionTimeError),
        (lambda: here.desk.act(made.id, "fly"), TransitionError),
        (lambda: here.desk.act(made.id, "book"), TransitionError),
        (lambda: here.desk.act(made.id, "reschedule"), InvalidFieldError),
        (lambda: here.desk.act(made.id, "request_reschedule"), InvalidFieldError),
        (lambda: here.desk.act(made.id, ""), InvalidFieldError),
        (lambda: here.desk.act(made.id, None), InvalidFieldError),  # type: ignore[arg-type]
        (lambda: here.desk.act(made.id, []), InvalidFieldError),  # type: ignore[arg-type]
        (lambda: here.desk.start(made.id, reason=5), InvalidFieldError),  # type: ignore[arg-type]
        (lambda: here.desk.start(made.id, actor="alice"), InvalidFieldError),  # type: ignore[arg-type]
        (lambda: here.desk.start("?"), NotFoundError),
        (lambda: here.desk.start(""), InvalidFieldError),
        (lambda: here.desk.start(None), InvalidFieldError),  # type: ignore[arg-type]
    ]
    for call, error in calls:
        with pytest.raises(error):
            call()
        assert here.written() == before


def test_true_is_no_id_although_it_equals_one() -> None:
    desk = shop().desk
    desk.book("wash", at(0), booking_id=1)
    for call in (desk.get, desk.cancel, desk.history, desk.allowed_actions, desk.quote_cancellation):
        with pytest.raises(InvalidFieldError):
            call(TRUE)


@pytest.mark.parametrize(
    "change",
    [
        lambda desk, one, version: desk.start(one, expected_version=version),
        lambda desk, one, version: desk.act(one, "start", expected_version=version),
        lambda desk, one, version: desk.set_status(one, "in_progress", expected_version=version),
        lambda desk, one, version: desk.cancel(one, expected_version=version),
        lambda desk, one, version: desk.update(one, notes="x", expected_version=version),
        lambda desk, one, version: desk.reschedule(one, at(3), expected_version=version),
    ],
)
def test_every_change_respects_the_version_expected(change: Change) -> None:
    here = shop()
    made = here.desk.book("wash", at(0))
    here.desk.update(made.id, notes="first")
    before = here.written()
    with pytest.raises(StaleVersionError) as stale:
        change(here.desk, made.id, 1)
    assert (stale.value.expected, stale.value.actual) == (1, 2)
    for bad in (True, 0, "2", 2.0):
        with pytest.raises(InvalidFieldError):
            change(here.desk, made.id, bad)
    assert here.written() == before
    change(here.desk, made.id, 2)
    assert here.desk.get(made.id).version == 3


def test_a_status_can_be_set_by_name_by_code_and_by_code_written_out() -> None:
    secretary = Actor("sek", roles="secretariat")
    for status in ("Completed", 2, "2"):
        desk = shop(lifecycle=WORKSHOP).desk
        assert desk.set_status(desk.book("wash", at(0)).id, status, actor=secretary).status == "Completed"


def test_setting_a_status_obeys_guards_and_the_table() -> None:
    desk = shop(lifecycle=WORKSHOP).desk
    made = desk.book("wash", at(0), customer_id=7)
    with pytest.raises(ForbiddenError):
        desk.set_status(made.id, "Completed", actor=Actor(7))
    with pytest.raises(TransitionError):
        desk.set_status(made.id, "New")
    for bad in ("Gone", 3, True, None, 2.0):
        with pytest.raises(InvalidFieldError):
            desk.set_status(made.id, bad)  # type: ignore[arg-type]
    assert desk.set_status(made.id, -1, actor=Actor(7)).status == "Cancelled"
    with pytest.raises(NotModifiableError):
        desk.set_status(made.id, "Cancelled")


def test_setting_a_status_takes_the_action_that_the_actor_may() -> None:
    table = STANDARD.with_guards("cancel", who=[IsOwner()]).with_guards("decline", who=[HasRole("provider")])
    desk = shop(lifecycle=table).desk
    made = desk.book("wash", at(0), customer_id=7, action="request")
    desk.set_status(made.id, "cancelled", actor=Actor(9, roles="provider"))
    assert desk.history(made.id)[-1].action == "decline"


def test_setting_cancelled_applies_the_policy() -> None:
    here = shop()
    made = here.desk.settle(here.desk.book("wash", at(0)).id)
    here.clock.wait(HOUR)
    gone = here.desk.set_status(made.id, "cancelled")
    assert gone.payment.refunded == Money.of(20, "EUR")


def test_no_status_is_reached_by_moving() -> None:
    desk = shop().desk
    made = desk.book("wash", at(0))
    for target in ("confirmed", "rescheduled"):
        with pytest.raises(TransitionError):
            desk.set_status(made.id, target)


def test_declining_gives_back_all_that_was_paid() -> None:
    here = shop()
    made = here.desk.book("wash", at(0), action="request")
    here.desk.settle(made.id, confirm=False)
    here.clock.wait(2.5 * HOUR)
    declined = here.desk.decline(made.id, reason="ill")
    assert (declined.status, declined.reason) == ("cancelled", "ill")
    assert (declined.payment.status, declined.payment.refunded) == (PaymentStatus.REFUNDED, EUROS)


def test_notes_and_attributes_are_updated_and_merged() -> None:
    desk = shop().desk
    made = desk.book("wash", at(0), notes="a", attributes={"x": 1, "y": 1})
    changed = desk.update(made.id, attributes={"y": 2})
    assert (changed.notes, changed.attributes) == ("a", {"x": 1, "y": 2})
    assert desk.update(made.id, notes="b").attributes == changed.attributes
    with pytest.raises(InvalidFieldError):
        desk.update(made.id, attributes={"x": float("nan")})
    with pytest.raises(InvalidFieldError):
        desk.update(made.id, notes=1)  # type: ignore[arg-type]


def test_a_lifecycle_may_guard_updates() -> None:
    here = shop(lifecycle=WORKSHOP)
    made = here.desk.book("wash", at(0))
    assert here.desk.update(made.id, notes="early").notes == "early"
    here.clock.wait(3 * HOUR)
    with pytest.raises(TransitionTimeError):
        here.desk.update(made.id, notes="late")
    with pytest.raises(TransitionTimeError):
        here.desk.reschedule(made.id, at(3))
    here.desk.set_status(made.id, "Completed")
    with pytest.raises(NotModifiableError):
        here.desk.update(made.id, notes="too late")


def test_the_actions_on_offer_are_those_that_succeed() -> None:
    here = shop()
    made = here.desk.book("wash", at(0), customer_id=7)
    assert "complete" not in here.desk.allowed_actions(made.id)
    here.clock.wait(3 * HOUR)
    assert {"start", "complete", "cancel", "no_show"} <= set(
        here.desk.allowed_actions(made.id, actor=Actor(7))
    )
