from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.desk.shops import DAY, HALF, HOUR, MINUTE, NINE, OPEN, TODAY, TRUE, at, shop

from slotkeeper import (
    DuplicateIdError,
    Interval,
    InvalidFieldError,
    NotFoundError,
    NoticeError,
    OutsideHoursError,
    Resource,
    Schedule,
    SlotTakenError,
    StaleVersionError,
    Timeslot,
)


@given(st.integers(20, 200), st.sets(st.integers(0, 30), max_size=4), st.integers(-4, 40), st.integers(1, 60))
def test_slots_are_back_to_back_from_each_opening_and_never_overlap(
    minutes: int, there: set[int], first: int, length: int
) -> None:
    here = shop()
    for quarter in there:
        here.desk.add_timeslot(
            Timeslot(quarter, "bay", Interval(at(quarter / 4), at(quarter / 4) + 20 * MINUTE))
        )
    window = Interval(at(first / 4), at((first + length) / 4))
    made = here.desk.generate_timeslots("bay", window, minutes * MINUTE)
    old = [Interval(at(quarter / 4), at(quarter / 4) + 20 * MINUTE) for quarter in there]
    pieces = [piece for piece in Interval(at(0), at(8)).split(minutes * MINUTE) if piece in window]
    expected = [piece for piece in pieces if not any(piece.overlaps(one) for one in old)]
    assert [one.interval for one in made] == expected
    assert here.desk.generate_timeslots("bay", window, minutes * MINUTE) == []


def test_overlapping_openings_give_slots_that_do_not_overlap() -> None:
    desk = shop().desk
    desk.add_resource(Resource("two", Schedule("UTC", {"MO": "09:00-12:00, 11:30-13:00"})))
    made = desk.generate_timeslots("two", TODAY, HOUR)
    assert [one.interval.start for one in made] == [at(0), at(1), at(2)]


def test_slots_of_a_session_of_many_years_are_cut_from_its_start_also_far_into_it() -> None:
    desk = shop().desk
    session = Schedule.of([Interval(NINE, NINE + 30_000 * DAY)])
    window = Interval(NINE + 20_000 * DAY, NINE + 20_000 * DAY + HOUR)
    made = desk.generate_timeslots("bay", window, 25 * MINUTE, schedule=session)
    # 20,000 days are 1,152,000 times 25 minutes
    assert [one.interval.start - window.start for one in made] == [dt.timedelta(0), 25 * MINUTE]


@pytest.mark.parametrize(
    ("days", "length"),
    [
        (30_000, HALF),
        (1, dt.timedelta(microseconds=1)),
        (36_526, dt.timedelta.max),
        (2_900_000, HALF),
    ],
)
def test_a_window_of_too_many_slots_is_refused_before_anything_is_stored(
    monkeypatch: pytest.MonkeyPatch, days: int, length: dt.timedelta
) -> None:
    here, looked_at = shop(), list[Interval]()
    before, openings = here.written(), Schedule.openings_between

    def noted(self: Schedule, window: Interval) -> tuple[Interval, ...]:
        looked_at.append(window)
        return openings(self, window)

    monkeypatch.setattr(Schedule, "openings_between", noted)
    with pytest.raises(InvalidFieldError) as refused:
        here.desk.generate_timeslots("bay", Interval(NINE, NINE + days * DAY), length)
    assert refused.value.field == "window"
    assert here.written() == before
    assert sum((one.duration for one in looked_at), dt.timedelta(0)) < 5 * 366 * DAY


def test_as_many_slots_as_may_be_are_generated_at_once() -> None:
    here = shop()
    window = Interval(NINE, NINE + 625 * 7 * DAY // 5)
    assert len(here.desk.generate_timeslots("bay", window, HALF)) == 10_000
    with pytest.raises(InvalidFieldError, match="must not hold more than 10,000 slots"):
        here.desk.generate_timeslots("bay", Interval(NINE, window.end + DAY), HALF)


def test_a_length_that_no_opening_has_gives_no_slots() -> None:
    assert shop().desk.generate_timeslots("bay", Interval(at(1), at(30)), dt.timedelta.max) == []


def test_other_hours_than_the_resources_may_be_given() -> None:
    desk = shop().desk
    hours = Schedule("UTC", {"MO-SU": "10:00-12:00"}, closed_dates=["2025-10-21"])
    made = desk.generate_timeslots("bay", Interval(NINE, NINE + 2 * DAY), HOUR, schedule=hours)
    assert [one.interval.start for one in made] == [at(1), at(2)]


def test_a_stored_slot_is_booked_for_exactly_its_interval() -> None:
    desk = shop().desk
    desk.add_timeslot(Timeslot("odd", "bay", Interval(at(0.1), at(0.9)), service_id="wash"))
    made = desk.book_timeslot("odd", customer_id=7, notes="n")
    assert (made.interval, made.timeslot_id, made.resource_ids) == (
        Interval(at(0.1), at(0.9)),
        "odd",
        ("bay",),
    )
    with pytest.raises(SlotTakenError):
        desk.book_timeslot("odd")
    with pytest.raises(SlotTakenError):
        desk.book("wash", at(0))


def test_the_slot_must_be_on_the_resource_that_the_caller_takes_it_to_be_on() -> None:
    desk = shop().desk
    desk.add_timeslot(Timeslot("t", "bay", Interval(at(0), at(1)), service_id="wash"))
    with pytest.raises(NotFoundError):
        desk.book_timeslot("t", resource_id="other")
    assert desk.book_timeslot("t", resource_id="bay").timeslot_id == "t"


def test_a_slot_that_names_no_service_needs_one() -> None:
    desk = shop().desk
    desk.add_timeslot(Timeslot("t", "bay", Interval(at(0), at(1))))
    with pytest.raises(InvalidFieldError):
        desk.book_timeslot("t")
    assert desk.book_timeslot("t", service_id="wash").service_id == "wash"


def test_a_stored_slot_obeys_hours_and_notice() -> None:
    here = shop()
    here.desk.add_timeslot(Timeslot("early", "bay", Interval(at(-1), at(0)), service_id="wash"))
    here.desk.add_timeslot(Timeslot("t", "bay", Interval(at(0), at(1)), service_id="wash"))
    with pytest.raises(OutsideHoursError):
        here.desk.book_timeslot("early")
    here.clock.now = at(0.5)
    with pytest.raises(NoticeError):
        here.desk.book_timeslot("t")


@given(taken=st.sets(st.integers(0, 15), max_size=5), named=st.booleans(), waited=st.integers(0, 12))
def test_a_slot_listed_as_free_can_be_booked_and_no_other(
    *, taken: set[int], named: bool, waited: int
) -> None:
    here = shop(capacity=2)
    made = here.desk.generate_timeslots("bay", TODAY, HALF, service_id="wash" if named else None)
    for half in taken:
        here.desk.book("wash", at(half / 2), units=2)
    here.clock.wait(waited * HOUR)
    free = {row.timeslot.id: row.free_units for row in here.desk.timeslots(["bay"], TODAY, service_id="wash")}
    everything = here.desk.timeslots(["bay"], TODAY, service_id="wash", only_free=False)
    assert [row.timeslot for row in everything] == made
    for slot in made:
        if slot.id in free:
            made_on = here.desk.book_timeslot(slot.id, service_id="wash", units=free[slot.id])
            assert made_on.interval == slot.interval
        else:
            with pytest.raises((SlotTakenError, NoticeError)):
                here.desk.book_timeslot(slot.id, service_id="wash")


def test_without_a_service_the_load_alone_counts() -> None:
    desk = shop(capacity=2).desk
    desk.add_timeslot(Timeslot("t", "bay", Interval(at(0), at(1))))
    desk.book("wash", at(0.5))
    (row,) = desk.timeslots(["bay"], TODAY)
    assert row.free_units == 1


def test_short_slots_and_other_resources_are_left_out() -> None:
    desk = shop().desk
    desk.add_resource(Resource("lift", OPEN))
    desk.add_timeslot(Timeslot("short", "bay", Interval(at(0), at(0.25))))
    desk.add_timeslot(Timeslot("long", "bay", Interval(at(1), at(2))))
    desk.add_timeslot(Timeslot("other", "lift", Interval(at(1), at(2))))
    assert [row.timeslot.id for row in desk.timeslots(["bay"], TODAY, at_least=HALF)] == ["long"]


def test_only_a_slot_that_nothing_is_booked_on_can_be_deleted() -> None:
    here = shop()
    here.desk.add_timeslot(Timeslot("t", "bay", Interval(at(0), at(0.5)), service_id="wash"))
    made = here.desk.book_timeslot("t")
    with pytest.raises(SlotTakenError) as refused:
        here.desk.delete_timeslot("t")
    assert refused.value.explanation.refusals[0].blockers[0].booking_id == made.id  # type: ignore[union-attr]
    here.desk.cancel(made.id)
    here.desk.delete_timeslot("t")
    with pytest.raises(NotFoundError):
        here.desk.get_timeslot("t")
    assert here.desk.get(made.id).timeslot_id == "t"


def test_a_lapsed_hold_keeps_no_slot_from_being_deleted() -> None:
    here = shop()
    here.desk.add_timeslot(Timeslot("t", "bay", Interval(at(0), at(0.5)), service_id="wash"))
    here.desk.book_timeslot("t", action="hold")
    here.clock.wait(HOUR)
    here.desk.delete_timeslot("t")
    with pytest.raises(NotFoundError):
        here.desk.get_timeslot("t")


def test_nonsense_about_slots_is_refused_and_writes_nothing() -> None:
    here = shop()
    here.desk.add_timeslot(Timeslot("t", "bay", TODAY))
    before = here.written()
    bad: list[tuple[Any, type[Exception]]] = [
        (lambda: here.desk.add_timeslot(Timeslot("t", "bay", TODAY)), DuplicateIdError),
        (lambda: here.desk.add_timeslot(Timeslot("u", "?", TODAY)), NotFoundError),
        (lambda: here.desk.add_timeslot(Timeslot("u", "bay", TODAY, service_id="?")), NotFoundError),
        (lambda: here.desk.add_timeslot("t"), InvalidFieldError),  # type: ignore[arg-type]
        (lambda: here.desk.generate_timeslots("?", TODAY, HALF), NotFoundError),
        (lambda: here.desk.generate_timeslots("bay", TODAY, HALF, service_id="?"), NotFoundError),
        (lambda: here.desk.generate_timeslots("bay", TODAY, dt.timedelta(0)), InvalidFieldError),
        (lambda: here.desk.generate_timeslots("bay", TODAY, 30), InvalidFieldError),  # type: ignore[arg-type]
        (lambda: here.desk.generate_timeslots("bay", "today", HALF), InvalidFieldError),  # type: ignore[arg-type]
        (lambda: here.desk.book_timeslot("?"), NotFoundError),
        (lambda: here.desk.book_timeslot(TRUE), InvalidFieldError),
        (lambda: here.desk.book_timeslot(None), InvalidFieldError),  # type: ignore[arg-type]
        (lambda: here.desk.book_timeslot("t", service_id="?"), NotFoundError),
        (lambda: here.desk.book_timeslot("t", service_id="wash", units=0), InvalidFieldError),
        (lambda: here.desk.timeslots("bay", TODAY), InvalidFieldError),
        (lambda: here.desk.timeslots(["bay"], TODAY, service_id="?"), NotFoundError),
        (lambda: here.desk.delete_timeslot("?"), NotFoundError),
        (lambda: here.desk.get_timeslot(""), InvalidFieldError),
    ]
    for call, error in bad:
        with pytest.raises(error):
            call()
        assert here.written() == before


def test_a_slot_is_deleted_only_at_the_version_that_is_expected() -> None:
    here = shop()
    here.desk.add_timeslot(Timeslot("t", "bay", Interval(at(0), at(1))))
    with pytest.raises(StaleVersionError) as stale:
        here.desk.delete_timeslot("t", expected_version=2)
    assert (stale.value.kind, stale.value.expected, stale.value.actual) == ("timeslot", 2, 1)
    here.desk.delete_timeslot("t", expected_version=1)
    with pytest.raises(NotFoundError):
        here.desk.get_timeslot("t")
