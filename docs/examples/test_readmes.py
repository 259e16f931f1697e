"""What the tables of the applications refer to is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NAMES = sorted(one.parent.name for one in HERE.glob("*/app.py"))


@pytest.mark.parametrize("name", NAMES)
def test_what_a_table_refers_to_is_there(name: str) -> None:
    folder = HERE / name
    rows = [line for line in (folder / "README.md").read_text().splitlines() if line.startswith("| ")]
    code, tests = (folder / "app.py").read_text(), (folder / f"test_{name}.py").read_text()
    for row in rows[1:]:
        _, _, where, test, _ = row.split("|")
        for one in re.findall(r"`([\w/.]+)`", where):
            assert re.search(rf"\b{re.escape(one)}\b", code) or (folder / one).is_file(), one
        for one in re.findall(r"`(test_\w+)`", test):
            assert f"def {one}(" in tests, one


def test_what_the_comparison_refers_to_is_there() -> None:
    page = (HERE.parent / "explanation" / "systems.md").read_text()
    links = re.findall(r"\[`(\w+)`\]\([^)]*/docs/examples/([\w/.]+)\)", page)
    assert len(links) > 90
    for name, file in links:
        assert re.search(rf"\b{name}\b", (HERE / file).read_text()), (name, file)
