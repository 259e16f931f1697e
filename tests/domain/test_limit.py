from __future__ import annotations

import datetime as dt
import pickle
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from slotkeeper.domain.limit import Limit, Per
from slotkeeper.domain.periods import Period, Weekday
from slotkeeper.errors import InvalidFieldError, InvalidZoneError
from slotkeeper.testing.strategies import instants, limits

Misfit: TypeAlias = Any
"""What no field should take, whatever its type says."""


def test_texts_stand_for_the_members_of_enumerations() -> None:
    limit = Limit("customer", "week", "Europe/Warsaw", count=2, week_start=7)

    assert limit == Limit(
        Per.CUSTOMER, Period.WEEK, ZoneInfo("Europe/Warsaw"), count=2, week_start=Weekday.SU
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"per": "nobody"}, "Limit.per"),
        ({"period": "year"}, "Limit.period"),
        ({"count": -1}, "Limit.count"),
        ({"count": 1.5}, "Limit.count"),
        ({"duration": dt.timedelta(0)}, "Limit.duration"),
        ({"week_start": 8}, "Limit.week_start"),
        ({"count": None}, "Limit"),
        ({"per": "service", "all_services": True}, "Limit.all_services"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(changes: dict[str, Misfit], field: str) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        Limit(**{"per": "customer", "period": "day", "zone": "UTC", "count": 1, **changes})

    assert caught.value.field == field


def test_the_zone_is_one_that_exists() -> None:
    with pytest.raises(InvalidZoneError):
        Limit("customer", "day", "Mars/Olympus", count=1)


def test_none_at_all_may_be_allowed() -> None:
    assert Limit("customer", "day", "UTC", count=0).count == 0


@given(limits(), instants())
def test_an_instant_lies_in_its_period(limit: Limit, instant: dt.datetime) -> None:
    assert instant in limit.period_of(instant)


def test_a_week_begins_on_the_day_that_the_limit_says() -> None:
    thursday = dt.datetime(2025, 10, 23, tzinfo=dt.UTC)

    assert str(Limit("customer", "week", "UTC", count=1, week_start=Weekday.SU).period_of(thursday)) == (
        "2025-10-19T00:00Z/2025-10-26T00:00Z"
    )


@given(limits())
def test_limits_survive_pickling_and_hash_as_they_compare(limit: Limit) -> None:
    again = pickle.loads(pickle.dumps(limit))

    assert again == limit
    assert hash(again) == hash(limit)
