"""Working time: which stretches of free time a job of so many hours uses up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slotkeeper.domain.instant import ZERO
from slotkeeper.domain.interval_set import IntervalSet
from slotkeeper.errors import InvalidFieldError

if TYPE_CHECKING:
    import datetime as dt


def take(free: IntervalSet, duration: dt.timedelta, *, backward: bool = False) -> IntervalSet:
    """Return the first ``duration`` of free time, or the last when ``backward``, in its pieces.

    Where there is too little, all of it is returned: compare the `IntervalSet.duration` of the result.

    Raises:
        InvalidFieldError: ``duration`` is negative.

    >>> import datetime as dt
    >>> free = IntervalSet.parse("2025-10-23T09:00Z/PT2H, 2025-10-23T13:00Z/PT4H")
    >>> print(take(free, dt.timedelta(hours=3)))
    {2025-10-23T09:00Z/2025-10-23T11:00Z, 2025-10-23T13:00Z/2025-10-23T14:00Z}
    """
    if duration < ZERO:
        raise InvalidFieldError("duration", duration, "must not be negative")
    left, taken = duration, []
    for start, end in reversed(list(free.pairs)) if backward else free.pairs:
        if left == ZERO:
            break
        used = min(left, end - start)
        taken.append((end - used, end) if backward else (start, start + used))
        left -= used
    return IntervalSet.from_pairs(taken)
