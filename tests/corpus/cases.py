"""The corpus as pytest parameters: what other systems and standards answer, one parameter per case."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs
import pytest

if TYPE_CHECKING:
    from _pytest.mark import ParameterSet

FOLDER: Final = Path(__file__).parent

DISPUTED: Final[dict[str, str]] = {}
"""Cases that we hold to be wrong, or whose semantics we decided against: case id to reason.

Each must fail; one that passes breaks the build, and leaves this list.
"""


@attrs.frozen
class Case:
    """One question and the answer that its source gives."""

    id: str
    source: str
    given: dict[str, Any]
    expect: dict[str, Any]

    @property
    def kind(self) -> str:
        return str(self.given["kind"])


@cache
def all_cases() -> tuple[Case, ...]:
    """Return every case, file by file."""
    return tuple(
        Case(**one) for path in sorted(FOLDER.glob("*.json")) for one in json.loads(path.read_text("utf-8"))
    )


def cases(*kinds: str, **given: object) -> list[ParameterSet]:
    """Return the cases of these kinds for `pytest.mark.parametrize`, with disputed ones expected to fail.

    Keywords pick those whose ``given`` has these values, as in ``cases("set", op="union")``.
    """
    picked = [one for one in all_cases() if one.kind in kinds and given.items() <= one.given.items()]
    return [pytest.param(one, id=one.id, marks=_marks(one)) for one in picked]


def _marks(case: Case) -> list[pytest.MarkDecorator]:
    reason = DISPUTED.get(case.id)
    return [pytest.mark.xfail(strict=True, raises=AssertionError, reason=reason)] if reason else []
