"""Explanations: every rule that refuses a start, each with the facts it decided on."""

from __future__ import annotations

import datetime as dt
from html import escape
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, cast

import attrs

from slotkeeper import errors
from slotkeeper.domain import iso8601
from slotkeeper.domain.codec import to_json
from slotkeeper.domain.fields import optional_instant
from slotkeeper.domain.ids import Id
from slotkeeper.domain.instant import as_utc, later
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet
from slotkeeper.domain.limit import Limit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from slotkeeper.domain.booking import Allocation, Booking


def counted(number: int, noun: str) -> str:
    """Return a number of things in words: ``1 unit``, ``2 units``."""
    return f"{number} {noun if number == 1 else noun + 's'}"


@attrs.frozen
class Inactive:
    """The service, or the resource, is switched off."""

    code: ClassVar[str] = "inactive"
    kind: str
    id: Id
    resource_id: Id | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.id} is switched off"


@attrs.frozen
class WrongDuration:
    """The service does not offer that length."""

    code: ClassVar[str] = "invalid_duration"
    requested: dt.timedelta
    shortest: dt.timedelta
    resource_id: Id | None = None

    def __str__(self) -> str:
        return f"{iso8601.format_duration(self.requested)} is not a length offered"


@attrs.frozen
class TooManyUnits:
    """The service, or the resource, does not have so many units in all."""

    code: ClassVar[str] = "too_many_units"
    requested: int
    most: int
    resource_id: Id | None = None

    def __str__(self) -> str:
        return f"{counted(self.requested, 'unit')} asked for, at most {self.most} can be had"


@attrs.frozen
class TooSoon:
    """The start is before the earliest that the notice permits; ``missing`` is by how much."""

    code: ClassVar[str] = "too_soon"
    earliest: dt.datetime = attrs.field(converter=as_utc)
    missing: dt.timedelta
    resource_id: Id | None = None

    def __str__(self) -> str:
        return f"starts before {iso8601.format_instant(self.earliest)}, the earliest now"


@attrs.frozen
class TooFar:
    """The start is after the latest that the horizon permits."""

    code: ClassVar[str] = "too_far"
    latest: dt.datetime = attrs.field(converter=as_utc)
    resource_id: Id | None = None

    def __str__(self) -> str:
        return f"starts after {iso8601.format_instant(self.latest)}, the latest now"


@attrs.frozen
class LimitReached:
    """The bookings of the period leave no room under a limit."""

    code: ClassVar[str] = "limit_reached"
    limit: Limit
    period: Interval
    used_count: int
    used_duration: dt.timedelta
    resource_id: Id | None = None

    def __str__(self) -> str:
        used = f"{counted(self.used_count, 'booking')}, {iso8601.format_duration(self.used_duration)}"
        return f"the limit per {self.limit.per.value} and {self.limit.period.value} is reached ({used})"


@attrs.frozen
class OffGrid:
    """The start is none of those accepted; the neighbouring ones that are, where there are any that day."""

    code: ClassVar[str] = "off_grid"
    previous: dt.datetime | None = attrs.field(converter=optional_instant)
    following: dt.datetime | None = attrs.field(converter=optional_instant)
    resource_id: Id | None = None

    def __str__(self) -> str:
        near = [iso8601.format_instant(one) for one in (self.previous, self.following) if one is not None]
        return f"not a start on offer{', near ' + ' and '.join(near) if near else ''}"


@attrs.frozen
class Closed:
    """The resource is not open throughout; ``open`` is when it is, that day."""

    code: ClassVar[str] = "outside_hours"
    resource_id: Id
    open: IntervalSet

    def __str__(self) -> str:
        return f"{self.resource_id} is open {self.open}" if self.open else f"{self.resource_id} is closed"


@attrs.frozen
class Blocker:
    """A booking or hold in the way; ``occupied`` is its time with its buffers.

    ``booking_id`` is None where it is not for the one who asked to know.
    """

    booking_id: Id | None
    interval: Interval
    units: int
    status: str
    expires_at: dt.datetime | None = attrs.field(default=None, converter=optional_instant)
    occupied: Interval = attrs.field(default=attrs.Factory(lambda self: self.interval, takes_self=True))

    @classmethod
    def of(cls, booking: Booking, allocation: Allocation) -> Blocker:
        """Return a booking as what it takes of one resource is in the way."""
        return cls(
            booking.id,
            allocation.interval,
            allocation.units,
            booking.status,
            booking.expires_at,
            allocation.occupied,
        )

    def __str__(self) -> str:
        with_buffers = "" if self.occupied == self.interval else f", with buffers {self.occupied}"
        return f"{self.status} {self.interval}{with_buffers}"


@attrs.frozen
class Busy:
    """Too few units are free, because of the bookings and holds listed."""

    code: ClassVar[str] = "slot_taken"
    resource_id: Id
    requested: int
    free: int
    blockers: tuple[Blocker, ...]

    def __str__(self) -> str:
        taken = f" ({'; '.join(map(str, self.blockers))})" if self.blockers else ""
        return f"{self.resource_id} has {counted(self.free, 'unit')} free, {self.requested} asked for{taken}"


@attrs.frozen
class NotOffered:
    """The resource asked for, if any, does not serve this service."""

    code: ClassVar[str] = "not_offered"
    resource_id: Id | None = None

    def __str__(self) -> str:
        return (
            f"{self.resource_id} does not serve this service"
            if self.resource_id is not None
            else "no resource serves this service"
        )


@attrs.frozen
class TooFew:
    """Fewer resources than needed are free together at that start, though single ones are."""

    code: ClassVar[str] = "too_few_resources"
    needed: int
    free: int
    resource_id: Id | None = None

    def __str__(self) -> str:
        return f"{counted(self.needed, 'resource')} needed together, {self.free} free"


Refusal: TypeAlias = (
    Inactive
    | WrongDuration
    | TooManyUnits
    | TooSoon
    | TooFar
    | LimitReached
    | OffGrid
    | Closed
    | Busy
    | NotOffered
    | TooFew
)


def _refusals(given: Iterable[Refusal]) -> tuple[Refusal, ...]:
    return tuple(given)


_ERRORS: dict[str, type[errors.RefusedError]] = {
    Inactive.code: errors.InactiveError,
    WrongDuration.code: errors.DurationError,
    TooManyUnits.code: errors.UnitsError,
    TooSoon.code: errors.NoticeError,
    TooFar.code: errors.HorizonError,
    LimitReached.code: errors.LimitReachedError,
    OffGrid.code: errors.OffGridError,
    Closed.code: errors.OutsideHoursError,
    Busy.code: errors.SlotTakenError,
    NotOffered.code: errors.NotOfferedError,
    TooFew.code: errors.SlotTakenError,
}


@attrs.frozen
class Explanation:
    """Why a start is refused, or, without refusals, that it is permitted.

    Rules of the service come first, then those of its resources; a resource that would do is not listed, and
    with several candidates each one's refusals are. ``duration`` is how long it would last, where that
    follows from what was asked. `headline` is the refusal nearest to a yes: the first
    rule of the service, else the first of the candidate that the fewest rules refuse.
    """

    service_id: Id
    start: dt.datetime = attrs.field(converter=as_utc)
    refusals: tuple[Refusal, ...] = attrs.field(default=(), converter=_refusals)
    duration: dt.timedelta | None = attrs.field(default=None, kw_only=True)

    @property
    def permitted(self) -> bool:
        """Whether nothing refuses."""
        return not self.refusals

    @property
    def end(self) -> dt.datetime | None:
        """The first instant after what was asked for; None where its length is not known."""
        return None if self.duration is None else later(self.start, self.duration)

    @property
    def blockers(self) -> tuple[Blocker, ...]:
        """The bookings and holds in the way, on whichever resource, each once for each that it takes."""
        busy = (one for one in self.refusals if isinstance(one, Busy))
        return tuple(blocker for one in busy for blocker in one.blockers)

    @property
    def headline(self) -> Refusal | None:
        """The refusal that an error is named after."""
        near: list[Refusal] = [one for one in self.refusals if not isinstance(one, (OffGrid, TooFew))]
        near = near or list(self.refusals)
        of_service = [one for one in near if one.resource_id is None]
        if of_service or not near:
            return of_service[0] if of_service else None
        by_resource: dict[Id | None, list[Refusal]] = {}
        for one in [row for row in self.refusals if row.resource_id is not None] or self.refusals:
            by_resource.setdefault(one.resource_id, []).append(one)
        return min(by_resource.values(), key=len)[0]

    def showing(self, visible: Callable[[Id], bool]) -> Explanation:
        """Return the same with the ids of those bookings only that are ``visible``.

        >>> hour = Interval.parse("2026-03-02T09:00Z/10:00Z")
        >>> busy = Busy("bay", 1, 0, (Blocker("b", hour, 1, "confirmed"),))
        >>> Explanation("wash", hour.start, [busy]).showing({"a"}.__contains__).refusals[
        ...     0
        ... ].blockers[0].booking_id
        """
        return attrs.evolve(self, refusals=[_showing(one, visible) for one in self.refusals])

    def error(self) -> errors.RefusedError:
        """Return the error that says so, of the class that belongs to the headline.

        Raises:
            InvalidFieldError: Nothing refuses.
        """
        headline = self.headline
        if headline is None:
            raise errors.InvalidFieldError("Explanation.refusals", self.refusals, "must hold a refusal")
        return _ERRORS[headline.code](self)

    def details(self) -> dict[str, Any]:
        """Return the facts as JSON can hold them: service, start, each refusal's code, text and fields."""
        rows = [{"code": one.code, "message": str(one), **_members(one)} for one in self.refusals]
        return {**_members(attrs.evolve(self, refusals=())), "refusals": rows}

    def __str__(self) -> str:
        when = iso8601.format_instant(self.start)
        if self.permitted:
            return f"{self.service_id} may start at {when}"
        return f"{self.service_id} cannot start at {when}: " + "; ".join(str(one) for one in self.refusals)

    def _repr_html_(self) -> str:
        rows = "".join(f"<li><b>{escape(one.code)}</b> {escape(str(one))}</li>" for one in self.refusals)
        verdict = "permitted" if self.permitted else "refused"
        when = escape(iso8601.format_instant(self.start))
        what = f"{escape(str(self.service_id))} at <code>{when}</code> (UTC): {verdict}"
        return f"<div>{what}<ul>{rows}</ul></div>"


def _showing(refusal: Refusal, visible: Callable[[Id], bool]) -> Refusal:
    if not isinstance(refusal, Busy):
        return refusal
    blockers = [
        one if one.booking_id is None or visible(one.booking_id) else attrs.evolve(one, booking_id=None)
        for one in refusal.blockers
    ]
    return attrs.evolve(refusal, blockers=tuple(blockers))


def _members(value: Explanation | Refusal) -> dict[str, Any]:
    return dict(cast("dict[str, Any]", to_json(value)))
