"""RFC 5545 recurrences of wall-clock times, expanded lazily and within bounds; alone here dateutil is used.

Plain rules of days and weeks are counted off (`DayPattern`). For any other, dateutil is asked, and only for
its raw instances. It walks from the rule's start, so the start is first moved forward by whole intervals to
just before the window. It would search for an impossible date up to the year 9999, so every rule is first
tried on the last 400 years before that, the cycle of the Gregorian calendar. ``COUNT``, ``UNTIL`` and the
clock changes of a zone are dealt with here.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from functools import lru_cache
from heapq import merge
from itertools import compress, islice, takewhile
from math import gcd, prod
from operator import ne
from typing import TYPE_CHECKING, Final, NamedTuple

import attrs
from dateutil.rrule import rrulestr

from slotkeeper.domain.day_pattern import DayPattern
from slotkeeper.domain.instant import EARLIEST, LATEST, TICK, later
from slotkeeper.domain.localise import MEMBERSHIP, Localiser
from slotkeeper.domain.rule_text import FREQUENCIES, WEEKDAYS, Parts, Rule, normalise
from slotkeeper.domain.walltime import FoldPolicy, GapPolicy, as_wall, reading
from slotkeeper.domain.zones import as_zone, offset_segments
from slotkeeper.errors import InvalidFieldError, InvalidInstantError, InvalidRecurrenceError

if TYPE_CHECKING:
    import zoneinfo
    from collections.abc import Iterable, Iterator

    from slotkeeper.domain.interval import Interval

MAX_OCCURRENCES: Final = 100_000
"""How many occurrences one window may hold."""

_EPOCH: Final = dt.datetime.min  # noqa: DTZ901 - the calendar's own beginning, a Monday
_UNITS: Final = {
    "WEEKLY": dt.timedelta(weeks=1),
    "DAILY": dt.timedelta(days=1),
    "HOURLY": dt.timedelta(hours=1),
    "MINUTELY": dt.timedelta(minutes=1),
    "SECONDLY": dt.timedelta(seconds=1),
}
_YEARS_IN_CYCLE: Final = 400
_CYCLE: Final = dt.timedelta(days=146_097)
_LAST_CYCLE: Final = dt.datetime(9599, 1, 1)  # noqa: DTZ001 - a wall-clock time
_DAY_FILTERS: Final = frozenset({"BYMONTH", "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY"})
_A_DAY: Final = dt.timedelta(days=1)
_MARGIN: Final = 3 * _A_DAY  # more than any offset, on top of what is read beyond the window


class _ClockUnit(NamedTuple):
    part: str
    unit: str
    size: int


_CLOCK: Final = {
    "HOURLY": _ClockUnit("BYHOUR", "hour", 24),
    "MINUTELY": _ClockUnit("BYMINUTE", "minute", 60),
    "SECONDLY": _ClockUnit("BYSECOND", "second", 60),
}


def _wall_times(values: Iterable[dt.datetime]) -> tuple[dt.datetime, ...]:
    return tuple(sorted({as_wall(value) for value in values}))


def _rule_text(text: str | None) -> str | None:
    return None if text is None else normalise(text)


@attrs.frozen
class Recurrence:
    """Wall-clock times that recur by an RFC 5545 rule, with added and excluded ones.

    The start occurs only if the rule matches it; without a rule it occurs once. ``COUNT`` counts what the
    rule gives, before exclusions. Impossible rules, such as the 30th of February, are refused.

    Args:
        start: The first wall-clock time (DTSTART), in whole seconds and without an offset.
        rule: RRULE text such as ``FREQ=WEEKLY;BYDAY=MO``, or None for the start alone.
        extra: Times added (RDATE).
        except_: Times excluded (EXDATE).

    Raises:
        InvalidRecurrenceError: The rule is malformed or can never occur.
        InvalidFieldError: A time has an offset, or the start has a fraction of a second.

    >>> mondays = Recurrence(dt.datetime(2025, 10, 6, 9), "FREQ=WEEKLY;BYDAY=MO;COUNT=3")
    >>> [str(time) for time in mondays.occurrences()]
    ['2025-10-06 09:00:00', '2025-10-13 09:00:00', '2025-10-20 09:00:00']
    """

    start: dt.datetime = attrs.field(converter=as_wall)
    rule: str | None = attrs.field(default=None, converter=_rule_text)
    extra: tuple[dt.datetime, ...] = attrs.field(default=(), kw_only=True, converter=_wall_times)
    except_: tuple[dt.datetime, ...] = attrs.field(default=(), kw_only=True, converter=_wall_times)

    @start.validator
    def _has_whole_seconds(self, _: object, start: dt.datetime) -> None:
        if start.microsecond:
            raise InvalidFieldError("Recurrence.start", start, "must be in whole seconds")

    @rule.validator
    def _can_occur(self, _: object, text: str | None) -> None:
        if text is not None and not _is_possible(text, self.start):
            raise InvalidRecurrenceError(text, f"never occurs from {self.start} on")

    def occurrences(
        self, *, since: dt.datetime | None = None, zone: str | zoneinfo.ZoneInfo | None = None
    ) -> Iterator[dt.datetime]:
        """Yield wall-clock starts in order, lazily and up to the year 9999.

        Args:
            since: Leave out what is earlier; a rule without COUNT is not walked from its start then.
            zone: Where the clock stands; needed for a rule whose UNTIL is in UTC.

        Raises:
            InvalidRecurrenceError: UNTIL is in UTC, and no zone is given.
        """
        first = self.start if since is None else as_wall(since)
        ruled = iter((self.start,)) if self.rule is None else _ruled(self.rule, self.start, first, zone)
        excluded, previous = frozenset(self.except_), None
        for wall in merge(ruled, self.extra):
            if wall != previous and wall >= first and wall not in excluded:
                yield wall
            previous = wall

    def between(
        self, first: dt.datetime, last: dt.datetime, *, zone: str | zoneinfo.ZoneInfo | None = None
    ) -> Iterator[dt.datetime]:
        """Yield the wall-clock starts from ``first`` on and before ``last``.

        Raises:
            InvalidRecurrenceError: There are more than 100,000, or UNTIL is in UTC and no zone is given.

        >>> daily = Recurrence(dt.datetime(2000, 1, 1, 9), "FREQ=DAILY;INTERVAL=3")
        >>> [
        ...     str(day)
        ...     for day in daily.between(dt.datetime(2025, 10, 20), dt.datetime(2025, 10, 26))
        ... ]
        ['2025-10-22 09:00:00', '2025-10-25 09:00:00']
        """
        begin, end = as_wall(first), as_wall(last)
        counted = self._counted_off(begin, end, zone)
        if counted is not None:
            yield from counted
            return
        found = takewhile(lambda wall: wall < end, self.occurrences(since=begin, zone=zone))
        for index, wall in enumerate(found):
            if index >= MAX_OCCURRENCES:
                raise InvalidRecurrenceError(
                    str(self.rule), f"gives more than {MAX_OCCURRENCES} starts in the window"
                )
            yield wall

    def instants(
        self, window: Interval, zone: str | zoneinfo.ZoneInfo, *, gap: GapPolicy, fold: FoldPolicy
    ) -> Iterator[dt.datetime]:
        """Yield the starts within a window as instants in UTC, each once and in order.

        Args:
            gap: What a start that the clock skips becomes; `GapPolicy.SKIP` drops it.
            fold: Which pass a start that the clock repeats takes.

        Raises:
            NonexistentTimeError: A start is skipped, and ``gap`` is ``RAISE``.
            AmbiguousTimeError: A start is repeated, and ``fold`` is ``RAISE``.
        """
        place = as_zone(zone)
        first, last = _readings(window, place)
        walls = self._counted_off(first.replace(tzinfo=dt.UTC), last.replace(tzinfo=dt.UTC), place)
        if walls is None:
            walls = [wall.replace(tzinfo=dt.UTC) for wall in self.between(first, last, zone=place)]
        clocks = Localiser(place, later(window.start, -_MARGIN), later(window.end, _MARGIN), MEMBERSHIP)
        found = sorted(clocks.instants(walls, gap=gap, fold=fold))
        near = found[bisect_left(found, window.start) : bisect_left(found, window.end)]
        yield from compress(near, map(ne, near, (None, *near)))

    def _counted_off(
        self, first: dt.datetime, last: dt.datetime, zone: str | zoneinfo.ZoneInfo | None
    ) -> list[dt.datetime] | None:
        """Return the starts from ``first`` on and before ``last``, if the rule is a pattern of days, or None.

        They are naive, or marked UTC where the bounds are.
        """
        start = self.start.replace(tzinfo=first.tzinfo)
        pattern = None if self.rule is None else _pattern(self.rule, start)
        if self.rule is None or pattern is None or pattern.most(first, last) > MAX_OCCURRENCES:
            return None
        until = _local_until(_parsed(self.rule), zone)
        end = last if until is None else min(last, until.replace(tzinfo=first.tzinfo) + TICK)
        return self._with_dates(pattern.between(max(first, start), end), first, last)

    def _with_dates(
        self, ruled: list[dt.datetime], first: dt.datetime, last: dt.datetime
    ) -> list[dt.datetime]:
        """Return what the rule gives with the times added and without those excluded."""
        if not (self.extra or self.except_):
            return ruled
        added, excluded = (
            {time.replace(tzinfo=first.tzinfo) for time in times} for times in (self.extra, self.except_)
        )
        return sorted({*ruled, *(time for time in added if first <= time < last)} - excluded)


def _readings(window: Interval, zone: zoneinfo.ZoneInfo) -> tuple[dt.datetime, dt.datetime]:
    """Return bounds of the wall-clock times that can stand for an instant in the window."""
    offsets = [offset for _, _, offset in offset_segments(zone, window.start, window.end)]
    start, end = window.start.replace(tzinfo=None), window.end.replace(tzinfo=None)
    first = start - min(_A_DAY - min(offsets), start - _EPOCH)
    last = end + min(_A_DAY + max(offsets), dt.datetime.max - end)  # noqa: DTZ901 - a wall-clock time
    return first, last


@lru_cache(maxsize=1024)
def _parsed(text: str) -> Rule:
    return Rule.parse(text)


@lru_cache(maxsize=1024)
def _pattern(text: str, start: dt.datetime) -> DayPattern | None:
    return DayPattern.of(_parsed(text), start)


def _ruled(
    text: str, start: dt.datetime, since: dt.datetime, zone: str | zoneinfo.ZoneInfo | None
) -> Iterator[dt.datetime]:
    """Yield what the rule gives; with COUNT from the start on, else from some time before ``since``."""
    rule = _parsed(text)
    until = _local_until(rule, zone)
    begin = index_of(rule, start)
    if rule.count is None:
        ahead = index_of(rule, max(start, since)) - begin
        begin += ahead // rule.interval * rule.interval
    raw: Iterator[dt.datetime] = (wall for wall in _raw(rule, start, begin, rule.interval) if wall >= start)
    if until is not None:
        raw = takewhile(lambda wall: wall <= until, raw)
    return raw if rule.count is None else islice(raw, rule.count)


def _local_until(rule: Rule, zone: str | zoneinfo.ZoneInfo | None) -> dt.datetime | None:
    if rule.until is None or rule.until.tzinfo is None:
        return rule.until
    if zone is None:
        raise InvalidRecurrenceError(rule.text, "UNTIL is in UTC, so a zone is needed")
    try:
        return reading(rule.until, zone)
    except InvalidInstantError:  # 99991231T235959Z, by which calendars mean that it never ends
        return (LATEST if rule.until.year > 1 else EARLIEST).replace(tzinfo=None)


def index_of(rule: Rule, wall: dt.datetime) -> int:
    """Return the number of the year, month, week, … that holds a wall-clock time."""
    if rule.frequency == "YEARLY":
        return wall.year
    if rule.frequency == "MONTHLY":
        return wall.year * 12 + wall.month - 1
    return (wall - _EPOCH - dt.timedelta(days=_days_off(rule))) // _UNITS[rule.frequency]


def _beginning(rule: Rule, index: int) -> dt.datetime:
    """Return the first wall-clock time of a period, the inverse of `index_of`."""
    if rule.frequency == "YEARLY":
        return _EPOCH.replace(year=index)
    if rule.frequency == "MONTHLY":
        return _EPOCH.replace(year=index // 12, month=index % 12 + 1)
    since_epoch = index * _UNITS[rule.frequency] + dt.timedelta(days=_days_off(rule))
    return _EPOCH + max(since_epoch, dt.timedelta(0))


def _days_off(rule: Rule) -> int:
    return rule.week_start if rule.frequency == "WEEKLY" else 0


def _raw(rule: Rule, start: dt.datetime, index: int, interval: int) -> Iterator[dt.datetime]:
    """Yield the rule's instances from the period ``index`` on, every ``interval`` periods."""
    first = _beginning(rule, index)
    frequency, every, parts = _coarsest(rule.frequency, interval, rule.complete(start), first)
    if () not in parts.values():
        yield from _asked(f"FREQ={frequency};INTERVAL={every};WKST={WEEKDAYS[rule.week_start]}", parts, first)


def _asked(head: str, parts: Parts, first: dt.datetime) -> Iterator[dt.datetime]:
    by = "".join(f";{name}={','.join(values)}" for name, values in parts.items())
    try:
        yield from rrulestr(head + by, dtstart=first)
    except (ValueError, OverflowError):  # dateutil sees that nothing can match, or leaves the calendar
        return


def _coarsest(frequency: str, interval: int, parts: Parts, first: dt.datetime) -> tuple[str, int, Parts]:
    """Write a rule of hours, minutes or seconds as one of days, as far as its interval divides the next unit.

    dateutil tries every hour, minute or second in turn; as a set of times of the day the same rule is cheap.
    """
    while frequency in _CLOCK and "BYSETPOS" not in parts and _CLOCK[frequency].size % interval == 0:
        clock = _CLOCK[frequency]
        wanted = {int(value) for value in parts.get(clock.part, map(str, range(clock.size)))}
        steps = range(getattr(first, clock.unit) % interval, clock.size, interval)
        parts = {**parts, clock.part: tuple(str(value) for value in steps if value in wanted)}
        frequency, interval = FREQUENCIES[FREQUENCIES.index(frequency) - 1], 1
    return frequency, interval, parts


@lru_cache(maxsize=1024)
def _is_possible(text: str, start: dt.datetime) -> bool:
    """Tell whether the rule ever occurs, by the last cycle of the calendar that dateutil can walk.

    The pattern of days returns after the cycle, and stepping through it by the interval meets just those
    periods that stepping by the common divisor of interval and cycle meets.
    """
    rule = _parsed(text)
    parts = rule.complete(start)
    if rule.frequency in _UNITS and not (
        _some_position_exists(rule.frequency, parts) and _some_day_exists(rule, parts)
    ):
        return False
    interval = gcd(rule.interval, _cycle(rule.frequency))
    last = index_of(rule, _LAST_CYCLE)
    index = last - (last - index_of(rule, start)) % interval
    return next(_raw(rule, start, index, interval), None) is not None


def _cycle(frequency: str) -> int:
    """Return how many periods the Gregorian calendar takes to repeat itself, weekdays included."""
    if frequency in _UNITS:
        return _CYCLE // _UNITS[frequency]
    return _YEARS_IN_CYCLE if frequency == "YEARLY" else _YEARS_IN_CYCLE * 12


def _some_day_exists(rule: Rule, parts: Parts) -> bool:
    days = {name: values for name, values in parts.items() if name in _DAY_FILTERS}
    head = f"FREQ=YEARLY;WKST={WEEKDAYS[rule.week_start]}"
    return not days or next(_asked(head, days, _LAST_CYCLE), None) is not None


def _some_position_exists(frequency: str, parts: Parts) -> bool:
    """Tell whether BYSETPOS can pick anything out of one hour, minute or second."""
    if frequency not in _CLOCK or "BYSETPOS" not in parts:
        return True
    finer = [
        clock.part for name, clock in _CLOCK.items() if FREQUENCIES.index(name) > FREQUENCIES.index(frequency)
    ]
    size = prod(len(set(parts[name])) for name in finer)
    return any(abs(int(position)) <= size for position in parts["BYSETPOS"])
