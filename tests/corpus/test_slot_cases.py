"""Slots, first starts and conflicts, answered by four other booking systems."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Final

import pytest
from tests.corpus.cases import Case, cases

from slotkeeper.domain.booking import Allocation, Booking
from slotkeeper.domain.buffers import Buffers
from slotkeeper.domain.grid import ClockGrid, FixedGrid, GapGrid, Grid, OpeningGrid
from slotkeeper.domain.hours import DateOverride, Hours, WeeklyHours
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet
from slotkeeper.domain.limit import Limit
from slotkeeper.domain.periods import day_interval
from slotkeeper.domain.requirement import Requirement
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.schedule import Schedule
from slotkeeper.domain.service import Service
from slotkeeper.domain.slot import Slot
from slotkeeper.domain.zones import as_zone
from slotkeeper.engine.evaluator import Evaluator
from slotkeeper.engine.question import Request, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slotkeeper.domain.ids import Id

Given = dict[str, Any]
MINUTE: Final = dt.timedelta(minutes=1)
TICK: Final = dt.timedelta(microseconds=1)
EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
CENTURY: Final = Interval.parse("1970-01-01T00:00Z/2070-01-01T00:00Z")
DAY: Final = dt.timedelta(days=1)


def instant(moment: str | int) -> dt.datetime:
    """Read a tick as that many minutes since the epoch, and text as ISO 8601."""
    return EPOCH + moment * MINUTE if isinstance(moment, int) else dt.datetime.fromisoformat(moment)


def interval(span: Iterable[str | int]) -> Interval:
    return Interval(*map(instant, span))


def grid(given: Given) -> Grid:
    step, offset = given["step"] * MINUTE, given.get("offset", 0) * MINUTE
    if given["anchor"] == "gap":
        pack, zone = given.get("pack", False), given["zone"]
        return GapGrid(step, align=given["align"] * MINUTE, offset=offset, pack=pack, zone=zone)
    if given["anchor"] == "opening":
        return OpeningGrid(step, offset=offset)
    return FixedGrid(step, instant(given["window"][0]))


def buffers(given: Given, combine: str | None = None) -> Buffers:
    before, after = given.get("before", 0) * MINUTE, given.get("after", 0) * MINUTE
    return Buffers(before, after, combine=combine or given.get("buffers_combine", "sum"))


def booking(number: Id, given: Given, resource_ids: Iterable[Id], **rest: Any) -> Booking:  # noqa: ANN401
    span = interval((given["start"], given["end"]))
    units, around = rest.pop("units", 1), rest.pop("buffers", Buffers())
    return Booking(
        id=number,
        service_id="service",
        interval=span,
        allocations=[Allocation(one, span, units, buffers=around) for one in resource_ids],
        created_at=span.start,
        updated_at=span.start,
        **{"status": "confirmed", **rest},
    )


def starts(slots: Iterable[Slot]) -> list[dt.datetime]:
    return list(dict.fromkeys(slot.start for slot in slots))


def around(openings: Iterable[Interval]) -> Interval:
    hull = IntervalSet(openings).span() or Interval(EPOCH, EPOCH + DAY)
    return hull.expand(DAY, DAY)


# -- free time -----------------------------------------------------------------------------------------------


def free_resources(given: Given) -> list[Resource]:
    spans = given["resources"] if "resources" in given else {"only": given["free"]}
    return [Resource(name, Schedule.of(map(interval, pairs))) for name, pairs in spans.items()]


def slots_in_free_time(given: Given) -> tuple[Evaluator, list[Slot]]:
    service = Service(
        "service",
        given["duration"] * MINUTE,
        grid=grid(given),
        notice=given.get("notice", 0) * MINUTE if "now" in given else None,
    )
    now = instant(given.get("now", "1970-01-01T00:00Z"))
    resources = free_resources(given)
    evaluator = Evaluator(Snapshot(now, resources), Request(service))
    window = around(one for resource in resources for one in resource.schedule.openings_between(CENTURY))
    if "window" in given:
        first, last = map(instant, given["window"])
        window = Interval(first, last - given["step"] * MINUTE + TICK)
    if "not_before" in given:
        window = Interval(max(window.start, instant(given["not_before"])), window.end)
    return evaluator, list(evaluator.slots(window))


@pytest.mark.parametrize("case", cases("slots"))
def test_slots_in_free_time_agree(case: Case) -> None:
    evaluator, slots = slots_in_free_time(case.given)
    found, expect = starts(slots), case.expect
    if "starts" in expect:
        assert found == list(map(instant, expect["starts"]))
    else:
        assert (len(found), found[0], found[-1]) == (
            expect["count"],
            instant(expect["first"]),
            instant(expect["last"]),
        )
    if "free_until" in expect:
        stretches = [evaluator.free_stretch(slot) for slot in slots]
        assert [one and one.end for one in stretches] == list(map(instant, expect["free_until"]))
    if "resources" in expect:
        names = [[one.resource_id for one in slots if one.start == start] for start in found]
        assert names == expect["resources"]


@pytest.mark.parametrize("case", cases("slots_by_date"))
def test_slots_by_date_agree(case: Case) -> None:
    zone = as_zone(case.given["zone"])
    found = Counter(start.astimezone(zone).date() for start in starts(slots_in_free_time(case.given)[1]))
    assert len(found) == case.expect["dates"]
    assert set(found.values()) == {case.expect["per_date"]}


# -- the schedules of cal.com --------------------------------------------------------------------------------


def schedule(given: Given) -> Schedule:
    weekly = [WeeklyHours(rule["days"], Hours(rule["from"], rule["to"])) for rule in given["weekly"]]
    by_date: dict[str, list[Hours]] = defaultdict(list)
    for rule in given.get("overrides", ()):
        by_date[rule["date"]] += [] if rule["from"] == rule["to"] else [Hours(rule["from"], rule["to"])]
    return Schedule(
        given["zone"], weekly, overrides=[DateOverride(date, hours) for date, hours in by_date.items()]
    )


def needs(given: Given, count: int) -> list[Requirement]:
    need = given["need"]
    if need == "any":
        return [Requirement.any_of(*range(count))]
    if need == "all":
        return [Requirement.all_of(*range(count))]
    return [Requirement.any_of(*need["any"]), Requirement.all_of(*need["all"])]


def limits(given: Given) -> list[Limit]:
    rule = given.get("limits", {})
    found = []
    if "bookings_per_day" in rule:
        found.append(Limit("service", "day", rule["zone"], count=rule["bookings_per_day"]))
    if "minutes_per_day" in rule:
        found.append(Limit("service", "day", rule["zone"], duration=rule["minutes_per_day"] * MINUTE))
    return found


def calendar(given: Given) -> list[Booking]:
    rows = [(number, row) for number, one in enumerate(given["resources"]) for row in one.get("bookings", ())]
    blocking = given.get("blocking_statuses")
    return [
        booking(
            key,
            row,
            [number],
            buffers=buffers(row),
            status=row.get("status", "accepted"),
            occupies=row.get("blocks", True) and (not blocking or row.get("status", "accepted") in blocking),
            counts=row.get("counts", False),
        )
        for key, (number, row) in enumerate(rows)
    ]


@pytest.mark.parametrize("case", cases("schedule_slots"))
def test_slots_of_schedules_agree(case: Case) -> None:
    given = case.given
    service = Service(
        "service",
        given["duration"] * MINUTE,
        needs=needs(given, len(given["resources"])),
        grid=grid(given),
        shared_grid=True,
        buffers=buffers(given),
        notice=given.get("notice", 0) * MINUTE,
        limits=limits(given),
    )
    resources = [Resource(number, schedule(one)) for number, one in enumerate(given["resources"])]
    evaluator = Evaluator(Snapshot(instant(given["now"]), resources, calendar(given)), Request(service))
    day = day_interval(dt.date.fromisoformat(given["date"]), given["zone"])
    assert day is not None
    found = starts(evaluator.slots(day))
    if "starts" in case.expect:
        assert found == list(map(instant, case.expect["starts"]))
    else:
        assert len(found) == case.expect["count"]


# -- the first start of Helsinki -----------------------------------------------------------------------------


def bounded(span: tuple[str | None, str | None]) -> Interval:
    start, end = (None if one is None else instant(one) for one in span)
    return Interval(start or CENTURY.start, end or CENTURY.end)


def wished_hours(given: Given) -> Schedule:
    first, last = given.get("dates", (None, None))
    begin, end = given.get("times", (None, None))
    hours = WeeklyHours("daily", Hours(begin or "00:00", end or "24:00"))
    return Schedule(given["zone"], [hours], valid_from=first, valid_until=last)


def length(given: Given) -> dt.timedelta | None:
    """Return the shortest booking allowed, or None where the longest is below it."""
    step = given["step"]
    shortest = max(given.get("min_duration", 0), step)
    longest = given.get("max_duration")
    if longest is not None and longest // step * step < shortest:
        return None
    return MINUTE * int(shortest)


@pytest.mark.parametrize("case", cases("first_start"))
def test_first_starts_agree(case: Case) -> None:
    given, duration = case.given, length(case.given)
    now = instant(given["now"])
    now += -(now - EPOCH) % MINUTE
    openings = [interval(one) for one in given["openings"]]
    near = around(openings)
    unwished = wished_hours(given).open_between(near).complement(near)
    era = Interval(now, max(near.end, now + DAY))
    hard = IntervalSet(map(bounded, given.get("hard_closed", ()))) | unwished
    soft = IntervalSet(map(bounded, given.get("soft_closed", ())))
    if "closed" in case.expect:
        assert (not Schedule("UTC", sessions=openings, closures=hard).open_between(era)) is case.expect[
            "closed"
        ]
    if duration is None:
        assert case.expect["start"] is None
        return
    service = Service("service", duration, grid=grid(given), buffers=buffers(given))
    rows = given.get("bookings", ())
    rule = given.get("buffers_combine", "sum")
    bookings = [
        booking(key, row, ["only"], buffers=buffers(row, "none" if row.get("ignore_buffers") else rule))
        for key, row in enumerate(rows)
    ]
    resource = Resource("only", Schedule("UTC", sessions=openings, closures=hard | soft))
    slot = next(Evaluator(Snapshot(now, [resource], bookings), Request(service)).slots(era), None)
    assert (slot and slot.start) == (case.expect["start"] and instant(case.expect["start"]))


# -- conflicts -----------------------------------------------------------------------------------------------


def is_taken(resources: list[Resource], bookings: list[Booking], given: Given, on: Id) -> bool:
    """Tell whether a booking would be refused, and that for nothing but what is in its way."""
    service = Service("service", given["duration"] * MINUTE, grid=FixedGrid(MINUTE, instant(given["start"])))
    snapshot = Snapshot(instant(given["start"]), resources, bookings)
    offer = Evaluator(snapshot, Request(service, resource_ids=[on])).offer(instant(given["start"]))
    if isinstance(offer, Slot):
        return False
    assert {one.code for one in offer.refusals} == {"slot_taken"}
    return True


def seats_and_busy_time(given: Given) -> tuple[list[Resource], list[Booking]]:
    """Two seats: busy time takes both, a start with room left one of them."""
    end = (instant(given["start"]) + given["duration"] * MINUTE).isoformat()
    rows = [(1, {"start": start, "end": end}) for start in given.get("shared_starts", ())]
    rows += [(2, {"start": start, "end": end}) for start, end in given["busy"]]
    bookings = [booking(key, row, ["only"], units=units) for key, (units, row) in enumerate(rows)]
    return [Resource("only", capacity=2)], bookings


def hierarchy(given: Given) -> tuple[list[Resource], list[Booking]]:
    """What has children consists of them."""
    children: dict[str, list[str]] = defaultdict(list)
    for child, parent in given["parents"].items():
        children[parent].append(child)
    snapshot = Snapshot(EPOCH, [Resource(one, parts=children[one]) for one in given["parents"]])
    rows = zip(given["busy"], given.get("busy_resources", ()), strict=True)
    bookings = [
        booking(
            key, {"start": start, "end": end}, [one.id for one in snapshot.footprint(snapshot.resource(on))]
        )
        for key, ((start, end), on) in enumerate(rows)
    ]
    return list(snapshot.resources.values()), bookings


@pytest.mark.parametrize("case", cases("conflict"))
def test_conflicts_agree(case: Case) -> None:
    given = case.given
    resources, bookings = hierarchy(given) if "parents" in given else seats_and_busy_time(given)
    assert is_taken(resources, bookings, given, given.get("resource", "only")) is case.expect["conflict"]


@pytest.mark.parametrize("case", cases("filter_starts"))
def test_starts_beside_busy_time_agree(case: Case) -> None:
    given = case.given
    gap = given.get("gap", 0) * MINUTE
    spacing = Buffers(gap, gap, combine=given.get("buffers_combine", "sum"))
    service = Service("service", given["duration"] * MINUTE, grid=ClockGrid(MINUTE), buffers=spacing)
    rows = [{"start": start, "end": end} for start, end in given["busy"]]
    bookings = [booking(key, row, ["only"], buffers=spacing) for key, row in enumerate(rows)]
    wanted = list(map(instant, given["candidates"]))
    evaluator = Evaluator(Snapshot(min(wanted), [Resource("only")], bookings), Request(service))
    found = [start for start in wanted if isinstance(evaluator.offer(start), Slot)]
    assert found == list(map(instant, case.expect["starts"]))
