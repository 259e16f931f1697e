"""Telling: whom to remind, each once, however many ask."""

from __future__ import annotations

import datetime as dt

from slotkeeper.desk.arguments import check_count, check_length
from slotkeeper.desk.command import Command, Work
from slotkeeper.desk.transitions import Transitions, next_version
from slotkeeper.domain.actor import SYSTEM
from slotkeeper.domain.booking import Booking
from slotkeeper.domain.instant import TICK, later
from slotkeeper.domain.interval import Interval
from slotkeeper.ports import UnitOfWork


class Telling(Transitions):
    """What is told to customers."""

    def reminders_due(self, within: dt.timedelta, *, limit: int = 1000) -> list[Booking]:
        """Return the bookings whose customer is to be reminded, by start, at most ``limit``.

        Due are those that start after now and within the time, its last instant included, that take their
        resources, and of which nobody was reminded yet.

        Raises:
            InvalidFieldError: The time or the limit is not positive.
        """
        check_length("within", within)
        check_count("limit", limit)
        with self._read() as unit:
            return self._due(unit, within, self._now(), limit)

    def remind(self, within: dt.timedelta, *, limit: int = 1000) -> list[Booking]:
        """Mark the reminders that are due as given, with an event ``remind`` each, and return the bookings.

        Each booking is reminded of once, however many processes ask; a booking that is moved is due again.
        It is a sweep, to be run again and again, so it takes no idempotency key.

        Raises:
            InvalidFieldError: The time or the limit is not positive.
        """
        check_length("within", within)
        check_count("limit", limit)

        def change(work: Work) -> list[Booking]:
            due = self._due(work.unit, within, work.now, limit)
            work.unit.lock({one for booking in due for one in booking.resource_ids})
            reminded: list[Booking] = []
            for one in due:
                before = self._locked(work.unit, one.id, None)
                if before.reminded_at is None and before.blocks(work.now):
                    after = next_version(before, work.now, reminded_at=work.now)
                    reminded.append(self._replace(work, "remind", before, after, actor=SYSTEM))
            return reminded

        return self._run(Command("remind", SYSTEM), list[Booking], change)

    def _due(self, unit: UnitOfWork, within: dt.timedelta, now: dt.datetime, limit: int) -> list[Booking]:
        soon = Interval(later(now, TICK), later(later(now, within), TICK))
        return list(unit.bookings.unreminded(soon, now=now, limit=limit))
