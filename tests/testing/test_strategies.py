from __future__ import annotations

import datetime as dt
import subprocess
import sys
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from slotkeeper.domain.booking import Booking
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import EMPTY, IntervalSet
from slotkeeper.domain.limit import Limit, Per
from slotkeeper.domain.money import Money
from slotkeeper.domain.periods import Period
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.schedule import CombinedSchedule, Schedule
from slotkeeper.testing import strategies as some
from slotkeeper.testing._entry_point import STRATEGIES

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
MINUTE = dt.timedelta(minutes=1)
NAMES = sorted(set(some.__all__) - {"BASE", "tuples_of"})
ANYTHING = settings(max_examples=2_000, database=None, deadline=None)
UNSHRUNK = settings(ANYTHING, phases=[Phase.generate], suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("cls", STRATEGIES, ids=lambda cls: cls.__name__)
@given(data=st.data())
def test_types_find_their_strategy(cls: type, data: st.DataObject) -> None:
    assert isinstance(data.draw(st.from_type(cls)), cls)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=5)
@given(data=st.data())
def test_every_strategy_is_documented_and_draws(name: str, data: st.DataObject) -> None:
    make = getattr(some, name)

    assert make.__doc__
    data.draw(make())


@given(some.bookings())
def test_drawn_bookings_are_consistent(booking: Booking) -> None:
    assert all(one.interval == booking.interval for one in booking.allocations)
    assert booking.created_at <= booking.updated_at


@given(some.schedules(), some.intervals())
def test_drawn_schedules_can_be_opened(schedule: Schedule | CombinedSchedule, window: Interval) -> None:
    assert schedule.open_between(window).clip(window) == schedule.open_between(window)


# -- what examples shrink to


def shrunk(strategy: st.SearchStrategy[T]) -> T:
    return find(strategy, lambda _value: True, settings=ANYTHING)


def test_instants_and_intervals_shrink_to_the_first_minute_of_the_base_day() -> None:
    assert shrunk(some.instants()) == some.BASE
    assert shrunk(some.intervals()) == Interval.lasting(some.BASE, MINUTE)
    assert shrunk(some.interval_sets()) == EMPTY


def test_two_overlapping_intervals_shrink_to_the_same_minute() -> None:
    pairs = st.tuples(some.intervals(), some.intervals())

    assert find(pairs, lambda pair: pair[0].overlaps(pair[1]), settings=ANYTHING) == (
        Interval.lasting(some.BASE, MINUTE),
        Interval.lasting(some.BASE, MINUTE),
    )


def test_limits_shrink_to_a_count_per_day_in_utc() -> None:
    assert shrunk(some.limits()) == Limit(Per.CUSTOMER, Period.DAY, "UTC", count=0)


def test_schedules_shrink_to_weekly_hours_in_utc() -> None:
    plainest = shrunk(some.schedules())

    assert isinstance(plainest, Schedule)
    assert plainest.zone.key == "UTC"
    assert plainest == Schedule(plainest.zone, plainest.weekly)


# -- what they reach


@pytest.mark.parametrize(
    ("strategy", "wanted"),
    [
        (some.instants(anywhere=True), lambda instant: instant.year < 1000),
        (some.instants(anywhere=True), lambda instant: instant.microsecond),
        (some.intervals(anywhere=True), lambda interval: interval.duration > dt.timedelta(days=365)),
        (some.hours(), lambda hours: hours.end > dt.timedelta(days=1)),
        (some.schedules(), lambda schedule: isinstance(schedule, CombinedSchedule)),
        (some.plain_schedules(), lambda schedule: schedule.zones and schedule.recurring),
        (some.bookings(), lambda booking: len(booking.allocations) > 1),
        (some.lifecycles(), lambda table: len(table.transitions) > 2),
        (some.requirements(), lambda one: one.count is None),
        (some.ids(), lambda value: isinstance(value, str) and value.startswith("urn:uuid:")),
        (some.money(least=-100), lambda amount: amount.amount < 0),
    ],
)  # fmt: skip
def test_the_unusual_is_drawn_too(strategy: st.SearchStrategy[Any], wanted: Callable[[Any], bool]) -> None:
    find(strategy, wanted, settings=UNSHRUNK)


@given(some.resources(schedule=st.just(Schedule.always())))
def test_a_resource_takes_the_schedule_that_is_asked_for(resource: Resource) -> None:
    assert resource.schedule == Schedule.always()


@given(some.interval_sets(max_size=2))
def test_a_set_has_no_more_intervals_than_asked_for(found: IntervalSet) -> None:
    assert len(found) <= 2


@given(some.money(currency="JPY"))
def test_money_is_in_the_currency_that_is_asked_for(amount: Money) -> None:
    assert amount.currency == "JPY"


# -- loading


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_importing_the_package_loads_no_test_library() -> None:
    loaded = run("import sys, slotkeeper.testing; print({'hypothesis', 'pytest'} & set(sys.modules))")

    assert loaded == "set()\n"


def test_strategies_are_loaded_when_asked_for() -> None:
    assert (
        run("from slotkeeper import testing; print(testing.strategies.intervals.__name__)") == "intervals\n"
    )


def test_strategies_can_be_imported_before_hypothesis() -> None:
    code = (
        "import slotkeeper.testing.strategies; from slotkeeper.domain.interval import Interval; "
        "from hypothesis import strategies as st; print(st.from_type(Interval).validate())"
    )

    assert run(code) == "None\n"


@pytest.mark.parametrize(
    "how", ["from slotkeeper.testing import strategies", "import slotkeeper.testing.strategies"]
)
def test_without_hypothesis_the_error_names_the_extra(how: str) -> None:
    code = f"""
import sys
sys.modules["hypothesis"] = None
from slotkeeper.errors import MissingExtraError
try:
    {how}
except MissingExtraError as error:
    print(error.package, error.extra)
"""

    assert run(code) == "hypothesis testing\n"


def test_the_package_lists_what_it_offers() -> None:
    from slotkeeper import testing

    assert "strategies" in dir(testing)
    assert testing.strategies is some
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        testing.nothing  # noqa: B018 - it is looked up
