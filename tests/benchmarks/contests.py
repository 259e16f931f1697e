"""All contests, in the order of the table."""

from __future__ import annotations

from typing import Final

from tests.benchmarks import (
    booking,
    conflicts,
    desk,
    free_time,
    importing,
    memory,
    next_free,
    overlap,
    recurring,
    sets,
    slots,
)

CONTESTS: Final = (
    *booking.CONTESTS,
    *overlap.CONTESTS,
    *free_time.CONTESTS,
    *slots.CONTESTS,
    *next_free.CONTESTS,
    *sets.CONTESTS,
    *recurring.CONTESTS,
    *conflicts.CONTESTS,
    *memory.CONTESTS,
    *desk.CONTESTS,
    *importing.CONTESTS,
)
