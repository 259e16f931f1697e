from __future__ import annotations

from typing import Any, Literal

import pytest
from tests.desk.shops import DAY, EVER, HOUR, MONDAY, OPEN, TODAY, at, shop

from slotkeeper import (
    Actor,
    ForbiddenError,
    Interval,
    IntervalSet,
    InvalidFieldError,
    Money,
    NotFoundError,
    Schedule,
    Status,
)


def test_counts_are_by_every_status_of_the_lifecycle() -> None:
    here = shop()
    here.desk.cancel(here.desk.book("wash", at(0)).id)
    here.desk.book("wash", at(1))
    here.desk.hold("wash", at(2))
    here.desk.book("wash", at(24))
    found = here.desk.statistics(TODAY)
    assert found.total == 3
    assert set(found.by_status) == set(Status)
    assert {name: count for name, count in found.by_status.items() if count} == {
        "cancelled": 1,
        "confirmed": 1,
        "held": 1,
    }


def test_revenue_is_what_was_paid_for_bookings_that_are_paid() -> None:
    here = shop(capacity=9)
    paid = [here.desk.settle(here.desk.book("wash", at(0)).id) for _ in range(3)]
    here.desk.book("wash", at(0))
    here.desk.settle(here.desk.book("wash", at(1), price=Money.of(9, "USD")).id)
    here.clock.now = at(-1)
    here.desk.cancel(paid[0].id)
    here.clock.now = at(-2)
    here.desk.cancel(paid[1].id)
    found = here.desk.statistics(TODAY)
    assert found.revenue == {"EUR": Money.of(80, "EUR"), "USD": Money.of(9, "USD")}
    assert found.kept == {"EUR": Money.of(20, "EUR")}


def test_bookings_are_counted_by_start_or_by_when_they_were_made() -> None:
    desk = shop().desk
    desk.book("wash", at(24))
    today = Interval(MONDAY, MONDAY + HOUR)
    assert desk.statistics(today).total == 0
    assert desk.statistics(today, by="created_at").total == 1
    with pytest.raises(InvalidFieldError):
        desk.statistics(today, by="updated_at")  # type: ignore[arg-type]


def test_utilisation_is_booked_unit_time_within_open_time() -> None:
    here = shop(capacity=2)
    for _ in range(2):
        here.desk.book("wash", at(0))
    here.desk.cancel(here.desk.book("wash", at(1)).id)
    here.desk.hold("wash", at(2))
    here.clock.wait(HOUR)
    (bay,) = here.desk.statistics(TODAY).utilisation
    assert (bay.open_time, bay.booked_time, bay.share) == (16 * HOUR, HOUR, 1 / 16)
    (closed,) = here.desk.statistics(Interval(at(-9), at(-1))).utilisation
    assert closed.share == 0


def test_only_some_resources_may_be_asked_for() -> None:
    desk = shop().desk
    desk.book("wash", at(0))
    assert desk.statistics(TODAY, resource_ids=["bay"]).total == 1
    with pytest.raises(NotFoundError):
        desk.statistics(TODAY, resource_ids=["?"])
    with pytest.raises(InvalidFieldError):
        desk.statistics(TODAY, resource_ids="bay")


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[Interval]:
    """The windows over which the hours of a schedule were worked out."""
    found: list[Interval] = []
    open_between = Schedule.open_between

    def noted(self: Schedule, window: Interval) -> IntervalSet:
        found.append(window)
        return open_between(self, window)

    monkeypatch.setattr(Schedule, "open_between", noted)
    return found


@pytest.mark.parametrize("by", ["start", "created_at"])
def test_bookings_of_all_times_are_counted_without_working_out_any_hours(
    by: Literal["start", "created_at"], looked_at: list[Interval]
) -> None:
    desk = shop().desk
    desk.settle(desk.book("wash", at(0)).id)
    looked_at.clear()
    found = desk.statistics(EVER, by=by, utilisation=False)
    assert (found.total, found.revenue["EUR"], found.utilisation) == (1, Money.of(40, "EUR"), ())
    assert looked_at == []
    with pytest.raises(NotFoundError):
        desk.statistics(EVER, resource_ids=["?"], utilisation=False)


def test_how_busy_resources_are_is_worked_out_for_a_hundred_years_at_most(looked_at: list[Interval]) -> None:
    desk = shop().desk
    century = Interval(MONDAY, MONDAY + 36_525 * DAY)
    (bay,) = desk.statistics(century).utilisation
    assert looked_at == [century]
    assert bay.open_time == OPEN.open_between(century).duration
    looked_at.clear()
    with pytest.raises(InvalidFieldError, match="window must not be more than a hundred years"):
        desk.statistics(Interval(MONDAY, century.end + DAY))
    assert looked_at == []


def test_statistics_are_for_managers() -> None:
    desk = shop().desk
    with pytest.raises(ForbiddenError):
        desk.statistics(TODAY, actor=Actor(7))
    assert desk.statistics(TODAY, actor=Actor(1, roles="admin")).total == 0


def test_statistics_show_themselves_in_a_notebook() -> None:
    desk = shop().desk
    desk.settle(desk.book("wash", at(0)).id)
    shown: Any = desk.statistics(TODAY)._repr_html_()
    assert "1 bookings, revenue 40.00 EUR" in shown
    assert "(UTC)" in shown
    assert "none" in shop().desk.statistics(Interval(at(0), at(0) + DAY))._repr_html_()
