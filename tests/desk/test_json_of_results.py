"""What the desk returns can be written as JSON and read back."""

from __future__ import annotations

import json

import pytest
from tests.desk.shops import TODAY, at, shop

from slotkeeper import (
    Booking,
    Hold,
    InvalidFieldError,
    Money,
    Page,
    ParseError,
    Statistics,
    from_json,
    to_json,
)


def test_a_page_of_bookings_and_holds_is_written_and_read_back_as_such() -> None:
    desk = shop().desk
    desk.book("wash", at(0))
    desk.hold("wash", at(1))
    page = desk.find()
    written = json.loads(json.dumps(to_json(page)))
    assert written == to_json(page, declared=Page[Booking])
    read = from_json(Page[Booking], written)
    assert (list(read.items), read.total, read.next) == (list(page.items), 2, None)
    assert [type(one) for one in read.items] == [Booking, Hold]


def test_a_page_is_read_only_as_one_of_something() -> None:
    assert from_json(Page, {"items": [], "total": 0}) == Page([], 0)
    with pytest.raises(ParseError, match=r"Page\.items"):
        from_json(Page, {"items": [1], "total": 1})
    with pytest.raises(InvalidFieldError):
        to_json(Page([object()], 1))


def test_statistics_are_written_and_read_back() -> None:
    desk = shop().desk
    desk.settle(desk.book("wash", at(0)).id)
    found = desk.statistics(TODAY)
    assert found.revenue == {"EUR": Money.of(40, "EUR")}
    assert from_json(Statistics, json.loads(json.dumps(to_json(found)))) == found
