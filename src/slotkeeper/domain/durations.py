"""How long a booking may last: one length, one of several, a range, or the whole of an opening."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, TypeAlias

import attrs

from slotkeeper.domain.fields import named, positive
from slotkeeper.domain.instant import ZERO
from slotkeeper.errors import InvalidFieldError

if TYPE_CHECKING:
    from collections.abc import Iterable


@attrs.frozen
class FixedDuration:
    """Every booking lasts the same."""

    duration: dt.timedelta = attrs.field(validator=positive)

    @property
    def shortest(self) -> dt.timedelta:
        """The length offered where none is asked for."""
        return self.duration

    def allows(self, duration: dt.timedelta) -> bool:
        """Tell whether a booking may last so long."""
        return duration == self.duration


def _ascending(given: Iterable[dt.timedelta]) -> tuple[dt.timedelta, ...]:
    return tuple(sorted(set(given)))


@attrs.frozen
class DurationChoice:
    """A booking lasts one of several lengths."""

    durations: tuple[dt.timedelta, ...] = attrs.field(converter=_ascending)

    @durations.validator
    def _some_and_positive(self, attribute: attrs.Attribute[object], value: tuple[dt.timedelta, ...]) -> None:
        if not value or value[0] <= ZERO:
            raise InvalidFieldError(named(self, attribute), value, "must be lengths of more than zero")

    @property
    def shortest(self) -> dt.timedelta:
        """The length offered where none is asked for."""
        return self.durations[0]

    def allows(self, duration: dt.timedelta) -> bool:
        """Tell whether a booking may last so long."""
        return duration in self.durations


@attrs.frozen
class DurationRange:
    """A booking lasts from ``shortest`` to ``longest``, both included, in steps from the shortest up."""

    shortest: dt.timedelta = attrs.field(validator=positive)
    longest: dt.timedelta = attrs.field(validator=positive)
    step: dt.timedelta = attrs.field(validator=positive)

    @longest.validator
    def _not_below_the_shortest(self, attribute: attrs.Attribute[object], value: dt.timedelta) -> None:
        if value < self.shortest:
            raise InvalidFieldError(named(self, attribute), value, "must not be below the shortest")

    def allows(self, duration: dt.timedelta) -> bool:
        """Tell whether a booking may last so long."""
        return self.shortest <= duration <= self.longest and not (duration - self.shortest) % self.step


@attrs.frozen
class WholeOpening:
    """A booking takes a whole opening of the resource: a course stream, a class, a session with seats.

    Its permitted starts are the starts of the openings, its length is that of the opening.
    """


Durations: TypeAlias = FixedDuration | DurationChoice | DurationRange | WholeOpening


def as_durations(value: dt.timedelta | Durations) -> Durations:
    """Return a plain length as a fixed one; the others as they are."""
    return FixedDuration(value) if isinstance(value, dt.timedelta) else value
