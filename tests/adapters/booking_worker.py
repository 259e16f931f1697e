"""Processes that book in one database, as a script: ``booking_worker.py race|kill URL TABLES LOG ...``.

Whatever is acknowledged is written down, unbuffered, before the next booking begins. The processes are forked
from one that has everything imported and compiled and no connection open, so that they begin at once.
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
from contextlib import suppress
from functools import partial
from itertools import count

from slotkeeper.adapters.sql import SqlStore, Tables
from slotkeeper.desk import BookingDesk
from slotkeeper.errors import RefusedError, RetryableError

NOW = dt.datetime(2025, 10, 20, tzinfo=dt.UTC)
KEPT = 0
REPEATS = 20
STARTS = [NOW + dt.timedelta(days=1, minutes=15 * step) for step in range(12)]


def desk_on(url: str, place: str) -> BookingDesk:
    """Return a desk that has been used, without a connection that a fork would share."""
    store = SqlStore.from_url(url, tables=Tables(**json.loads(place)))
    desk = BookingDesk(store, clock=lambda: NOW)
    desk.get_service("visit")
    with suppress(RefusedError):
        desk.book("visit", NOW - dt.timedelta(days=1))
    store.close()
    return desk


def opened(log_path: str) -> int:
    return os.open(log_path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)


def note(log: int, *facts: object) -> None:
    os.write(log, f"{' '.join(map(str, facts))}\n".encode())


def race(url: str, place: str, log_path: str, processes: str, attempts: str) -> None:
    """Let processes attempt bookings at random starts, and now and then cancel one, all at once."""
    desk = desk_on(url, place)
    children = []
    for number in range(int(processes)):
        child = os.fork()
        if not child:
            attempt(desk, opened(f"{log_path}.{number}"), f"p{number}", int(attempts))
            os._exit(0)
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    sys.exit(max(map(abs, codes)))


def attempt(desk: BookingDesk, log: int, name: str, attempts: int) -> None:
    chance = random.Random(name)
    mine: list[str] = []
    for number in range(attempts):
        booking_id = f"{name}-{number}"
        if len(mine) > KEPT:
            repeated(partial(desk.cancel, mine[0]), log)
            note(log, "cancelled", mine.pop(0))
        note(log, "asked", booking_id)
        try:
            start, one = chance.choice(STARTS), chance.choice(["bay", "ramp", None])
            book = partial(desk.book, "visit", resource_ids=[one]) if one else partial(desk.book, "both")
            repeated(partial(book, start, booking_id=booking_id), log)
        except RefusedError:
            note(log, "refused", booking_id)
        else:
            note(log, "booked", booking_id)
            mine.append(booking_id)


def repeated(command: Callable[[], object], log: int) -> None:
    """Carry out a command, again while another transaction is in its way."""
    for _ in range(REPEATS):
        with suppress(RetryableError):
            command()
            return
        note(log, "repeated", "")
    command()


def kill(url: str, place: str, log_path: str, seed: str, rounds: str) -> None:
    """Let a child book, move and cancel, kill it at a random moment, and begin again."""
    desk = desk_on(url, place)
    chance = random.Random(seed)
    for number in range(int(rounds)):
        child = os.fork()
        if not child:
            book_until_killed(desk, opened(log_path), f"{seed}{number}")
        time.sleep(chance.uniform(0.03, 0.15))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def book_until_killed(desk: BookingDesk, log: int, name: str) -> None:
    chance = random.Random(name)
    for number in count():
        booking_id = f"{name}-{number}"
        with suppress(RefusedError):
            desk.book("both", chance.choice(STARTS), booking_id=booking_id, key=booking_id)
            note(log, "booked", booking_id)
            desk.reschedule(booking_id, chance.choice(STARTS))
            note(log, "moved", booking_id)
            desk.cancel(booking_id)
            note(log, "cancelled", booking_id)


if __name__ == "__main__":
    {"race": race, "kill": kill}[sys.argv[1]](*sys.argv[2:])
