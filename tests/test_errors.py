import copy
import datetime as dt
import inspect
import pickle
import re
from typing import Final
from uuid import UUID

import attrs
import pytest

from slotkeeper import errors
from slotkeeper.domain.explanation import Explanation, Inactive
from slotkeeper.errors import SlotkeeperError

NOW: Final = dt.datetime(2025, 10, 23, 9, tzinfo=dt.UTC)
WALL: Final = dt.datetime(2025, 10, 26, 2, 30)
REFUSED: Final = Explanation("cut", NOW, (Inactive("service", "cut"),))

CODES: Final = {
    "SlotkeeperError": "error",
    "InvalidInputError": "invalid_input",
    "NaiveDatetimeError": "naive_datetime",
    "InvalidInstantError": "invalid_instant",
    "InvalidIntervalError": "invalid_interval",
    "InvalidZoneError": "invalid_zone",
    "NonexistentTimeError": "nonexistent_time",
    "AmbiguousTimeError": "ambiguous_time",
    "InvalidRecurrenceError": "invalid_recurrence",
    "InvalidFieldError": "invalid_field",
    "ParseError": "unreadable",
    "CurrencyMismatchError": "currency_mismatch",
    "LifecycleTableError": "lifecycle_table",
    "NotFoundError": "not_found",
    "RefusedError": "refused",
    "OutsideHoursError": "outside_hours",
    "NoticeError": "too_soon",
    "HorizonError": "too_far",
    "LimitReachedError": "limit_reached",
    "OffGridError": "off_grid",
    "DurationError": "invalid_duration",
    "UnitsError": "too_many_units",
    "InactiveError": "inactive",
    "NotOfferedError": "not_offered",
    "SlotTakenError": "slot_taken",
    "LifecycleError": "lifecycle",
    "TransitionError": "transition_not_allowed",
    "TransitionTimeError": "transition_time",
    "NotModifiableError": "not_modifiable",
    "ForbiddenError": "forbidden",
    "PolicyError": "policy",
    "RateLimitedError": "rate_limited",
    "ConcurrencyError": "concurrency",
    "StaleVersionError": "stale_version",
    "DuplicateIdError": "duplicate_id",
    "RetryableError": "retryable",
    "OutcomeUnknownError": "outcome_unknown",
    "IdempotencyError": "idempotency",
    "IdempotencyMismatchError": "idempotency_mismatch",
    "IdempotencyPendingError": "idempotency_pending",
    "PaymentError": "payment",
    "SchemaMismatchError": "schema_mismatch",
    "MissingExtraError": "missing_extra",
}
"""Published codes: a line may be added, never changed."""

RAISED: Final[list[tuple[SlotkeeperError, str]]] = [
    (SlotkeeperError(), "error"),
    (errors.InvalidInputError(), "invalid_input"),
    (errors.NaiveDatetimeError(WALL), "2025-10-26 02:30:00 has no offset"),
    (errors.InvalidInstantError("soon"), "'soon' is not an instant"),
    (errors.InvalidInstantError(dt.datetime.min), "0001-01-01T00:00:00 is not an instant"),
    (errors.InvalidIntervalError(NOW, NOW), "must end after it starts"),
    (errors.InvalidZoneError("localtime"), "'localtime' is not the name of an IANA time zone"),
    (errors.NonexistentTimeError(WALL, "Europe/Berlin"), "does not exist in Europe/Berlin"),
    (errors.AmbiguousTimeError(WALL, "Europe/Berlin"), "occurs twice in Europe/Berlin"),
    (errors.InvalidRecurrenceError("FREQ=NEVER", "no such frequency"), "'FREQ=NEVER': no such frequency"),
    (
        errors.InvalidFieldError("Service.step", -5, "must be positive"),
        "Service.step must be positive, got -5",
    ),
    (errors.InvalidFieldError("end", NOW, "is late"), "end is late, got 2025-10-23T09:00Z"),
    (errors.InvalidFieldError("day", NOW.date(), "is no day"), "day is no day, got 2025-10-23"),
    (errors.InvalidFieldError("length", NOW - NOW, "is none"), "length is none, got 0:00:00"),
    (errors.ParseError("x", "a duration"), "cannot read 'x' as a duration"),
    (errors.CurrencyMismatchError("EUR", "JPY"), "cannot combine EUR with JPY"),
    (
        errors.LifecycleTableError(["held is dead", "done is unreachable"]),
        "held is dead; done is unreachable",
    ),
    (errors.NotFoundError("booking", 7), "no booking with id 7"),
    (errors.NotFoundError("booking", UUID(int=7)), "id 00000000-0000-0000-0000-000000000007"),
    (errors.RefusedError(REFUSED), "switched off"),
    (errors.OutsideHoursError(REFUSED), "switched off"),
    (errors.NoticeError(REFUSED), "switched off"),
    (errors.HorizonError(REFUSED), "switched off"),
    (errors.LimitReachedError(REFUSED), "switched off"),
    (errors.OffGridError(REFUSED), "switched off"),
    (errors.DurationError(REFUSED), "switched off"),
    (errors.UnitsError(REFUSED), "switched off"),
    (errors.InactiveError(REFUSED), "switched off"),
    (errors.NotOfferedError(REFUSED), "switched off"),
    (errors.SlotTakenError(REFUSED), "switched off"),
    (errors.LifecycleError(), "lifecycle"),
    (
        errors.TransitionError("held", "complete", ["confirm", "cancel"]),
        "'complete' is not possible for a booking that is held; it allows confirm, cancel",
    ),
    (errors.TransitionError(None, "cancel", []), "for a booking that is new; it allows nothing"),
    (
        errors.TransitionTimeError("start", NOW, NOW, NOW),
        "from 2025-10-23T09:00Z and before 2025-10-23T09:00Z; it is 2025-10-23T09:00Z",
    ),
    (errors.TransitionTimeError("start", NOW, None, NOW), "'start' is possible from 2025-10-23T09:00Z; it"),
    (errors.TransitionTimeError("start", None, NOW, NOW), "'start' is possible before 2025-10-23T09:00Z; it"),
    (errors.TransitionTimeError("start", None, None, NOW), "'start' is possible at no time"),
    (
        errors.NotModifiableError("cancelled", "confirm"),
        "'confirm' is no longer possible for a booking that is cancelled",
    ),
    (
        errors.ForbiddenError("ann", "cancel", ["owner", "staff"]),
        "'ann' may not cancel; it takes owner or staff",
    ),
    (errors.ForbiddenError(None, "cancel", []), "it takes nobody"),
    (
        errors.PolicyError("reschedule notice", NOW, NOW),
        "reschedule notice: possible until 2025-10-23T09:00Z; it is 2025-10-23T09:00Z",
    ),
    (errors.PolicyError("reschedule limit", None, NOW, 2, 2), "reschedule limit: at most 2 allowed, 2 made"),
    (errors.PolicyError("reschedule limit", None, NOW), "reschedule limit: no longer possible"),
    (
        errors.RateLimitedError("book", 10, dt.timedelta(minutes=1), dt.timedelta(seconds=6)),
        "book: 10 times in 0:01:00 are allowed, again in 0:00:06",
    ),
    (errors.ConcurrencyError(), "concurrency"),
    (errors.StaleVersionError("booking", 7, 2, 3), "booking 7 is at version 3, not 2"),
    (errors.DuplicateIdError("booking", 7), "there is a booking with id 7 already"),
    (errors.RetryableError("lock timeout"), "try again: lock timeout"),
    (errors.OutcomeUnknownError("connection lost"), "or nothing, look it up: connection lost"),
    (errors.IdempotencyError(), "idempotency"),
    (errors.IdempotencyMismatchError("k1"), "'k1' was used for another request"),
    (errors.IdempotencyPendingError("k1"), "'k1' still runs"),
    (errors.PaymentError("card declined"), "the payment failed: card declined"),
    (
        errors.SchemaMismatchError(
            (
                errors.SchemaDifference("keys", "column", "at", "TEXT not null", "TEXT null"),
                errors.SchemaDifference("keys", "index", "ix_keys_at", "(at)", None),
                errors.SchemaDifference("keys", "unique key", "uq", None, "(scope)"),
            )
        ),
        "keys index ix_keys_at is missing; keys unique key uq should not be there",
    ),
    (errors.MissingExtraError("sqlalchemy", "sql"), "pip install 'slotkeeper[sql]'"),
]
every_error: Final = pytest.mark.parametrize(
    "error", [error for error, _ in RAISED], ids=lambda one: type(one).__name__
)


def classes() -> dict[str, type[SlotkeeperError]]:
    found = inspect.getmembers(errors, lambda one: inspect.isclass(one) and issubclass(one, SlotkeeperError))
    return dict(found)


def drawn_tree() -> dict[str, tuple[str | None, str | None]]:
    """Read the docstring's tree: the name of each error, its parent's, and the builtin that it is as well."""
    found: dict[str, tuple[str | None, str | None]] = {}
    branch: list[str] = []
    line_of_tree = re.compile(
        r"    (?P<indent>[│ ]*(?:[├└]── )?)(?P<name>\w+Error)(?: \(also an? (?P<builtin>\w+)\))?(?:  .*)?"
    )
    for line in inspect.cleandoc(errors.__doc__ or "").splitlines():
        if match := line_of_tree.fullmatch(line):
            depth = len(match["indent"]) // 4
            branch[depth:] = [match["name"]]
            found[match["name"]] = (branch[depth - 1] if depth else None, match["builtin"])
    return found


def test_the_tree_in_the_docstring_is_the_tree_of_classes() -> None:
    defined = {
        name: (
            None if kind is SlotkeeperError else kind.__mro__[1].__name__,
            kind.__bases__[1].__name__ if len(kind.__bases__) > 1 else None,
        )
        for name, kind in classes().items()
    }
    assert drawn_tree() == defined


def test_codes_never_change() -> None:
    assert {name: kind.code for name, kind in classes().items()} == CODES


def test_codes_are_unique() -> None:
    assert len(set(CODES.values())) == len(CODES)


def test_every_error_is_tried_here() -> None:
    assert {type(error) for error, _ in RAISED} == set(classes().values())


class OutOfRange(dt.tzinfo):
    """A zone that is no good."""

    def utcoffset(self, _: dt.datetime | None) -> dt.timedelta:
        return dt.timedelta(days=2)

    def dst(self, _: dt.datetime | None) -> None:
        """It knows none."""

    def tzname(self, _: dt.datetime | None) -> None:
        """It has none."""


def test_a_time_whose_zone_is_no_good_is_quoted_as_python_writes_it() -> None:
    error = errors.InvalidInstantError(dt.datetime(2025, 10, 23, tzinfo=OutOfRange()))
    assert error.describe().startswith("datetime.datetime(2025, 10, 23")


@pytest.mark.parametrize(("error", "message"), RAISED, ids=lambda one: type(one).__name__)
def test_the_message_states_the_facts(error: SlotkeeperError, message: str) -> None:
    assert message in str(error)
    assert "\n" not in str(error)


def field_names(error: SlotkeeperError) -> list[str]:
    return [field.name for field in attrs.fields(type(error))]


@every_error
def test_every_error_survives_pickling_and_copying_with_its_fields(error: SlotkeeperError) -> None:
    pickles = [pickle.loads(pickle.dumps(error, one)) for one in range(pickle.HIGHEST_PROTOCOL + 1)]
    for other in (*pickles, copy.copy(error), copy.deepcopy(error)):
        assert type(other) is type(error)
        assert other.details() == error.details()
        assert {name: getattr(other, name) for name in field_names(error)} == {
            name: getattr(error, name) for name in field_names(error)
        }
        assert str(other) == str(error)


@every_error
def test_the_details_are_named_after_the_fields(error: SlotkeeperError) -> None:
    expected = (
        REFUSED.details()
        if isinstance(error, errors.RefusedError)
        else {n: getattr(error, n) for n in field_names(error)}
    )
    assert error.details() == expected


@every_error
def test_the_constructor_takes_the_fields_in_order(error: SlotkeeperError) -> None:
    assert type(error)(*error.args).details() == error.details()
    parameters = [name for name in inspect.signature(type(error)).parameters if name != "values"]
    assert parameters == list(field_names(error))


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [("InvalidInputError", ValueError), ("NotFoundError", LookupError), ("MissingExtraError", ImportError)],
)
def test_errors_can_be_caught_as_the_builtin_of_their_kind(kind: str, builtin: type[Exception]) -> None:
    assert issubclass(classes()[kind], builtin)
