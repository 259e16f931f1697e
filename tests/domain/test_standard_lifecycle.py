from __future__ import annotations

from itertools import product

import attrs
import pytest
from tests.domain.lifecycle_tables import (
    HOUR,
    VISIT,
    asking,
)

from slotkeeper.domain.actor import Actor
from slotkeeper.domain.instant import TICK
from slotkeeper.domain.standard_lifecycle import GUARDED, STANDARD, Action, Status


def test_the_standard_table_has_neither_gaps_nor_traps() -> None:
    assert STANDARD.check().ok


def test_the_standard_vocabulary_is_exactly_what_the_standard_table_uses() -> None:
    assert {state.name for state in STANDARD.states} == set(Status)
    assert {row.action for row in STANDARD.transitions} == set(Action)
    assert all(type(state.name) is str for state in STANDARD.states)


def test_the_standard_statuses_mean_what_the_design_says() -> None:
    assert STANDARD.occupying == {"held", "pending", "confirmed", "in_progress", "rescheduled", "completed"}
    assert STANDARD.final == {"completed", "cancelled", "no_show", "expired"}
    assert STANDARD.counting == set(Status) - {"cancelled", "expired"}


def test_the_standard_table_is_open_to_anyone() -> None:
    for status, action in product([None, *Status], Action):
        allowed = STANDARD.allowed(status, **asking(now=VISIT.end))
        assert allowed == STANDARD.allowed(status, **asking(now=VISIT.end, actor=Actor("stranger")))
        assert allowed == STANDARD.actions_from(status)
        assert (action in allowed) == ((status, action) in {row.key for row in STANDARD.transitions})


@pytest.mark.parametrize("action", [Action.COMPLETE, Action.NO_SHOW])
def test_what_was_never_started_is_completed_or_missed_from_its_start_on(action: str) -> None:
    assert action in STANDARD.allowed("confirmed", **asking(now=VISIT.start))
    assert action not in STANDARD.allowed("confirmed", **asking(now=VISIT.start - TICK))


def test_what_was_started_early_can_be_completed_early() -> None:
    early = asking(now=VISIT.start - HOUR)
    assert STANDARD.transition("confirmed", "start", **early).target == "in_progress"
    assert STANDARD.transition("in_progress", "complete", **early).target == "completed"


@pytest.mark.parametrize(
    ("status", "action", "target"),
    [
        ("pending", "reschedule", "pending"),
        ("confirmed", "reschedule", "confirmed"),
        ("confirmed", "request_reschedule", "rescheduled"),
        ("rescheduled", "confirm", "confirmed"),
        ("held", "expire", "expired"),
        ("pending", "expire", "expired"),
    ],
)
def test_standard_moves_and_expiries(status: str, action: str, target: str) -> None:
    assert STANDARD.transition(status, action, **asking()).target == target


def test_the_guarded_table_differs_from_the_standard_one_in_who_may_act_alone() -> None:
    assert GUARDED.states == STANDARD.states
    assert [attrs.evolve(row, who=()) for row in GUARDED.transitions] == list(STANDARD.transitions)
    assert GUARDED.check().ok


OWNERS = {
    "held": {"request", "confirm", "cancel"},
    "pending": {"cancel", "reschedule"},
    "confirmed": {"cancel", "reschedule", "request_reschedule"},
    "rescheduled": {"cancel", "reschedule", "request_reschedule"},
}


@pytest.mark.parametrize("status", [None, *Status])
def test_the_guarded_table_leaves_each_party_its_part(status: str | None) -> None:
    everything = set(STANDARD.actions_from(status))

    def allowed(actor: Actor | None) -> set[str]:
        return set(
            GUARDED.allowed(status, **asking(now=VISIT.end, actor=actor, owner_id=7, resource_ids=["bay"]))
        )

    assert allowed(None) == allowed(Actor("bay")) == allowed(Actor("boss", roles="admin")) == everything
    assert allowed(Actor(7)) == (everything if status is None else OWNERS.get(status, set()))
    assert allowed(Actor("stranger")) == (everything if status is None else set())
