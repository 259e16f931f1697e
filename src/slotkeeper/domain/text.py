"""Reading text by a pattern, with one error for whatever does not match."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slotkeeper.errors import ParseError

if TYPE_CHECKING:
    import re


def matched(pattern: re.Pattern[str], text: str, expected: str) -> re.Match[str]:
    """Return the match of the whole text.

    Raises:
        ParseError: It does not match, or is no text; ``expected`` names what it should have been.
    """
    try:
        match = pattern.fullmatch(text)
    except TypeError:
        match = None
    if match is None:
        raise ParseError(text, expected)
    return match
