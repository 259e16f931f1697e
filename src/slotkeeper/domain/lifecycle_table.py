"""The rows of a lifecycle table: a `State` says what a status means, a `Transition` what leads out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from slotkeeper.domain.fields import several
from slotkeeper.domain.guards import Circumstances, When, Who, common_bounds, someone_permits
from slotkeeper.errors import ForbiddenError, InvalidFieldError, TransitionTimeError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slotkeeper.domain.guards import Bounds


def plain(name: object) -> str:
    """Return the exact `str` behind a member of an enumeration of strings.

    Raises:
        InvalidFieldError: It is no text, or a blank one.
    """
    if not isinstance(name, str) or not name.strip():
        raise InvalidFieldError("lifecycle", name, "must name a status or an action")
    return str(name)


def _who(guards: Iterable[Who]) -> tuple[Who, ...]:
    return several("Transition.who", guards, Who)


def _when(guards: Iterable[When]) -> tuple[When, ...]:
    return several("Transition.when", guards, When)


@attrs.frozen
class State:
    """What a status means.

    Args:
        name: The status as bookings store it.
        occupies: Whether a booking in it keeps others off its resources.
        final: Whether nothing leads out of it; what leaves a booking in it, such as a review, still may.
        counts: Whether a booking in it counts towards limits and in statistics.
        code: What the host's other systems call it, where that is not the name.
    """

    name: str = attrs.field(converter=plain)
    occupies: bool = attrs.field(default=False, kw_only=True)
    final: bool = attrs.field(default=False, kw_only=True)
    counts: bool = attrs.field(default=True, kw_only=True)
    code: int | str | None = attrs.field(default=None, kw_only=True)

    @code.validator
    def _is_number_or_text(self, _: object, code: object) -> None:
        if isinstance(code, bool) or not isinstance(code, int | str | None):
            raise InvalidFieldError("State.code", code, "must be a whole number or a text")

    @property
    def external(self) -> int | str:
        """The code, or the name where there is no code."""
        return self.name if self.code is None else self.code


@attrs.frozen
class Transition:
    """One action out of one status.

    Args:
        source: The status that it leads out of; None creates a booking.
        action: What is done; with the source it names the row.
        target: The status that it leads to.
        who: The actor must satisfy one of these; none lets anyone act.
        when: The instant must satisfy all of these.
        exempt: Those to whom ``when`` does not apply. They still need ``who``.
    """

    source: str | None = attrs.field(converter=attrs.converters.optional(plain))
    action: str = attrs.field(converter=plain)
    target: str = attrs.field(converter=plain)
    who: tuple[Who, ...] = attrs.field(default=(), converter=_who, kw_only=True)
    when: tuple[When, ...] = attrs.field(default=(), converter=_when, kw_only=True)
    exempt: tuple[Who, ...] = attrs.field(default=(), converter=_who, kw_only=True)

    @property
    def key(self) -> tuple[str | None, str]:
        """The source and the action, which together occur once in a table."""
        return self.source, self.action

    def refusal(self, case: Circumstances) -> ForbiddenError | TransitionTimeError | None:
        """Return why the act is refused, people before time; None where it is allowed."""
        if case.actor is not None and self.who and not someone_permits(self.who, case):
            needs = tuple(need for guard in self.who for need in guard.needs)
            return ForbiddenError(case.actor.id, self.action, needs)
        earliest, latest = self._bounds(case)
        if (earliest is None or earliest <= case.now) and (latest is None or case.now < latest):
            return None
        return TransitionTimeError(self.action, earliest, latest, case.now)

    def _bounds(self, case: Circumstances) -> Bounds:
        exempted = someone_permits(self.exempt, case)
        return (None, None) if exempted else common_bounds(self.when, case.interval)
