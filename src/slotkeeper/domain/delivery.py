"""`Delivery` and `Redelivery`: an event on its way to a receiver, and when it is offered again."""

from __future__ import annotations

import datetime as dt
from typing import Final

import attrs

from slotkeeper.domain.event import Event
from slotkeeper.domain.fields import at_least, countable, instance_of, optional_instant, positive
from slotkeeper.errors import InvalidFieldError

_SECOND: Final = dt.timedelta(seconds=1)
_QUARTER: Final = dt.timedelta(minutes=15)


@attrs.frozen
class Delivery:
    """An event, and how its handing on went so far.

    Args:
        event: What is handed on.
        attempt: Which attempt this is, or was, the first being 1.
        fault: What the receiver raised the last time; None where it raised nothing yet.
        parked_at: When it was given up; None while attempts go on.
    """

    event: Event
    attempt: int
    fault: str | None = None
    parked_at: dt.datetime | None = attrs.field(default=None, converter=optional_instant)


@attrs.frozen(kw_only=True)
class Redelivery:
    """When an event that was not taken is offered again, and after how many attempts it is parked.

    The pauses double from one attempt to the next. With the values that stand here an event is parked after
    seven and a half hours.

    Args:
        attempts: How many at most, at least 1.
        pause: How long to wait after the first, which is positive.
        longest: How long to wait at most between two of them.

    Raises:
        InvalidFieldError: One is out of bounds, or the longest pause shorter than the first.

    >>> again = Redelivery(attempts=3)
    >>> [again.pause_after(attempt) for attempt in (1, 2, 3)]
    [datetime.timedelta(seconds=1), datetime.timedelta(seconds=2), None]
    """

    attempts: int = attrs.field(default=40, validator=[at_least(1), countable])
    pause: dt.timedelta = attrs.field(default=_SECOND, validator=[instance_of(dt.timedelta), positive])
    longest: dt.timedelta = attrs.field(default=_QUARTER, validator=instance_of(dt.timedelta))

    @longest.validator
    def _is_no_shorter(self, _: object, value: dt.timedelta) -> None:
        if value < self.pause:
            raise InvalidFieldError("Redelivery.longest", value, "must not be shorter than the first pause")

    def pause_after(self, attempt: int) -> dt.timedelta | None:
        """Return how long to wait after an attempt that failed; None after the last."""
        if attempt >= self.attempts:
            return None
        if attempt > (self.longest // self.pause).bit_length():
            return self.longest
        doublings: int = 2 ** (attempt - 1)
        return self.pause * doublings
