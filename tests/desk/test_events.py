from __future__ import annotations

import logging
from itertools import pairwise
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.desk.shops import HOUR, MINUTE, MONDAY, at, shop

from slotkeeper import SYSTEM, Actor, BookingDesk, Event, MemoryStore, SlotkeeperError

_STEPS: dict[str, Any] = {
    "confirm": lambda desk, one: desk.confirm(one),
    "start": lambda desk, one: desk.start(one),
    "complete": lambda desk, one: desk.complete(one),
    "cancel": lambda desk, one: desk.cancel(one),
    "decline": lambda desk, one: desk.decline(one),
    "no_show": lambda desk, one: desk.mark_no_show(one),
    "move": lambda desk, one: desk.reschedule(one, at(4)),
    "request move": lambda desk, one: desk.reschedule(one, at(5), action="request_reschedule"),
    "settle": lambda desk, one: desk.settle(one),
    "update": lambda desk, one: desk.update(one, notes="x"),
    "expire": lambda desk, _: desk.expire_holds(),
    "remind": lambda desk, _: desk.remind(12 * HOUR),
}


@given(
    creation=st.sampled_from(["hold", "request", "book"]),
    steps=st.lists(st.sampled_from(sorted(_STEPS)), max_size=8),
    waiting=st.booleans(),
)
def test_every_change_is_one_event_with_before_and_after_in_order(
    *, creation: str, steps: list[str], waiting: bool
) -> None:
    here = shop()
    made = here.desk.book("wash", at(0), action=creation)
    for step in steps:
        here.clock.wait(10 * MINUTE if waiting else MINUTE)
        version, told = here.desk.get(made.id).version, len(here.told)
        try:
            _STEPS[step](here.desk, made.id)
        except SlotkeeperError:
            assert (here.desk.get(made.id).version, len(here.told)) == (version, told)
    history = here.desk.history(made.id)
    assert [event.sequence for event in history] == list(range(1, len(history) + 1))
    assert history[0].before is None
    for earlier, later in pairwise(history):
        assert later.before == earlier.booking
        assert later.at >= earlier.at
    assert history[-1].booking == here.desk.get(made.id)
    assert here.told == list(history)
    assert len({event.id for event in history}) == len(history)


def test_an_event_tells_who_and_why_of_its_own_action_alone() -> None:
    here = shop()
    made = here.desk.book("wash", at(0), actor=Actor(7), customer_id=7)
    here.desk.reschedule(made.id, at(1), reason="late", actor=Actor(8, roles="admin"))
    here.desk.start(made.id)
    seen = [(event.action, event.actor_id, event.reason) for event in here.told]
    assert seen == [("book", 7, None), ("reschedule", 8, "late"), ("start", None, None)]
    assert here.desk.get(made.id).reason == "late"


def test_what_lapses_is_expired_by_the_system() -> None:
    here = shop()
    here.desk.hold("wash", at(0))
    here.clock.wait(HOUR)
    here.desk.book("wash", at(0))
    assert [(event.action, event.actor_id) for event in here.told] == [
        ("hold", None),
        ("expire", SYSTEM.id),
        ("book", None),
    ]


def test_a_subscriber_that_fails_undoes_nothing_and_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    told: list[Event] = []

    def fail(_event: Event) -> None:
        raise ConnectionResetError

    desk = shop(subscribers=[fail, told.append]).desk
    with caplog.at_level(logging.ERROR, logger="slotkeeper"):
        made = desk.book("wash", at(0))
    assert desk.get(made.id) == made
    assert [event.booking for event in told] == [made]
    assert "ConnectionResetError" in caplog.text


def test_a_subscriber_sees_the_change_and_may_use_the_desk() -> None:
    seen: list[str] = []

    def follow(event: Event) -> None:
        seen.append(here.desk.get(event.booking_id).status)
        if event.action == "book":
            here.desk.update(event.booking_id, notes="seen")

    here = shop(subscribers=[follow])
    made = here.desk.book("wash", at(0))
    assert here.desk.get(made.id).notes == "seen"
    assert seen == ["confirmed", "confirmed"]


def test_relaying_hands_each_event_on_in_order_and_once() -> None:
    here = shop()
    for hour in range(3):
        here.desk.book("wash", at(hour))
    sent: list[Event] = []
    assert [here.desk.relay(sent.append, limit=2), here.desk.relay(sent.append, limit=2)] == [2, 1]
    assert sent == here.told
    assert here.desk.relay(sent.append) == 0


def test_where_the_host_commits_subscribers_wait_for_the_relay() -> None:
    class HostsStore(MemoryStore):
        commits = False

    here = shop()
    told: list[Event] = []
    desk = BookingDesk(HostsStore(), clock=here.clock, subscribers=[told.append])
    desk.add_resource(here.desk.get_resource("bay"))
    desk.add_service(here.desk.get_service("wash"))
    desk.book("wash", at(0))
    assert told == []
    assert desk.relay() == 1
    assert [event.action for event in told] == ["book"]


def test_the_desks_own_ids_come_from_the_host() -> None:
    numbers = iter(range(100, 200))
    desk = shop(new_id=lambda: next(numbers)).desk
    made = desk.book("wash", at(0))
    assert (made.id, desk.history(made.id)[0].id) == (100, 101)
    assert attrs.evolve(made, version=2).created_at == MONDAY
