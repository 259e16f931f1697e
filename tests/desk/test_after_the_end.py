"""What leaves a booking in its final status, such as a review, may still be done to it; nothing else may."""

from __future__ import annotations

import datetime as dt

import pytest

from slotkeeper import (
    GUARDED,
    Actor,
    BookingDesk,
    CancellationPolicy,
    ForbiddenError,
    IsOwner,
    LifecycleTableError,
    MemoryStore,
    Money,
    NotModifiableError,
    Policy,
    Resource,
    Service,
    Transition,
)

NOW = dt.datetime(2025, 10, 22, 15, tzinfo=dt.UTC)
REVIEWED = GUARDED.extend(
    Transition("completed", "review", "completed", who=[IsOwner()]),
    Transition("cancelled", "regret", "cancelled"),
)


def a_desk() -> BookingDesk:
    found = BookingDesk(MemoryStore(), clock=lambda: NOW, lifecycle=REVIEWED)
    found.add_resource(Resource("anna"))
    nothing = Policy(cancellation=CancellationPolicy([]))
    found.add_service(Service("cut", dt.timedelta(hours=1), price=Money.of("40", "EUR"), policy=nothing))
    return found


def test_a_completed_booking_is_reviewed_by_its_customer_and_stays_completed() -> None:
    desk = a_desk()
    made = desk.book("cut", NOW + dt.timedelta(hours=1), customer_id=7)
    with pytest.raises(NotModifiableError):
        desk.act(desk.cancel(desk.book("cut", NOW + dt.timedelta(hours=3)).id).booking.id, "review")
    desk.start(made.id)
    desk.complete(made.id)
    with pytest.raises(ForbiddenError):
        desk.act(made.id, "review", actor=Actor(8))
    assert desk.act(made.id, "review", actor=Actor(7)).status == "completed"
    assert [one.action for one in desk.history(made.id)] == ["book", "start", "complete", "review"]
    with pytest.raises(NotModifiableError):
        desk.set_status(made.id, "completed")


def test_what_was_not_given_back_at_the_end_is_not_given_back_after_it() -> None:
    desk = a_desk()
    made = desk.book("cut", NOW + dt.timedelta(hours=1))
    desk.settle(made.id)
    ended = desk.cancel(made.id).booking
    assert desk.act(made.id, "regret").payment == ended.payment


def test_nothing_leads_out_of_a_final_status() -> None:
    with pytest.raises(LifecycleTableError):
        GUARDED.extend(Transition("completed", "reopen", "confirmed"))
