"""Relays that are killed while they relay, as a script: ``relay_worker.py URL TABLES LOG SEED KILLS``.

Two processes change bookings, four hand events on, and of these one after the other is killed at a random
moment and replaced. What a receiver is told is written down before it takes it.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable

from slotkeeper.adapters.sql import SqlStore, Tables
from slotkeeper.desk import BookingDesk
from slotkeeper.domain.delivery import Redelivery
from slotkeeper.domain.event import Event

NOW = dt.datetime(2025, 10, 20, tzinfo=dt.UTC)
START = NOW + dt.timedelta(days=10_000)
RELAYS = 4
WRITERS = 2
BOOKINGS = 3
UPDATES = 25
LEASE = dt.timedelta(milliseconds=300)
SOON = Redelivery(pause=dt.timedelta(milliseconds=10), longest=dt.timedelta(milliseconds=20), attempts=1000)


def since() -> dt.datetime:
    """Return the present on a clock that all processes of a machine share."""
    return NOW + dt.timedelta(microseconds=time.monotonic_ns() // 1000)


def desk_on(url: str, place: str) -> BookingDesk:
    return BookingDesk(SqlStore.from_url(url, tables=Tables(**json.loads(place))), clock=since)


def write(desk: BookingDesk, number: int) -> None:
    made = [desk.book("visit", START, booking_id=f"w{number}b{one}").id for one in range(BOOKINGS)]
    for update in range(UPDATES):
        for one in made:
            desk.update(one, notes=str(update))


def relay(desk: BookingDesk, log_path: str, seed: str) -> None:
    chance = random.Random(seed)
    log = os.open(log_path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def receive(event: Event) -> None:
        time.sleep(0.001)
        os.write(log, f"{time.monotonic_ns()} {event.booking_id} {event.sequence}\n".encode())
        if chance.random() < 0.05:
            raise ConnectionError

    while True:
        if not desk.relay(receive, limit=10, lease=LEASE, redelivery=SOON):
            time.sleep(0.01)


def forked(work: Callable[[], None]) -> int:
    child = os.fork()
    if not child:
        work()
        os._exit(0)
    return child


def main(url: str, place: str, log_path: str, seed: str, kills: str) -> None:
    chance = random.Random(seed)

    def new_writer(number: int) -> int:
        return forked(lambda: write(desk_on(url, place), number))

    def new_relay(number: int) -> int:
        return forked(lambda: relay(desk_on(url, place), f"{log_path}.{number}", f"{seed} {number}"))

    writers = [new_writer(number) for number in range(WRITERS)]
    relays = [new_relay(number) for number in range(RELAYS)]
    for number in range(int(kills)):
        time.sleep(chance.uniform(0.02, 0.1))
        which = chance.randrange(RELAYS)
        os.kill(relays[which], signal.SIGKILL)
        os.waitpid(relays[which], 0)
        relays[which] = new_relay(RELAYS + number)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in writers]
    for child in relays:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    sys.exit(max(map(abs, codes)))


if __name__ == "__main__":
    main(*sys.argv[1:])
