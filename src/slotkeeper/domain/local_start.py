"""`LocalStart`: what the clock on the wall reads when a booking starts, kept beside the instant.

A booking is an instant, and an appointment is a wall-clock time: a law that changes a zone's offset moves the
one and not the other. With the reading, the zone, the pass and the version of the zone data, the instant can
be computed again.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo

import attrs

from slotkeeper.domain.fields import not_blank
from slotkeeper.domain.walltime import (
    FoldPolicy,
    GapPolicy,
    WallTimeKind,
    as_wall,
    classify,
    reading,
    resolve,
)
from slotkeeper.errors import InvalidFieldError


@attrs.frozen
class LocalStart:
    """A start on the wall clock of a zone.

    Args:
        wall: What the clock reads, as a naive datetime.
        zone: The IANA name of the zone, which this process need not know until the instant is asked for.
        fold: Which pass it is where the clock shows the time twice: 0 the earlier, 1 the later; as PEP 495.
        zone_data: The version of the zone data by which the instant was computed; None where nobody knows.

    Raises:
        InvalidFieldError: ``wall`` is not naive, the zone is blank, or ``fold`` neither 0 nor 1.

    >>> noon = LocalStart(dt.datetime(2027, 1, 15, 12), "Europe/Warsaw")
    >>> noon.instant(gap=GapPolicy.LATER).isoformat()
    '2027-01-15T11:00:00+00:00'
    """

    wall: dt.datetime = attrs.field(converter=as_wall)
    zone: str = attrs.field(validator=not_blank)
    fold: int = attrs.field(default=0)
    zone_data: str | None = attrs.field(default=None)

    @fold.validator
    def _is_a_pass(self, _: object, value: object) -> None:
        if isinstance(value, bool) or value not in {0, 1}:
            raise InvalidFieldError("LocalStart.fold", value, "must be 0 or 1")

    @zone_data.validator
    def _says_something(self, _: object, value: object) -> None:
        if value is not None and not (isinstance(value, str) and value.strip()):
            raise InvalidFieldError(
                "LocalStart.zone_data", value, "must be a text that is not blank, or None"
            )

    @classmethod
    def at(cls, instant: dt.datetime, zone: zoneinfo.ZoneInfo, *, zone_data: str | None) -> LocalStart | None:
        """Return what the clocks of a zone read at an instant.

        It is None where there is nothing to keep: no change of zone data moves a zone of one offset, such as
        UTC, and a zone that was read from a file without a name can't be found again.

        Raises:
            InvalidInstantError: The reading leaves the years 1 to 9999.
        """
        if not zone.key or zone.utcoffset(None) is not None:
            return None
        wall = reading(instant, zone)
        found = classify(wall, zone)
        return cls(wall, zone.key, int(found.kind is WallTimeKind.FOLD and instant == found.later), zone_data)

    def instant(self, *, gap: GapPolicy) -> dt.datetime:
        """Return the instant, in UTC, that it stands for by the zone data of this process.

        Raises:
            InvalidZoneError: The zone is unknown.
            NonexistentTimeError: The clock skips it, and ``gap`` is ``RAISE`` or ``SKIP``.
        """
        fold = FoldPolicy.LATER if self.fold else FoldPolicy.EARLIER
        return resolve(self.wall, self.zone, gap=gap, fold=fold)

    @property
    def exists(self) -> bool:
        """Whether clocks of the zone show it at all, by the zone data of this process."""
        return classify(self.wall, self.zone).kind is not WallTimeKind.GAP
