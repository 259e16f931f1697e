"""`RateLimit`: how often one subject may do something in any stretch of time of a given length."""

from __future__ import annotations

import datetime as dt

import attrs

from slotkeeper.domain.fields import at_least, not_blank, positive


@attrs.frozen
class RateLimit:
    """At most ``count`` times in any stretch of time as long as ``per``.

    The stretch ends now and is open at its start, so what happened exactly ``per`` ago no longer counts. It
    slides: unlike a count per calendar minute, it never lets twice the count through around a minute's end.

    Args:
        name: What is done so often; limits of one name share their counts.
        count: How often, from 1.
        per: How long the stretch is.

    >>> RateLimit("book", 10, dt.timedelta(minutes=1)).count
    10
    """

    name: str = attrs.field(validator=not_blank)
    count: int = attrs.field(validator=at_least(1))
    per: dt.timedelta = attrs.field(validator=positive)
