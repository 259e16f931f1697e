import copy
import datetime as dt
import pickle
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.domain.strategies import instants

from slotkeeper.domain.instant import EARLIEST, LATEST, TICK, ZERO, as_utc, later, moved, negated
from slotkeeper.errors import InvalidInstantError, NaiveDatetimeError

BERLIN = ZoneInfo("Europe/Berlin")
offsets = st.timedeltas(dt.timedelta(hours=-23, minutes=-59), dt.timedelta(hours=23, minutes=59)).map(
    dt.timezone
)
zoned = st.datetimes(
    min_value=dt.datetime(1, 1, 3), max_value=dt.datetime(9999, 12, 29), timezones=st.timezones() | offsets
)


class HostDatetime(dt.datetime):
    """A subclass, as frameworks and test tools have."""


class WithoutOffset(dt.tzinfo):
    def utcoffset(self, _: dt.datetime | None) -> None:
        return None

    dst = tzname = utcoffset


@given(zoned)
def test_as_utc_keeps_the_instant(value: dt.datetime) -> None:
    offset = value.utcoffset()
    assert offset is not None
    assert as_utc(value) == value.replace(tzinfo=dt.UTC, fold=0) - offset


@given(zoned, st.sampled_from([dt.datetime, HostDatetime]))
def test_as_utc_gives_plain_datetimes_in_the_one_utc(value: dt.datetime, kind: type[dt.datetime]) -> None:
    found = as_utc(kind.combine(value.date(), value.timetz()))
    assert type(found) is dt.datetime
    assert found.tzinfo is dt.UTC
    assert found.fold == 0


@given(instants)
def test_as_utc_changes_nothing_that_is_an_instant_already(value: dt.datetime) -> None:
    found = as_utc(value)
    assert as_utc(found) is found


@pytest.mark.parametrize("kind", [dt.datetime, HostDatetime])
def test_a_fold_in_utc_means_nothing(kind: type[dt.datetime]) -> None:
    folded = as_utc(kind(2025, 10, 26, 1, fold=1, tzinfo=dt.UTC))
    assert (folded.fold, repr(folded)) == (0, repr(dt.datetime(2025, 10, 26, 1, tzinfo=dt.UTC)))


def test_the_fold_of_a_zoned_time_tells_its_two_instants_apart() -> None:
    once = dt.datetime(2025, 10, 26, 2, 15, tzinfo=BERLIN)
    assert as_utc(once.replace(fold=1)) - as_utc(once) == dt.timedelta(hours=1)


@pytest.mark.parametrize(
    "value",
    [
        dt.datetime(2025, 10, 23),
        HostDatetime(2025, 10, 23),
        dt.datetime(2025, 10, 23, tzinfo=WithoutOffset()),
    ],
)
def test_naive_datetimes_are_refused(value: dt.datetime) -> None:
    with pytest.raises(NaiveDatetimeError) as caught:
        as_utc(value)
    assert caught.value.value is value


@pytest.mark.parametrize("value", [dt.date(2025, 10, 23), "2025-10-23T09:00Z", 0, None])
def test_what_is_no_datetime_is_refused(value: dt.datetime) -> None:
    with pytest.raises(InvalidInstantError):
        as_utc(value)


class NotATime(dt.datetime):
    """A datetime in name only, as pandas' NaT."""

    def date(self) -> dt.date:
        raise ValueError


def test_a_datetime_that_holds_no_time_is_refused() -> None:
    with pytest.raises(InvalidInstantError):
        as_utc(NotATime(2025, 10, 23, tzinfo=dt.UTC))


@pytest.mark.parametrize(
    "value",
    [
        dt.datetime.min.replace(tzinfo=dt.timezone(dt.timedelta(hours=1))),
        dt.datetime.max.replace(tzinfo=dt.timezone(dt.timedelta(hours=-1))),
        dt.datetime.min.replace(tzinfo=ZoneInfo("Asia/Tokyo")),
        dt.datetime.max.replace(tzinfo=ZoneInfo("America/New_York")),
    ],
)
def test_instants_beyond_the_years_1_to_9999_are_refused(value: dt.datetime) -> None:
    with pytest.raises(InvalidInstantError):
        as_utc(value)


@given(instants)
def test_utc_is_the_same_object_after_copying_and_pickling(value: dt.datetime) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(value, protocol)).tzinfo is dt.UTC
    assert copy.deepcopy(value).tzinfo is dt.UTC


@given(instants, st.timedeltas())
@example(EARLIEST, dt.timedelta.min)
@example(LATEST, dt.timedelta.max)
def test_moving_either_adds_or_says_that_it_cannot(value: dt.datetime, by: dt.timedelta) -> None:
    if EARLIEST - value <= by <= LATEST - value:
        assert moved(value, by) - value == by
        assert later(value, by) == moved(value, by)
    else:
        assert later(value, by) == (LATEST if by > ZERO else EARLIEST)
        with pytest.raises(InvalidInstantError):
            moved(value, by)


@given(st.timedeltas())
@example(dt.timedelta.max)
@example(dt.timedelta.min)
def test_negating_is_exact_except_where_no_timedelta_is_long_enough(by: dt.timedelta) -> None:
    if by > -dt.timedelta.min:
        assert negated(by) == dt.timedelta.min
    else:
        assert by + negated(by) == ZERO


def test_a_tick_is_the_smallest_step_between_instants() -> None:
    assert dt.timedelta.resolution == TICK
