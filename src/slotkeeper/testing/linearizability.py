"""Linearizability: whether what concurrent callers were told fits some order of their calls, one at a time.

The order must respect real time: a call that ended before another began comes before it (M. Herlihy and
J. Wing, 1990). The search is that of J. Wing and C. Gong (1993) with G. Lowe's memory of what was tried
(2017). It knows nothing of bookings or databases; a function says which states a call can lead to.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Generic, TypeAlias, TypeVar

import attrs

S = TypeVar("S", bound=Hashable)
C = TypeVar("C")

DEFAULT_LIMIT = 1_000_000
"""How many states a search looks at before it gives up."""


@attrs.frozen
class Call(Generic[C]):
    """One call of a history.

    Args:
        command: What was asked and what was answered, in whatever form the model reads.
        began: When it was asked, on a clock that all callers share.
        ended: When it was answered; None where no answer came, so that it may have taken effect at any time
            after it was asked, or never.
    """

    command: C
    began: int
    ended: int | None


Model: TypeAlias = Callable[[S, Call[C]], Iterable[S]]
"""Returns the states that a call may lead to from a state; none where its answer does not fit there."""


class UndecidedError(Exception):
    """The search looked at as many states as it may, and found neither an order nor that there is none."""


def linearize(
    history: Iterable[Call[C]], initial: S, model: Model[S, C], *, limit: int = DEFAULT_LIMIT
) -> list[Call[C]] | None:
    """Return an order of the calls that explains every answer, or None if there is no such order.

    Calls without an answer are in it only where they are needed to explain the others.

    Args:
        history: The calls, in any order.
        initial: The state before them.
        model: Which states a call can lead to.
        limit: How many states to look at.

    Raises:
        UndecidedError: That was not enough.

    >>> def counter(
    ...     state: int, call: Call[int]
    ... ) -> list[int]:  # each call counts, and is told how many
    ...     return [state + 1] if call.command == state + 1 else []
    >>> [call.command for call in linearize([Call(2, 0, 9), Call(1, 3, 5)], 0, counter)]
    [1, 2]
    >>> linearize([Call(2, 0, 2), Call(1, 3, 5)], 0, counter) is None
    True
    """
    return _Search(sorted(history, key=lambda call: call.began), model).run(initial, limit)


@attrs.frozen
class _Node(Generic[S]):
    """A state, the calls that led to it as a number with a bit for each, and their order from the last on."""

    done: int
    state: S
    last: int | None = None
    before: _Node[S] | None = None

    def after(self, index: int, state: S) -> _Node[S]:
        return _Node(self.done | 1 << index, state, index, self)

    def order(self) -> list[int]:
        found, node = list[int](), self
        while node.last is not None and node.before is not None:
            found.append(node.last)
            node = node.before
        return found[::-1]


class _Search(Generic[S, C]):
    """A depth-first search through the states, each looked at once."""

    def __init__(self, calls: Sequence[Call[C]], model: Model[S, C]) -> None:
        self._calls, self._model = calls, model
        self._answered = sum(1 << index for index, call in enumerate(calls) if call.ended is not None)

    def run(self, initial: S, limit: int) -> list[Call[C]] | None:
        seen, paths = set[tuple[int, S]](), [iter([_Node(0, initial)])]
        while paths:
            node = next(paths[-1], None)
            if node is None:
                paths.pop()
                continue
            node = self._settled(node)
            if node.done & self._answered == self._answered:
                return [self._calls[index] for index in node.order()]
            if (node.done, node.state) not in seen:
                seen.add((node.done, node.state))
                if len(seen) > limit:
                    raise UndecidedError(limit)
                paths.append(self._next(node))
        return None

    def _settled(self, node: _Node[S]) -> _Node[S]:
        """Return the node after all calls that change nothing here; taking them now rules nothing out."""
        while (index := self._idle(node)) is not None:
            node = node.after(index, node.state)
        return node

    def _idle(self, node: _Node[S]) -> int | None:
        for index, call in self._possible(node.done):
            if call.ended is not None and list(self._model(node.state, call)) == [node.state]:
                return index
        return None

    def _next(self, node: _Node[S]) -> Iterator[_Node[S]]:
        for index, call in self._possible(node.done):
            for state in self._model(node.state, call):
                yield node.after(index, state)

    def _possible(self, done: int) -> Iterator[tuple[int, Call[C]]]:
        """Yield the calls of which none that is yet to come ended before they began."""
        index, first_end = (~done & done + 1).bit_length() - 1, None
        while index < len(self._calls):
            call = self._calls[index]
            if first_end is not None and call.began > first_end:
                return
            if not done >> index & 1:
                yield index, call
                ends = [one for one in (first_end, call.ended) if one is not None]
                first_end = min(ends, default=None)
            index += 1
