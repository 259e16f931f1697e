"""The search for an order of concurrent calls, against trying all orders."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotkeeper.testing.linearizability import Call, Model, UndecidedError, linearize

Told: TypeAlias = "tuple[str, int, int | None]"
"""What was done to a register, with which value, and what it held before."""


def register(state: int, call: Call[Told]) -> list[int]:
    what, value, told = call.command
    if call.ended is not None and told != state:
        return []
    return [value] if what == "swap" else [state]


def forgetful(state: int, call: Call[Told]) -> list[int]:
    """Model a register whose swaps may be lost."""
    return sorted({state, *register(state, call)}) if call.command[2] == state else []


@st.composite
def histories(draw: st.DrawFn) -> list[Call[Told]]:
    few = st.integers(0, 2)

    def call() -> Call[Told]:
        began = draw(st.integers(0, 8))
        ended = draw(st.none() | st.integers(began, 12))
        return Call((draw(st.sampled_from(["swap", "read"])), draw(few), draw(few)), began, ended)

    return [call() for _ in range(draw(st.integers(0, 6)))]


def explains(order: tuple[Call[Told], ...], model: Model[int, Told]) -> bool:
    """Tell whether an order respects real time and explains all answers."""
    for index, later in enumerate(order):
        if any(later.ended is not None and later.ended < one.began for one in order[:index]):
            return False
    states = {0}
    for call in order:
        states = {after for state in states for after in model(state, call)}
    return bool(states)


def all_orders(history: list[Call[Told]]) -> Iterator[tuple[Call[Told], ...]]:
    answered = [call for call in history if call.ended is not None]
    unknown = [call for call in history if call.ended is None]
    for count in range(len(unknown) + 1):
        for some in combinations(unknown, count):
            yield from permutations([*answered, *some])


@pytest.mark.parametrize("model", [register, forgetful])
@given(history=histories())
def test_an_order_is_found_exactly_where_trying_all_finds_one(
    model: Model[int, Told], history: list[Call[Told]]
) -> None:
    found = linearize(history, 0, model)
    assert (found is not None) == any(explains(order, model) for order in all_orders(history))
    if found is not None:
        assert explains(tuple(found), model)
        assert all(call in found for call in history if call.ended is not None)


def swap(value: int, told: int, began: int, ended: int | None) -> Call[Told]:
    return Call(("swap", value, told), began, ended)


def read(told: int, began: int, ended: int) -> Call[Told]:
    return Call(("read", 0, told), began, ended)


def test_two_who_were_both_told_that_they_came_first_fit_no_order() -> None:
    both_first = [swap(1, 0, 0, 5), swap(2, 0, 1, 6)]
    assert linearize(both_first, 0, register) is None


def test_what_ended_before_is_not_explained_by_what_came_later() -> None:
    assert linearize([read(1, 0, 3), swap(1, 0, 4, 5)], 0, register) is None


def test_what_was_never_answered_may_have_taken_effect_late_or_never() -> None:
    lost, early, late = swap(1, 0, 0, None), read(0, 5, 6), read(1, 7, 8)
    assert linearize([lost, early, late], 0, register) == [early, lost, late]
    assert linearize([lost, early], 0, register) == [early]


def test_a_search_that_takes_too_long_says_so() -> None:
    concurrent = [swap(number, 99, 0, 9) for number in range(8)]
    concurrent += [swap(number, number - 1, 0, 9) for number in range(1, 9)]
    with pytest.raises(UndecidedError):
        linearize(concurrent, 0, register, limit=3)


def test_thousands_of_calls_of_many_callers_are_put_in_order() -> None:
    history = [swap(number + 1, number, 10 * number, 10 * number + 160) for number in range(5_000)]
    assert linearize(reversed(history), 0, register) == history
