import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotkeeper.domain.interval_set import IntervalSet
from slotkeeper.domain.working_time import take
from slotkeeper.errors import InvalidFieldError

NOON = dt.datetime(2025, 10, 23, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
frees = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9)), max_size=6).map(
    lambda some: IntervalSet.from_pairs((NOON + s * MINUTE, NOON + (s + n) * MINUTE) for s, n in some)
)


@given(free=frees, count=st.integers(0, 60), backward=st.booleans())
def test_taking_uses_the_nearest_free_minutes_and_no_others(
    *, free: IntervalSet, count: int, backward: bool
) -> None:
    minutes = [piece.start for piece in free.split(MINUTE)]
    wanted = minutes[max(len(minutes) - count, 0) :] if backward else minutes[:count]
    assert take(free, count * MINUTE, backward=backward) == IntervalSet.from_pairs(
        (m, m + MINUTE) for m in wanted
    )


def test_a_negative_amount_is_refused() -> None:
    with pytest.raises(InvalidFieldError):
        take(IntervalSet(), -MINUTE)
