"""The kit's names stand in one place and are loaded when asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from slotkeeper import testing


@pytest.mark.parametrize("name", testing.__all__)
def test_every_public_name_is_there_and_listed(name: str) -> None:
    assert getattr(testing, name).__name__.rpartition(".")[2] == name
    assert name in dir(testing)


def test_asking_for_the_kit_loads_no_test_tool() -> None:
    script = "import sys, slotkeeper.testing; print({'pytest', 'hypothesis'} & sys.modules.keys())"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
