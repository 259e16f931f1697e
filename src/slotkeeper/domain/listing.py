"""`BookingFilter`, `Listing` and `Page`: which bookings to list, which part of them, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

import attrs

from slotkeeper.domain.booking import Booking
from slotkeeper.domain.fields import at_least, countable, if_given, instance_of, several
from slotkeeper.domain.ids import Id, id_tuple
from slotkeeper.domain.interval import Interval
from slotkeeper.errors import InvalidFieldError

T = TypeVar("T")


def _ids(given: Iterable[Id] | None) -> frozenset[Id]:
    return frozenset(() if given is None else id_tuple(given))


def _names(given: Iterable[str] | None) -> frozenset[str]:
    if given is None:
        return frozenset()
    return frozenset(several("BookingFilter.statuses", (given,) if isinstance(given, str) else given, str))


_AN_INTERVAL = if_given(instance_of(Interval))

BOOKING_ORDERS = ("start", "-start", "created_at", "-created_at", "updated_at", "-updated_at")
"""The orders in which bookings can be listed; a minus sign is descending, ties are broken by id."""


@attrs.frozen(kw_only=True)
class BookingFilter:
    """Which bookings to list; every condition given must hold; None or an empty one is no condition.

    Args:
        statuses: In one of these states.
        customer_id: For this customer.
        resource_ids: Taking one of these resources.
        service_ids: Of one of these services.
        series_id: Of this series.
        overlapping: Whose interval, without buffers, overlaps this one.
        starting: Whose start lies in this half-open interval.
        created: Made within this half-open interval.
        ids: With one of these ids.
    """

    statuses: frozenset[str] = attrs.field(default=frozenset(), converter=_names)
    customer_id: Id | None = None
    resource_ids: frozenset[Id] = attrs.field(default=frozenset(), converter=_ids)
    service_ids: frozenset[Id] = attrs.field(default=frozenset(), converter=_ids)
    series_id: Id | None = None
    overlapping: Interval | None = attrs.field(default=None, validator=_AN_INTERVAL)
    starting: Interval | None = attrs.field(default=None, validator=_AN_INTERVAL)
    created: Interval | None = attrs.field(default=None, validator=_AN_INTERVAL)
    ids: frozenset[Id] = attrs.field(default=frozenset(), converter=_ids)

    def admits(self, booking: Booking) -> bool:
        """Tell whether a booking meets every condition; the meaning that all stores must share."""
        return (
            (not self.statuses or booking.status in self.statuses)
            and (self.customer_id is None or booking.customer_id == self.customer_id)
            and (not self.resource_ids or not self.resource_ids.isdisjoint(booking.resource_ids))
            and (not self.service_ids or booking.service_id in self.service_ids)
            and (self.series_id is None or booking.series_id == self.series_id)
            and (self.overlapping is None or self.overlapping.overlaps(booking.interval))
            and (self.starting is None or booking.interval.start in self.starting)
            and (self.created is None or booking.created_at in self.created)
            and (not self.ids or booking.id in self.ids)
        )


@attrs.frozen(kw_only=True)
class Listing:
    """Which part of a list to return, in which order: a page by number, or what follows a cursor.

    Args:
        order: One of `BOOKING_ORDERS`.
        limit: How many at most.
        offset: How many to leave out, counted from the first; not together with a cursor.
        after: The cursor of the page before; None begins at the first.
    """

    order: str = attrs.field(default="start")
    limit: int = attrs.field(default=20, validator=[at_least(1), countable])
    offset: int = attrs.field(default=0, validator=[at_least(0), countable])
    after: str | None = attrs.field(default=None)

    @order.validator
    def _is_known(self, _: object, value: str) -> None:
        if value not in BOOKING_ORDERS:
            raise InvalidFieldError("Listing.order", value, f"must be one of {', '.join(BOOKING_ORDERS)}")

    @after.validator
    def _not_with_an_offset(self, _: object, value: str | None) -> None:
        if value is not None and not isinstance(value, str):
            raise InvalidFieldError("Listing.after", value, "must be a cursor's text")
        if value is not None and self.offset:
            raise InvalidFieldError("Listing.after", value, "cannot go with an offset")

    @classmethod
    def page(cls, number: int, *, limit: int = 20, order: str = "start") -> Listing:
        """Return the listing of a page, the first being number 1."""
        check_page(number)
        return cls(order=order, limit=limit, offset=(number - 1) * limit)

    @property
    def page_number(self) -> int:
        """The page that this part lies on, the first being number 1.

        >>> Listing.page(3, limit=20).page_number
        3
        """
        return 1 + self.offset // self.limit

    def part(self, items: Iterable[T]) -> Page[T]:
        """Return this part of a whole list that is in order already; cursors are for stored lists.

        >>> Listing.page(2, limit=2).part("abc").items
        ['c']
        """
        whole = list(items)
        return Page(whole[self.offset : self.offset + self.limit], len(whole))

    def pages(self, total: int) -> int:
        """Return how many pages of this size hold ``total`` items; none for nothing.

        >>> Listing(limit=20).pages(41)
        3
        """
        return -(-total // self.limit)


def check_page(number: object) -> None:
    """Raise unless ``number`` is the number of a page, from 1 on."""
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise InvalidFieldError("page", number, "must be a whole number of at least 1")


@attrs.frozen
class Page(Generic[T]):
    """Part of a list: its items, how many there are in all, and the cursor of the next part, if any."""

    items: Sequence[T]
    total: int
    next: str | None = None
