from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.desk.shops import HOUR, MINUTE, TODAY, at, shop

from slotkeeper import (
    STANDARD,
    Booking,
    Hold,
    NotModifiableError,
    SlotTakenError,
    Status,
    Transition,
    TransitionError,
)


def test_a_hold_excludes_others_until_it_lapses() -> None:
    here = shop()
    held = here.desk.hold("wash", at(0))
    assert isinstance(held, Hold)
    assert held.lapses_at == here.clock.now + 15 * MINUTE
    with pytest.raises(SlotTakenError) as refused:
        here.desk.book("wash", at(0))
    assert refused.value.explanation.refusals[0].blockers[0].expires_at == held.expires_at  # type: ignore[union-attr]
    here.clock.wait(15 * MINUTE)
    assert here.desk.book("wash", at(0)).status == "confirmed"


def test_confirming_in_time_takes_the_expiry_away() -> None:
    here = shop()
    confirmed = here.desk.confirm(here.desk.hold("wash", at(0)).id)
    assert type(confirmed) is Booking
    assert confirmed.expires_at is None
    here.clock.wait(HOUR)
    assert here.desk.expire_holds() == []
    assert here.desk.get(confirmed.id) == confirmed


def test_a_hold_may_become_a_request_that_awaits_approval_without_end() -> None:
    here = shop()
    asked = here.desk.act(here.desk.hold("wash", at(0)).id, "request")
    assert (asked.status, asked.expires_at) == ("pending", None)


@given(taken=st.booleans(), swept=st.booleans())
def test_a_lapsed_hold_can_be_confirmed_only_while_it_is_still_free(*, taken: bool, swept: bool) -> None:
    here = shop()
    held = here.desk.hold("wash", at(0))
    here.clock.wait(15 * MINUTE)
    if taken:
        here.desk.book("wash", at(0))
    elif swept:
        here.desk.expire_holds()
    if taken or swept:
        # Whoever took the place, or the sweep, has expired it, and what has expired is over.
        before = here.written()
        with pytest.raises(NotModifiableError):
            here.desk.confirm(held.id)
        assert here.written() == before
    else:
        confirmed = here.desk.confirm(held.id)
        assert (confirmed.status, confirmed.blocks(here.clock.now + HOUR)) == ("confirmed", True)
        with pytest.raises(SlotTakenError):
            here.desk.book("wash", at(0))


def test_a_lapsed_hold_whose_place_is_taken_is_refused_where_nothing_expires() -> None:
    here = shop(lifecycle=STANDARD.without("expire"))
    held = here.desk.hold("wash", at(0))
    here.clock.wait(15 * MINUTE)
    rival = here.desk.book("wash", at(0))
    before = here.written()
    with pytest.raises(SlotTakenError) as refused:
        here.desk.confirm(held.id)
    assert refused.value.explanation.refusals[0].blockers[0].booking_id == rival.id  # type: ignore[union-attr]
    assert here.written() == before
    assert here.desk.get(held.id) == held


def test_a_booking_beside_a_lapsed_hold_leaves_it_alone() -> None:
    here = shop(capacity=2)
    held = here.desk.hold("wash", at(0), units=2)
    here.clock.wait(15 * MINUTE)
    here.desk.book("wash", at(0.5))
    assert here.desk.confirm(held.id).units == 2


def test_a_hold_can_be_let_go() -> None:
    here = shop()
    assert here.desk.cancel(here.desk.hold("wash", at(0)).id).booking.status == "cancelled"
    assert here.desk.book("wash", at(0)).status == "confirmed"


def test_a_sweep_expires_the_longest_overdue_first_and_each_once() -> None:
    here = shop()
    held = []
    for hour in range(3):
        held.append(here.desk.hold("wash", at(hour)))
        here.clock.wait(MINUTE)
    here.clock.wait(15 * MINUTE)
    first = here.desk.expire_holds(limit=2)
    assert [one.id for one in first] == [held[0].id, held[1].id]
    assert {one.status for one in first} == {Status.EXPIRED}
    assert [one.id for one in here.desk.expire_holds()] == [held[2].id]
    assert here.desk.expire_holds() == []
    assert [event.action for event in here.told[-3:]] == ["expire"] * 3


def test_what_has_lapsed_cannot_be_moved() -> None:
    table = STANDARD.extend(Transition("held", "reschedule", "held"))
    here = shop(lifecycle=table)
    held = here.desk.hold("wash", at(0))
    moved = here.desk.reschedule(held.id, at(1)).booking
    assert (moved.interval.start, moved.expires_at) == (at(1), held.expires_at)
    here.clock.wait(15 * MINUTE)
    with pytest.raises(NotModifiableError):
        here.desk.reschedule(held.id, at(2))


def test_a_lifecycle_without_holds_refuses_them() -> None:
    here = shop(lifecycle=STANDARD.without("hold"))
    before = here.written()
    with pytest.raises(TransitionError):
        here.desk.hold("wash", at(0))
    assert here.written() == before


def test_a_lifecycle_without_expiry_still_frees_what_has_lapsed() -> None:
    here = shop(lifecycle=STANDARD.without("expire"))
    here.desk.hold("wash", at(0))
    here.clock.wait(15 * MINUTE)
    assert len(here.desk.slots("wash", TODAY)) == 16
    assert here.desk.expire_holds() == []
    assert here.desk.book("wash", at(0)).status == "confirmed"


@pytest.mark.parametrize("pay", [False, True])
def test_a_hold_overtaken_by_a_desk_whose_clock_is_ahead_is_not_confirmed_behind_its_back(
    *, pay: bool
) -> None:
    here = shop(lifecycle=STANDARD.without("expire"))
    held = here.desk.hold("wash", at(0))
    here.clock.wait(15 * MINUTE)
    rival = here.desk.book("wash", at(0))
    here.clock.wait(-MINUTE)
    if pay:
        here.desk.settle(held.id, confirm=False)
    else:
        with pytest.raises(SlotTakenError):
            here.desk.confirm(held.id)
    assert here.desk.get(held.id).expires_at == held.expires_at
    assert here.desk.get(rival.id) == rival
