"""Racers at a frontier, as a script: ``frontier.py STORE URL TABLES SECONDS PROCESSES``.

They book, without a desk around it, short times near a point that moves on through the calendar, so that
there is always free time, and always somebody else who wants it. How many tried and how many were let is
written to standard output.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import sys
import time

from tests.chaos.serializable import SerializableOverGist

from slotkeeper.adapters.sql import SqlStore, Tables
from slotkeeper.domain.interval import Interval
from slotkeeper.errors import RetryableError, SlotTakenError
from slotkeeper.testing.contract.samples import NOW, RESOURCE_IDS, add, at, visit

KINDS = {"ours": SqlStore, "serializable over gist": SerializableOverGist}
MINUTE = dt.timedelta(minutes=1)
PACE = 15
"""By how many minutes of the calendar the frontier moves on in a second."""
WIDTH = 6
REPEATS = 100


def main(kind: str, url: str, place: str, seconds: str, processes: str) -> None:
    store = KINDS[kind].from_url(url, tables=Tables(**json.loads(place)), attempts=1)
    reading, writing = os.pipe()
    end = time.monotonic() + float(seconds)
    children = []
    for number in range(int(processes)):
        child = os.fork()
        if not child:
            os.write(writing, f"{json.dumps(race(store, number, end))}\n".encode())
            os._exit(0)
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    os.close(writing)
    with os.fdopen(reading) as told:
        tried, let = zip(*map(json.loads, told), strict=True)
    print(json.dumps({"tried": sum(tried), "let": sum(let)}))  # noqa: T201 - what it is for
    sys.exit(max(map(abs, codes)))


def race(store: SqlStore, number: int, end: float) -> tuple[int, int]:
    """Book until the end, and return how often it was tried, and how often let."""
    chance, tried, let = random.Random(number), 0, 0
    began = time.monotonic()
    while time.monotonic() < end:
        tried += 1
        frontier = int((time.monotonic() - began) * PACE)
        start = at(0) + (frontier + chance.randrange(WIDTH)) * MINUTE
        when = Interval(start, start + chance.randint(1, WIDTH) * MINUTE)
        let += _is_let(store, f"{number}-{tried}", when, chance)
    return tried, let


def _is_let(store: SqlStore, booking_id: str, when: Interval, chance: random.Random) -> bool:
    booking = visit(booking_id, when, on=[chance.choice(RESOURCE_IDS)])
    for _ in range(REPEATS):
        try:
            add(store, booking, now=NOW)
        except SlotTakenError:
            return False
        except RetryableError:
            time.sleep(chance.random() * 0.005)
        else:
            return True
    return False


if __name__ == "__main__":
    main(*sys.argv[1:])
