"""Cursors: where a listing of bookings goes on, as text that callers hand back unread.

A cursor names the last item seen by the instant it is ordered by and its id, so that it stays right when
items before it come or go.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json

from slotkeeper.domain.booking import Booking
from slotkeeper.domain.ids import id_to_text
from slotkeeper.domain.iso8601 import format_instant, parse_instant
from slotkeeper.errors import ParseError

SortKey = tuple[dt.datetime, str]
"""What bookings are sorted by: an instant, then the id as text."""


def sort_key(booking: Booking, order: str) -> SortKey:
    """Return what a booking is sorted by in an order, descending or not."""
    name = order.removeprefix("-")
    instant = booking.interval.start if name == "start" else getattr(booking, name)
    return instant, id_to_text(booking.id)


def cursor_after(booking: Booking, order: str) -> str:
    """Return the cursor of what follows a booking in an order."""
    instant, text = sort_key(booking, order)
    plain = json.dumps([order, format_instant(instant), text])
    return base64.urlsafe_b64encode(plain.encode()).decode()


def read_cursor(text: str, order: str) -> SortKey:
    """Return the sort key of the last item seen.

    Raises:
        ParseError: The text is no cursor, or one of another order.
    """
    try:
        given, instant, last = json.loads(base64.urlsafe_b64decode(text.encode()))
        if given != order or not isinstance(last, str):
            raise ParseError(text, f"a cursor of order {order}")
        return parse_instant(instant), last
    except (binascii.Error, ValueError, TypeError, RecursionError):
        raise ParseError(text, f"a cursor of order {order}") from None
