"""What the pages copy out of the code is what the code says."""

from __future__ import annotations

import re
from pathlib import Path

from slotkeeper import STANDARD, errors

DOCS = Path(__file__).parents[2] / "docs"


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def tree(root: type[errors.SlotkeeperError]) -> list[type[errors.SlotkeeperError]]:
    below = (kind for child in root.__subclasses__() for kind in tree(child))
    return [root, *(kind for kind in below if kind.__module__ == errors.__name__)]


def summary(kind: type[errors.SlotkeeperError]) -> str:
    return (kind.__doc__ or "").splitlines()[0].removesuffix(".").replace("``", "`")


def test_the_diagram_is_the_standard_table() -> None:
    (diagram,) = re.findall(r"```mermaid\n(.*?)```", page("how-to/own-lifecycle.md"), re.DOTALL)
    assert diagram == STANDARD.to_mermaid()


def test_the_page_of_errors_lists_every_class_with_its_code_and_summary() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| (.*) \|$", page("reference/errors.md"), re.MULTILINE)
    assert rows == [(kind.code, kind.__name__, summary(kind)) for kind in tree(errors.SlotkeeperError)]


def test_the_page_of_errors_draws_the_tree_of_the_module() -> None:
    (drawn,) = re.findall(r"```text\n(.*?)```", page("reference/errors.md"), re.DOTALL)
    assert drawn.split() == (errors.__doc__ or "").partition("::")[2].partition("The fields are")[0].split()


def test_the_page_of_the_lifecycle_lists_the_standard_table() -> None:
    text = page("reference/lifecycle.md")
    states = re.findall(r"^\| `(\w+)` \| ?(yes)? \| ?(yes)? \| ?(yes)? \|$", text, re.MULTILINE)
    rows = re.findall(r"^\| ?(?:`(\w+)`)? \| `(\w+)` \| `(\w+)` \| (.*?)\|$", text, re.MULTILINE)
    assert [(name, *map(bool, flags)) for name, *flags in states] == [
        (one.name, one.occupies, one.counts, one.final) for one in STANDARD.states
    ]
    assert [(before or None, action, after, when.strip()) for before, action, after, when in rows] == [
        (one.source, one.action, one.target, " and ".join(map(str, one.when))) for one in STANDARD.transitions
    ]
