"""`Parameters`: what a request's query string says, read strictly, with bounds that cap or refuse."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final, TypeVar

import attrs

from slotkeeper.contrib.web.fields import NEEDED, Fields, Needed, absent, check_bounds
from slotkeeper.domain.listing import Listing
from slotkeeper.errors import InvalidFieldError

D = TypeVar("D")

_WHOLE: Final = re.compile(r"-?[0-9]{1,18}")
_LARGE: Final = re.compile(r"0*[1-9][0-9]{18,}")
_LOST_PLUS: Final = re.compile(r"(?P<time>T[0-9:.,]+) (?P<offset>[0-9]{2}:?[0-9]{2})$")
_FLAGS: Final = {"true": True, "false": False}
_FARTHEST: Final = 2**53


@attrs.frozen
class Parameters(Fields):
    """Parameters by name, each with its first value; an empty one is given all the same.

    >>> Parameters({"page": "2"}).page(most=100).offset
    20
    """

    def integer(
        self,
        name: str,
        default: D | Needed = NEEDED,
        *,
        least: int = 1,
        most: int = _FARTHEST - 1,
        cap: bool = False,
    ) -> int | D:
        """Return a whole number between two bounds, both included.

        Args:
            name: Which.
            default: What stands for none.
            least: The smallest.
            most: The largest.
            cap: Whether a larger one counts as the largest, and is not refused.
        """
        text = self.text(name, None)
        if text is None:
            return absent(name, default)
        if cap and _LARGE.fullmatch(text):
            return most
        if _WHOLE.fullmatch(text) is None:
            raise InvalidFieldError(name, text, "must be a whole number")
        return check_bounds(name, min(int(text), most) if cap else int(text), least, most)

    def flag(self, name: str, default: D | Needed = NEEDED) -> bool | D:
        """Return true or false, whatever its case."""
        text = self.text(name, None)
        if text is None:
            return absent(name, default)
        if text.lower() not in _FLAGS:
            raise InvalidFieldError(name, text, "must be true or false")
        return _FLAGS[text.lower()]

    def instant(self, name: str, default: D | Needed = NEEDED) -> dt.datetime | D:
        """Return an instant given with an offset, in UTC; a plus sign not encoded has come as a space."""
        text = self.text(name, None)
        if text is None:
            return absent(name, default)
        mended = _LOST_PLUS.sub(r"\g<time>+\g<offset>", text)
        return Fields({name: mended}).instant(name)

    def page(
        self,
        *,
        number: str = "page",
        size: str = "limit",
        default: int = 20,
        most: int = 100,
        cap: bool = False,
        order: str = "start",
    ) -> Listing:
        """Return the page that is asked for, the first being number 1.

        Args:
            number: What the parameter of the page's number is called.
            size: What the parameter of its size is called.
            default: The size where none is given.
            most: The largest size.
            cap: Whether a larger size counts as the largest.
            order: One of `BOOKING_ORDERS`.
        """
        limit = self.integer(size, default, most=most, cap=cap)
        furthest = _FARTHEST // limit
        return Listing.page(self.integer(number, 1, most=furthest), limit=limit, order=order)
