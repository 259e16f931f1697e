"""The verdict on a run, and the table of many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import add

import attrs

COLUMNS = {
    "store": "store",
    "processes": "processes",
    "resources": "resources",
    "attempts": "attempts",
    "acknowledged": "acknowledged",
    "refused": "refused",
    "unknown": "unknown",
    "client_kills": "client kills",
    "server_kills": "server kills",
    "cuts": "connections cut",
    "ordered": "calls ordered",
    "undecided": "undecided",
    "violations": "violations",
}


@attrs.frozen(kw_only=True)
class Verdict:
    """What a run came to.

    Args:
        unknown: Calls whose callers were killed or cut off before an answer; all were asked again.
        ordered: Calls in the histories for which an order was looked for.
        undecided: Histories for which that search took too long.
    """

    store: str
    processes: int
    resources: int
    seconds: float
    attempts: int
    acknowledged: int
    refused: int
    unknown: int
    client_kills: int = 0
    server_kills: int = 0
    cuts: int = 0
    ordered: int = 0
    undecided: int = 0
    violations: tuple[str, ...] = attrs.field(default=(), converter=tuple[str, ...])

    def __add__(self, other: Verdict) -> Verdict:
        """Return what both runs came to together."""
        names = ["seconds", *list(COLUMNS)[3:]]
        return attrs.evolve(self, **{name: getattr(self, name) + getattr(other, name) for name in names})


def table(verdicts: Iterable[Verdict]) -> str:
    """Return a table in Markdown: a line for each store and number of resources, and one for all together."""
    lines: dict[tuple[str, int], list[Verdict]] = {}
    for one in verdicts:
        lines.setdefault((one.store, one.resources), []).append(one)
    rows = [_row(line) for line in lines.values()]
    if len(rows) > 1:
        rows.append(["together", "", "", *_row([one for line in lines.values() for one in line])[3:]])
    head = [list(COLUMNS.values()), ["---"] + ["--:"] * (len(COLUMNS) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in head + rows)


def _row(runs: Sequence[Verdict]) -> list[str]:
    """Return the cells for what runs came to together."""
    whole = reduce(add, runs)
    processes = sorted({one.processes for one in runs})
    cells = {name: _cell(getattr(whole, name)) for name in COLUMNS}
    return list({**cells, "processes": ", ".join(map(str, processes))}.values())


def _cell(value: object) -> str:
    if isinstance(value, tuple):
        return str(len(value))
    return f"{value:,}" if isinstance(value, int) else str(value)
