"""``SERIALIZABLE`` over a GiST index books twice, rarely: about once in some hundred bookings made for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.chaos.checker import violations
from tests.chaos.frontier import KINDS
from tests.chaos.killable import Killable, postgresql
from tests.chaos.plan import Plan
from tests.chaos.rows import contents

from slotkeeper.adapters.sql import Tables
from slotkeeper.testing.contract.samples import furnish

FRONTIER = Path(__file__).with_name("frontier.py")
ROOT = Path(__file__).parents[2]
ROUND_SECONDS = 10
LONGEST = 300
PROCESSES = 16


@pytest.mark.chaos
def test_serializable_over_gist_books_twice() -> None:
    end = time.monotonic() + LONGEST
    tried, let, found = 0, 0, list[str]()
    with postgresql() as server:
        while not found and time.monotonic() < end:
            counts, found = raced(server, "serializable over gist")
            tried, let = tried + counts["tried"], let + counts["let"]
    print(f"{tried} tries, {let} of them let, and then: {found}")  # noqa: T201 - for who runs it with -s
    assert found


@pytest.mark.chaos
def test_the_guard_of_ours_books_nothing_twice_in_the_same_race() -> None:
    with postgresql() as server:
        counts, found = raced(server, "ours")
    assert found == []
    assert counts["let"]


def raced(server: Killable, kind: str) -> tuple[dict[str, int], list[str]]:
    """Let racers book, and return how many tried and were let, and on what there is too much."""
    place: dict[str, Any] = {"prefix": "race_", "portable": True}
    where = [kind, server.url, json.dumps(place)]
    with closing(KINDS[kind].from_url(server.url, tables=Tables(**place))) as store:
        store.create_all()
        furnish(store, capacity=1)
        racing = [sys.executable, str(FRONTIER), *where, str(ROUND_SECONDS), str(PROCESSES)]
        paths = os.pathsep.join([str(ROOT), str(ROOT / "src")])
        environment = {**os.environ, "PYTHONPATH": paths}
        told = subprocess.run(racing, env=environment, check=True, capture_output=True, timeout=LONGEST)
        there = contents(Plan(store="", routes=[], place=place, folder="", seed=""), server.url)
        store.drop_all()
    found = [one for one in violations([], there) if "overbooked" in one]
    return json.loads(told.stdout), found
