from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.desk.shops import DAY, HOUR, MINUTE, Shop, at, shop

from slotkeeper import Actor, Event, ForbiddenError, InvalidFieldError, NotFoundError, Redelivery
from slotkeeper.domain.ids import Id

SECOND = MINUTE / 60
TWICE = Redelivery(attempts=2)


class Interruption(BaseException):
    """What ends a relay from outside, as an interrupt from the keyboard does."""


def booked(here: Shop, *hours: int) -> list[Id]:
    """Make bookings that start at these hours after opening, and return their ids."""
    return [here.desk.book("wash", at(hour)).id for hour in hours]


def refusing(*ids: Id, into: list[Event]) -> Callable[[Event], None]:
    """Return a receiver that takes no event of these bookings."""

    def receive(event: Event) -> None:
        if event.booking_id in ids:
            message = f"no {event.action}"
            raise ConnectionError(message)
        into.append(event)

    return receive


def actions(events: list[Event]) -> list[tuple[Id, str]]:
    return [(event.booking_id, event.action) for event in events]


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, logger="slotkeeper")


# -- events that are not taken -------------------------------------------------------------------------------


def test_an_event_that_is_not_taken_comes_again_later_and_others_go_on() -> None:
    here, sent = shop(), list[Event]()
    first, second = booked(here, 0, 1)
    here.desk.update(first, notes="x")
    assert here.desk.relay(refusing(first, into=sent)) == 1
    assert actions(sent) == [(second, "book")]
    assert here.desk.relay(sent.append) == 0
    here.clock.wait(SECOND)
    assert here.desk.relay(sent.append) == 2
    assert actions(sent[1:]) == [(first, "book"), (first, "update")]


def test_the_pauses_between_attempts_double_up_to_the_longest() -> None:
    again = Redelivery(pause=SECOND, longest=5 * SECOND, attempts=6)
    pauses = [again.pause_after(number) for number in range(1, 7)]
    assert pauses == [SECOND, 2 * SECOND, 4 * SECOND, 5 * SECOND, 5 * SECOND, None]


def test_with_the_usual_terms_an_event_is_parked_after_seven_and_a_half_hours() -> None:
    usual = Redelivery()
    pauses = [usual.pause_after(number) for number in range(1, usual.attempts)]
    total = sum((one for one in pauses if one is not None), 0 * HOUR)
    assert 7.4 * HOUR < total < 7.6 * HOUR


@given(st.integers(1, 10**6), st.timedeltas(SECOND / 10**6, DAY * 10**6), st.timedeltas(SECOND, DAY * 10**6))
def test_pauses_never_shrink_and_never_pass_the_longest(attempt: int, pause: Any, more: Any) -> None:  # noqa: ANN401
    again = Redelivery(pause=pause, longest=pause + more, attempts=10**7)
    first, second = again.pause_after(attempt), again.pause_after(attempt + 1)
    assert first is not None
    assert second is not None
    assert pause <= first <= second <= pause + more


@pytest.mark.parametrize(
    "terms",
    [
        {"attempts": 0},
        {"attempts": 2**63},
        {"pause": 0 * SECOND},
        {"pause": 1},
        {"longest": 1},
        {"pause": HOUR, "longest": MINUTE},
    ],
)
def test_terms_of_redelivery_that_make_no_sense_are_refused(terms: dict[str, Any]) -> None:
    with pytest.raises(InvalidFieldError, match=r"Redelivery\."):
        Redelivery(**terms)


# -- parked events -------------------------------------------------------------------------------------------


def parked_shop() -> tuple[Shop, Id, list[Event]]:
    """A shop with two bookings; the events of the first were given up, those of the second were taken."""
    here, sent = shop(), list[Event]()
    first, _ = booked(here, 0, 1)
    here.desk.update(first, notes="x")
    for _ in range(2):
        here.desk.relay(refusing(first, into=sent), redelivery=TWICE)
        here.clock.wait(HOUR)
    return here, first, sent


def test_an_event_that_nobody_takes_is_parked_with_what_was_raised_and_holds_its_booking_back() -> None:
    here, first, sent = parked_shop()
    (parked,) = here.desk.parked_events()
    assert (parked.event.booking_id, parked.event.action, parked.attempt) == (first, "book", 2)
    assert parked.fault == "ConnectionError: 'no book'"
    assert parked.parked_at == here.clock.now - HOUR
    assert here.desk.relay(sent.append) == 0
    booked(here, 2)
    assert here.desk.relay(sent.append) == 1


def test_a_parked_event_that_is_retried_is_followed_by_what_waited_behind_it() -> None:
    here, first, sent = parked_shop()
    here.desk.retry_event(here.desk.parked_events()[0].event.id)
    assert here.desk.parked_events() == []
    assert here.desk.relay(sent.append) == 2
    assert actions(sent[-2:]) == [(first, "book"), (first, "update")]


def test_a_parked_event_that_is_dismissed_stays_as_history_and_lets_the_rest_go_on() -> None:
    here, first, sent = parked_shop()
    here.desk.dismiss_event(here.desk.parked_events()[0].event.id)
    assert here.desk.parked_events() == []
    assert here.desk.relay(sent.append) == 1
    assert actions(sent[-1:]) == [(first, "update")]
    assert [one.action for one in here.desk.history(first)] == ["book", "update"]


def test_a_retried_event_has_all_its_attempts_again() -> None:
    here, first, sent = parked_shop()
    here.desk.retry_event(here.desk.parked_events()[0].event.id)
    here.desk.relay(refusing(first, into=sent), redelivery=TWICE)
    assert here.desk.parked_events() == []


def test_a_decision_about_a_parked_event_can_be_repeated_with_its_key() -> None:
    here, _, _ = parked_shop()
    event_id = here.desk.parked_events()[0].event.id
    for _ in range(2):
        here.desk.retry_event(event_id, key="once")
    with pytest.raises(NotFoundError):
        here.desk.dismiss_event(event_id, key="once")


def test_only_what_is_parked_can_be_decided_about() -> None:
    here = shop()
    booked(here, 0)
    for event_id in (here.told[0].id, "nobody"):
        for decide in (here.desk.retry_event, here.desk.dismiss_event):
            with pytest.raises(NotFoundError) as missing:
                decide(event_id)
            assert (missing.value.kind, missing.value.id) == ("parked event", event_id)


def test_only_managers_see_parked_events_and_decide_about_them() -> None:
    here, _, _ = parked_shop()
    desk, guest, boss = here.desk, Actor("jan"), Actor("eva", roles="admin")
    event_id = desk.parked_events(actor=boss)[0].event.id
    calls: list[Callable[[], object]] = [
        lambda: desk.parked_events(actor=guest),
        lambda: desk.retry_event(event_id, actor=guest),
        lambda: desk.dismiss_event(event_id, actor=guest),
    ]
    for call in calls:
        with pytest.raises(ForbiddenError):
            call()
    desk.dismiss_event(event_id, actor=boss)


@pytest.mark.parametrize(
    "raised",
    [RuntimeError("\0 \ud800 \U0001f600"), KeyError(), UnicodeError("x" * 10_000), Exception("two\nlines")],
)
def test_whatever_a_receiver_raises_is_kept_in_words_that_every_database_holds(raised: Exception) -> None:
    def fail(_event: Event) -> None:
        raise raised

    here = shop()
    booked(here, 0)
    here.desk.relay(fail, redelivery=Redelivery(attempts=1))
    (parked,) = here.desk.parked_events()
    assert parked.fault is not None
    assert parked.fault.startswith(type(raised).__name__)
    assert len(parked.fault) <= 500
    assert parked.fault.isprintable()


# -- relays that end -----------------------------------------------------------------------------------------


def test_a_relay_that_is_interrupted_has_marked_what_was_taken_and_keeps_nothing_else() -> None:
    here, sent = shop(), list[Event]()
    booked(here, 0, 1, 2)

    def once(event: Event) -> None:
        if sent:
            raise Interruption
        sent.append(event)

    with pytest.raises(Interruption):
        here.desk.relay(once)
    assert here.desk.relay(sent.append) == 2
    assert sent == here.told


def crash(here: Shop) -> None:
    """Take what a relay would take, and end without a word."""
    with here.desk.store.begin() as unit:
        unit.outbox.claim("crashed", now=here.clock.now, until=here.clock.now + HOUR, limit=100)


def test_what_a_dead_relay_had_is_handed_on_when_its_lease_has_ended() -> None:
    here, sent = shop(), list[Event]()
    booked(here, 0, 1)
    crash(here)
    assert here.desk.relay(sent.append) == 0
    here.clock.wait(HOUR)
    assert here.desk.relay(sent.append) == 2
    assert sent == here.told


def test_an_event_that_ends_every_relay_is_parked_and_drags_no_other_along() -> None:
    here, sent = shop(), list[Event]()
    poison, other = booked(here, 0, 1)

    def receive(event: Event) -> None:
        if event.booking_id == poison:
            raise MemoryError  # stands for the end of the process: its finally block is not reached either
        sent.append(event)

    for _ in range(2):
        crash(here)
        here.clock.wait(HOUR)
    assert here.desk.relay(receive, redelivery=TWICE) == 1
    assert actions(sent) == [(other, "book")]
    (parked,) = here.desk.parked_events()
    assert parked.event.booking_id == poison
    assert parked.fault is not None
    assert parked.fault.startswith("each attempt ended")


def test_a_relay_whose_lease_has_ended_hands_nothing_more_on() -> None:
    here, first, second = shop(), list[Event](), list[Event]()
    booked(here, 0, 1)

    def slow(event: Event) -> None:
        first.append(event)
        here.clock.wait(HOUR)
        here.desk.relay(second.append, lease=DAY)

    here.desk.relay(slow, limit=2, lease=HOUR)
    assert [event.booking_id for event in first] == [here.told[0].booking_id]
    assert second == here.told


def test_one_that_relays_while_another_does_is_given_other_events() -> None:
    here, outer, inner = shop(), list[Event](), list[Event]()
    booked(here, 0, 1)

    def receive(event: Event) -> None:
        outer.append(event)
        booked(here, 2 + len(outer))
        here.desk.relay(inner.append)

    assert here.desk.relay(receive, limit=2) == 2
    assert outer == here.told[:2]
    assert inner == here.told[2:]


def test_threads_that_relay_hand_each_event_on_once_and_those_of_a_booking_in_order() -> None:
    here, sent, lock = shop(capacity=9), list[Event](), threading.Lock()
    for one in booked(here, 0, 0, 0, 1, 1):
        for number in range(4):
            here.desk.update(one, notes=str(number))

    def receive(event: Event) -> None:
        with lock:
            sent.append(event)

    with ThreadPoolExecutor(4) as pool:
        relays = [pool.submit(here.desk.relay, receive, limit=9) for _ in range(4)]
        counts = [one.result() for one in relays]
    counts.append(here.desk.relay(receive))  # one may have found nothing while others had all that was free
    assert sum(counts) == len(sent) == len(here.told)
    assert Counter(one.id for one in sent) == Counter(one.id for one in here.told)
    for one in {event.booking_id for event in sent}:
        of_one = [event.sequence for event in sent if event.booking_id == one]
        assert of_one == sorted(of_one)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["book", "update", "relay", "relay", "crash", "retry", "dismiss"]),
        st.sets(st.integers(0, 3)),
        st.sampled_from([0 * SECOND, SECOND, MINUTE, HOUR]),
    ),
    max_size=25,
)


@given(steps=STEPS, limit=st.integers(1, 5))
def test_whatever_fails_every_event_is_taken_or_dismissed_and_those_of_a_booking_in_order(
    steps: list[tuple[str, set[int], Any]], limit: int
) -> None:
    here, made = shop(capacity=9), list[Id]()
    taken, dismissed = list[Event](), set[Id]()
    for step, refused, wait in steps:
        here.clock.now = min(here.clock.now + wait, at(0))
        if step == "book" and len(made) < 4:
            made += booked(here, 1)
        elif step == "update" and made:
            here.desk.update(made[len(refused) % len(made)], notes="x")
        elif step == "relay":
            those = [one for number, one in enumerate(made) if number in refused]
            here.desk.relay(refusing(*those, into=taken), limit=limit, redelivery=TWICE)
        elif step == "crash":
            crash(here)
        elif parked := here.desk.parked_events():
            event_id = parked[0].event.id
            if step == "dismiss":
                dismissed.add(event_id)
                here.desk.dismiss_event(event_id)
            else:
                here.desk.retry_event(event_id)
    for one in here.desk.parked_events():
        here.desk.retry_event(one.event.id)
    here.clock.wait(HOUR)
    here.desk.relay(taken.append)
    for booking_id in made:
        expected = [one for one in here.desk.history(booking_id) if one.id not in dismissed]
        assert [one for one in taken if one.booking_id == booking_id] == expected
