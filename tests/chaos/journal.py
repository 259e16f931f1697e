"""Journals: what each caller asked and was told, written down before and after each call, and read again.

A line is written by one call of the system, so that a killed process leaves whole lines; the file outlives
it. What was asked and not answered has an unknown outcome, and is asked again with the same key.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

Answer = dict[str, Any]
ACKNOWLEDGED, REFUSED, UNKNOWN, PASSING, FAILED = "acknowledged", "refused", "unknown", "passing", "failed"
FINAL = {ACKNOWLEDGED, REFUSED}


@attrs.frozen(kw_only=True)
class Command:
    """What a caller asks; its key is the same in every repeat."""

    key: str
    action: str
    booking_id: str = ""
    service_id: str = ""
    start: int = 0
    units: int = 1


@attrs.define
class Asked:
    """A command, the instants at which it was asked, and the answers."""

    command: Command
    calls: list[int] = attrs.field(factory=list)
    answers: list[Answer] = attrs.field(factory=list)

    @property
    def final(self) -> Answer | None:
        """The first answer that tells what became of it."""
        return next((one for one in self.answers if one["told"] in FINAL), None)


class Journal:
    """One caller's file."""

    def __init__(self, folder: str, name: str) -> None:
        self._path = Path(folder, f"{name}.journal")
        self._file = os.open(self._path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def ask(self, command: Command, at: int) -> None:
        self._write({"at": at, "ask": attrs.asdict(command)})

    def told(self, command: Command, at: int, answer: Answer) -> None:
        self._write({"at": at, "key": command.key, **answer})

    def _write(self, line: dict[str, Any]) -> None:
        os.write(self._file, f"{json.dumps(line)}\n".encode())

    def read(self) -> dict[str, Asked]:
        return read(self._path)


def read(path: Path) -> dict[str, Asked]:
    """Return what one caller asked, by key, in order."""
    found: dict[str, Asked] = {}
    for line in map(json.loads, path.read_text().splitlines()):
        if "ask" in line:
            command = Command(**line["ask"])
            found.setdefault(command.key, Asked(command)).calls.append(line["at"])
        else:
            found[line["key"]].answers.append(line)
    return found


def read_all(folder: str) -> Iterator[Asked]:
    """Yield what all callers asked."""
    for path in sorted(Path(folder).glob("*.journal")):
        yield from read(path).values()
