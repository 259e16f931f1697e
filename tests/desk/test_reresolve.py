from __future__ import annotations

import datetime as dt
from contextlib import AbstractContextManager
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.desk.shops import HALF, HOUR, at, shop
from tests.domain.zone_files import zone_data, zone_file

from slotkeeper import (
    Actor,
    Booking,
    BookingDesk,
    Buffers,
    Event,
    ForbiddenError,
    GapPolicy,
    Id,
    Listing,
    LocalStart,
    MemoryStore,
    NonexistentTimeError,
    Resource,
    Schedule,
    Service,
)
from slotkeeper.domain.explanation import Busy
from slotkeeper.domain.walltime import reading
from slotkeeper.engine.load import Load

UTC = dt.UTC
SUMMER = dt.datetime(2026, 3, 8, 10, tzinfo=UTC)
WINTER = dt.datetime(2026, 11, 1, 9, tzinfo=UTC)
NOW = dt.datetime(2026, 1, 5, tzinfo=UTC)
NOON = dt.datetime(2027, 1, 15, 12)
ZONE = "Test/Coast"
BOTH_WAYS = zone_file(-8, [(SUMMER, -7), (WINTER, -8)])
"""The clock goes forward in March and back in November."""
FOR_GOOD = zone_file(-8, [(SUMMER, -7)])
"""The clock goes forward in March and stays there."""
BACK_SOONER = zone_file(-8, [(SUMMER, -7), (dt.datetime(2026, 11, 1, 8, tzinfo=UTC), -8)])


def before() -> AbstractContextManager[None]:
    return zone_data("2025b", Coast=BOTH_WAYS)


def after(rules: bytes = FOR_GOOD) -> AbstractContextManager[None]:
    return zone_data("2026f", Coast=rules)


@attrs.define
class Coast:
    """A desk with rooms on a coast, open around the clock; each call reads the zone data that are there."""

    desk: BookingDesk
    told: list[Event]

    def book(self, wall: dt.datetime, room: str = "room", *, fold: int = 0, **terms: Any) -> Booking:  # noqa: ANN401
        start = LocalStart(wall, ZONE, fold).instant(gap=GapPolicy.RAISE)
        made: Booking = self.desk.book("visit", start, resource_ids=[room], **terms)
        return made


def coast(*rooms: str, capacity: int = 1, buffers: Buffers | None = None) -> Coast:
    told: list[Event] = []
    desk = BookingDesk(MemoryStore(), clock=lambda: NOW, subscribers=[told.append])
    for room in rooms or ("room",):
        desk.add_resource(Resource(room, Schedule.always(ZONE), capacity=capacity))
    options = {} if buffers is None else {"buffers": buffers}
    desk.add_service(Service("visit", HOUR, grid=HALF, hold_for=HOUR, **options))  # type: ignore[arg-type]
    return Coast(desk, told)


# -- what is kept --------------------------------------------------------------------------------------------


def test_a_booking_keeps_what_the_clock_reads_and_by_which_data() -> None:
    with before():
        made = coast().book(NOON)
    assert made.interval.start == dt.datetime(2027, 1, 15, 20, tzinfo=UTC)
    assert made.local is not None
    kept = made.local
    assert (kept.wall, kept.zone, kept.fold, kept.zone_data) == (NOON, ZONE, 0, "2025b")


def test_both_passes_of_a_time_that_comes_twice_are_told_apart() -> None:
    twice = dt.datetime(2026, 11, 1, 1)
    with before():
        here = coast()
        first, second = here.book(twice), here.book(twice, fold=1)
    assert second.interval.start - first.interval.start == HOUR
    assert [one.local.fold for one in (first, second) if one.local] == [0, 1]


def test_where_the_clock_never_changes_nothing_is_kept() -> None:
    here = shop()
    assert here.desk.book("wash", at(0)).local is None


def test_a_booking_that_is_moved_keeps_its_new_time() -> None:
    with before():
        here = coast()
        moved = here.desk.reschedule(here.book(NOON).id, dt.datetime(2027, 7, 1, 20, tzinfo=UTC)).booking
    assert moved.local is not None
    assert moved.local.wall == dt.datetime(2027, 7, 1, 12)


def test_the_zone_of_the_first_resource_counts() -> None:
    desk = shop().desk
    desk.add_resource(Resource("spa", Schedule.always("Europe/Warsaw")))
    desk.add_service(Service("soak", HOUR))
    made = desk.book("soak", at(0), resource_ids=["spa"])
    assert made.local is not None
    assert (made.local.zone, made.local.wall) == ("Europe/Warsaw", reading(at(0), "Europe/Warsaw"))


# -- what an update moves ------------------------------------------------------------------------------------


def test_without_an_update_nothing_moves() -> None:
    with before():
        here = coast()
        here.book(NOON)
        found = here.desk.reresolve(move=True)
    assert (found.checked, found.shifts) == (1, ())
    assert [one.action for one in here.told] == ["book"]


def test_what_an_update_moves_is_listed_and_nothing_is_changed() -> None:
    with before():
        here = coast()
        winter, summer = here.book(NOON), here.book(dt.datetime(2026, 7, 1, 12))
    with after():
        found = here.desk.reresolve()
    (shift,) = found.shifts
    assert (found.checked, shift.booking, shift.by, shift.exists) == (2, winter, -HOUR, True)
    assert shift.interval == winter.interval.shift(-HOUR)
    assert found.refused == ()
    assert list(here.desk.find().items) == [summer, winter]


def test_what_an_update_moves_is_moved_when_told_and_keeps_all_else() -> None:
    with before():
        here = coast(buffers=Buffers(HALF, HALF))
        made = here.book(NOON, notes="window", customer_id="jan")
    with after():
        (shift,) = here.desk.reresolve(move=True).shifts
        now = here.desk.get(made.id)
        assert here.desk.reresolve(move=True).shifts == ()
    moved, local = made.interval.shift(-HOUR), made.local
    assert local is not None
    assert shift.booking == now
    assert now == attrs.evolve(
        made,
        interval=moved,
        allocations=[attrs.evolve(one, interval=moved) for one in made.allocations],
        local=attrs.evolve(local, zone_data="2026f"),
        updated_at=NOW,
        version=2,
    )
    assert [(one.action, one.before) for one in here.told[1:]] == [("reresolve", made)]


def test_bookings_that_move_onto_each_others_places_all_move() -> None:
    with before():
        here = coast()
        made = [here.book(NOON + number * HOUR) for number in range(5)]
    with after():
        found = here.desk.reresolve(move=True)
    assert [one.booking.id for one in found.shifts] == [one.id for one in made]
    assert found.refused == ()


def test_they_move_the_other_way_too() -> None:
    with after():
        here = coast()
        made = [here.book(NOON + number * HOUR) for number in range(5)]
    with before():
        found = here.desk.reresolve(move=True)
    assert [one.by for one in found.shifts] == [HOUR] * 5
    assert found.refused == ()
    assert [one.interval.start for one in here.desk.find().items] == [one.start + HOUR for one in made]


def test_what_is_taken_by_another_that_does_not_move_is_left_and_told() -> None:
    with before():
        here = coast()
        made = here.book(NOON)
        other = here.desk.book("visit", made.start - HOUR)
    unbound = attrs.evolve(other, local=None, version=2)
    with here.desk.store.begin() as unit:
        unit.bookings.replace(unbound, now=NOW)
    with after():
        listed = here.desk.reresolve()
        moved = here.desk.reresolve(move=True)
    for found in (listed, moved):
        (shift,) = found.refused
        assert shift.booking == made
        assert shift.refusal is not None
        (busy,) = shift.refusal.refusals
        assert isinstance(busy, Busy)
        assert [one.booking_id for one in busy.blockers] == [other.id]
    assert here.desk.get(made.id) == made


def test_a_hold_that_lapsed_is_in_nobodys_way() -> None:
    with before():
        here = coast()
        made = here.book(NOON)
        held = here.desk.hold("visit", made.start - HOUR)
    later = BookingDesk(here.desk.store, clock=lambda: NOW + 2 * HOUR)
    with after():
        assert later.reresolve().refused == ()
        assert later.reresolve(move=True).refused == ()
    assert later.get(held.id).status == "expired"


def test_what_is_off_or_over_or_long_past_stays() -> None:
    with before():
        here = coast()
        for hours, step in ((0, here.desk.cancel), (1, here.desk.start)):
            step(here.book(NOON + hours * HOUR).id)
        here.desk.complete(here.desk.find().items[-1].id)
        past = here.book(dt.datetime(2026, 12, 1, 12))
    later = BookingDesk(here.desk.store, clock=lambda: past.start + HOUR)
    with after():
        assert later.reresolve().shifts == ()


def test_a_local_time_that_the_new_rules_skip_is_told_and_goes_where_the_policy_says() -> None:
    gap = dt.datetime(2027, 3, 14, 2)
    skipping = zone_file(-8, [(SUMMER, -7), (WINTER, -8), (dt.datetime(2027, 3, 14, 10, tzinfo=UTC), -7)])
    with before():
        here = coast()
        made = here.book(gap + HALF)
    with after(skipping):
        with pytest.raises(NonexistentTimeError):
            here.desk.reresolve(gap=GapPolicy.RAISE)
        (shift,) = here.desk.reresolve(gap=GapPolicy.TRANSITION).shifts
    assert (shift.exists, shift.by) == (False, -HALF)
    assert here.desk.get(made.id) == made


def test_a_second_pass_that_is_no_more_takes_the_one_there_is() -> None:
    with before():
        here = coast()
        made = here.book(dt.datetime(2026, 11, 1, 1), fold=1)
    with after():
        (shift,) = here.desk.reresolve(move=True).shifts
    assert (shift.by, shift.exists, shift.booking.id) == (-HOUR, True, made.id)


def test_only_managers_resolve_anew() -> None:
    with pytest.raises(ForbiddenError):
        shop().desk.reresolve(actor=Actor("jan"))
    shop().desk.reresolve(actor=Actor("eva", roles="admin"))


def everyone(here: Coast) -> dict[Id, Booking]:
    return {one.id: one for one in here.desk.find(listing=Listing(limit=99)).items}


@given(
    hours=st.lists(st.tuples(st.integers(0, 40), st.sampled_from(("one", "two"))), max_size=16),
    capacity=st.integers(1, 2),
    day=st.sampled_from([dt.datetime(2026, 11, 1), dt.datetime(2027, 1, 15)]),
    rules=st.permutations([BOTH_WAYS, FOR_GOOD, BACK_SOONER]),
)
def test_whatever_the_rules_become_each_keeps_its_local_time_and_none_is_booked_twice(
    hours: list[tuple[int, str]], capacity: int, day: dt.datetime, rules: list[bytes]
) -> None:
    with zone_data("1", Coast=rules[0]):
        here = coast("one", "two", capacity=capacity)
        for half, room in hours:
            wall = day + half * HALF
            if not here.desk.explain(
                "visit", LocalStart(wall, ZONE).instant(gap=GapPolicy.LATER), resource_ids=[room]
            ).refusals:
                here.book(wall, room)
    made = everyone(here)
    for release, new in (("2", rules[1]), ("3", rules[2])):
        with zone_data(release, Coast=new):
            listed, found = here.desk.reresolve(), here.desk.reresolve(move=True)
            stayed = {one.booking.id for one in found.refused}
            assert {one.booking.id for one in listed.shifts} == {one.booking.id for one in found.shifts}
            there = everyone(here)
            assert there.keys() == made.keys()
            for one in there.values():
                assert one.local is not None
                assert one.interval.duration == HOUR
                if one.id not in stayed:
                    assert reading(one.start, ZONE) == one.local.wall == made[one.id].local.wall  # type: ignore[union-attr]
            assert {one.booking.id for one in here.desk.reresolve(move=True).shifts} == stayed
            for room in ("one", "two"):
                load = Load.of((one.interval, 1) for one in there.values() if room in one.resource_ids)
                assert load.peak() <= capacity
