"""The cache of local days, in zones whose clocks change, and the days that an event touches."""

from __future__ import annotations

import asyncio
import datetime as dt
from functools import partial
from typing import Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.contrib.web.loops import NOW, an_async_desk

from slotkeeper import (
    AsyncBookingDesk,
    BookingDesk,
    Buffers,
    Event,
    Id,
    InvalidFieldError,
    InvalidZoneError,
    MemoryStore,
    Resource,
    Service,
    Slot,
    SlotkeeperError,
    day_interval,
)
from slotkeeper.contrib.web import AsyncDayCache, Cache, DayCache, touched_days
from slotkeeper.domain.walltime import reading

HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)
DAY = dt.timedelta(days=1)
CHANGES = {
    "Europe/Berlin": dt.date(2025, 10, 26),
    "America/Los_Angeles": dt.date(2026, 3, 8),
    "America/St_Johns": dt.date(2010, 11, 7),  # a minute after its midnight the clock is set back over it
    "America/Sao_Paulo": dt.date(2018, 2, 18),  # the hour before its midnight comes twice
    "Asia/Beirut": dt.date(2025, 3, 30),  # it has no midnight
    "Pacific/Apia": dt.date(2011, 12, 30),  # it does not exist
    "Pacific/Kiritimati": dt.date(2025, 6, 1),  # 14 hours ahead
    "UTC": dt.date(2025, 6, 1),
}
"""A day of each zone, most of them with a change of the clock."""


class Dict(dict[str, Any]):
    """A cache that forgets nothing."""

    def set(self, key: str, value: Any, timeout: float | None, /) -> None:  # noqa: ANN401
        del timeout
        self[key] = value

    def add(self, key: str, value: Any, timeout: float | None, /) -> None:  # noqa: ANN401
        del timeout
        self.setdefault(key, value)


@attrs.frozen
class Remote:
    """A cache that is awaited."""

    kept: Dict = attrs.field(factory=Dict)

    async def get(self, key: str, /) -> Any:  # noqa: ANN401
        await asyncio.sleep(0)
        return self.kept.get(key)

    async def set(self, key: str, value: Any, timeout: float | None, /) -> None:  # noqa: ANN401, ASYNC109
        self.kept.set(key, value, timeout)

    async def add(self, key: str, value: Any, timeout: float | None, /) -> None:  # noqa: ANN401, ASYNC109
        self.kept.add(key, value, timeout)


def bay_and_wash(minutes: int, before: int, after: int) -> tuple[Resource, Service]:
    """Return a bay that is always open, and a service that takes so long."""
    buffers = Buffers(before * MINUTE, after * MINUTE)
    return Resource("bay"), Service("wash", minutes * MINUTE, buffers=buffers, grid=30 * MINUTE)


def a_desk(zone: str, resource: Resource, service: Service, **options: Any) -> BookingDesk:  # noqa: ANN401
    now = midnight(zone) - 5 * DAY
    desk = BookingDesk(MemoryStore(), clock=lambda: now, **options)
    desk.add_resource(resource)
    desk.add_service(service)
    return desk


def midnight(zone: str) -> dt.datetime:
    whole = day_interval(CHANGES[zone] - DAY, zone)
    assert whole is not None
    return whole.start


STEPS = st.lists(st.tuples(st.sampled_from(["book", "move", "cancel"]), st.integers(-24, 120)), max_size=6)


def act(desk: BookingDesk, what: str, start: dt.datetime, made: list[Id]) -> None:
    try:
        if what == "book":
            made.append(desk.book("wash", start).id)
        elif what == "move" and made:
            desk.reschedule(made[-1], start)
        elif what == "cancel" and made:
            desk.cancel(made.pop())
    except SlotkeeperError:
        """It is taken; nothing changes."""


def slots_of(desk: BookingDesk, zone: str, date: dt.date) -> list[Slot]:
    whole = day_interval(date, zone)
    return [] if whole is None else desk.slots("wash", whole)


@given(
    zone=st.sampled_from(sorted(CHANGES)),
    steps=STEPS,
    minutes=st.sampled_from([30, 90, 600]),
    buffers=st.sampled_from([(0, 0), (20, 40)]),
)
def test_what_is_cached_of_a_local_day_is_what_would_be_worked_out_anew(
    zone: str, steps: list[tuple[str, int]], minutes: int, buffers: tuple[int, int]
) -> None:
    cache = DayCache(Dict(), zone=zone)
    desk = a_desk(zone, *bay_and_wash(minutes, *buffers), subscribers=[cache])
    made: list[Id] = []
    for what, halves in [("look", 0), *steps]:
        act(desk, what, midnight(zone) + halves * 30 * MINUTE, made)
        for number in range(-2, 4):
            date = CHANGES[zone] + number * DAY
            anew = slots_of(desk, zone, date)
            assert cache.get("bay", date, "", partial(slots_of, desk, zone, date)) == anew


@given(zone=st.sampled_from(sorted(CHANGES)), steps=STEPS)
@example(zone="America/St_Johns", steps=[("book", 49)])
def test_where_nobody_is_open_at_midnight_other_days_are_kept(
    zone: str, steps: list[tuple[str, int]]
) -> None:
    cache = DayCache(Dict(), zone=zone, around=dt.timedelta(0))
    desk = a_desk(zone, *bay_and_wash(30, 0, 0), subscribers=[cache])
    made: list[Id] = []
    for what, halves in steps:
        act(desk, what, midnight(zone) + halves * 30 * MINUTE, made)
        for number in range(-2, 4):
            whole = day_interval(date := CHANGES[zone] + number * DAY, zone)
            if whole is not None:
                free = partial(desk.free_time, "bay", whole)
                assert cache.get("bay", date, "", free) == free()


def test_a_day_that_nothing_touches_is_worked_out_once() -> None:
    zone, worked = "Europe/Berlin", list[dt.date]()
    cache = DayCache(Dict(), zone=zone, around=dt.timedelta(0))
    desk = a_desk(zone, *bay_and_wash(30, 0, 0), subscribers=[cache])
    change = CHANGES[zone]

    def ask(date: dt.date) -> None:
        def work_out() -> int:
            worked.append(date)
            return len(worked)

        cache.get("bay", date, "", work_out)

    for date in (change - DAY, change, change + DAY) * 2:
        ask(date)
    desk.book("wash", dt.datetime(2025, 10, 25, 22, 0, tzinfo=dt.UTC))  # midnight on the day of the change
    for date in (change - DAY, change, change + DAY):
        ask(date)
    assert worked == [change - DAY, change, change + DAY, change]


def test_zones_are_kept_apart_in_one_cache() -> None:
    kept = Dict()
    for zone in ("UTC", "Europe/Berlin"):
        cache = DayCache(kept, zone=zone)
        assert cache.get("bay", dt.date(2025, 10, 26), "", partial(str, zone)) == zone
    assert DayCache(kept).get("bay", dt.date(2025, 10, 26), "", lambda: "anew") == "UTC"


def test_what_is_no_day_of_the_zone_is_refused() -> None:
    start: Any = NOW
    with pytest.raises(InvalidFieldError, match="must be a date"):
        DayCache(Dict()).get("bay", start, "", lambda: 1)
    with pytest.raises(InvalidZoneError):
        DayCache(Dict(), zone="Europe/Nowhere")
    wrong: list[Any] = [-DAY, 7]
    for around in wrong:
        with pytest.raises(InvalidFieldError, match="zero or more"):
            DayCache(Dict(), around=around)


# -- for event loops -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [Dict(), Remote()], ids=["plain", "awaited"])
def test_in_an_event_loop_a_day_is_worked_out_once_until_it_is_touched(kept: Cache) -> None:
    zone, worked = "Europe/Berlin", list[int]()

    async def run() -> list[int]:
        cache = AsyncDayCache(kept, zone=zone)
        desk = an_async_desk(subscribers=[cache])
        resource, service = bay_and_wash(30, 0, 0)
        await desk.add_resource(resource)
        await desk.add_service(service)
        counts = [await ask(desk, cache), await ask(desk, cache)]
        await desk.book("wash", dt.datetime(2025, 10, 22, 22, 30, tzinfo=dt.UTC))  # 0:30 on the 23rd
        return [*counts, await ask(desk, cache)]

    async def ask(desk: AsyncBookingDesk, cache: AsyncDayCache) -> int:
        async def work_out() -> int:
            whole = day_interval(dt.date(2025, 10, 23), zone)
            assert whole is not None
            worked.append(1)
            return len(await desk.slots("wash", whole))

        return await cache.get("bay", dt.date(2025, 10, 23), "wash", work_out)

    assert asyncio.run(run()) == [48, 48, 47]
    assert len(worked) == 2


def test_what_must_be_awaited_is_refused_where_nobody_awaits() -> None:
    async def work_out() -> int:
        raise NotImplementedError

    wrong: Any = work_out
    with pytest.raises(InvalidFieldError, match="AsyncDayCache awaits it"):
        DayCache(Dict()).get("bay", dt.date(2025, 10, 23), "", wrong)
    with pytest.raises(InvalidFieldError, match="AsyncDayCache awaits it"):
        DayCache(Remote()).get("bay", dt.date(2025, 10, 23), "", lambda: 1)
    with pytest.raises(InvalidFieldError, match="AsyncDayCache awaits it"):
        DayCache(Remote())(booked("UTC", 0))


# -- the days that an event touches --------------------------------------------------------------------------


def booked(zone: str, halves: int, minutes: int = 30, before: int = 0, after: int = 0) -> Event:
    desk = a_desk(zone, *bay_and_wash(minutes, before, after))
    return desk.history(desk.book("wash", midnight(zone) + halves * 30 * MINUTE).id)[-1]


@given(
    zone=st.sampled_from(sorted(CHANGES)),
    halves=st.integers(-24, 120),
    minutes=st.sampled_from([30, 90, 60 * 24]),
    buffers=st.sampled_from([(0, 0), (30, 60)]),
)
@example(zone="America/St_Johns", halves=49, minutes=30, buffers=(0, 0))  # 23:30 for the second time
@example(zone="Pacific/Apia", halves=47, minutes=90, buffers=(0, 0))  # across the day that does not exist
def test_touched_are_the_days_that_clocks_show_and_those_that_overlap(
    zone: str, halves: int, minutes: int, buffers: tuple[int, int]
) -> None:
    event = booked(zone, halves, minutes, *buffers)
    reach = event.booking.allocations[0].reach
    steps = range(0, int(reach.duration / MINUTE), 15)
    shown = {reading(reach.start + step * MINUTE, zone).date() for step in steps}
    around = (CHANGES[zone] + number * DAY for number in range(-4, 7))
    wholes = ((date, day_interval(date, zone)) for date in around)
    overlapping = {date for date, whole in wholes if whole is not None and whole & reach}
    dates = touched_days(event, zone)
    assert dates == sorted(dates)
    assert shown | overlapping <= set(dates)
    assert set(dates) - shown - overlapping <= {dt.date(2011, 12, 30)}  # between two days that are touched


def test_of_a_moved_booking_the_old_and_the_new_days_are_touched_each_for_its_resource() -> None:
    desk = a_desk("Europe/Berlin", *bay_and_wash(30, 0, 0))
    desk.add_resource(Resource("ramp"))
    evening = dt.datetime(2025, 10, 26, 23, 30, tzinfo=dt.UTC)  # after midnight in Berlin
    booking = desk.book("wash", evening, resource_ids=["bay"])
    desk.reschedule(booking.id, evening - 3 * DAY, resource_ids=["ramp"])
    event = desk.history(booking.id)[-1]
    old, new = dt.date(2025, 10, 27), dt.date(2025, 10, 24)
    assert touched_days(event, "Europe/Berlin") == [new, old]
    assert touched_days(event, "Europe/Berlin", resource_id="bay") == [old]
    assert touched_days(event, "Europe/Berlin", resource_id="ramp") == [new]
    assert touched_days(event) == [new - DAY, old - DAY]
    assert touched_days(event, resource_id="other") == []


def test_a_booking_touches_no_day_that_begins_as_it_ends() -> None:
    event = booked("Europe/Berlin", -2, minutes=60)
    assert touched_days(event, "Europe/Berlin") == [dt.date(2025, 10, 24)]
    assert event.booking.end == midnight("Europe/Berlin")
