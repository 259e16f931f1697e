"""A lifecycle table drawn as a Mermaid state diagram, so that the docs never differ from the machine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from slotkeeper.domain.lifecycle_table import State, Transition

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_TAKEN = re.compile(
    r"state\d*|end|note|direction|as|class|classdef|style|default|click|hide|scale", re.IGNORECASE
)
_SPECIAL = re.compile(r'[:;#"<>\r\n]')


def mermaid(states: Sequence[State], transitions: Sequence[Transition]) -> str:
    """Return ``stateDiagram-v2`` text: one arrow for each row, labelled with its action and guards."""
    nodes = {state.name: _node(state.name, index) for index, state in enumerate(states)}
    return (
        "\n".join(["stateDiagram-v2", *(f"    {line}" for line in _lines(states, transitions, nodes))]) + "\n"
    )


def _lines(
    states: Sequence[State], transitions: Sequence[Transition], nodes: dict[str, str]
) -> Iterator[str]:
    for name, node in nodes.items():
        if name != node:
            yield f'state "{_escaped(name)}" as {node}'
    for row in transitions:
        before = "[*]" if row.source is None else nodes[row.source]
        yield f"{before} --> {nodes[row.target]}: {_escaped(_label(row))}"
    for state in states:
        if state.final:
            yield f"{nodes[state.name]} --> [*]"


def _node(name: str, index: int) -> str:
    return name if _WORD.fullmatch(name) and not _TAKEN.fullmatch(name) else f"state{index}"


def _label(row: Transition) -> str:
    people = " or ".join(map(str, row.who))
    time = " and ".join(map(str, row.when))
    exempt = f"{time} unless {' or '.join(map(str, row.exempt))}" if time and row.exempt else time
    guards = ", ".join(part for part in (people, exempt) if part)
    return f"{row.action} [{guards}]" if guards else row.action


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda found: f"#{ord(found.group())};", text)
