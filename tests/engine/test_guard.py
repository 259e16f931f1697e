"""The last check before storing, against counting instant by instant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.worlds import CELL, EPOCH, booking_of, buffers, span

from slotkeeper.domain.booking import Allocation
from slotkeeper.domain.explanation import Busy
from slotkeeper.engine.guard import check_capacity
from slotkeeper.errors import SlotTakenError

if TYPE_CHECKING:
    from slotkeeper.domain.booking import Booking
    from slotkeeper.domain.ids import Id

CAPACITIES: Final[dict[Id, int]] = {"a": 1, "b": 3}
ids: Final = st.lists(st.sampled_from(["a", "b"]), min_size=1, unique=True)


@st.composite
def bookings(draw: st.DrawFn, key: int) -> Booking:
    interval, units, around = (
        span(draw(st.integers(0, 12)), draw(st.integers(1, 5))),
        draw(st.integers(1, 2)),
        draw(buffers),
    )
    return booking_of(
        [Allocation(one, interval, units, buffers=around) for one in draw(ids)],
        key,
        occupies=draw(st.sampled_from([True, True, True, False])),
        expires_at=draw(st.sampled_from([None, None, EPOCH, EPOCH + CELL])),
    )


rivals: Final = st.integers(0, 5).flatmap(
    lambda count: st.tuples(*(bookings(key) for key in range(1, count + 1)))
)


def blocks(booking: Booking) -> bool:
    return booking.occupies and (booking.expires_at is None or booking.expires_at > EPOCH)


def overfull(booking: Booking, others: tuple[Booking, ...]) -> set[Id]:
    """Return the resources on which some cell would hold more than there is."""
    if not blocks(booking):
        return set()
    found: set[Id] = set()
    for row in booking.allocations:
        instant = row.occupied.start
        while instant < row.occupied.end:
            taken = [
                one.units
                for other in others
                if blocks(other) and other.id != booking.id
                for one in other.allocations
                if one.resource_id == row.resource_id and one.occupied.start <= instant < one.occupied.end
            ]
            if sum(taken) + row.units > CAPACITIES[row.resource_id]:
                found.add(row.resource_id)
            instant += CELL
    return found


@given(bookings(0), rivals)
def test_a_booking_passes_exactly_where_no_instant_is_overfull(
    booking: Booking, others: tuple[Booking, ...]
) -> None:
    expected = overfull(booking, others)
    if not expected:
        check_capacity(booking, others, CAPACITIES, now=EPOCH)
        return
    with pytest.raises(SlotTakenError) as caught:
        check_capacity(booking, others, CAPACITIES, now=EPOCH)
    explanation = caught.value.explanation
    assert {one.resource_id for one in explanation.refusals} == expected
    for one in explanation.refusals:
        assert isinstance(one, Busy)
        assert one.requested > one.free >= 0
        assert [blocker.interval for blocker in one.blockers] == sorted(
            blocker.interval for blocker in one.blockers
        )


@given(bookings(1), rivals)
def test_an_earlier_version_of_the_booking_itself_is_looked_through(
    booking: Booking, others: tuple[Booking, ...]
) -> None:
    rest = tuple(one for one in others if one.id != booking.id)
    assert overfull(booking, others) == overfull(booking, rest)
    earlier = attrs.evolve(booking, occupies=True)
    if not overfull(booking, rest):
        check_capacity(booking, (*rest, earlier), CAPACITIES, now=EPOCH)


def test_a_resource_without_a_known_capacity_has_none_to_give() -> None:
    with pytest.raises(SlotTakenError):
        check_capacity(booking_of([Allocation("unknown", span(0, 1))]), [], CAPACITIES, now=EPOCH)


def test_bookings_that_touch_fit() -> None:
    first, second = (booking_of([Allocation("a", span(cell, 2))], cell) for cell in (0, 2))
    check_capacity(second, [first], CAPACITIES, now=EPOCH)
