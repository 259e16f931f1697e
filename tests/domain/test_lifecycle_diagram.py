from __future__ import annotations

from hypothesis import given
from tests.domain.lifecycle_tables import (
    ACTIONS,
    HOUR,
    tables,
)

from slotkeeper.domain.guards import (
    BeforeStart,
    FromEnd,
    HasRole,
    IsOwner,
    IsProvider,
)
from slotkeeper.domain.lifecycle import Lifecycle
from slotkeeper.domain.lifecycle_table import State, Transition


def arrows(diagram: str) -> list[str]:
    return [line.strip() for line in diagram.splitlines() if "-->" in line and not line.endswith("[*]")]


@given(tables())
def test_the_diagram_draws_each_transition_once_and_ends_each_final_status(table: Lifecycle) -> None:
    diagram = table.to_mermaid()
    assert diagram.startswith("stateDiagram-v2\n")
    assert len(arrows(diagram)) == len(table.transitions)
    for action in ACTIONS:
        drawn = [line for line in arrows(diagram) if line.split(": ", 1)[1].split(" [")[0] == action]
        assert len(set(drawn)) == len(drawn) == sum(row.action == action for row in table.transitions)
    assert sum(line.endswith("[*]") for line in diagram.splitlines()) == len(table.final)


def test_the_diagram_of_a_small_table_reads_well() -> None:
    table = Lifecycle(
        [State("New"), State("In progress"), State('say "no"', final=True)],
        [
            Transition(None, "book", "New"),
            Transition("New", "start", "In progress", who=[IsProvider(), HasRole({"boss", "admin"})]),
            Transition(
                "New", "cancel: late", 'say "no"', when=[BeforeStart(2 * HOUR), FromEnd()], exempt=[IsOwner()]
            ),
        ],
    )
    assert table.to_mermaid().splitlines() == [
        "stateDiagram-v2",
        '    state "In progress" as state1',
        '    state "say #34;no#34;" as state2',
        "    [*] --> New: book",
        "    New --> state1: start [provider or admin or boss]",
        "    New --> state2: cancel#58; late [before start - PT2H and from end unless owner]",
        "    state2 --> [*]",
    ]
