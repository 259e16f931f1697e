"""`picked`: some of many facts, under the names that a document of the host's has for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slotkeeper.errors import InvalidFieldError


def picked(facts: Mapping[str, Any], names: str) -> dict[str, Any]:
    """Return some facts in the order of ``names``.

    Args:
        facts: Facts by name, such as those of `booking_facts`.
        names: Which, with spaces between; ``theirs=ours`` gives the fact ``ours`` under the name ``theirs``.

    Raises:
        InvalidFieldError: There is no such fact, or two would have one name.

    >>> picked({"id": 3, "customer_id": 7, "units": 1}, "id userId=customer_id")
    {'id': 3, 'userId': 7}
    """
    found: dict[str, Any] = {}
    for pair in names.split():
        theirs, _, ours = pair.partition("=")
        if (ours or theirs) not in facts:
            raise InvalidFieldError("names", ours or theirs, f"must be among {', '.join(facts)}")
        if theirs in found:
            raise InvalidFieldError("names", theirs, "must be there once")
        found[theirs] = facts[ours or theirs]
    return found
