"""The guard: the last check before a booking is stored, the same in every store.

It knows nothing of hours, notice or grids; it keeps the one promise that must hold whoever writes: the peak
load of the occupied intervals on a resource is never lifted above its capacity.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

from slotkeeper.domain.booking import Allocation, Booking
from slotkeeper.domain.explanation import Blocker, Busy, Explanation
from slotkeeper.domain.ids import Id
from slotkeeper.engine.load import Load
from slotkeeper.errors import SlotTakenError


def check_capacity(
    booking: Booking, others: Iterable[Booking], capacities: Mapping[Id, int], *, now: dt.datetime
) -> None:
    """Raise unless the booking fits beside the others on every resource that it takes.

    ``others`` may include anything; the booking's own earlier version and what does not block at ``now`` are
    looked through. A booking that does not block itself always fits, and so does one that takes nothing
    beyond what its earlier version among ``others`` takes, even where the capacity was lowered since. To take
    it for longer, as a hold does that is confirmed, is to take more. A resource without a known capacity has
    none to give.

    Raises:
        SlotTakenError: A resource's peak load would exceed its capacity.
    """
    if not booking.blocks(now):
        return
    blocking = [one for one in others if one.blocks(now)]
    rivals = [one for one in blocking if one.id != booking.id]
    earlier = [one for one in blocking if one.id == booking.id and _lasts(one, booking)]
    held = [row for one in earlier for row in one.allocations]
    wanted = (one for one in booking.allocations if not any(_covers(row, one) for row in held))
    found = (_excess(one, rivals, capacities.get(one.resource_id, 0)) for one in wanted)
    refusals = tuple(one for one in found if one is not None)
    if refusals:
        start, duration = booking.interval.start, booking.interval.duration
        raise SlotTakenError(Explanation(booking.service_id, start, refusals, duration=duration))


def _lasts(held: Booking, wanted: Booking) -> bool:
    if held.expires_at is None:
        return True
    return wanted.expires_at is not None and wanted.expires_at <= held.expires_at


def _covers(held: Allocation, wanted: Allocation) -> bool:
    return (
        wanted.resource_id == held.resource_id
        and wanted.occupied in held.occupied
        and wanted.units <= held.units
    )


def _excess(wanted: Allocation, rivals: Iterable[Booking], capacity: int) -> Busy | None:
    near = [
        (rival, one)
        for rival in rivals
        for one in rival.allocations
        if one.resource_id == wanted.resource_id and one.occupied.overlaps(wanted.occupied)
    ]
    free = capacity - Load.of((one.occupied, one.units) for _, one in near).peak(wanted.occupied)
    if wanted.units <= free:
        return None
    blockers = (Blocker.of(rival, one) for rival, one in near)
    return Busy(
        wanted.resource_id, wanted.units, max(free, 0), tuple(sorted(blockers, key=lambda one: one.interval))
    )
