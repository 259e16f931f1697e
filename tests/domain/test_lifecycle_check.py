from __future__ import annotations

import pytest
from hypothesis import given
from tests.domain.lifecycle_tables import (
    tables,
)

from slotkeeper.domain.lifecycle import Lifecycle
from slotkeeper.domain.lifecycle_table import State, Transition
from slotkeeper.errors import (
    LifecycleTableError,
)


def words(table: Lifecycle, depth: int) -> list[list[str]]:
    """Every chain of statuses that ``depth`` actions or fewer make from a creation, by trying all actions."""
    chains = [[table.initial(action).name] for action in table.actions_from(None)]
    found = list(chains)
    for _ in range(depth):
        chains = [
            [*chain, table.find(chain[-1], action).target]
            for chain in chains
            for action in table.actions_from(chain[-1])
            if table.find(chain[-1], action).target not in chain
        ]
        found += chains
    return found


def reaches_final(table: Lifecycle, status: str, seen: frozenset[str] = frozenset()) -> bool:
    if table.state(status).final:
        return True
    targets = {row.target for row in table.transitions if row.source == status} - seen
    return any(reaches_final(table, target, seen | {status}) for target in targets)


@given(tables())
def test_the_check_agrees_with_a_search_by_brute_force(table: Lifecycle) -> None:
    report = table.check()
    visited = {status for chain in words(table, len(table.states)) for status in chain}
    ways_out = {state.name: table.actions_from(state.name) for state in table.states}
    stuck = {state.name for state in table.states if not reaches_final(table, state.name)}
    assert set(report.unreachable) == ways_out.keys() - visited
    assert set(report.dead) == {name for name in stuck if not ways_out[name]}
    assert set(report.endless) == {name for name in stuck if ways_out[name]}
    assert report.ok == (not stuck and visited == ways_out.keys())


def test_a_table_that_contradicts_itself_is_refused_with_every_contradiction() -> None:
    states = [
        State("new"),
        State("new"),
        State("done", final=True, code="new"),
        State("gone", code=7),
        State("7"),
    ]
    rows = [
        Transition(None, "book", "nowhere"),
        Transition("new", "complete", "done"),
        Transition("new", "complete", "gone"),
        Transition("done", "undo", "new"),
        Transition("ghost", "haunt", "ghost"),
    ]
    with pytest.raises(LifecycleTableError) as caught:
        Lifecycle(states, rows)
    assert set(caught.value.problems) == {
        "status 'new' is defined more than once",
        "'new' names more than one status",
        "'7' names more than one status",
        "'complete' leads out of 'new' more than once",
        "'book' from None uses the unknown status 'nowhere'",
        "'haunt' from 'ghost' uses the unknown status 'ghost'",
        "'undo' leads out of 'done', which is final",
    }


def test_what_has_lapsed_cannot_expire_into_a_status_that_occupies() -> None:
    states = [State("held", occupies=True), State("late", occupies=True)]
    rows = [Transition(None, "hold", "held"), Transition("held", "expire", "late")]
    with pytest.raises(LifecycleTableError) as refused:
        Lifecycle(states, rows)
    assert refused.value.problems == ("'expire' from 'held' leads to 'late', which occupies",)
    assert Lifecycle([states[0], State("late")], rows).find("held", "expire").target == "late"
