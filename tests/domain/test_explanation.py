from __future__ import annotations

import datetime as dt
import pickle
import typing

import pytest
from hypothesis import given

from slotkeeper import errors
from slotkeeper.domain.explanation import (
    Blocker,
    Busy,
    Closed,
    Explanation,
    Inactive,
    LimitReached,
    NotOffered,
    OffGrid,
    Refusal,
    TooFar,
    TooFew,
    TooManyUnits,
    TooSoon,
    WrongDuration,
)
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import EMPTY, IntervalSet
from slotkeeper.domain.limit import Limit
from slotkeeper.errors import NaiveDatetimeError, RefusedError
from slotkeeper.testing.strategies import explanations, refusals

NOON = Interval.parse("2025-10-23T12:00Z/PT1H")
HOUR = dt.timedelta(hours=1)
AROUND = Interval(NOON.start, NOON.end + HOUR)
EACH = {
    Inactive("service", "cut"): "service cut is switched off",
    WrongDuration(HOUR / 2, HOUR): "PT30M is not a length offered",
    TooManyUnits(3, 2): "3 units asked for, at most 2 can be had",
    TooSoon(NOON.end, HOUR): "starts before 2025-10-23T13:00Z, the earliest now",
    TooFar(NOON.start): "starts after 2025-10-23T12:00Z, the latest now",
    LimitReached(Limit("customer", "day", "UTC", count=2), NOON, 2, 2 * HOUR): (
        "the limit per customer and day is reached (2 bookings, PT2H)"
    ),
    OffGrid(NOON.start, NOON.end): "not a start on offer, near 2025-10-23T12:00Z and 2025-10-23T13:00Z",
    OffGrid(None, None): "not a start on offer",
    Closed(0, IntervalSet([NOON])): "0 is open {2025-10-23T12:00Z/2025-10-23T13:00Z}",
    Closed(0, EMPTY): "0 is closed",
    Busy(1, 2, 1, (Blocker(9, NOON, 1, "held"),)): (
        "1 has 1 unit free, 2 asked for (held 2025-10-23T12:00Z/2025-10-23T13:00Z)"
    ),
    Busy(1, 3, 2, ()): "1 has 2 units free, 3 asked for",
    Busy(1, 1, 0, (Blocker(9, NOON, 1, "held", occupied=AROUND),)): (
        "1 has 0 units free, 1 asked for (held 2025-10-23T12:00Z/2025-10-23T13:00Z, "
        "with buffers 2025-10-23T12:00Z/2025-10-23T14:00Z)"
    ),
    LimitReached(Limit("customer", "day", "UTC", count=1), NOON, 1, HOUR): (
        "the limit per customer and day is reached (1 booking, PT1H)"
    ),
    NotOffered(0): "0 does not serve this service",
    NotOffered(): "no resource serves this service",
    TooFew(2, 1): "2 resources needed together, 1 free",
}


@pytest.mark.parametrize(("refusal", "sentence"), EACH.items(), ids=lambda one: type(one).__name__)
def test_each_refusal_says_what_it_decided_on(refusal: Refusal, sentence: str) -> None:
    assert str(refusal) == sentence


def test_every_kind_of_refusal_is_in_the_table_above() -> None:
    assert {type(one) for one in EACH} == set(typing.get_args(Refusal))


@given(refusals())
def test_the_error_carries_the_code_of_the_only_refusal(refusal: Refusal) -> None:
    error = Explanation(1, NOON.start, [refusal]).error()

    assert error.code == ("slot_taken" if isinstance(refusal, TooFew) else refusal.code)
    assert error.explanation.headline == refusal


@given(explanations())
def test_what_nothing_refuses_is_permitted(explanation: Explanation) -> None:
    assert explanation.permitted == (explanation.headline is None) == (not explanation.refusals)


@given(explanations())
def test_the_headline_is_one_of_the_refusals(explanation: Explanation) -> None:
    assert explanation.permitted or explanation.headline in explanation.refusals


def test_a_rule_of_the_service_comes_before_those_of_resources() -> None:
    soon = TooSoon(NOON.end, HOUR)

    assert Explanation(1, NOON.start, [Closed(7, EMPTY), soon]).headline == soon


def test_of_several_candidates_the_one_nearest_to_a_yes_gives_the_headline() -> None:
    near = Busy(8, 1, 0, ())
    far: list[Refusal] = [Closed(7, EMPTY), Busy(7, 1, 0, ())]

    assert Explanation(1, NOON.start, [*far, near]).headline == near


def test_a_start_off_the_grid_is_named_where_nothing_else_refuses() -> None:
    grid, busy = OffGrid(None, None), Busy(8, 1, 0, ())

    assert Explanation(1, NOON.start, [grid, busy]).headline == busy
    assert Explanation(1, NOON.start, [grid]).headline == grid


def test_a_start_is_an_instant() -> None:
    with pytest.raises(NaiveDatetimeError):
        Explanation(1, NOON.start.replace(tzinfo=None))


def test_text_lists_every_refusal() -> None:
    refused = Explanation("cut", NOON.start, [Closed(7, EMPTY), NotOffered(8)])

    assert str(refused) == (
        "cut cannot start at 2025-10-23T12:00Z: 7 is closed; 8 does not serve this service"
    )
    assert str(Explanation("cut", NOON.start)) == "cut may start at 2025-10-23T12:00Z"


def test_details_are_plain_facts() -> None:
    refused = Explanation("cut", NOON.start, [Closed(7, EMPTY)])

    assert refused.details() == {
        "service_id": "cut",
        "start": "2025-10-23T12:00Z",
        "refusals": [
            {"code": "outside_hours", "message": "7 is closed", "resource_id": 7, "open": []},
        ],
    }
    assert refused.error().details() == refused.details()


def test_html_escapes_what_users_typed_and_names_the_zone() -> None:
    html = Explanation("<script>", NOON.start, [Closed("<b>", EMPTY)])._repr_html_()

    assert html == (
        "<div>&lt;script&gt; at <code>2025-10-23T12:00Z</code> (UTC): refused"
        "<ul><li><b>outside_hours</b> &lt;b&gt; is closed</li></ul></div>"
    )
    assert "permitted<ul></ul>" in Explanation("cut", NOON.start)._repr_html_()


def test_a_permitted_start_has_no_error() -> None:
    with pytest.raises(errors.InvalidFieldError):
        Explanation("cut", NOON.start).error()


@given(explanations().filter(lambda one: not one.permitted))
def test_the_error_survives_pickling(explanation: Explanation) -> None:
    error: RefusedError = pickle.loads(pickle.dumps(explanation.error()))

    assert type(error) is type(explanation.error())
    assert error.explanation == explanation
    assert str(error) == str(explanation)
    assert isinstance(error, errors.SlotkeeperError)


@given(explanations())
def test_explanations_hash_as_they_compare(explanation: Explanation) -> None:
    assert hash(pickle.loads(pickle.dumps(explanation))) == hash(explanation)
