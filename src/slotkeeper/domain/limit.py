"""Limits: how many bookings, or how much booked time, one subject may have in a calendar period."""

from __future__ import annotations

import datetime as dt
from enum import Enum
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import attrs

from slotkeeper.domain.fields import at_least, if_given, member_of, positive
from slotkeeper.domain.periods import Period, Weekday, period_bounds
from slotkeeper.domain.zones import as_zone
from slotkeeper.errors import InvalidFieldError

if TYPE_CHECKING:
    from slotkeeper.domain.interval import Interval


class Per(Enum):
    """Whose bookings a limit counts."""

    CUSTOMER = "customer"
    RESOURCE = "resource"
    SERVICE = "service"


def _per(value: Per | str) -> Per:
    return member_of(Per, value, "Limit.per")


def _period(value: Period | str) -> Period:
    return member_of(Period, value, "Limit.period")


def _weekday(value: Weekday | int) -> Weekday:
    return member_of(Weekday, value, "Limit.week_start")


@attrs.frozen
class Limit:
    """At most so many bookings, or so much booked time, per subject in each period of a named zone.

    A booking belongs to the period in which it starts, and counts with its whole length. The new one is
    included: a limit of one permits one. Cancelled and lapsed bookings do not count.

    Args:
        per: Whose bookings are counted: the customer's, the resource's, or the service's as a whole.
        period: The calendar day, week or month in ``zone``.
        zone: The zone whose calendar is meant, never the viewer's.
        count: The largest number of bookings.
        duration: The largest sum of their lengths.
        week_start: The first day of the week, for weekly limits.
        all_services: Count the subject's bookings of every service, not only of this one.
    """

    per: Per = attrs.field(converter=_per)
    period: Period = attrs.field(converter=_period)
    zone: ZoneInfo = attrs.field(converter=as_zone)
    count: int | None = attrs.field(default=None, validator=if_given(at_least(0)), kw_only=True)
    duration: dt.timedelta | None = attrs.field(default=None, validator=if_given(positive), kw_only=True)
    week_start: Weekday = attrs.field(default=Weekday.MO, converter=_weekday, kw_only=True)
    all_services: bool = attrs.field(default=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.count is None and self.duration is None:
            raise InvalidFieldError("Limit", None, "needs a count, a duration or both")
        if self.per is Per.SERVICE and self.all_services:
            raise InvalidFieldError("Limit.all_services", value=True, reason="makes no sense per service")

    def period_of(self, instant: dt.datetime) -> Interval:
        """Return the calendar period in which the instant lies."""
        return period_bounds(instant, self.period, self.zone, self.week_start)
