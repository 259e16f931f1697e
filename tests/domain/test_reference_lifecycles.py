"""The vocabulary of lifecycles carries the tables of the reference systems."""

from __future__ import annotations

import pytest
from tests.domain.lifecycle_tables import (
    HOUR,
    VISIT,
    asking,
)

from slotkeeper.domain.actor import SYSTEM, Actor
from slotkeeper.domain.guards import (
    BeforeStart,
    HasRole,
    IsOwner,
    IsProvider,
    Who,
)
from slotkeeper.domain.lifecycle_table import Transition
from slotkeeper.domain.standard_lifecycle import STANDARD, Action, Status
from slotkeeper.errors import (
    ForbiddenError,
    InvalidFieldError,
    NotModifiableError,
    TransitionTimeError,
)


def test_a_course_with_numeric_codes() -> None:
    table = (
        STANDARD.only("pending", "confirmed", "cancelled")
        .without(Action.BOOK, Action.RESCHEDULE, Action.DECLINE)
        .with_codes({"confirmed": 2, "pending": 1, "cancelled": -1})
        .with_guards(Action.CONFIRM, who=[HasRole("admin")])
        .with_guards(Action.CANCEL, who=[HasRole("admin")])
    )
    assert table.check().ok
    assert [table.status_of(code) for code in (2, 1, -1)] == ["confirmed", "pending", "cancelled"]
    assert table.parse_status("-1") == table.parse_status("cancelled") == "cancelled"
    assert table.action_to(table.status_of(1), table.status_of(2)) == "confirm"
    with pytest.raises(NotModifiableError):
        table.action_to("cancelled", "confirmed")
    with pytest.raises(ForbiddenError):
        table.transition("pending", "confirm", **asking(actor=Actor(1)))


def test_a_marketplace_with_ownership_and_moves_that_await_the_provider() -> None:
    staff: list[Who] = [IsProvider(), HasRole("admin")]
    table = (
        STANDARD.only(*set(Status) - {Status.HELD, Status.EXPIRED})
        .without(Action.BOOK, Action.REQUEST_RESCHEDULE)
        .replacing(Transition(Status.CONFIRMED, Action.RESCHEDULE, Status.RESCHEDULED))
        .with_guards(Action.CANCEL, who=[IsOwner()], when=[BeforeStart()])
        .with_guards(Action.CONFIRM, who=staff)
        .with_guards(Action.START, who=staff)
        .with_guards(Action.COMPLETE, who=staff)
        .with_guards(Action.NO_SHOW, who=staff)
    )
    carol, provider = Actor(1, roles="customer"), Actor(2, roles="provider")
    early = VISIT.start - HOUR
    assert table.check().ok
    assert table.allowed("confirmed", **asking(now=early, actor=carol)) == ("cancel", "reschedule")
    assert table.allowed("confirmed", **asking(actor=carol)) == ("reschedule",)
    assert table.allowed("pending", **asking(now=early, actor=provider)) == (
        "confirm",
        "decline",
        "reschedule",
    )
    assert table.transition("confirmed", "reschedule", **asking(now=early)).target == "rescheduled"
    with pytest.raises(NotModifiableError):
        table.transition("completed", "reschedule", **asking(now=early))


def test_a_workshop_whose_statuses_go_by_other_names() -> None:
    table = (
        STANDARD.only("confirmed", "completed", "cancelled")
        .with_codes({"confirmed": "New", "completed": "Completed", "cancelled": "Cancelled"})
        .with_guards(Action.COMPLETE, who=[HasRole("secretariat")], when=[])
        .with_guards(Action.CANCEL, who=[IsOwner(), HasRole("secretariat")])
        .with_guards(Action.RESCHEDULE, who=[IsOwner(), HasRole("secretariat")], when=[BeforeStart()])
    )
    owner, secretary = Actor(1), Actor(5, roles="secretariat")
    early = asking(now=VISIT.start - HOUR, actor=owner)
    assert table.check().ok
    assert table.action_to(table.status_of("New"), table.status_of("Completed")) == "complete"
    assert table.transition("confirmed", "complete", **asking(actor=secretary)).target == "completed"
    assert table.allowed("confirmed", **early) == ("cancel", "reschedule")
    assert table.allowed("confirmed", **asking(actor=owner, now=VISIT.end)) == ("cancel",)
    with pytest.raises(InvalidFieldError):
        table.status_of("confirmed")
    with pytest.raises(ForbiddenError):
        table.transition("confirmed", "complete", **early)


def test_rooms_where_an_admin_may_cancel_what_has_begun() -> None:
    table = (
        STANDARD.only("pending", "confirmed", "cancelled", "completed", "no_show", "expired")
        .with_guards(
            Action.CANCEL, who=[IsOwner(), HasRole("admin")], when=[BeforeStart()], exempt=[HasRole("admin")]
        )
        .with_guards(Action.EXPIRE, who=[HasRole("system")])
    )
    admin = Actor(3, roles="admin")
    assert table.check().ok
    assert table.transition("confirmed", "cancel", **asking(now=VISIT.end, actor=admin)).target == "cancelled"
    assert table.transition("pending", "expire", **asking(now=VISIT.end, actor=SYSTEM)).target == "expired"
    with pytest.raises(TransitionTimeError):
        table.transition("confirmed", "cancel", **asking(now=VISIT.end, actor=Actor(1)))
