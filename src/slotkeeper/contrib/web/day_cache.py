"""`DayCache`: what is free on a day, remembered until a booking of that day is made, moved or ended.

Each local day of each resource has a stamp in the cache, and what was worked out is kept under the stamp
that was read before. An event gives the days that it touches new stamps. So a result that was worked out
before a change can be written late, but nobody reads it any more.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any, Final, Protocol, TypeVar
from zoneinfo import ZoneInfo

import attrs

from slotkeeper.contrib.web.touched_days import days_in, reaches
from slotkeeper.desk.awaiting import check_result
from slotkeeper.domain.event import Event
from slotkeeper.domain.ids import Id, id_to_text
from slotkeeper.domain.instant import ZERO, later, negated
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.zones import as_zone, zone_name
from slotkeeper.errors import InvalidFieldError

R = TypeVar("R")

KEPT_FOR: Final = dt.timedelta(minutes=5)
AROUND: Final = dt.timedelta(days=1)
_UTC: Final = as_zone("UTC")


class Cache(Protocol):
    """What keeps values for a time; the caches of Django are such.

    For an `AsyncDayCache` its methods may be coroutine functions.
    """

    def get(self, key: str, /) -> Any:  # noqa: ANN401 - whatever was kept
        """Return what is kept under a key, or None."""

    def set(self, key: str, value: Any, timeout: float | None, /) -> object:  # noqa: ANN401 - as above
        """Keep a value for so many seconds."""

    def add(self, key: str, value: Any, timeout: float | None, /) -> object:  # noqa: ANN401 - as above
        """Keep a value unless there is one."""


@attrs.frozen
class _Days:
    """Under which names the stamps of days and what is known about them are kept, and for how long."""

    cache: Cache
    zone: ZoneInfo = attrs.field(default=_UTC, converter=as_zone, kw_only=True)
    kept_for: dt.timedelta = attrs.field(default=KEPT_FOR, kw_only=True)
    around: dt.timedelta = attrs.field(default=AROUND, kw_only=True)

    @around.validator
    def _is_a_length(self, _: object, value: object) -> None:
        if not isinstance(value, dt.timedelta) or value < ZERO:
            raise InvalidFieldError("DayCache.around", value, "must be a timedelta of zero or more")

    @property
    def _seconds(self) -> float:
        return self.kept_for.total_seconds()

    def _mark(self, resource_id: Id, day: object) -> str:
        """Return where a day's stamp is kept, for twice as long as what is known under it."""
        if not isinstance(day, dt.date) or isinstance(day, dt.datetime):
            raise InvalidFieldError("day", day, "must be a date, by the clocks of the cache's zone")
        whose = uuid.uuid5(uuid.NAMESPACE_URL, f"{zone_name(self.zone)} {id_to_text(resource_id)}")
        return f"slotkeeper/{whose}/{day.isoformat()}"

    def _touched(self, event: Event) -> set[str]:
        """Return the marks of the days that an event touches."""
        return {
            self._mark(resource_id, day)
            for resource_id, reach in reaches(event)
            for day in days_in(self._around(reach), self.zone)
        }

    def _around(self, reach: Interval) -> Interval:
        return Interval(later(reach.start, negated(self.around)), later(reach.end, self.around))


@attrs.frozen
class DayCache(_Days):
    """Remembers what is worked out about days of resources; a notifier that forgets what has changed.

    Make it a subscriber of the desk, so that whoever is answered after a booking sees it, and let it
    be told by the relay too, in case a process ends in between.

    Args:
        cache: Where it is kept; all processes share one that is to be right in all of them.
        zone: Whose days; each runs from midnight to midnight there, as `day_interval` says.
        kept_for: How long at most, for what changes without a booking: hours, the notice that runs out.
        around: How far from its day a question may look. A start before midnight is taken by what is booked
            after it, so this is the longest time that what is asked about takes, buffers included; zero will
            do where nobody is open at midnight.

    Raises:
        InvalidZoneError: There is no such zone.
        InvalidFieldError: ``around`` is less than zero.
    """

    def get(self, resource_id: Id, day: dt.date, about: str, work_out: Callable[[], R]) -> R:
        """Return what is known about a resource's day, worked out if it is not.

        Args:
            resource_id: Whose day.
            day: Which, by the clocks of the cache's zone.
            about: What is asked, such as the service; another question is kept apart.
            work_out: Gives the answer, which may not be None, from bookings of that day and ``around`` it
                only; what limits per week or month count is not seen.

        Raises:
            InvalidFieldError: ``day`` is a datetime, or something returned must be awaited, which only
                `AsyncDayCache` does.
        """
        mark = self._mark(resource_id, day)
        self._at_once(self.cache.add(mark, _new_stamp(), 2 * self._seconds))
        stamp = self._at_once(self.cache.get(mark))
        name = _name(mark, stamp, about)
        known = self._at_once(self.cache.get(name)) if stamp is not None else None
        if known is None:
            known = work_out()
            check_result("work_out", known, work_out, "AsyncDayCache awaits it")
            self._at_once(self.cache.set(name, known, self._seconds))
        found: R = known
        return found

    def __call__(self, event: Event, /) -> None:
        """Forget the days that an event touches."""
        for mark in self._touched(event):
            self._at_once(self.cache.set(mark, _new_stamp(), 2 * self._seconds))

    def _at_once(self, result: Any) -> Any:  # noqa: ANN401 - whatever was kept
        check_result("DayCache.cache", result, self.cache, "AsyncDayCache awaits it")
        return result


@attrs.frozen
class AsyncDayCache(_Days):
    """What `DayCache` is, for an event loop: what is worked out is awaited, and so may the cache be."""

    async def get(self, resource_id: Id, day: dt.date, about: str, work_out: Callable[[], Awaitable[R]]) -> R:
        """Return what is known about a resource's day, worked out if it is not, as `DayCache.get` does."""
        mark = self._mark(resource_id, day)
        await _settled(self.cache.add(mark, _new_stamp(), 2 * self._seconds))
        stamp = await _settled(self.cache.get(mark))
        name = _name(mark, stamp, about)
        known = await _settled(self.cache.get(name)) if stamp is not None else None
        if known is None:
            known = await work_out()
            await _settled(self.cache.set(name, known, self._seconds))
        found: R = known
        return found

    async def __call__(self, event: Event, /) -> None:
        """Forget the days that an event touches."""
        for mark in self._touched(event):
            await _settled(self.cache.set(mark, _new_stamp(), 2 * self._seconds))


async def _settled(result: Any) -> Any:  # noqa: ANN401 - whatever was kept
    return await result if isawaitable(result) else result


def _new_stamp() -> str:
    return uuid.uuid4().hex


def _name(mark: str, stamp: object, about: str) -> str:
    return f"{mark}/{stamp}/{uuid.uuid5(uuid.NAMESPACE_URL, about)}"
