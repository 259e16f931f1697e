"""Grids: which of the permitted starts are offered, and from where the steps are counted.

Systems differ in the anchor more than in anything else, so it is always stated: the opening's own start,
the wall clock, the free gap that the bookings leave, or one fixed instant.
"""

from __future__ import annotations

import datetime as dt
from typing import TypeAlias
from zoneinfo import ZoneInfo

import attrs

from slotkeeper.domain.fields import if_given, named, not_negative, positive
from slotkeeper.domain.instant import as_utc
from slotkeeper.domain.zones import as_zone
from slotkeeper.errors import InvalidFieldError

_DAY = dt.timedelta(days=1)
_MINUTE = dt.timedelta(minutes=1)


def _zone_or_none(value: str | ZoneInfo | None) -> ZoneInfo | None:
    return None if value is None else as_zone(value)


@attrs.frozen
class OpeningGrid:
    """Every ``step`` from ``offset`` after each opening's own start, whatever is booked in it.

    Two openings that touch, such as 9–12 and 12–17, each count from their own start.
    """

    step: dt.timedelta = attrs.field(validator=positive)
    offset: dt.timedelta = attrs.field(default=dt.timedelta(0), validator=not_negative, kw_only=True)


@attrs.frozen
class ClockGrid:
    """Every ``step`` from ``offset`` after local midnight, by the wall clock of ``zone``.

    Without a zone it is the resource's. The count begins anew each day, so a step that does not divide a day
    leaves a shorter one at its end. On days of a clock change the wall clock is what counts.
    """

    step: dt.timedelta = attrs.field(validator=positive)
    offset: dt.timedelta = attrs.field(default=dt.timedelta(0), validator=not_negative, kw_only=True)
    zone: ZoneInfo | None = attrs.field(default=None, converter=_zone_or_none, kw_only=True)

    @step.validator
    def _within_a_day(self, attribute: attrs.Attribute[object], value: dt.timedelta) -> None:
        if value > _DAY:
            raise InvalidFieldError(named(self, attribute), value, "must not be longer than a day")


@attrs.frozen
class GapGrid:
    """Every ``step`` from the first start of each free gap, so that a start may follow a booking at once.

    The first start of a gap is the gap's start, or the earliest that the notice permits if that is later,
    rounded up to the full minute, then to the next multiple of ``align`` on the wall clock of ``zone``
    (the resource's where none is given), plus ``offset``. Openings that touch or overlap make one gap; what
    is open for more than two days on end is cut at the resource's midnights.

    Args:
        step: The distance of starts within a gap.
        align: What the first start is rounded up to, though never past midnight; None takes the largest of
            60, 30, 20, 15, 10 and 5 minutes that divides the step, else one minute.
        offset: Added to the first start.
        pack: Round less, or not at all, where rounding would lose a slot at the end of the gap.
    """

    step: dt.timedelta = attrs.field(validator=positive)
    align: dt.timedelta | None = attrs.field(default=None, validator=if_given(positive), kw_only=True)
    offset: dt.timedelta = attrs.field(default=dt.timedelta(0), validator=not_negative, kw_only=True)
    pack: bool = attrs.field(default=False, kw_only=True)
    zone: ZoneInfo | None = attrs.field(default=None, converter=_zone_or_none, kw_only=True)

    @property
    def alignment(self) -> dt.timedelta:
        """What the first start of a gap is rounded up to."""
        if self.align is not None:
            return self.align
        fitting = (minutes * _MINUTE for minutes in (60, 30, 20, 15, 10, 5))
        return next((one for one in fitting if not self.step % one), _MINUTE)


@attrs.frozen
class FixedGrid:
    """Every ``step`` before and after one instant, in absolute time."""

    step: dt.timedelta = attrs.field(validator=positive)
    origin: dt.datetime = attrs.field(converter=as_utc)


Grid: TypeAlias = OpeningGrid | ClockGrid | GapGrid | FixedGrid


def as_grid(value: dt.timedelta | Grid | None) -> Grid | None:
    """Return a plain step as one from the opening's start; the others as they are."""
    return OpeningGrid(value) if isinstance(value, dt.timedelta) else value
