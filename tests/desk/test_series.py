from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.desk.shops import DAY, at, shop

from slotkeeper import InvalidFieldError, Limit, LimitReachedError, NaiveDatetimeError, RefusedError

halves = st.lists(st.integers(-1, 17), min_size=1, max_size=6)


@given(halves, st.sets(st.integers(0, 15), max_size=4))
def test_all_or_nothing_makes_every_booking_or_leaves_nothing(wanted: list[int], taken: set[int]) -> None:
    here = shop()
    for half in taken:
        here.desk.book("wash", at(half / 2))
    before, told = here.written(), len(here.told)
    possible = len(set(wanted)) == len(wanted) and all(
        0 <= half < 16 and half not in taken for half in wanted
    )
    starts = [at(half / 2) for half in wanted]
    if possible:
        made = here.desk.book_series("wash", starts)
        assert [one.interval.start for one in made.booked] == sorted(starts)
        assert made.refused == ()
        assert {one.series_id for one in made.booked} == {made.id}
        assert set(here.desk.find(series_id=made.id).items) == set(made.booked)
    else:
        with pytest.raises(RefusedError):
            here.desk.book_series("wash", starts)
        assert here.written() == before
        assert len(here.told) == told


@given(halves, st.sets(st.integers(0, 15), max_size=4))
def test_as_many_as_possible_books_what_one_by_one_would(wanted: list[int], taken: set[int]) -> None:
    together, singly = shop(), shop()
    for here in (together, singly):
        for half in taken:
            here.desk.book("wash", at(half / 2))
    made = together.desk.book_series("wash", [at(half / 2) for half in wanted], all_or_nothing=False)
    booked, refused = [], []
    for half in sorted(wanted):
        try:
            booked.append(singly.desk.book("wash", at(half / 2)).interval)
        except RefusedError as error:
            refused.append((error.explanation.start, error.code))
    assert [one.interval for one in made.booked] == booked
    assert [(one.start, one.error().code) for one in made.refused] == refused


def test_limits_count_the_earlier_bookings_of_the_series() -> None:
    here = shop(rules={"limits": [Limit("customer", "week", "UTC", count=2)]})
    days = [at(0) + day * DAY for day in range(4)]
    with pytest.raises(LimitReachedError):
        here.desk.book_series("wash", days, customer_id=7)
    made = here.desk.book_series("wash", days, customer_id=7, all_or_nothing=False)
    assert [one.interval.start for one in made.booked] == days[:2]


def test_facts_hold_for_each_booking() -> None:
    made = shop(capacity=2).desk.book_series(
        "wash", [at(0), at(1)], customer_id=7, notes="weekly", units=2, action="request"
    )
    assert {(one.customer_id, one.notes, one.units, one.status) for one in made.booked} == {
        (7, "weekly", 2, "pending")
    }


def test_a_series_needs_starts_that_are_instants() -> None:
    desk = shop().desk
    with pytest.raises(InvalidFieldError):
        desk.book_series("wash", [])
    with pytest.raises(NaiveDatetimeError):
        desk.book_series("wash", [at(0), dt.datetime(2025, 10, 20, 9)])
