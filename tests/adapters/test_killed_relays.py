"""Relays are killed at random moments: every event is told, and none before an earlier one of its booking."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.adapters import relay_worker as worker
from tests.adapters.servers import SERVERS, Server, a_store
from tests.adapters.stores import remove_file, store_in_a_file

from slotkeeper import BookingDesk, Event, Resource, Service
from slotkeeper.adapters.sql import SqlStore
from slotkeeper.testing.contract.samples import HOUR

KILLS = 25


@pytest.fixture(params=["sqlite", *SERVERS])
def store(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    if request.param == "sqlite":
        made = store_in_a_file()
        yield made
        remove_file(made)
    else:
        with a_store(SERVERS[request.param]) as lent:
            yield lent


def noted(folder: Path) -> list[tuple[str, int]]:
    """Return what receivers were told, in the order of the clock that they share."""
    lines = [line.split() for file in folder.glob("told.log.*") for line in file.read_text().splitlines()]
    lines.sort(key=lambda line: int(line[0]))
    return [(booking_id, int(sequence)) for _, booking_id, sequence in lines]


def test_relays_that_are_killed_lose_no_event_and_let_none_overtake(store: SqlStore, tmp_path: Path) -> None:
    BookingDesk(store).add_resource(Resource("room", capacity=100))
    BookingDesk(store).add_service(Service("visit", HOUR))
    url = store.engine.url.render_as_string(hide_password=False)
    place = json.dumps(Server.place_of(store._tables))
    facts = (url, place, tmp_path / "told.log", "seed", KILLS)
    subprocess.run([sys.executable, worker.__file__, *map(str, facts)], check=True, timeout=120)

    last: list[Event] = []
    BookingDesk(store, clock=lambda: worker.since() + HOUR).relay(last.append, limit=10_000)
    told = [*noted(tmp_path), *((str(one.booking_id), one.sequence) for one in last)]
    seen, repeats = defaultdict[str, int](int), 0
    for booking_id, sequence in told:
        assert sequence <= seen[booking_id] + 1, f"{booking_id}: {sequence} came after {seen[booking_id]}"
        repeats += sequence <= seen[booking_id]
        seen[booking_id] = max(seen[booking_id], sequence)
    assert len(seen) == worker.WRITERS * worker.BOOKINGS
    assert set(seen.values()) == {1 + worker.UPDATES}
    assert repeats, "no relay was killed after it had told what it had not noted"
    with store.begin(write=False) as unit:
        assert list(unit.outbox.pending(limit=1)) == []
