from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.desk.shops import MINUTE, MONDAY, Shop, at, shop

from slotkeeper import (
    STANDARD,
    Actor,
    Booking,
    BookingFilter,
    ForbiddenError,
    HasRole,
    Interval,
    InvalidFieldError,
    IsOwner,
    Listing,
    ParseError,
    from_json,
    to_json,
)
from slotkeeper.domain.listing import BOOKING_ORDERS


def _busy(moves: list[int]) -> Shop:
    here = shop(capacity=9)
    for index, half in enumerate(moves):
        here.desk.book("wash", at(half / 2), customer_id=index % 3 + 1, booking_id=index)
        if index % 2:
            here.clock.wait(MINUTE)
        if index % 4 == 3:
            here.desk.cancel(index)
    return here


@given(
    halves=st.lists(st.integers(0, 15), max_size=9),
    order=st.sampled_from(BOOKING_ORDERS),
    limit=st.integers(1, 4),
    by_cursor=st.booleans(),
)
def test_paging_covers_everything_once_in_order(
    *, halves: list[int], order: str, limit: int, by_cursor: bool
) -> None:
    desk = _busy(halves).desk
    seen: list[Booking] = []
    page = desk.find(listing=Listing(order=order, limit=limit))
    number = 1
    while True:
        assert page.total == len(halves)
        assert len(page.items) <= limit
        seen += page.items
        if page.next is None:
            break
        number += 1
        listing = Listing(order=order, limit=limit, after=page.next)
        page = desk.find(listing=listing if by_cursor else Listing.page(number, limit=limit, order=order))
    assert sorted(one.id for one in seen) == list(range(len(halves)))
    field = order.removeprefix("-")
    keys = [one.interval.start if field == "start" else getattr(one, field) for one in seen]
    assert keys == sorted(keys, reverse=order.startswith("-"))


@given(
    st.lists(st.integers(0, 15), max_size=9),
    st.fixed_dictionaries(
        {},
        optional={
            "statuses": st.sets(st.sampled_from(["confirmed", "cancelled"])),
            "customer_id": st.integers(1, 4),
            "resource_ids": st.sampled_from([[], ["bay"], ["?"]]),
            "service_ids": st.sampled_from([[], ["wash"], ["?"]]),
            "starting": st.just(Interval(at(0), at(3))),
            "overlapping": st.just(Interval(at(2.25), at(3))),
            "created": st.just(Interval(MONDAY, MONDAY + MINUTE)),
            "ids": st.sets(st.integers(0, 9)),
        },
    ),
)
def test_a_filter_lists_exactly_what_it_admits(halves: list[int], conditions: dict[str, Any]) -> None:
    desk = _busy(halves).desk
    found = desk.find(listing=Listing(limit=100), **conditions).items
    admitted = [
        one for one in desk.find(listing=Listing(limit=100)).items if BookingFilter(**conditions).admits(one)
    ]
    assert list(found) == admitted
    assert desk.find(BookingFilter(**conditions), Listing(limit=100)).items == found


def test_statuses_are_asked_for_by_name_or_by_code() -> None:
    table = STANDARD.with_codes({"confirmed": 2, "pending": 1, "cancelled": -1})
    desk = shop(lifecycle=table).desk
    made = desk.book("wash", at(0))
    desk.cancel(desk.book("wash", at(1)).id)
    for statuses in (["2"], ["confirmed"], ["2", "confirmed"], "2"):
        assert list(desk.find(statuses=statuses).items) == [made]
    with pytest.raises(InvalidFieldError):
        desk.find(statuses=["3"])


def test_others_see_their_own_bookings_only() -> None:
    desk = _busy([0, 1, 2, 3, 4, 5]).desk
    own = desk.find(actor=Actor(1))
    assert {one.customer_id for one in own.items} == {1}
    assert own.total == 2
    assert desk.find(actor=Actor(1), customer_id=1) == own
    with pytest.raises(ForbiddenError):
        desk.find(actor=Actor(1), customer_id=2)
    assert desk.find(actor=Actor(1, roles="admin")).total == 6
    assert desk.find(actor=Actor(9)).total == 0


def test_a_provider_sees_the_bookings_on_it() -> None:
    desk = _busy([0, 1]).desk
    assert desk.find(actor=Actor("bay"), resource_ids=["bay"]).total == 2
    assert desk.find(actor=Actor("bay")).total == 0


def test_the_host_decides_who_reads() -> None:
    here = shop(viewers=[IsOwner()])
    made = here.desk.book("wash", at(0), customer_id=7)
    for actor in (Actor(1, roles="admin"), Actor("bay")):
        with pytest.raises(ForbiddenError):
            here.desk.get(made.id, actor=actor)
    assert here.desk.find(actor=Actor(1, roles="admin")).total == 0
    closed = shop(viewers=[HasRole("auditor")]).desk
    with pytest.raises(ForbiddenError):
        closed.find(actor=Actor(7))


@pytest.mark.parametrize(
    "bad",
    [
        {"customer_id": ""},
        {"customer_id": True},
        {"series_id": 1.5},
        {"resource_ids": "bay"},
        {"ids": [None]},
        {"service_ids": [[]]},
        {"statuses": ["gone"]},
        {"overlapping": 1},
        {"starting": "today"},
        {"created": MINUTE},
        {"wanted": 1},
        {"listing": 1},
        {"actor": 0},
    ],
)
def test_bad_conditions_are_errors_of_ours(bad: dict[str, Any]) -> None:
    with pytest.raises(InvalidFieldError):
        shop().desk.find(**bad)


def test_bad_listings_are_errors_of_ours() -> None:
    desk = _busy([0, 1, 2]).desk
    for listing in (
        {"limit": 0},
        {"limit": True},
        {"offset": -1},
        {"order": "name"},
        {"after": "x", "offset": 1},
        {"after": 7},
    ):
        with pytest.raises(InvalidFieldError):
            Listing(**listing)
    for number in (0, -1, True, 1.0):
        with pytest.raises(InvalidFieldError):
            Listing.page(number)  # type: ignore[arg-type]
    cursor = desk.find(listing=Listing(limit=1)).next
    nested = base64.urlsafe_b64encode(b"[" * 100_000).decode()
    for stray in (Listing(after="nonsense"), Listing(after=nested), Listing(after=cursor, order="-start")):
        with pytest.raises(ParseError):
            desk.find(listing=stray)


def test_a_page_beyond_the_last_is_empty_and_knows_the_total() -> None:
    page = _busy([0, 1, 2]).desk.find(listing=Listing.page(5, limit=2))
    assert (list(page.items), page.total, page.next) == ([], 3, None)
    assert [Listing(limit=2).pages(total) for total in (0, 1, 2, 3)] == [0, 1, 1, 2]


def test_every_booking_listed_can_be_written_as_json_and_read_back() -> None:
    desk = _busy([0, 1, 2, 3]).desk
    desk.hold("wash", at(0), attributes={"x": [1, None, {"y": "z"}]})
    for one in desk.find().items:
        assert from_json(Booking, to_json(one)) == one


def test_a_cursor_stays_right_when_items_come_and_go() -> None:
    here = _busy([0, 2, 4, 6])
    page = here.desk.find(listing=Listing(limit=2))
    here.desk.book("wash", at(0.5), booking_id="before")
    here.desk.book("wash", at(1.5), booking_id="after")
    rest = here.desk.find(listing=Listing(limit=5, after=page.next))
    assert [one.id for one in rest.items] == ["after", 2, 3]
    assert rest.total == 6
