"""Every error that slotkeeper raises, one tree with a stable code and the facts in fields.

::

    SlotkeeperError
    ├── InvalidInputError (also a ValueError)     what was given makes no sense
    │   ├── NaiveDatetimeError                    a datetime without an offset where an instant is needed
    │   ├── InvalidInstantError                   an instant outside the years 1 to 9999
    │   ├── InvalidIntervalError                  an end that is not after its start
    │   ├── InvalidZoneError                      a name that is no IANA zone
    │   ├── NonexistentTimeError                  a wall-clock time that a clock change skips
    │   ├── AmbiguousTimeError                    a wall-clock time that a clock change repeats
    │   ├── InvalidRecurrenceError                a recurrence rule that RFC 5545 or its bounds do not allow
    │   ├── InvalidFieldError                     any other field that cannot hold that value
    │   ├── ParseError                            text or JSON that cannot be read
    │   ├── CurrencyMismatchError                 money of two currencies in one sum
    │   └── LifecycleTableError                   a table of states that contradicts itself
    ├── NotFoundError (also a LookupError)        nothing is stored under that id
    ├── RefusedError                              a booking rule says no; carries an explanation
    │   ├── OutsideHoursError                     the resource is not open for the whole interval
    │   ├── NoticeError                           earlier than the minimum notice allows
    │   ├── HorizonError                          later than the booking horizon allows
    │   ├── LimitReachedError                     a limit per period is used up
    │   ├── OffGridError                          not one of the starts that the service offers
    │   ├── DurationError                         not a duration that the service offers
    │   ├── UnitsError                            more units than the resource has in all
    │   ├── InactiveError                         the service or the resource is switched off
    │   ├── NotOfferedError                       that resource does not serve this service
    │   └── SlotTakenError                        other bookings leave too few free units
    ├── LifecycleError
    │   ├── TransitionError                       the booking's status knows no such action
    │   ├── TransitionTimeError                   the action is allowed at another time
    │   └── NotModifiableError                    the booking is in a final status
    ├── ForbiddenError                            the actor may not do that
    ├── PolicyError                               a policy, such as the reschedule notice, says no
    ├── RateLimitedError                          the subject did that too often lately
    ├── ConcurrencyError
    │   ├── StaleVersionError                     somebody else changed it first
    │   ├── DuplicateIdError                      that id is in use
    │   ├── RetryableError                        a passing fault; the same call may succeed
    │   └── OutcomeUnknownError                   the connection was lost while the change was committed
    ├── IdempotencyError
    │   ├── IdempotencyMismatchError              the key was used for another request
    │   └── IdempotencyPendingError               the first request with that key still runs
    ├── PaymentError                              the payment gateway refused or failed
    ├── SchemaMismatchError                       the tables in the database are not the expected ones
    └── MissingExtraError (also an ImportError)   an optional package is not installed

The fields are positional, so that every error survives pickling; the message is derived from them.
``code`` never changes once published; messages may.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

import attrs

if TYPE_CHECKING:
    # Only for the reader and the checker: nothing of the library is imported here at run time.
    from collections.abc import Iterable

    from slotkeeper.domain.explanation import Explanation  # noqa: TC004
    from slotkeeper.domain.ids import Id  # noqa: TC004


def _texts(given: Iterable[str]) -> tuple[str, ...]:
    return tuple(given)


def _written(instant: dt.datetime) -> str:
    """Return an instant in UTC as ISO 8601, as the rest of the library writes them for people."""
    if instant.utcoffset():
        return instant.isoformat()
    precision = "auto" if instant.second or instant.microsecond else "minutes"
    return f"{instant.replace(tzinfo=None).isoformat(timespec=precision)}Z"


def _quoted(value: object) -> str:
    """Return a value as sentences for people quote it: times in ISO 8601, UUIDs bare, all else as Python."""
    try:
        if isinstance(value, dt.datetime) and value.tzinfo is not None:
            return _written(value)
        if isinstance(value, dt.date | dt.time):
            return value.isoformat()
    except (ValueError, OverflowError):  # of a tzinfo that is no good
        return repr(value)
    return str(value) if isinstance(value, dt.timedelta | UUID) else repr(value)


@attrs.define(slots=False)
class SlotkeeperError(Exception):
    """The root of all errors that the library raises on purpose."""

    code: ClassVar[str] = "error"

    def details(self) -> dict[str, Any]:
        """Return the facts by field name, for problem documents and logs."""
        return {field.name: getattr(self, field.name) for field in attrs.fields(type(self))}

    def describe(self) -> str:
        """Return one sentence for people; never parse it, read the fields."""
        return ", ".join(f"{name}={value!s}" for name, value in self.details().items()) or self.code

    def __str__(self) -> str:
        return self.describe()


@attrs.define(slots=False)
class InvalidInputError(SlotkeeperError, ValueError):
    """Something that was given makes no sense, whatever is booked."""

    code: ClassVar[str] = "invalid_input"


@attrs.define(slots=False)
class NaiveDatetimeError(InvalidInputError):
    """A datetime without an offset was given where an instant is needed."""

    code: ClassVar[str] = "naive_datetime"
    value: dt.datetime

    def describe(self) -> str:
        return f"{self.value!s} has no offset; an instant needs one (resolve a wall-clock time in its zone)"


@attrs.define(slots=False)
class InvalidInstantError(InvalidInputError):
    """An instant cannot be held: not a datetime, or outside the years 1 to 9999 in UTC."""

    code: ClassVar[str] = "invalid_instant"
    value: object

    def describe(self) -> str:
        return f"{_quoted(self.value)} is not an instant between the years 1 and 9999 in UTC"


@attrs.define(slots=False)
class InvalidIntervalError(InvalidInputError):
    """An interval's end is not after its start."""

    code: ClassVar[str] = "invalid_interval"
    start: object
    end: object

    def describe(self) -> str:
        return f"an interval must end after it starts, got {self.start!s} to {self.end!s}"


@attrs.define(slots=False)
class InvalidZoneError(InvalidInputError):
    """A name is not an IANA time zone, or is one that depends on the host (``localtime``)."""

    code: ClassVar[str] = "invalid_zone"
    zone: object

    def describe(self) -> str:
        return f"{self.zone!r} is not the name of an IANA time zone"


@attrs.define(slots=False)
class NonexistentTimeError(InvalidInputError):
    """A wall-clock time is skipped by a clock change, and the policy is to refuse it."""

    code: ClassVar[str] = "nonexistent_time"
    wall: dt.datetime
    zone: str

    def describe(self) -> str:
        return f"{self.wall!s} does not exist in {self.zone}: the clock skips it"


@attrs.define(slots=False)
class AmbiguousTimeError(InvalidInputError):
    """A wall-clock time occurs twice because of a clock change, and the policy is to refuse it."""

    code: ClassVar[str] = "ambiguous_time"
    wall: dt.datetime
    zone: str

    def describe(self) -> str:
        return f"{self.wall!s} occurs twice in {self.zone}: the clock is set back"


@attrs.define(slots=False)
class InvalidRecurrenceError(InvalidInputError):
    """A recurrence rule is malformed, never matches a day, or exceeds the bound on its expansion."""

    code: ClassVar[str] = "invalid_recurrence"
    rule: str
    reason: str

    def describe(self) -> str:
        return f"recurrence rule {self.rule!r}: {self.reason}"


@attrs.define(slots=False)
class InvalidFieldError(InvalidInputError):
    """A field cannot hold the value given; ``field`` is dotted, as in ``Service.units``."""

    code: ClassVar[str] = "invalid_field"
    field: str
    value: object
    reason: str

    def describe(self) -> str:
        return f"{self.field} {self.reason}, got {_quoted(self.value)}"


@attrs.define(slots=False)
class ParseError(InvalidInputError):
    """Text or JSON cannot be read as the thing expected."""

    code: ClassVar[str] = "unreadable"
    text: object
    expected: str

    def describe(self) -> str:
        return f"cannot read {_quoted(self.text)} as {self.expected}"


@attrs.define(slots=False)
class CurrencyMismatchError(InvalidInputError):
    """Amounts of two currencies were added or compared."""

    code: ClassVar[str] = "currency_mismatch"
    left: str
    right: str

    def describe(self) -> str:
        return f"cannot combine {self.left} with {self.right}"


@attrs.define(slots=False)
class LifecycleTableError(InvalidInputError):
    """A lifecycle table contradicts itself; ``problems`` lists each contradiction."""

    code: ClassVar[str] = "lifecycle_table"
    problems: tuple[str, ...] = attrs.field(converter=_texts)

    def describe(self) -> str:
        return "; ".join(self.problems)


@attrs.define(slots=False)
class NotFoundError(SlotkeeperError, LookupError):
    """Nothing of that kind is stored under that id."""

    code: ClassVar[str] = "not_found"
    kind: str
    id: object

    def describe(self) -> str:
        return f"no {self.kind} with id {_quoted(self.id)}"


@attrs.define(slots=False)
class RefusedError(SlotkeeperError):
    """A booking rule refuses the request; ``explanation`` lists every rule that does.

    The subclass names the first of them, in the order in which the evaluator asks.
    """

    code: ClassVar[str] = "refused"
    explanation: Explanation

    def details(self) -> dict[str, Any]:
        """Return the explanation's refusals as plain data."""
        return self.explanation.details()

    def describe(self) -> str:
        return str(self.explanation)


@attrs.define(slots=False)
class OutsideHoursError(RefusedError):
    """The resource is not open for the whole of the requested interval."""

    code: ClassVar[str] = "outside_hours"


@attrs.define(slots=False)
class NoticeError(RefusedError):
    """The start is nearer than the service's minimum notice, or in the past."""

    code: ClassVar[str] = "too_soon"


@attrs.define(slots=False)
class HorizonError(RefusedError):
    """The start is further away than the service's horizon."""

    code: ClassVar[str] = "too_far"


@attrs.define(slots=False)
class LimitReachedError(RefusedError):
    """A limit on bookings or hours per period is used up."""

    code: ClassVar[str] = "limit_reached"


@attrs.define(slots=False)
class OffGridError(RefusedError):
    """The start is not one that the service offers."""

    code: ClassVar[str] = "off_grid"


@attrs.define(slots=False)
class DurationError(RefusedError):
    """The duration is not one that the service offers."""

    code: ClassVar[str] = "invalid_duration"


@attrs.define(slots=False)
class UnitsError(RefusedError):
    """The request asks for more units than the resource has in all."""

    code: ClassVar[str] = "too_many_units"


@attrs.define(slots=False)
class InactiveError(RefusedError):
    """The service or the resource is switched off."""

    code: ClassVar[str] = "inactive"


@attrs.define(slots=False)
class NotOfferedError(RefusedError):
    """The resource asked for does not serve this service."""

    code: ClassVar[str] = "not_offered"


@attrs.define(slots=False)
class SlotTakenError(RefusedError):
    """Other bookings or holds leave too few free units."""

    code: ClassVar[str] = "slot_taken"


@attrs.define(slots=False)
class LifecycleError(SlotkeeperError):
    """The booking's lifecycle does not allow the action."""

    code: ClassVar[str] = "lifecycle"


@attrs.define(slots=False)
class TransitionError(LifecycleError):
    """The booking's present status knows no such action."""

    code: ClassVar[str] = "transition_not_allowed"
    status: str | None
    action: str
    allowed: tuple[str, ...] = attrs.field(converter=_texts)

    def describe(self) -> str:
        choices = ", ".join(self.allowed) or "nothing"
        found = f"a booking that is {self.status or 'new'}"
        return f"{self.action!r} is not possible for {found}; it allows {choices}"


@attrs.define(slots=False)
class NotModifiableError(LifecycleError):
    """The booking is in a final status; nothing changes it any more."""

    code: ClassVar[str] = "not_modifiable"
    status: str
    action: str

    def describe(self) -> str:
        return f"{self.action!r} is no longer possible for a booking that is {self.status}"


@attrs.define(slots=False)
class TransitionTimeError(LifecycleError):
    """The action exists for this status, but not at this time."""

    code: ClassVar[str] = "transition_time"
    action: str
    earliest: dt.datetime | None
    latest: dt.datetime | None
    now: dt.datetime

    def describe(self) -> str:
        bounds = [f"from {_written(self.earliest)}"] if self.earliest else []
        bounds += [f"before {_written(self.latest)}"] if self.latest else []
        possible = " and ".join(bounds) or "at no time"
        return f"{self.action!r} is possible {possible}; it is {_written(self.now)}"


@attrs.define(slots=False)
class ForbiddenError(SlotkeeperError):
    """The actor may not do that."""

    code: ClassVar[str] = "forbidden"
    actor_id: Id | None
    action: str
    needs: tuple[str, ...] = attrs.field(converter=_texts)

    def describe(self) -> str:
        needed = " or ".join(self.needs) or "nobody"
        return f"{_quoted(self.actor_id)} may not {self.action}; it takes {needed}"


@attrs.define(slots=False)
class PolicyError(SlotkeeperError):
    """A policy refuses a change, such as a reschedule after its notice has run out.

    ``latest`` is the last instant at which it was possible; None where the rule is not one of time.
    ``max_times`` and ``moved`` are how often a booking may be and was moved; None where that is not the rule.
    """

    code: ClassVar[str] = "policy"
    rule: str
    latest: dt.datetime | None
    now: dt.datetime
    max_times: int | None = None
    moved: int | None = None

    def describe(self) -> str:
        if self.max_times is not None:
            return f"{self.rule}: at most {self.max_times} allowed, {self.moved} made"
        if self.latest is None:
            return f"{self.rule}: no longer possible"
        return f"{self.rule}: possible until {_written(self.latest)}; it is {_written(self.now)}"


@attrs.define(slots=False)
class RateLimitedError(SlotkeeperError):
    """The subject did something as often as is allowed; after ``retry_after`` it may again."""

    code: ClassVar[str] = "rate_limited"
    limit: str
    count: int
    per: dt.timedelta
    retry_after: dt.timedelta

    def describe(self) -> str:
        return f"{self.limit}: {self.count} times in {self.per} are allowed, again in {self.retry_after}"


@attrs.define(slots=False)
class ConcurrencyError(SlotkeeperError):
    """Two writers met."""

    code: ClassVar[str] = "concurrency"


@attrs.define(slots=False)
class StaleVersionError(ConcurrencyError):
    """The stored version is not the one that the caller expected."""

    code: ClassVar[str] = "stale_version"
    kind: str
    id: object
    expected: int
    actual: int

    def describe(self) -> str:
        return f"{self.kind} {_quoted(self.id)} is at version {self.actual}, not {self.expected}"


@attrs.define(slots=False)
class DuplicateIdError(ConcurrencyError):
    """Something is stored under that id already."""

    code: ClassVar[str] = "duplicate_id"
    kind: str
    id: object

    def describe(self) -> str:
        return f"there is a {self.kind} with id {_quoted(self.id)} already"


@attrs.define(slots=False)
class RetryableError(ConcurrencyError):
    """The store met a passing fault, such as a lock timeout; nothing was written."""

    code: ClassVar[str] = "retryable"
    reason: str

    def describe(self) -> str:
        return f"try again: {self.reason}"


@attrs.define(slots=False)
class OutcomeUnknownError(ConcurrencyError):
    """The connection was lost while the store committed: all of it was written, or nothing.

    It is no `RetryableError`, since a blind repeat may book twice. With the same idempotency key a repeat is
    safe; without one, look the booking up first.
    """

    code: ClassVar[str] = "outcome_unknown"
    reason: str

    def describe(self) -> str:
        return f"all of it was written or nothing, look it up: {self.reason}"


@attrs.define(slots=False)
class IdempotencyError(SlotkeeperError):
    """An idempotency key cannot be honoured."""

    code: ClassVar[str] = "idempotency"


@attrs.define(slots=False)
class IdempotencyMismatchError(IdempotencyError):
    """The key was used before, for a request with other content."""

    code: ClassVar[str] = "idempotency_mismatch"
    key: str

    def describe(self) -> str:
        return f"idempotency key {self.key!r} was used for another request"


@attrs.define(slots=False)
class IdempotencyPendingError(IdempotencyError):
    """The first request with that key still runs."""

    code: ClassVar[str] = "idempotency_pending"
    key: str

    def describe(self) -> str:
        return f"the first request with idempotency key {self.key!r} still runs"


@attrs.define(slots=False)
class PaymentError(SlotkeeperError):
    """The payment gateway refused or failed."""

    code: ClassVar[str] = "payment"
    reason: str

    def describe(self) -> str:
        return f"the payment failed: {self.reason}"


@attrs.frozen
class SchemaDifference:
    """One way in which a table in the database is not as expected.

    Args:
        table: The table's name.
        kind: The kind of its part, such as ``"column"``, ``"index"`` or ``"guard"``.
        name: The part's name; where it has none, its columns, or nothing.
        expected: How it should be, in words; None where it should not be there.
        found: How it is, in words; None where it is missing.
    """

    table: str
    kind: str
    name: str
    expected: str | None
    found: str | None

    def __str__(self) -> str:
        part = " ".join(filter(None, [self.table, self.kind, self.name]))
        if self.found is None:
            return f"{part} is missing"
        unwanted = self.expected is None
        return f"{part} should not be there" if unwanted else f"{part} is {self.found}, not {self.expected}"


@attrs.define(slots=False)
class SchemaMismatchError(SlotkeeperError):
    """The tables in the database are not the expected ones; ``differences`` lists what is otherwise."""

    code: ClassVar[str] = "schema_mismatch"
    differences: tuple[SchemaDifference, ...]

    def describe(self) -> str:
        return "; ".join(map(str, self.differences))


@attrs.define(slots=False)
class MissingExtraError(SlotkeeperError, ImportError):
    """An optional package is not installed; ``extra`` names what to install."""

    code: ClassVar[str] = "missing_extra"
    package: str
    extra: str

    def describe(self) -> str:
        return f"{self.package} is not installed: pip install 'slotkeeper[{self.extra}]'"
