from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.lifecycle_tables import (
    ACTIONS,
    HOUR,
    IDS,
    actors,
    asking,
    nows,
    outcome,
    people,
    tables,
    times,
)

from slotkeeper.domain.guards import (
    BeforeStart,
    FromStart,
    IsOwner,
    When,
    Who,
)
from slotkeeper.domain.lifecycle import Lifecycle
from slotkeeper.domain.lifecycle_table import State, Transition
from slotkeeper.domain.standard_lifecycle import STANDARD, Action, Status
from slotkeeper.errors import (
    ForbiddenError,
    InvalidFieldError,
    LifecycleTableError,
    NotModifiableError,
    TransitionError,
    TransitionTimeError,
)

if TYPE_CHECKING:
    import datetime as dt

    from slotkeeper.domain.actor import Actor
    from slotkeeper.domain.ids import Id


@given(tables())
def test_tables_survive_pickling_even_after_use(table: Lifecycle) -> None:
    used = table.occupying | table.final | table.counting | set(table.actions_from(None))
    copy = pickle.loads(pickle.dumps(table))
    assert copy == table
    assert hash(copy) == hash(table)
    assert used == copy.occupying | copy.final | copy.counting | set(copy.actions_from(None))


@given(tables(), actors, st.sampled_from([None, *IDS]), st.sets(st.sampled_from(IDS)), nows)
def test_every_action_from_every_status_has_a_row_or_a_typed_refusal(
    table: Lifecycle, actor: Actor | None, owner: Id | None, resources: set[Id], now: dt.datetime
) -> None:
    case = asking(actor=actor, owner_id=owner, resource_ids=resources, now=now)
    for status in (None, *(state.name for state in table.states)):
        passed = [
            action for action in ACTIONS if isinstance(outcome(table, status, action, case), Transition)
        ]
        assert sorted(table.allowed(status, **case)) == sorted(passed)


@given(tables(), actors, st.sampled_from([None, *IDS]), st.sampled_from(ACTIONS), nows)
def test_a_refusal_carries_the_facts_that_justify_it(
    table: Lifecycle, actor: Actor | None, owner: Id | None, action: str, now: dt.datetime
) -> None:
    for status in (None, *(state.name for state in table.states)):
        match outcome(table, status, action, asking(actor=actor, owner_id=owner, now=now)):
            case NotModifiableError():
                assert status in table.final
            case TransitionError(allowed=allowed):
                assert action not in allowed == table.actions_from(status)
            case ForbiddenError(needs=needs):
                assert needs == tuple(need for one in table.find(status, action).who for need in one.needs)
            case TransitionTimeError(earliest=earliest, latest=latest):
                assert (earliest is not None and now < earliest) or (latest is not None and latest <= now)
            case Transition(key=key):
                assert key == (status, action)
            case unforeseen:
                pytest.fail(f"{unforeseen!r}")


def test_a_status_outside_the_table_is_refused_as_input() -> None:
    for call in (STANDARD.state, STANDARD.code_of, STANDARD.status_of, STANDARD.parse_status):
        with pytest.raises(InvalidFieldError):
            call("lost")
    with pytest.raises(InvalidFieldError):
        STANDARD.transition("lost", "cancel", **asking())


def test_only_creations_start_a_booking() -> None:
    assert STANDARD.initial(Action.HOLD) == STANDARD.state(Status.HELD)
    with pytest.raises(TransitionError) as caught:
        STANDARD.initial(Action.CANCEL)
    assert caught.value.args == (None, "cancel", ("hold", "request", "book"))


def test_the_action_towards_a_status_is_the_tables_first() -> None:
    assert STANDARD.action_to("pending", "cancelled") == Action.CANCEL
    assert STANDARD.action_to("confirmed", "completed") == Action.COMPLETE
    with pytest.raises(TransitionError):
        STANDARD.action_to("pending", "completed")
    with pytest.raises(NotModifiableError):
        STANDARD.action_to("cancelled", "confirmed")
    with pytest.raises(InvalidFieldError):
        STANDARD.action_to("pending", "lost")


@given(tables())
def test_codes_lead_back_to_their_statuses(table: Lifecycle) -> None:
    numbered = table.with_codes({state.name: number for number, state in enumerate(table.states)})
    for state in numbered.states:
        assert numbered.status_of(numbered.code_of(state.name)) == state.name
        assert numbered.parse_status(str(numbered.code_of(state.name))) == state.name
        assert numbered.parse_status(state.name) == state.name
        assert table.status_of(table.code_of(state.name)) == state.name


@pytest.mark.parametrize("code", ["2", True, 2.0, "confirmed", None, [2], 3])
def test_a_code_is_matched_type_for_type(code: object) -> None:
    table = STANDARD.with_codes({Status.CONFIRMED: 2, Status.PENDING: 1})
    with pytest.raises(InvalidFieldError):
        table.status_of(code)


@given(tables(), st.sampled_from(ACTIONS), st.lists(people), st.lists(times))
def test_other_guards_change_nothing_else(
    table: Lifecycle, action: str, who: list[Who], when: list[When]
) -> None:
    if action not in {row.action for row in table.transitions}:
        with pytest.raises(InvalidFieldError):
            table.with_guards(action, who=who)
        return
    guarded = table.with_guards(action, who=who, when=when)
    assert guarded.check() == table.check()
    for before, after in zip(table.transitions, guarded.transitions, strict=True):
        assert after == (attrs.evolve(before, who=who, when=when) if before.action == action else before)


def test_guards_can_be_set_for_one_source_alone() -> None:
    table = STANDARD.with_guards(Action.CANCEL, sources=[Status.CONFIRMED], when=[BeforeStart(HOUR)])
    assert table.find("confirmed", "cancel").when == (BeforeStart(HOUR),)
    assert table.find("pending", "cancel").when == ()
    with pytest.raises(TransitionError):
        STANDARD.with_guards(Action.CANCEL, sources=[Status.IN_PROGRESS], who=[IsOwner()])


def test_an_empty_guard_lifts_what_none_leaves() -> None:
    assert STANDARD.with_guards(Action.NO_SHOW, when=[]).find("confirmed", "no_show").when == ()
    assert STANDARD.with_guards(Action.NO_SHOW, who=[IsOwner()]).find("confirmed", "no_show").when == (
        FromStart(),
    )


def test_replacing_swaps_rows_in_place_and_adds_new_ones() -> None:
    row = Transition(Status.CONFIRMED, Action.RESCHEDULE, Status.RESCHEDULED)
    table = STANDARD.replacing(row, Transition("completed_", "reopen", "pending"), State("completed_"))
    assert table.find("confirmed", "reschedule") == row
    assert table.transitions.index(row) == STANDARD.transitions.index(
        STANDARD.find("confirmed", "reschedule")
    )
    assert table.states[-1] == State("completed_")


def test_extending_never_replaces() -> None:
    table = STANDARD.extend(State("archived", final=True), Transition(Status.PENDING, "archive", "archived"))
    assert table.find("pending", "archive").target == "archived"
    for row in (State("pending"), Transition("pending", "cancel", "expired")):
        with pytest.raises(LifecycleTableError):
            STANDARD.extend(row)


@given(tables(), st.data())
def test_a_table_cut_down_keeps_exactly_the_rows_among_what_is_kept(
    table: Lifecycle, data: st.DataObject
) -> None:
    kept = data.draw(st.sets(st.sampled_from([state.name for state in table.states])))
    cut = table.only(*kept)
    assert {state.name for state in cut.states} == kept
    assert set(cut.transitions) == {
        row for row in table.transitions if {row.source, row.target} - {None} <= kept
    }


def test_actions_can_be_left_out() -> None:
    table = STANDARD.without(Action.HOLD, Action.EXPIRE)
    assert {row.action for row in STANDARD.transitions} - {row.action for row in table.transitions} == {
        "hold",
        "expire",
    }
    assert table.check().unreachable == ("held", "expired")


def test_a_refused_status_names_the_table_and_its_choices() -> None:
    table = Lifecycle([State("a"), State("b", code=7)], [], name="tiny")
    with pytest.raises(InvalidFieldError, match="must be a status of tiny: a, 7, got 'lost'"):
        table.status_of("lost")
