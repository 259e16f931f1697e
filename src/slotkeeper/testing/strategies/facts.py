"""Strategies for single facts: ids, names, money, and the host's free attributes."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from slotkeeper.domain.money import Money

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from slotkeeper.domain.ids import Id

_MOST_CENTS: Final = 100_000
_AWKWARD_TEXTS: Final = ("1", "urn:uuid:", "int:1", "str:", "<b>&", "ą", "a/b", " ")


@cache
def ids() -> SearchStrategy[Id]:
    """Return a strategy for ids of all three types, texts that look like other ids among them."""
    return st.integers() | st.text(min_size=1, max_size=8) | st.uuids() | st.sampled_from(_AWKWARD_TEXTS)


@cache
def few_ids() -> SearchStrategy[Id]:
    """Return a strategy for the ids 1 to 4, so that references meet."""
    return st.integers(1, 4)


@cache
def names() -> SearchStrategy[str]:
    """Return a strategy for short texts that people type, the empty one among them."""
    return st.text(max_size=12) | st.sampled_from(_AWKWARD_TEXTS)


@cache
def words() -> SearchStrategy[str]:
    """Return a strategy for short names of lower-case letters, such as those of roles."""
    return st.text("abcde", min_size=1, max_size=3)


@cache
def attributes() -> SearchStrategy[dict[str, Any]]:
    """Return a strategy for free attributes: anything that JSON can hold."""
    numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    leaves = st.none() | st.booleans() | numbers | st.text(max_size=8)
    values = st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
        max_leaves=4,
    )
    return st.dictionaries(st.text(max_size=6), values, max_size=2)


@cache
def currencies() -> SearchStrategy[str]:
    """Return a strategy for currencies with two, no and three decimal places."""
    return st.sampled_from(("EUR", "JPY", "KWD"))


def money(*, currency: str | None = None, least: int = 0) -> SearchStrategy[Money]:
    """Return a strategy for amounts in hundredths, from ``least`` hundredths on."""
    amounts = st.integers(least, _MOST_CENTS).map(lambda cents: Decimal(cents).scaleb(-2))
    return st.builds(Money, amounts, currencies() if currency is None else st.just(currency))
