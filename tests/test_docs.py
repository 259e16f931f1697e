"""What the documents show is what happens: their Python blocks and the examples in docstrings run.

A document is one test, and its blocks share one namespace from top to bottom, as a reader would type them.
Only blocks marked ``python`` run; shell and console blocks are not executed. ``<!-- skip: next -->`` before
a block leaves it out.
"""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from contextlib import suppress
from pathlib import Path
from unittest import SkipTest

import pytest
from sybil import Sybil
from sybil.parsers.myst import PythonCodeBlockParser, SkipParser

import slotkeeper

ROOT = Path(__file__).parents[1]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
SYBIL = Sybil(parsers=[PythonCodeBlockParser(doctest_optionflags=FLAGS), SkipParser()])


def documents() -> list[Path]:
    built = ROOT / "docs" / "_build"
    pages = (page for page in sorted((ROOT / "docs").rglob("*.md")) if built not in page.parents)
    return [ROOT / "README.md", *pages]


def modules() -> list[str]:
    found = pkgutil.walk_packages(slotkeeper.__path__, "slotkeeper.")
    return ["slotkeeper", *(module.name for module in found)]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the files that examples write land where they are thrown away."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_python_blocks_of_a_document_run(path: Path) -> None:
    document = SYBIL.parse(path)
    for example in document.examples():
        with suppress(SkipTest):
            example.evaluate()


@pytest.mark.parametrize("name", modules())
def test_the_examples_in_docstrings_hold(name: str) -> None:
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, optionflags=FLAGS)
    assert failed == 0, "see the output above"
