"""Processes that book, move and cancel through all nodes of a cluster, as a script: ``worker.py PLAN``.

What is asked is written down before, and what is told after, unbuffered. A client whose node fails goes on
at the next one with the same idempotency key, until it knows the outcome. The processes are forked from one
that has everything imported.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
import stamina

from slotkeeper.adapters.sql import SqlStore, Tables, transaction
from slotkeeper.adapters.sql.row_locks import hold
from slotkeeper.desk import BookingDesk
from slotkeeper.domain.booking import Booking
from slotkeeper.domain.codec import to_json
from slotkeeper.errors import (
    ConcurrencyError,
    IdempotencyError,
    LifecycleError,
    NotFoundError,
    OutcomeUnknownError,
    RefusedError,
    RetryableError,
    StaleVersionError,
)
from slotkeeper.ports import UnitOfWork

NOW: Final = dt.datetime(2025, 10, 20, tzinfo=dt.UTC)
STARTS: Final = [NOW + dt.timedelta(days=1, minutes=15 * step) for step in range(24)]
KEPT: Final = 3
"""How many bookings each process has at most at once."""
FAILURES: Final = 200
"""After how many a command is given up."""

Told = dict[str, Any]


class CountingStore(SqlStore):
    """Counts the passing faults that it meets, by the server's number and by whether the commit met them."""

    faults: Counter[str]

    @contextmanager
    def begin(self, *, write: bool = True) -> Iterator[UnitOfWork]:
        place = "before"
        try:
            with super().begin(write=write) as unit:
                yield unit
                place = "in commit"
        except (RetryableError, OutcomeUnknownError) as error:
            self.faults[f"{error.reason.strip('(').split(',')[0]} {place}"] += 1
            raise


class Client:
    """One process: a desk for each node, one of which it uses until that fails.

    Args:
        plan: What `crowd.Plan` says.
        number: Which process it is.
    """

    def __init__(self, plan: Mapping[str, Any], number: int) -> None:
        self._name, self._chance = f"p{number}", random.Random(f"{plan['seed']} {number}")
        self._log = os.open(f"{plan['log']}.{number}", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        self._faults: Counter[str] = Counter()
        self._desks = [self._desk(plan, url) for url in plan["urls"]]
        self._node = number % len(self._desks)
        self._services = [f"{kind}{place}" for kind in ("one", "two") for place in range(plan["resources"])]
        self._roams: bool = plan["roams"]

    def _desk(self, plan: Mapping[str, Any], url: str) -> BookingDesk:
        tables = Tables(**plan["place"])
        store = CountingStore.from_url(url, tables=tables, attempts=plan["tries"], connect_args=plan["waits"])
        assert isinstance(store, CountingStore)
        store.faults = self._faults
        if plan["causal"] is not None:
            setting = f"SET SESSION wsrep_sync_wait = {plan['causal']}"
            sa.event.listen(store.engine, "connect", lambda session, _: session.query(setting))
        return BookingDesk(store, clock=lambda: NOW)

    def work(self, attempts: int) -> None:
        """Carry out a number of commands, and say what was met on the way."""
        mine: list[str] = []
        for number in range(attempts):
            if self._roams:
                self._move_on()
            key = f"{self._name}-{number}"
            wish = self._chance.random()
            if not mine or (wish < 0.45 and len(mine) < KEPT):
                if self._call("book", key, key):
                    mine.append(key)
            elif wish < 0.65:
                self._call("reschedule", key, self._chance.choice(mine))
            else:
                self._call("cancel", key, mine.pop(0))
        self._note("met", "", faults=self._faults)

    def _call(self, what: str, key: str, booking_id: str) -> bool:
        """Have a command carried out, and tell whether it was."""
        start = self._chance.choice(STARTS)
        service = self._chance.choice(self._services)
        self._note("asked", key, what=what, booking=booking_id)
        for _ in range(FAILURES):
            try:
                booking = self._carried_out(what, key, booking_id, start, service)
            except RefusedError as error:
                self._note("refused", key, code=error.code)
                return False
            except (NotFoundError, LifecycleError, StaleVersionError) as error:
                self._note("stale", key, code=error.code)
                return False
            except OutcomeUnknownError:
                self._note("unknown", key)
            except RetryableError:
                self._note("failed", key)
            else:
                facts = {"booking": booking.id, "version": booking.version, "status": booking.status}
                self._note("acknowledged", key, start=booking.interval.start.isoformat(), **facts)
                if self._chance.random() < 0.1:
                    self._repeat(booking, what, key, booking_id, start, service)
                return True
            self._move_on()
            time.sleep(self._chance.uniform(0, 0.05))
        self._note("abandoned", key)
        return False

    def _repeat(self, first: Booking, *command: Any) -> None:  # noqa: ANN401 - whatever was asked first
        """Ask for the same through another node, and note whether the answer is the same."""
        self._move_on()
        try:
            same = to_json(self._carried_out(*command)) == to_json(first)
        except (RetryableError, OutcomeUnknownError):
            return
        except (RefusedError, NotFoundError, LifecycleError, ConcurrencyError, IdempotencyError):
            same = False
        self._note("same" if same else "different", str(command[1]))

    def _carried_out(self, what: str, key: str, booking_id: str, start: dt.datetime, service: str) -> Booking:
        desk = self._desks[self._node]
        if what == "book":
            return desk.book(service, start, booking_id=booking_id, key=key)
        if what == "reschedule":
            return desk.reschedule(booking_id, start, key=key).booking
        return desk.cancel(booking_id, key=key).booking

    def _move_on(self) -> None:
        self._node = (self._node + 1) % len(self._desks)

    def _note(self, told: str, key: str, **facts: object) -> None:
        os.write(self._log, f"{json.dumps({'told': told, 'key': key, **facts})}\n".encode())


def main(path: Path) -> int:
    plan = json.loads(path.read_text())
    stamina.instrumentation.set_on_retry_hooks([])  # which would tell of each; they are counted here
    if plan["planted"]:
        transaction.bump = hold  # type: ignore[attr-defined]  # as if locks were known to all nodes
    children = []
    for number in range(plan["processes"]):
        child = os.fork()
        if not child:
            Client(plan, number).work(plan["attempts"])
            os._exit(0)
        children.append(child)
    return max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
