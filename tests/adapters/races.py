"""Races: what is asked of a database after many processes have booked in it at once."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import attrs

from slotkeeper.adapters.sql import SqlStore
from slotkeeper.desk import BookingDesk
from slotkeeper.domain.booking import Booking
from slotkeeper.domain.listing import BookingFilter, Listing
from slotkeeper.domain.requirement import Requirement
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.service import Service
from slotkeeper.engine.load import Load

WORKER = Path(__file__).with_name("booking_worker.py")
ALL = Listing(limit=100_000)


def open_workshop(store: SqlStore) -> None:
    """Put two resources, a service on one of them, and a service that needs both."""
    desk = BookingDesk(store)
    desk.add_resource(Resource("bay"))
    desk.add_resource(Resource("ramp"))
    visit = Service("visit", dt.timedelta(minutes=40), grid=dt.timedelta(minutes=15))
    desk.add_service(visit)
    both = Requirement(among=["bay", "ramp"], count=2)
    desk.add_service(attrs.evolve(visit, id="both", needs=[both]))


def run_worker(mode: str, url: str, place: dict[str, Any], folder: Path, *facts: object) -> None:
    """Run the script of booking processes to its end; their logs are in the folder."""
    facts = (mode, url, json.dumps(place), folder / "worker.log", *facts)
    subprocess.run([sys.executable, str(WORKER), *map(str, facts)], check=True, timeout=120)


def log_of(folder: Path) -> dict[str, list[str]]:
    """Return the ids that were noted, by what was noted of them."""
    noted: defaultdict[str, list[str]] = defaultdict(list)
    for file in folder.glob("*.log*"):
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


def assert_kept_apart(store: SqlStore, noted: dict[str, list[str]]) -> None:
    """Assert that a race booked nothing twice, lost nothing, and was a race."""
    there = stored(store)
    assert trespasses(store) == []
    assert all(peak <= 1 for peak in peaks(store).values())
    assert set(there) == set(noted["booked"])
    assert {one for one in there if there[one].status == "cancelled"} == set(noted["cancelled"])
    assert set(noted["asked"]) == {*noted["booked"], *noted["refused"]}
    assert noted["refused"], "nobody was ever in anybody's way: the race was none"
