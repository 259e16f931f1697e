from __future__ import annotations

from typing import Any

import pytest

from slotkeeper.domain.lifecycle_table import State, Transition
from slotkeeper.errors import (
    InvalidFieldError,
)


@pytest.mark.parametrize("name", ["", "  ", None, 3])
def test_statuses_and_actions_need_names(name: Any) -> None:  # noqa: ANN401 - anything at all
    for make in (lambda: State(name), lambda: Transition("a", name, "b"), lambda: Transition("a", "b", name)):
        with pytest.raises(InvalidFieldError):
            make()


def test_a_row_has_no_blank_source() -> None:
    with pytest.raises(InvalidFieldError):
        Transition("", "go", "new")


@pytest.mark.parametrize("code", [True, 1.5, ["1"]])
def test_a_code_is_a_whole_number_or_a_text(code: Any) -> None:  # noqa: ANN401 - anything at all
    with pytest.raises(InvalidFieldError):
        State("new", code=code)
