"""Listing: what a filter admits, in every order, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import attrs
import pytest
from hypothesis import strategies as st

from slotkeeper.domain.booking import Booking
from slotkeeper.domain.ids import Id, id_to_text
from slotkeeper.domain.listing import BOOKING_ORDERS, BookingFilter, Listing, Page
from slotkeeper.errors import InvalidInputError
from slotkeeper.ports import Store
from slotkeeper.testing.contract.samples import NOW, add, at, furnish, span, visit
from slotkeeper.testing.contract.suite import StoreSuite, for_all
from slotkeeper.testing.strategies import few_ids

MIXED_IDS: tuple[Id, ...] = (1, 2, 10, "1", "2", "10", "a", "B", "int:1", "ä")
STATUSES = ("confirmed", "cancelled", "held")


@st.composite
def listed_visits(draw: st.DrawFn) -> list[Booking]:
    """Draw visits that are alike in much, so that filters bite and orders have ties."""
    hours = st.integers(0, 3)
    return [
        visit(
            one,
            span(start := draw(hours), start + draw(st.integers(1, 2))),
            on=draw(st.lists(few_ids(), min_size=1, max_size=2, unique=True)),
            status=draw(st.sampled_from(STATUSES)),
            occupies=draw(st.booleans()),
            counts=draw(st.booleans()),
            service_id=draw(few_ids()),
            customer_id=draw(st.sampled_from((None, 1, "1", 2))),
            series_id=draw(st.sampled_from((None, 1, "1"))),
            created_at=at(draw(hours) - 10),
            updated_at=at(draw(hours) - 5),
        )
        for one in draw(st.lists(st.sampled_from(MIXED_IDS), max_size=8, unique_by=id_to_text))
    ]


@st.composite
def filters(draw: st.DrawFn) -> BookingFilter:
    """Draw a filter of none, one or several conditions."""
    spans = st.builds(span, st.integers(-1, 1), st.integers(2, 5))
    made = st.builds(span, st.integers(-10, -9), st.integers(-8, -6))
    conditions: dict[str, st.SearchStrategy[Any]] = {
        "statuses": st.frozensets(st.sampled_from(STATUSES), min_size=1, max_size=2),
        "customer_id": st.sampled_from((1, "1", 3)),
        "resource_ids": st.frozensets(few_ids(), min_size=1, max_size=2),
        "service_ids": st.frozensets(few_ids(), min_size=1, max_size=2),
        "series_id": st.sampled_from((1, "1")),
        "overlapping": spans,
        "starting": spans,
        "created": made,
        "ids": st.frozensets(st.sampled_from(MIXED_IDS), min_size=1, max_size=4),
    }
    chosen = draw(st.lists(st.sampled_from(sorted(conditions)), max_size=2, unique=True))
    return BookingFilter(**{name: draw(conditions[name]) for name in chosen})


def in_order(bookings: list[Booking], order: str) -> list[Booking]:
    """Return bookings sorted; ties by the text of the id, and descending is ascending turned around."""
    name = order.removeprefix("-")

    def key(one: Booking) -> tuple[Any, str]:
        return (one.interval.start if name == "start" else getattr(one, name)), id_to_text(one.id)

    return sorted(bookings, key=key, reverse=order != name)


class ListingTests(StoreSuite):
    """`Bookings.find`."""

    @for_all(given=listed_visits(), wanted=filters(), order=st.sampled_from(BOOKING_ORDERS))
    def test_what_is_found_is_what_the_filter_admits_in_order(
        self, given: list[Booking], wanted: BookingFilter, order: str
    ) -> None:
        expected = in_order([one for one in given if wanted.admits(one)], order)
        with self._filled(given) as store:
            page = self._page(store, wanted, Listing(order=order, limit=100))
        assert list(page.items) == expected
        assert page.total == len(expected)
        assert page.next is None

    @for_all(
        given=listed_visits(),
        wanted=filters(),
        order=st.sampled_from(BOOKING_ORDERS),
        limit=st.integers(1, 4),
    )
    def test_pages_by_number_cover_each_booking_once(
        self, given: list[Booking], wanted: BookingFilter, order: str, limit: int
    ) -> None:
        expected = in_order([one for one in given if wanted.admits(one)], order)
        with self._filled(given) as store:
            for number in range(1, len(expected) // limit + 3):
                page = self._page(store, wanted, Listing.page(number, limit=limit, order=order))
                assert list(page.items) == expected[(number - 1) * limit : number * limit]
                assert page.total == len(expected)

    @for_all(
        given=listed_visits(),
        wanted=filters(),
        order=st.sampled_from(BOOKING_ORDERS),
        limit=st.integers(1, 4),
    )
    def test_pages_by_cursor_cover_each_booking_once(
        self, given: list[Booking], wanted: BookingFilter, order: str, limit: int
    ) -> None:
        expected = in_order([one for one in given if wanted.admits(one)], order)
        with self._filled(given) as store:
            pages = list(self._pages(store, wanted, Listing(order=order, limit=limit)))
        assert [one for page in pages for one in page.items] == expected
        assert {page.total for page in pages} == {len(expected)}
        assert all(len(page.items) == limit for page in pages[:-1])

    @pytest.mark.parametrize("order", BOOKING_ORDERS)
    def test_a_cursor_goes_on_after_the_last_item_whatever_came_before_it_since(self, order: str) -> None:
        visits = [
            visit(hour, span(hour, hour + 1), created_at=at(hour), updated_at=at(hour))
            for hour in range(2, 7)
        ]
        early, late = (
            visit(hour, span(hour, hour + 1), created_at=at(hour), updated_at=at(hour)) for hour in (0, 9)
        )
        with self._filled(visits) as store:
            first = self._page(store, BookingFilter(), Listing(order=order, limit=2))
            add(store, late if order.startswith("-") else early)
            rest = self._page(store, BookingFilter(), Listing(order=order, limit=9, after=first.next))
        assert [*first.items, *rest.items] == in_order(visits, order)
        assert rest.total == len(visits) + 1

    def test_a_page_that_a_number_gave_has_a_cursor_too(self) -> None:
        visits = [visit(hour, span(hour, hour + 1)) for hour in range(5)]
        with self._filled(visits) as store:
            second = self._page(store, BookingFilter(), Listing.page(2, limit=2))
            rest = self._page(store, BookingFilter(), Listing(limit=2, after=second.next))
        assert [*second.items, *rest.items] == visits[2:]

    @pytest.mark.parametrize("text", ["", "nonsense", "bm9uc2Vuc2U=", "ä"])
    def test_a_text_that_is_no_cursor_is_refused(self, text: str) -> None:
        with self._filled([visit(1, span(9, 10))]) as store, pytest.raises(InvalidInputError):
            self._page(store, BookingFilter(), Listing(after=text))

    def test_a_cursor_of_another_order_is_refused(self) -> None:
        with self._filled([visit(hour, span(hour, hour + 1)) for hour in range(3)]) as store:
            page = self._page(store, BookingFilter(), Listing(limit=1))
            with pytest.raises(InvalidInputError):
                self._page(store, BookingFilter(), Listing(order="-start", after=page.next))

    def test_intervals_in_a_filter_are_half_open(self) -> None:
        one = visit(1, span(9, 10), created_at=NOW, updated_at=NOW)
        with self._filled([one]) as store:
            for wanted, found in (
                (BookingFilter(overlapping=span(8, 9)), False),
                (BookingFilter(overlapping=span(10, 11)), False),
                (BookingFilter(starting=span(9, 10)), True),
                (BookingFilter(starting=span(8, 9)), False),
                (BookingFilter(created=span(-1, 0)), True),
                (BookingFilter(created=span(-2, -1)), False),
            ):
                assert list(self._page(store, wanted, Listing()).items) == [one] * found

    @contextmanager
    def _filled(self, bookings: list[Booking]) -> Iterator[Store]:
        with self.fresh() as store:
            furnish(store)
            add(store, *bookings)
            yield store

    def _page(self, store: Store, wanted: BookingFilter, listing: Listing) -> Page[Booking]:
        with store.begin(write=False) as unit:
            return unit.bookings.find(wanted, listing)

    def _pages(self, store: Store, wanted: BookingFilter, listing: Listing) -> Iterator[Page[Booking]]:
        page = self._page(store, wanted, listing)
        yield page
        while page.next is not None:
            page = self._page(store, wanted, attrs.evolve(listing, after=page.next))
            yield page
