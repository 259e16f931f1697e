"""One primitive behind set algebra, free time and capacity: where at least ``k`` spans overlap.

Sort all starts and, apart from them, all ends. Counted from zero, ``i`` spans have ended before ``ends[i]``,
so at least ``k`` are open there from ``starts[i + k - 1]`` on; the union of these stretches is the answer.
Union is depth one, the intersection of ``n`` sets depth ``n``, and a difference the intersection with a
complement. Everything runs in the C code of `sorted`, `map` and `itertools.compress`; the bounds may be of
any ordered type. Cost: a sort, which is linear for inputs that are a few sorted runs.
"""

from __future__ import annotations

from itertools import compress
from operator import gt, lt
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class _Ordered(Protocol):
    def __lt__(self, other: Any, /) -> bool: ...  # noqa: ANN401 - as typeshed's SupportsDunderLT
    def __gt__(self, other: Any, /) -> bool: ...  # noqa: ANN401 - as above


T = TypeVar("T", bound=_Ordered)
Bounds = tuple[list[T], list[T]]


def at_depth(starts: Iterable[T], ends: Iterable[T], depth: int = 1) -> Bounds[T]:
    """Return the starts and ends of the disjoint, non-touching spans where at least ``depth`` spans overlap.

    The ``i``-th start and the ``i``-th end need not belong together; every span must end after it starts.

    >>> at_depth([0, 1, 5], [3, 4, 6], 2)
    ([1], [3])
    """
    opened, closed = sorted(starts), sorted(ends)
    return _join(*(_real(opened[depth - 1 :], closed) if depth > 1 else (opened, closed)))


def in_both(starts: Iterable[T], ends: Iterable[T]) -> Bounds[T]:
    """Return what `at_depth` does at depth two, where the spans are those of two sets.

    Within a set nothing touches, so neither do the pieces that two of them share: none has to be joined.

    >>> in_both([0, 5, 2], [3, 9, 7])
    ([2, 5], [3, 7])
    """
    return _real(sorted(starts)[1:], sorted(ends))


def _real(opened: Sequence[T], closed: Sequence[T]) -> Bounds[T]:
    """Keep the spans that end after they start."""
    real = list(map(lt, opened, closed))
    return list(compress(opened, real)), list(compress(closed, real))


def _join(opened: Sequence[T], closed: Sequence[T]) -> Bounds[T]:
    """Merge spans that overlap or touch; both sequences are sorted."""
    if not opened:
        return [], []
    breaks = list(map(gt, opened[1:], closed[:-1]))
    return [opened[0], *compress(opened[1:], breaks)], [*compress(closed[:-1], breaks), closed[-1]]
