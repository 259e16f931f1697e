"""A short fight on every database, and the broken stores, each of which must lose one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from tests.chaos.breaking import Faults
from tests.chaos.campaign import no_server
from tests.chaos.killable import Server, mariadb, postgresql
from tests.chaos.running import run
from tests.chaos.stores import ASYNC

Arena = Callable[[], AbstractContextManager[Server | None]]

SOME = Faults(workers=0.3, connections=0.5, commits=0.5, servers=3)


@pytest.mark.parametrize("resources", [1, 20])
@pytest.mark.parametrize("arena", [no_server, postgresql, mariadb])
def test_a_store_keeps_its_promises(arena: Arena, resources: int) -> None:
    with arena() as server:
        verdict = run(
            "ours",
            server,
            faults=SOME,
            seed="short",
            processes=8,
            resources=resources,
            attempts=100_000,
            seconds=3,
        )
    assert verdict.violations == ()
    assert verdict.acknowledged, "nothing was booked"
    assert verdict.refused, "nobody was ever in anybody's way"
    assert verdict.client_kills, "nobody was killed"
    assert server is None or verdict.server_kills, "the server was never killed"


def test_the_awaited_store_keeps_its_promises() -> None:
    with postgresql() as server:
        verdict = run(
            "awaited",
            server,
            store=ASYNC,
            tasks=2,
            faults=SOME,
            seed="short",
            processes=6,
            resources=20,
            attempts=100_000,
            seconds=3,
        )
    assert verdict.violations == ()
    assert verdict.acknowledged


@pytest.mark.parametrize(
    ("store", "arena"),
    [
        ("check then insert", postgresql),
        ("insert where not exists", postgresql),
        ("lock and check in one statement", postgresql),
        ("stale snapshot", mariadb),
        ("default transactions", no_server),
    ],
)
def test_a_broken_store_is_found_out(store: str, arena: Arena) -> None:
    with arena() as server:
        verdict = run(
            store,
            server,
            store=store,
            portable=True,
            seed="short",
            processes=16,
            resources=1,
            attempts=100_000,
            seconds=4,
        )
    assert any("capacity" in one or "explains" in one for one in verdict.violations), verdict.violations
