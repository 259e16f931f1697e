"""Many processes on one file, some of them killed: nothing is booked twice, lost or half-written."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import attrs
import pytest

from slotkeeper.adapters.sql import SqlStore
from slotkeeper.desk import BookingDesk
from slotkeeper.domain.booking import Booking
from slotkeeper.domain.instant import EARLIEST, LATEST
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.requirement import Requirement
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.service import Service
from slotkeeper.engine.load import Load
from slotkeeper.ports import BookingFilter, Listing

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
        desk = BookingDesk(store)
        desk.add_resource(Resource("bay"))
        desk.add_resource(Resource("ramp"))
        visit = Service("visit", dt.timedelta(minutes=40), grid=dt.timedelta(minutes=15))
        desk.add_service(visit)
        both = Requirement(among=["bay", "ramp"], count=2)
        desk.add_service(attrs.evolve(visit, id="both", needs=[both]))
    return file


@pytest.fixture
def store(path: Path) -> Iterator[SqlStore]:
    made = SqlStore.from_url(f"sqlite:///{path}")
    yield made
    made.close()


def run(mode: str, path: Path, *facts: object) -> None:
    command = [
        sys.executable,
        str(WORKER),
        mode,
        str(path),
        str(path.parent / "worker.log"),
        *map(str, facts),
    ]
    subprocess.run(command, check=True, timeout=60)


def log_of(path: Path) -> dict[str, list[str]]:
    """Return the ids that were noted, by what was noted of them."""
    noted: defaultdict[str, list[str]] = defaultdict(list)
    for file in path.parent.glob("*.log*"):
        for line in file.read_text().splitlines():
            event, booking_id = line.rsplit(" ", 1)
            noted[event].append(booking_id)
    return noted


def stored(store: SqlStore) -> dict[object, Booking]:
    with store.begin(write=False) as unit:
        return {one.id: one for one in unit.bookings.find(BookingFilter(), ALL).items}


def peaks(store: SqlStore) -> dict[object, int]:
    """Return the greatest load there ever is on each resource."""
    loads: dict[object, int] = {}
    for resource_id in ("bay", "ramp"):
        rows = [
            (one.occupied, one.units)
            for booking in stored(store).values()
            for one in booking.allocations
            if booking.occupies and one.resource_id == resource_id
        ]
        loads[resource_id] = Load.of(rows).peak()
    return loads


def trespasses(store: SqlStore) -> list[str]:
    """Return the events that took what was taken at their time, replayed in the order of their commits."""
    there: dict[object, Booking] = {}
    found = []
    with store.begin(write=False) as unit:
        for event in unit.outbox.pending(limit=ALL.limit):
            new = event.booking
            others = [one for one in there.values() if one.occupies and one.id != new.id]
            if new.occupies and any(shares_time(new, one) for one in others):
                found.append(f"{event.action} {new.id}")
            there[new.id] = new
    return found


def shares_time(one: Booking, other: Booking) -> bool:
    same = set(one.resource_ids) & set(other.resource_ids)
    return bool(same) and one.interval.overlaps(other.interval)


def count(store: SqlStore, query: str) -> int:
    with store.engine.connect() as connection:
        return int(connection.exec_driver_sql(query).scalar_one())


def test_processes_that_race_for_overlapping_starts_book_nothing_twice_and_lose_nothing(
    path: Path, store: SqlStore
) -> None:
    run("race", path, PROCESSES, ATTEMPTS)
    noted, there = log_of(path), stored(store)
    assert trespasses(store) == []
    assert all(peak <= 1 for peak in peaks(store).values())
    assert set(there) == set(noted["booked"])
    assert {one for one in there if there[one].status == "cancelled"} == set(noted["cancelled"])
    assert set(noted["asked"]) == {*noted["booked"], *noted["refused"]}
    assert noted["refused"], "nobody was ever in anybody's way: the race was none"


def test_a_process_that_is_killed_leaves_nothing_half_written(path: Path, store: SqlStore) -> None:
    run("kill", path, "seed", KILLS)
    noted, there = log_of(path), stored(store)
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
