"""`DayCache`: what is free on a day, remembered until a booking of that day is made, moved or ended.

Each day of each resource has a stamp in the cache, and what was worked out is kept under the stamp that was
read before. An event gives the days that it touches new stamps. So a result that was worked out before a
change can be written late, but nobody reads it any more.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol, TypeVar

import attrs

from slotkeeper.domain.booking import Booking
from slotkeeper.domain.event import Event
from slotkeeper.domain.ids import Id, id_to_text

R = TypeVar("R")

KEPT_FOR: Final = dt.timedelta(minutes=5)
_DAY: Final = dt.timedelta(days=1)


class Cache(Protocol):
    """What keeps values for a time; the caches of Django are such."""

    def get(self, key: str, /) -> Any:  # noqa: ANN401 - whatever was kept
        """Return what is kept under a key, or None."""

    def set(self, key: str, value: Any, timeout: float | None, /) -> object:  # noqa: ANN401 - as above
        """Keep a value for so many seconds."""

    def add(self, key: str, value: Any, timeout: float | None, /) -> object:  # noqa: ANN401 - as above
        """Keep a value unless there is one."""


@attrs.frozen
class DayCache:
    """Remembers what is worked out about days of resources; a notifier that forgets what has changed.

    Make it a subscriber of the desk, so that whoever is answered after a booking sees it, and let it
    be told by the relay too, in case a process ends in between.

    Args:
        cache: Where it is kept; all processes share one that is to be right in all of them.
        kept_for: How long at most, for what changes without a booking: hours, the notice that runs out.
    """

    cache: Cache
    kept_for: dt.timedelta = attrs.field(default=KEPT_FOR, kw_only=True)

    def get(self, resource_id: Id, day: dt.date, about: str, work_out: Callable[[], R]) -> R:
        """Return what is known about a resource's day, worked out if it is not.

        Args:
            resource_id: Whose day.
            day: Which, in UTC.
            about: What is asked, such as the service; another question is kept apart.
            work_out: Gives the answer, which may not be None, from bookings of that day only.
        """
        seconds = self.kept_for.total_seconds()
        mark = _mark(resource_id, day)
        self.cache.add(mark, uuid.uuid4().hex, 2 * seconds)
        stamp = self.cache.get(mark)
        name = f"{mark}/{stamp}/{uuid.uuid5(uuid.NAMESPACE_URL, about)}"
        known = self.cache.get(name) if stamp is not None else None
        if known is None:
            known = work_out()
            self.cache.set(name, known, seconds)
        found: R = known
        return found

    def __call__(self, event: Event, /) -> None:
        """Forget the days that an event touches."""
        for booking in (event.booking, event.before):
            if booking is not None:
                for mark in _marks(booking):
                    self.cache.set(mark, uuid.uuid4().hex, 2 * self.kept_for.total_seconds())


def _marks(booking: Booking) -> Iterator[str]:
    for row in booking.allocations:
        day = row.reach.start.date()
        while day <= row.reach.end.date():
            yield _mark(row.resource_id, day)
            day += _DAY


def _mark(resource_id: Id, day: dt.date) -> str:
    return f"slotkeeper/{uuid.uuid5(uuid.NAMESPACE_URL, id_to_text(resource_id))}/{day.isoformat()}"
