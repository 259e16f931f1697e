"""Problems: an error of the library as an HTTP answer, its status and its facts (RFC 9457)."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from http import HTTPStatus
from math import ceil
from typing import Any, Final, TypeVar
from uuid import UUID

import attrs

from slotkeeper import errors
from slotkeeper.domain.iso8601 import format_duration, format_instant

V = TypeVar("V")
D = TypeVar("D")

STATUSES: Final[Mapping[type[errors.SlotkeeperError], int]] = {
    errors.InvalidInputError: 400,
    errors.NotFoundError: 404,
    errors.RefusedError: 409,
    errors.LifecycleError: 409,
    errors.ForbiddenError: 403,
    errors.PolicyError: 409,
    errors.RateLimitedError: 429,
    errors.ConcurrencyError: 409,
    errors.StaleVersionError: 412,
    errors.RetryableError: 503,
    errors.OutcomeUnknownError: 504,
    errors.IdempotencyMismatchError: 422,
    errors.IdempotencyError: 409,
    errors.PaymentError: 502,
}
"""The status of each kind of error; the nearest class of an error's own counts, and 500 is for the rest."""


@attrs.frozen
class Problem:
    """What goes wrong, as an answer can tell it.

    Args:
        status: The HTTP status.
        code: The error's stable code.
        detail: One sentence for people.
        facts: The error's fields as plain JSON data.
        retry_after: After how many whole seconds the same request may succeed; None is not known.
    """

    status: int
    code: str
    detail: str
    facts: Mapping[str, Any] = attrs.field(factory=dict, hash=False)
    retry_after: int | None = None

    @property
    def title(self) -> str:
        """The status in words."""
        return HTTPStatus(self.status).phrase

    @property
    def headers(self) -> dict[str, str]:
        """The headers that go with it."""
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}

    def document(self) -> dict[str, Any]:
        """Return the body for ``application/problem+json``.

        >>> Problem(404, "not_found", "no booking with id 7").document()["type"]
        '/problems/not_found'
        """
        return {
            "type": f"/problems/{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "facts": dict(self.facts),
        }


def problem(
    error: errors.SlotkeeperError,
    statuses: Mapping[type[errors.SlotkeeperError], int] | None = None,
    texts: Mapping[type[errors.SlotkeeperError], str] | None = None,
) -> Problem:
    """Return an error of the library as a problem.

    Args:
        error: What was raised.
        statuses: What differs from `STATUSES`.
        texts: Sentences of the host's in place of the error's own, for each kind of error, the nearest
            class counting; ``{name}`` in one stands for the error's fact of that name, and the sentence
            begins with a capital letter.

    >>> problem(errors.NotFoundError("booking", 7)).status
    404
    >>> problem(
    ...     errors.NotFoundError("booking", 7), texts={errors.NotFoundError: "{kind} not found"}
    ... ).detail
    'Booking not found'
    """
    status = _nearest(error, {**STATUSES, **(statuses or {})}, 500)
    facts = json.loads(json.dumps(error.details(), default=_plain))
    text = _nearest(error, texts or {}, None)
    return Problem(status, error.code, _told(text, facts) or error.describe(), facts, _pause(error))


def _nearest(
    error: errors.SlotkeeperError, known: Mapping[type[errors.SlotkeeperError], V], other: D
) -> V | D:
    return next((known[kind] for kind in type(error).__mro__ if kind in known), other)


def _told(text: str | None, facts: Mapping[str, Any]) -> str | None:
    if text is None:
        return None
    try:
        told = text.format_map(facts)
    except (KeyError, IndexError, ValueError, AttributeError):
        raise errors.InvalidFieldError("texts", text, f"may name {', '.join(facts)} only") from None
    return told[:1].upper() + told[1:]


def _pause(error: errors.SlotkeeperError) -> int | None:
    if isinstance(error, errors.RateLimitedError):
        return max(1, ceil(error.retry_after.total_seconds()))
    return 1 if isinstance(error, errors.RetryableError | errors.IdempotencyPendingError) else None


def _plain(fact: object) -> str:
    """Return a fact that JSON has no form for as text, an id as itself."""
    if isinstance(fact, dt.datetime):
        return format_instant(fact) if fact.tzinfo else fact.isoformat()
    if isinstance(fact, dt.timedelta):
        return format_duration(fact)
    return str(fact) if isinstance(fact, UUID | str | dt.date) else f"{fact!s:.200}"
