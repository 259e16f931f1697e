"""The key without overlaps is no guard on a cluster: nodes acknowledge what others then cannot apply.

Rivals commit at one moment, a node each, and the checker of `tests.chaos` holds what they were told against
what each node has in the end. The portable guard stands the same race.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress

import pytest
from tests.chaos.broken import KeyAlone
from tests.chaos.calling import answer
from tests.chaos.checker import violations
from tests.chaos.journal import PASSING, UNKNOWN, Asked, Command
from tests.chaos.plan import Plan, now, this_microsecond
from tests.chaos.rows import contents
from tests.chaos.world import capacity, furnish
from tests.galera.arena import KillableCluster
from tests.galera.cluster import Cluster, started

from slotkeeper.adapters.sql import SqlStore, Tables
from slotkeeper.desk import BookingDesk
from slotkeeper.ports import UnitOfWork

pytestmark = pytest.mark.galera

ROUNDS = 40
PREFIX = "race_"
WAITS = {"connect_timeout": 5, "read_timeout": 10}


class Meeting(SqlStore):
    """A store whose writers wait for each other before they commit."""

    meeting: threading.Barrier

    @contextmanager
    def begin(self, *, write: bool = True) -> Iterator[UnitOfWork]:
        with super().begin(write=write) as unit:
            yield unit
            if write:
                with suppress(threading.BrokenBarrierError):
                    self.meeting.wait(timeout=2)


class KeyAloneMeeting(Meeting, KeyAlone):
    """The same, behind nothing but the key."""


def test_the_key_alone_does_not_keep_what_nodes_acknowledged() -> None:
    with started() as cluster:  # of its own: it does not survive this
        found = race(cluster, "race", KeyAloneMeeting, portable=False)
    assert any("acknowledged 1 times more than it happened" in one for one in found), found


def test_the_portable_guard_keeps_what_nodes_acknowledged(cluster: Cluster, database: str) -> None:
    assert race(cluster, database, Meeting, portable=True) == []


def race(cluster: Cluster, database: str, kind: type[Meeting], *, portable: bool) -> list[str]:
    """Let each node book overlapping times at one moment, again and again, and return what went wrong."""
    cluster.nodes[0].ask(f"CREATE DATABASE IF NOT EXISTS {database}")
    server = KillableCluster(cluster, database, random.Random(0))
    tables = Tables(prefix=PREFIX, portable=portable)
    with ExitStack() as closed:
        stores = [store_at(url, kind, tables) for url in server.urls]
        for store in stores:
            closed.enter_context(closing(store))
        stores[0].create_all()
        cluster.catch_up()
        furnish(BookingDesk(stores[0], clock=now), ROUNDS)
        cluster.catch_up()
        asked = list(_rounds(stores))
    plan = Plan(store="", routes=[], place={"prefix": PREFIX}, folder="", seed="")
    found = server.complaints()
    return found + [one for url in server.urls for one in violations(asked, contents(plan, url))]


def store_at(url: str, kind: type[Meeting], tables: Tables) -> Meeting:
    made = kind.from_url(url, tables=tables, connect_args=WAITS)
    assert isinstance(made, Meeting)
    made.meeting = threading.Barrier(1)
    return made


def _rounds(stores: list[Meeting]) -> Iterator[Asked]:
    """Yield what was asked, until somebody is told nothing definite."""
    with ThreadPoolExecutor(len(stores)) as pool:
        for number in range(ROUNDS):
            if capacity(number) > 1:
                continue
            meeting = threading.Barrier(len(stores))
            for store in stores:
                store.meeting = meeting
            asked = list(pool.map(_booking(number), stores, range(len(stores))))
            yield from asked
            if any(one.answers[0]["told"] in {UNKNOWN, PASSING} for one in asked):
                return


def _booking(number: int) -> Callable[[Meeting, int], Asked]:
    """Return what books a resource from a quarter of an hour on, another one at each node."""

    def book(store: Meeting, quarter: int) -> Asked:
        name = f"n{quarter}-{number}"
        command = Command(
            key=name, action="book", booking_id=name, service_id=f"visit-{number}", start=quarter
        )
        began = this_microsecond()
        told = asyncio.run(answer(BookingDesk(store, clock=now), command))
        return Asked(command, [began], [told])

    return book
