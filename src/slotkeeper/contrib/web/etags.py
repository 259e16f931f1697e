"""Entity tags: a booking's version as HTTP has it in ETag and If-Match (RFC 9110, 8.8.3 and 13.1.1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from slotkeeper.errors import ParseError, StaleVersionError

if TYPE_CHECKING:
    from slotkeeper.domain.booking import Booking

_TAG: Final = re.compile(r'[\s,]*(?P<weak>W/)?"(?P<text>[\x21\x23-\x7e\x80-\xff]*)"\s*(?:,[\s,]*|$)')
_VERSION: Final = re.compile(r"[1-9][0-9]{0,17}")


def etag(version: int) -> str:
    """Return the strong entity tag of a version.

    >>> etag(3)
    '"3"'
    """
    return f'"{version}"'


def expected_version(if_match: str | None, booking: Booking) -> int | None:
    """Return the version that a request expects by its If-Match header; None where any will do.

    Hand it to the command, which checks it again when it changes the booking.

    Raises:
        ParseError: The header is no list of entity tags.
        StaleVersionError: None of them is the booking's. Weak tags never are, since the comparison is strong.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    versions = [int(one) for one in _strong_tags(if_match) if _VERSION.fullmatch(one)]
    if booking.version not in versions:
        raise StaleVersionError("booking", booking.id, versions[0] if versions else 0, booking.version)
    return booking.version


def _strong_tags(header: str) -> list[str]:
    tags, position = [], 0
    while position < len(header) or not position:
        match = _TAG.match(header, position)
        if match is None:
            raise ParseError(header, "a list of entity tags")
        position = match.end()
        if not match["weak"]:
            tags.append(match["text"])
    return tags
