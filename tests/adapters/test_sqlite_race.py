"""Many processes on one file, some of them killed: nothing is booked twice, lost or half-written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.adapters.races import assert_kept_apart, log_of, open_workshop, run_worker, stored, trespasses

from slotkeeper.adapters.sql import SqlStore
from slotkeeper.desk import BookingDesk
from slotkeeper.domain.instant import EARLIEST, LATEST
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.listing import Listing

WORKER = Path(__file__).with_name("booking_worker.py")
PROCESSES = 8
ATTEMPTS = 40
KILLS = 25
EVER = Interval(EARLIEST, LATEST)
ALL = Listing(limit=100_000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "week.sqlite3"
    with closing(SqlStore.from_url(f"sqlite:///{file}")) as store:
        store.create_all()
        open_workshop(store)
    return file


@pytest.fixture
def store(path: Path) -> Iterator[SqlStore]:
    made = SqlStore.from_url(f"sqlite:///{path}")
    yield made
    made.close()


def run(mode: str, path: Path, *facts: object) -> None:
    run_worker(mode, f"sqlite:///{path}", {}, path.parent, *facts)


def count(store: SqlStore, query: str) -> int:
    with store.engine.connect() as connection:
        return int(connection.exec_driver_sql(query).scalar_one())


def test_processes_that_race_for_overlapping_starts_book_nothing_twice_and_lose_nothing(
    path: Path, store: SqlStore
) -> None:
    run("race", path, PROCESSES, ATTEMPTS)
    assert_kept_apart(store, log_of(path.parent))


def test_a_process_that_is_killed_leaves_nothing_half_written(path: Path, store: SqlStore) -> None:
    run("kill", path, "seed", KILLS)
    noted, there = log_of(path.parent), stored(store)
    assert count(store, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'") == 0
    assert count(store, "SELECT count(*) FROM pragma_foreign_key_check") == 0
    assert noted["booked"]
    assert set(noted["booked"]) <= set(there)
    assert len(there) - len(noted["booked"]) <= KILLS
    assert all(there[one].moved or there[one].status == "cancelled" for one in noted["moved"])
    assert all(there[one].status == "cancelled" for one in noted["cancelled"])
    assert trespasses(store) == []
    with store.begin(write=False) as unit:
        for booking in there.values():
            assert booking.resource_ids == ("bay", "ramp")
            history = unit.outbox.history(booking.id)
            assert [one.sequence for one in history] == list(range(1, booking.version + 1))
            assert history[-1].booking == booking
            assert unit.keys.get("book/", str(booking.id)) is not None
    assert count(store, "SELECT count(*) FROM slotkeeper_allocations") == 2 * len(there)


def test_after_kills_the_file_takes_bookings_as_before(path: Path, store: SqlStore) -> None:
    run("kill", path, "other", 3)
    free = BookingDesk(store).next_slot("visit", resource_ids=["bay"])
    assert free is not None
    booked = BookingDesk(store).book_slot(free)
    with store.begin(write=False) as unit:
        assert booked in unit.bookings.relevant(["bay"], EVER)
