"""What is wrong with a lifecycle table: contradictions that forbid it, and gaps that a report names."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeVar

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from slotkeeper.domain.lifecycle_table import State, Transition

_T = TypeVar("_T")
_EXPIRE = "expire"  # what has lapsed frees its resources, so its action cannot take them


@attrs.frozen
class LifecycleReport:
    """What an exhaustive search of a table found; guards are taken to let everybody pass.

    Args:
        unreachable: Statuses that no chain of actions leads to from a creation.
        dead: Statuses that are not final and that nothing leads out of.
        endless: Statuses that something leads out of, but never to a final status.
    """

    unreachable: tuple[str, ...]
    dead: tuple[str, ...]
    endless: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not (self.unreachable or self.dead or self.endless)


def examine(states: Sequence[State], transitions: Sequence[Transition]) -> LifecycleReport:
    """Search a table that has no `contradictions`; each list is in the table's order of states."""
    moves = [(row.source, row.target) for row in transitions if row.source is not None]
    born = {row.target for row in transitions if row.source is None}
    reached = _closure(born, moves)
    finishing = _closure(
        {state.name for state in states if state.final}, [(after, before) for before, after in moves]
    )
    leaving = {before for before, _ in moves}
    stuck = [state.name for state in states if state.name not in finishing]
    return LifecycleReport(
        unreachable=tuple(state.name for state in states if state.name not in reached),
        dead=tuple(name for name in stuck if name not in leaving),
        endless=tuple(name for name in stuck if name in leaving),
    )


def contradictions(states: Sequence[State], transitions: Sequence[Transition]) -> tuple[str, ...]:
    """Return one sentence for each contradiction in a table; none means that it can be used."""
    return (*_between_states(states), *_between_rows(states, transitions))


def _between_states(states: Sequence[State]) -> Iterator[str]:
    for name in _repeated(state.name for state in states):
        yield f"status {name!r} is defined more than once"
    meanings = {(text, state.name) for state in states for text in (state.name, str(state.external))}
    for text in _repeated(text for text, _ in sorted(meanings)):
        yield f"{text!r} names more than one status"


def _between_rows(states: Sequence[State], transitions: Sequence[Transition]) -> Iterator[str]:
    known = {state.name for state in states}
    final = {state.name for state in states if state.final}
    occupying = {state.name for state in states if state.occupies}
    for source, action in _repeated(row.key for row in transitions):
        yield f"{action!r} leads out of {source!r} more than once"
    for row in transitions:
        for name in dict.fromkeys((row.source, row.target)):
            if name is not None and name not in known:
                yield f"{row.action!r} from {row.source!r} uses the unknown status {name!r}"
        if row.action == _EXPIRE and row.target in occupying:
            yield f"{row.action!r} from {row.source!r} leads to {row.target!r}, which occupies"
        if row.source in final and row.target != row.source:
            yield f"{row.action!r} leads out of {row.source!r}, which is final"


def _closure(begin: Iterable[str], moves: Sequence[tuple[str, str]]) -> set[str]:
    reached: set[str] = set()
    waiting = list(begin)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += [after for before, after in moves if before == name]
    return reached


def _repeated(items: Iterable[_T]) -> list[_T]:
    return [item for item, count in Counter(items).items() if count > 1]
