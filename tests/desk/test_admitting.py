from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.desk.shops import HALF, MINUTE, TRUE, at, shop

from slotkeeper import Id, Interval, InvalidFieldError, Listing, RateLimit, RateLimitedError, SlotTakenError

TWICE = RateLimit("book", 2, MINUTE)


def test_the_third_attempt_within_a_minute_is_refused_and_told_when() -> None:
    here = shop()
    here.desk.admit(TWICE, "anna")
    here.clock.wait(dt.timedelta(seconds=20))
    here.desk.admit(TWICE, "anna")
    with pytest.raises(RateLimitedError) as refused:
        here.desk.admit(TWICE, "anna")
    facts = {"limit": "book", "count": 2, "per": MINUTE, "retry_after": dt.timedelta(seconds=40)}
    assert refused.value.details() == facts
    here.clock.wait(dt.timedelta(seconds=40))
    here.desk.admit(TWICE, "anna")


def test_subjects_and_limits_are_counted_apart() -> None:
    here = shop()
    for subject in ("1", 1, "anna"):
        for name in ("book", "look"):
            for _ in range(2):
                here.desk.admit(RateLimit(name, 2, MINUTE), subject)
    with pytest.raises(RateLimitedError):
        here.desk.admit(TWICE, 1)


@given(st.lists(st.integers(0, 90), max_size=12))
def test_an_attempt_is_let_in_as_soon_as_the_refusal_says(waits: list[int]) -> None:
    here = shop()
    for seconds in waits:
        here.clock.wait(dt.timedelta(seconds=seconds))
        pause = dt.timedelta(0)
        try:
            here.desk.admit(TWICE, "anna")
        except RateLimitedError as error:
            pause = error.retry_after
        if pause:
            here.clock.wait(pause)
            here.desk.admit(TWICE, "anna")
        assert dt.timedelta(0) <= pause <= MINUTE


@pytest.mark.parametrize(("limit", "subject"), [("book", "anna"), (TWICE, ""), (TWICE, TRUE)])
def test_what_is_no_limit_or_no_subject_is_refused(limit: RateLimit, subject: Id) -> None:
    with pytest.raises(InvalidFieldError):
        shop().desk.admit(limit, subject)


@pytest.mark.parametrize(
    "facts", [("", 1, MINUTE), ("a", 0, MINUTE), ("a", TRUE, MINUTE), ("a", 1, 0 * MINUTE)]
)
def test_a_limit_that_makes_no_sense_is_refused(facts: tuple[str, int, dt.timedelta]) -> None:
    with pytest.raises(InvalidFieldError):
        RateLimit(*facts)


def test_a_numbered_desk_gives_whole_numbers_that_grow() -> None:
    here = shop(numbered=True)
    first, second = (here.desk.book("wash", at(hour)).id for hour in (0, 1))
    with pytest.raises(SlotTakenError):
        here.desk.book("wash", at(0))
    slots = here.desk.generate_timeslots("bay", Interval(at(3), at(4)), HALF)
    own = here.desk.book("wash", at(2), booking_id="mine").id
    numbers = [first, second, *(one.id for one in slots), here.desk.next_number()]
    assert own == "mine"
    assert all(isinstance(one, int) for one in numbers)
    assert [int(str(one)) for one in numbers] == sorted({int(str(one)) for one in numbers})


def test_numbered_bookings_made_at_one_instant_are_listed_as_they_were_made() -> None:
    here = shop(numbered=True)
    made = [here.desk.book("wash", at(number / 2)).id for number in reversed(range(12))]
    by_making = Listing(order="-created_at")
    assert [one.id for one in here.desk.find(listing=by_making).items] == made[::-1]


def test_a_desk_is_numbered_or_not() -> None:
    with pytest.raises(TypeError):
        shop(numbered="yes")
