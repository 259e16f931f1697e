"""Dates on which nothing opens: given ones, or a calendar of holidays that works its years out on demand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Iterable, Mapping

import attrs

from slotkeeper.domain.hours import as_date
from slotkeeper.errors import InvalidFieldError


@attrs.frozen
class HolidayCalendar:
    """A calendar that only answers ``date in calendar``, as those of the ``holidays`` package do.

    Two of these are equal when they hold the same object. It has no end, so it cannot be written as JSON; a
    schedule with a first and a last valid date lists the dates instead.
    """

    source: Container[dt.date] = attrs.field(eq=id)

    def __contains__(self, date: object) -> bool:
        return date in self.source

    def listed(self, first: dt.date, last: dt.date) -> frozenset[dt.date]:
        """Return its dates from ``first`` to ``last``, both inclusive."""
        days = range(first.toordinal(), last.toordinal() + 1)
        return frozenset(date for date in map(dt.date.fromordinal, days) if date in self.source)


ClosedDates = frozenset[dt.date] | HolidayCalendar


def closed_dates_of(value: HolidayCalendar | Container[dt.date] | Iterable[dt.date | str]) -> ClosedDates:
    """Return closed dates from dates, ISO 8601 text, or a calendar that expands itself.

    Raises:
        InvalidFieldError: It is neither an iterable nor a container, or an element is no date.
        ParseError: Some text is no date.
    """
    if isinstance(value, HolidayCalendar):
        return value
    if _expands_itself(value) and isinstance(value, Container):
        return HolidayCalendar(value)
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise InvalidFieldError("Schedule.closed_dates", value, "must be dates or a calendar of them")
    return frozenset(as_date(date) for date in value)


def _expands_itself(value: object) -> bool:
    """Tell whether iterating would miss dates: a calendar of ``holidays``, or no iterable at all."""
    lazy = isinstance(value, Mapping) and bool(getattr(value, "expand", False))
    return lazy or (isinstance(value, Container) and not isinstance(value, Iterable))
