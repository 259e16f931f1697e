"""Hits: which instants of a subject are kept, and when the next one is let in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from slotkeeper.domain.instant import later, negated


def taken(
    before: Iterable[dt.datetime], *, now: dt.datetime, count: int, per: dt.timedelta
) -> tuple[dt.datetime, ...] | dt.datetime:
    """Return the instants to keep once there is a hit now, in order; or the one from which on one is let in.

    Hits noted by a clock that is ahead count like those of now, unless it is ahead by a whole stretch.
    """
    since, until = later(now, negated(per)), later(now, per)
    kept = sorted(one for one in before if one > since)
    recent = [one for one in kept if one < until]
    if len(recent) >= count:
        return later(recent[-count], per)
    return tuple(sorted((*kept, now)))
