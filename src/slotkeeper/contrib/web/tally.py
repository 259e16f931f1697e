"""`Tally`: how many bookings stand in each status, kept up by events one at a time instead of being counted.

From it comes the share of visits that went well, by which providers can be ranked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Self

import attrs

from slotkeeper.domain.event import Event
from slotkeeper.domain.standard_lifecycle import Status


def _counts(given: Mapping[str, int]) -> dict[str, int]:
    return {str(status): number for status, number in given.items() if number}


@attrs.frozen
class Tally:
    """Bookings by status.

    >>> Tally({"completed": 8, "no_show": 2}).reliability()
    0.75
    """

    by_status: Mapping[str, int] = attrs.field(factory=dict, converter=_counts, hash=False)

    def after(self, event: Event) -> Self:
        """Return the tally once an event has happened; each event counts once, in order per booking."""
        counts = dict(self.by_status)
        if event.before is not None:
            counts[event.before.status] = counts.get(event.before.status, 0) - 1
        counts[event.booking.status] = counts.get(event.booking.status, 0) + 1
        return attrs.evolve(self, by_status=counts)

    @property
    def total(self) -> int:
        """How many bookings in all."""
        return sum(self.by_status.values())

    def reliability(
        self,
        good: Iterable[str] = (Status.COMPLETED,),
        bad: Iterable[str] = (Status.NO_SHOW,),
        *,
        prior: float = 1,
    ) -> float:
        """Return the share of visits that went well, between 0 and 1.

        Args:
            good: The statuses of those that did.
            bad: The statuses of those that did not; other statuses don't count.
            prior: How many imagined visits of either kind are added, so that a few say little (Laplace's
                rule of succession with 1).
        """
        well, ill = (sum(self.by_status.get(str(one), 0) for one in some) for some in (good, bad))
        return (well + prior) / (well + ill + 2 * prior)
