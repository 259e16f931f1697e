"""Schedules, wall-clock times and recurrences, answered by other systems, the IANA database and RFC 5545."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from itertools import islice
from typing import Any

import pytest
from tests.corpus.cases import Case, cases

from slotkeeper.domain.hours import DateOverride, Hours, RecurringHours, WeeklyHours, ZoneOverride
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet
from slotkeeper.domain.recurrence import Recurrence
from slotkeeper.domain.schedule import Schedule
from slotkeeper.domain.walltime import FoldPolicy, GapPolicy, WallTimeKind, classify, resolve
from slotkeeper.domain.working_time import take
from slotkeeper.domain.zones import as_zone

Given = dict[str, Any]


def instant(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def spans(pairs: Iterable[tuple[str, str]]) -> IntervalSet:
    return IntervalSet.from_pairs((instant(start), instant(end)) for start, end in pairs)


def weekly(given: Given) -> list[WeeklyHours]:
    hours = [(rule["days"], Hours(rule["from"], rule["to"])) for rule in given.get("weekly", ())]
    sleeps = not given.get("overnight", True)
    return [WeeklyHours(days, one) for days, one in hours if not (sleeps and one.end > dt.timedelta(days=1))]


def overrides(given: Given) -> list[DateOverride]:
    by_date: dict[str, list[Hours]] = defaultdict(list)
    for rule in given.get("overrides", ()):
        closed = rule["from"] == rule["to"]
        by_date[rule["date"]] += [] if closed else [Hours(rule["from"], rule["to"])]
    return [DateOverride(dt.date.fromisoformat(date), hours) for date, hours in by_date.items()]


def schedule(given: Given) -> Schedule:
    return Schedule(
        given["zone"],
        weekly(given),
        overrides=overrides(given),
        closed_dates=given.get("closed_dates", ()),
        closures=spans(given.get("closed", ())),
        zones=[ZoneOverride(one["zone"], one["from"], one.get("to")) for one in given.get("zones", ())],
    )


def window(given: Given) -> Interval:
    if "window" in given:
        return Interval(*map(instant, given["window"]))
    midnights = (dt.datetime.fromisoformat(date) for date in given["dates"])
    zone = given["zone"]
    return Interval(
        *(resolve(one, zone, gap=GapPolicy.TRANSITION, fold=FoldPolicy.EARLIER) for one in midnights)
    )


@pytest.mark.parametrize("case", cases("openings"))
def test_openings_agree(case: Case) -> None:
    hours, within = schedule(case.given), window(case.given)
    expected = [Interval(*map(instant, pair)) for pair in case.expect["open"]]
    if case.given["clip"]:
        found = list(hours.open_between(within))
    elif case.given.get("merge_touching", True):
        found = list(IntervalSet(hours.openings_between(within)))
    else:
        found = list(hours.openings_between(within))
    assert found == expected


@pytest.mark.parametrize("case", cases("open_minutes"))
def test_open_minutes_agree(case: Case) -> None:
    duration = schedule(case.given).open_between(window(case.given)).duration
    assert duration == dt.timedelta(minutes=case.expect["minutes"])


@pytest.mark.parametrize("case", cases("allocate"))
def test_allocations_agree(case: Case) -> None:
    given = case.given
    free = spans(given["free"]) if "free" in given else schedule(given).open_between(window(given))
    needed = dt.timedelta(minutes=given["minutes"])
    assert take(free, needed, backward=given["direction"] == "backward") == spans(case.expect["spans"])


@pytest.mark.parametrize("case", cases("day_span"))
def test_spans_of_a_day_agree(case: Case) -> None:
    given = case.given
    start, end = (dt.datetime.fromisoformat(f"{given['date']}T{given[key]}") for key in ("from", "to"))
    end += dt.timedelta(days=given["to_next_day"])
    entry = [RecurringHours(Recurrence(start), end - start)] if start < end else []
    century = Interval.parse("2000-01-01T00:00Z/2100-01-01T00:00Z")
    found = Schedule(given["zone"], recurring=entry).openings_between(century)
    expected = case.expect["span"]
    assert found == (() if expected is None else (Interval(*map(instant, expected)),))


@pytest.mark.parametrize("case", cases("date_overlap"))
def test_days_off_agree(case: Case) -> None:
    def days(first: str, last: str) -> Interval:
        start, end = (dt.datetime.fromisoformat(f"{date}T00:00Z") for date in (first, last))
        return Interval(start, end + dt.timedelta(days=1))

    off = IntervalSet(days(*pair) for pair in case.given["days_off"])
    assert off.overlaps(days(*case.given["range"])) is case.expect["holds"]


@pytest.mark.parametrize("case", cases("resolve"))
def test_wall_times_resolve_as_the_zone_database_says(case: Case) -> None:
    expect = case.expect
    found = classify(dt.datetime.fromisoformat(case.given["wall"]), case.given["zone"])
    assert found.kind is WallTimeKind(expect["type"])
    if found.kind is WallTimeKind.UNIQUE:
        assert found.earlier == found.later == instant(expect["utc"])
        return
    assert (found.earlier, found.later) == (instant(expect["earlier"]), instant(expect["later"]))
    if found.kind is WallTimeKind.GAP:
        assert found.transition == instant(expect["transition"])
        assert found.wall_after == dt.datetime.fromisoformat(expect["wall_after"])


def expected_starts(expect: dict[str, Any]) -> list[dt.datetime]:
    if "starts" in expect:
        return [dt.datetime.fromisoformat(text) for text in expect["starts"]]
    texts = (f"{month}-{day:02d}T{expect['at']}" for month, days in expect["days"].items() for day in days)
    return [dt.datetime.fromisoformat(text) for text in texts]


@pytest.mark.parametrize("case", cases("recurrence"))
def test_recurrences_agree_with_rfc_5545(case: Case) -> None:
    given = case.given
    excluded = [dt.datetime.fromisoformat(text) for text in given.get("exdate", ())]
    rule = Recurrence(dt.datetime.fromisoformat(given["dtstart"]), given["rrule"], except_=excluded)
    assert list(islice(rule.occurrences(zone=given["zone"]), given.get("limit"))) == expected_starts(
        case.expect
    )


@pytest.mark.parametrize("case", cases("expand"))
def test_recurring_busy_time_agrees(case: Case) -> None:
    zone = as_zone(case.given["zone"])
    busy = []
    for event in case.given["events"]:
        start, end = (instant(event[key]).astimezone(zone).replace(tzinfo=None) for key in ("start", "end"))
        busy.append(RecurringHours(Recurrence(start, event.get("rrule")), end - start))
    found = Schedule(zone, recurring=busy).openings_between(window(case.given))
    assert list(found) == [Interval(*map(instant, pair)) for pair in case.expect["busy"]]
