"""A weekly rule at a time that the clock skips once a year: ten years of it, and one month of the tenth."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

from tests.benchmarks.harness import OURS, Contest, Foreign, Goal, Rival, kept

from slotkeeper.domain.interval import Interval
from slotkeeper.domain.recurrence import Recurrence
from slotkeeper.domain.walltime import FoldPolicy, GapPolicy

ZONE: Final = "Europe/Warsaw"
PLACE: Final = ZoneInfo(ZONE)
BEGIN: Final = dt.datetime(2025, 1, 2, 2, 30)
TIMES: Final = 100
"""How often the month is asked for."""


def _in_zone(wall: dt.datetime) -> dt.datetime:
    return wall.replace(tzinfo=PLACE)


def _until(years: int) -> dt.datetime:
    return BEGIN.replace(year=BEGIN.year + years)


def _months(years: int) -> tuple[dt.datetime, dt.datetime]:
    year = BEGIN.year + years - 1
    return _in_zone(dt.datetime(year, 6, 1)), _in_zone(dt.datetime(year, 7, 1))


def _utc(found: Sequence[dt.datetime]) -> list[dt.datetime]:
    return [one.astimezone(dt.UTC) for one in found]


def _our_instants(state: tuple[Recurrence, Interval]) -> list[dt.datetime]:
    recurrence, window = state
    return list(recurrence.instants(window, PLACE, gap=GapPolicy.LATER, fold=FoldPolicy.EARLIER))


def _dateutil_rule(years: int) -> Foreign:
    from dateutil.rrule import SU, TH, WEEKLY, rrule

    return rrule(WEEKLY, dtstart=_in_zone(BEGIN), until=_in_zone(_until(years)), byweekday=(TH, SU))


def _by_whenever(years: int) -> list[Foreign]:
    """Add weeks on the wall clock and put each time into the zone; it has no rules.

    Adding to a time in the zone itself keeps the offset where the clock shows a time twice, whatever it is
    told to choose, and so gives another instant.
    """
    from whenever import PlainDateTime

    first, until = PlainDateTime(2025, 1, 2, 2, 30), PlainDateTime(2025 + years, 1, 2, 2, 30)
    found, days = [], 0
    while (thursday := first.add(days=days)) <= until:
        found.append(thursday.assume_tz(ZONE, disambiguation="compatible"))
        sunday = first.add(days=days + 3)
        if sunday <= until:
            found.append(sunday.assume_tz(ZONE, disambiguation="compatible"))
        days += 7
    return found


def _years(size: int) -> list[Rival]:
    window = Interval(_in_zone(BEGIN), _in_zone(_until(size)) + dt.timedelta(minutes=1))
    rule = Recurrence(BEGIN, "FREQ=WEEKLY;BYDAY=TH,SU")
    return [
        Rival(OURS, lambda: (rule, window), _our_instants),
        Rival("whenever", lambda: size, _by_whenever, answer=_of_whenever, module="whenever"),
        Rival("python-dateutil", kept(lambda: _dateutil_rule(size)), list, answer=_utc),
    ]


def _of_whenever(found: Sequence[Foreign]) -> list[dt.datetime]:
    return _utc([one.to_stdlib() for one in found])


def _repeated(work: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def all_times(state: Any) -> Any:  # noqa: ANN401 - the rival's own
        return [work(state) for _ in range(TIMES)][-1]

    return all_times


def _month(size: int) -> list[Rival]:
    first, last = _months(size)
    rule = Recurrence(BEGIN, "FREQ=WEEKLY;BYDAY=TH,SU")
    return [
        Rival(OURS, lambda: (rule, Interval(first, last)), _repeated(_our_instants)),
        Rival(
            "python-dateutil",
            kept(lambda: _dateutil_rule(size)),
            _repeated(lambda given: given.between(first, last, inc=True)),
            answer=_utc,
        ),
    ]


CONTESTS: Final = (
    Contest(
        "weekly rule over years in a zone",
        _years,
        (10,),
        2,
        growth=(1, 3, 10, 30),
        goals=(Goal("python-dateutil", 10), Goal("whenever", 1)),
    ),
    Contest(
        "one month in the last year of a weekly rule, 100 times",
        _month,
        (10,),
        2,
        growth=(1, 3, 10, 30),
        goals=(Goal("python-dateutil", 300),),
    ),
)
