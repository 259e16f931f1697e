"""`DayPattern`: plain rules of days and weeks as arithmetic, without a walk.

Most rules in practice name weekdays and a time of the day, every week or every few, and nothing else. Such a
rule is a handful of arithmetic progressions, whose members within any window are counted off at once.
"""

from __future__ import annotations

import datetime as dt
from itertools import accumulate, chain, product, repeat
from typing import TYPE_CHECKING, Any, Final

import attrs

from slotkeeper.domain.rule_text import WEEKDAYS, Parts, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

_DAY: Final = dt.timedelta(days=1)
_CLOCK: Final = ("BYHOUR", "BYMINUTE", "BYSECOND")
_PARTS: Final = {"WEEKLY": frozenset({"BYDAY", *_CLOCK}), "DAILY": frozenset(_CLOCK)}
_MOST_IN_A_PERIOD: Final = 100
_YEARS: Final = range(2, 9_000)  # far enough from the ends of the calendar


@attrs.frozen
class DayPattern:
    """The same times in every period.

    Args:
        origin: The midnight with which the first period begins; all times share its zone or lack of one.
        period: How long a period is, in whole days.
        offsets: How far into the period each time lies.
    """

    origin: dt.datetime
    period: dt.timedelta
    offsets: tuple[dt.timedelta, ...]

    @classmethod
    def of(cls, rule: Rule, start: dt.datetime) -> DayPattern | None:
        """Return the pattern of a rule from its start on, or None if it says more than a pattern can."""
        parts = rule.complete(start)
        if not _is_plain(rule, parts) or start.year not in _YEARS:
            return None
        midnight = start.replace(hour=0, minute=0, second=0)
        days, times = [dt.timedelta()], _times(parts)
        length = rule.interval * _DAY
        if rule.frequency == "WEEKLY":
            midnight -= (start.weekday() - rule.week_start) % 7 * _DAY
            days, length = _days(parts, rule.week_start), 7 * length
        offsets = sorted({day + time for day, time in product(days, times)})
        return cls(midnight, length, tuple(offsets)) if len(offsets) <= _MOST_IN_A_PERIOD else None

    def most(self, first: dt.datetime, last: dt.datetime) -> int:
        """Return how many times there are at most from ``first`` on and before ``last``."""
        return ((last - first) // self.period + 1) * len(self.offsets)

    def between(self, first: dt.datetime, last: dt.datetime) -> list[dt.datetime]:
        """Return the times from ``first`` on and before ``last``, in order, none before the first period.

        >>> weekly = DayPattern.of(
        ...     Rule.parse("FREQ=WEEKLY;BYDAY=TU,FR"), dt.datetime(2025, 1, 1, 9)
        ... )
        >>> found = weekly.between(dt.datetime(2035, 6, 1), dt.datetime(2035, 6, 8))
        >>> [str(time) for time in found]
        ['2035-06-01 09:00:00', '2035-06-05 09:00:00']
        """
        return sorted(chain.from_iterable(self._progressions(first, last)))

    def _progressions(self, first: dt.datetime, last: dt.datetime) -> Iterator[Iterator[dt.datetime]]:
        for offset in self.offsets:
            begin = self.origin + offset
            ahead = max(-((begin - first) // self.period), 0)
            count = -((begin - last) // self.period) - ahead
            if count > 0:
                step: Iterator[Any] = repeat(self.period, count - 1)
                yield accumulate(step, initial=begin + ahead * self.period)


def _is_plain(rule: Rule, parts: Parts) -> bool:
    return rule.count is None and rule.frequency in _PARTS and parts.keys() <= _PARTS[rule.frequency]


def _days(parts: Parts, week_start: int) -> list[dt.timedelta]:
    return [(WEEKDAYS.index(name) - week_start) % 7 * _DAY for name in parts["BYDAY"]]


def _times(parts: Parts) -> list[dt.timedelta]:
    clocks = product(*(map(int, parts[name]) for name in _CLOCK))
    return [dt.timedelta(hours=hour, minutes=minute, seconds=second) for hour, minute, second in clocks]
