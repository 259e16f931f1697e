"""The desk's machine can fail: a desk that breaks a promise is found out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, TypeVar

import attrs
import pytest
from hypothesis import HealthCheck, Phase, settings

from slotkeeper.adapters.memory import MemoryStore
from slotkeeper.desk import BookingDesk, moving, transitions
from slotkeeper.domain.booking import Booking
from slotkeeper.testing.machine import run_desk_machine

T = TypeVar("T")
R = TypeVar("R")

SURE = settings(
    settings(),
    max_examples=150,
    stateful_step_count=40,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def forget_keys(_self: BookingDesk, _command: object, _kind: object, act: Callable[[T], R], work: T) -> R:
    return act(work)


def tell_nobody(_self: BookingDesk, _events: object) -> None:
    return None


def forget_events(*_given: object, **_facts: object) -> None:
    return None


def expect_any_version(*_given: object) -> None:
    return None


def stand_still(before: Booking, now: dt.datetime, **changes: Any) -> Booking:  # noqa: ANN401 - fields of Booking
    return attrs.evolve(transitions.next_version(before, now, **changes), interval=before.interval)


def never_lapse(_self: Booking, _now: object) -> bool:
    return False


PLANTED = {
    "forgets idempotency keys": (BookingDesk, "_once", forget_keys),
    "tells its subscribers nothing": (BookingDesk, "_tell", tell_nobody),
    "leaves events out": (BookingDesk, "_record", forget_events),
    "ignores the version expected": (transitions, "check_version", expect_any_version),
    "moves bookings nowhere": (moving, "next_version", stand_still),
    "lets holds last for ever": (Booking, "lapsed", never_lapse),
}


@pytest.mark.parametrize("bug", PLANTED)
def test_a_desk_that_breaks_a_promise_is_found_out(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*PLANTED[bug])
    with pytest.raises(BaseException):  # noqa: B017, PT011 - an assertion, or whatever the bug led to
        run_desk_machine(MemoryStore, settings=SURE)


def test_the_desk_without_a_planted_bug_is_not() -> None:
    run_desk_machine(MemoryStore, settings=settings(SURE, max_examples=10))
