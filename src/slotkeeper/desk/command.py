"""Commands: what is asked of the desk, by whom, and how a repeat of it is recognised.

With an idempotency key, the same key and content gives the first result again, refusals included; other
content is an error.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import Any, TypeVar

import attrs

from slotkeeper.desk.arguments import check_actor
from slotkeeper.domain.actor import Actor
from slotkeeper.domain.codec import from_json, plain_type, to_json
from slotkeeper.domain.event import Event
from slotkeeper.domain.explanation import Explanation
from slotkeeper.domain.ids import id_to_text
from slotkeeper.errors import IdempotencyMismatchError, InvalidFieldError, RefusedError
from slotkeeper.ports import KeptResult, UnitOfWork

R = TypeVar("R")


@attrs.frozen
class Command:
    """One call of the desk.

    Args:
        name: Which call.
        actor: Who gave it; None is the host itself.
        key: The caller's idempotency key, if it has one.
        content: What was asked for; it tells a repeat from another request under the same key.
    """

    name: str
    actor: Actor | None = attrs.field(default=None)
    key: str | None = attrs.field(default=None)
    content: Mapping[str, Any] = attrs.field(factory=dict)

    @actor.validator
    def _is_an_actor(self, _: object, value: object) -> None:
        check_actor(value)

    @key.validator
    def _says_something(self, _: object, value: object) -> None:
        if value is not None and not (isinstance(value, str) and value.strip()):
            raise InvalidFieldError("key", value, "must be a text that is not blank")

    @property
    def scope(self) -> str:
        """Keys of different actors and commands do not meet."""
        return f"{self.name}/{id_to_text(self.actor.id) if self.actor else ''}"

    @property
    def fingerprint(self) -> str:
        """The same for the same content, whatever the order of names."""
        return hashlib.sha256(json.dumps(_plain(self.content), sort_keys=True).encode()).hexdigest()

    def kept(self, result: object, kind: object, now: dt.datetime) -> KeptResult:
        """Return what a result is remembered as."""
        return KeptResult(self.fingerprint, {"result": to_json(result, declared=kind)}, now)

    def kept_refusal(self, refusal: RefusedError, now: dt.datetime) -> KeptResult:
        """Return what a refusal is remembered as."""
        return KeptResult(self.fingerprint, {"refusal": to_json(refusal.explanation)}, now)

    def replayed(self, kept: KeptResult, kind: type[R]) -> R:
        """Return the result that is remembered, or raise the refusal.

        Raises:
            IdempotencyMismatchError: It was another request.
        """
        if kept.fingerprint != self.fingerprint:
            raise IdempotencyMismatchError(self.key or "")
        if "refusal" in kept.result:
            raise from_json(Explanation, kept.result["refusal"]).error()
        return from_json(kind, kept.result["result"])


@attrs.frozen
class Work:
    """A command at work: its unit of work, the instant at which it acts, and the events that it causes."""

    unit: UnitOfWork
    now: dt.datetime
    events: list[Event] = attrs.field(factory=list, init=False)


def _plain(value: object) -> object:
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    return {
        plain_type(type(value)).__name__: to_json(value)
    }  # a UUID or an instant is not the text that writes it
