"""Repeats: a request that is sent again with its Idempotency-Key gets the answer that the first one got.

The desk's own keys make a command's repeat safe. These are for whole requests: what they answer, also where
nothing was commanded, and whatever else was in the body. The answer is kept in the store, so restarts and
other processes know it. The rules are those of the IETF draft "The Idempotency-Key HTTP Header Field":
another body under the same key is an error, and so is a repeat while the first still runs.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias, TypeVar

import attrs

from slotkeeper.desk.core import system_clock
from slotkeeper.errors import (
    IdempotencyMismatchError,
    IdempotencyPendingError,
    InvalidFieldError,
    OutcomeUnknownError,
    RetryableError,
    SlotkeeperError,
)
from slotkeeper.ports import AsyncStore, Clock, KeptResult, RepeatingStore, Store, UnitOfWork

R = TypeVar("R")

LEASE: Final = dt.timedelta(minutes=1)
"""How long a request may run before a repeat takes its place: it is dead by then."""
_LONGEST: Final = 255
_TOO_MANY: Final = 429
_SERVER_FAILED: Final = 500


@attrs.frozen
class Answer:
    """What a request was answered: the status, the JSON body and the headers worth keeping."""

    status: int
    body: Any = attrs.field(default=None, hash=False)
    headers: Mapping[str, str] = attrs.field(factory=dict, hash=False)

    @property
    def final(self) -> bool:
        """Whether a repeat is to be answered the same: neither the server's failure nor a limit of rate."""
        return self.status < _SERVER_FAILED and self.status != _TOO_MANY


class AnswerError(Exception):
    """The host's own refusal as the answer that it is to get, raised from anywhere below a handler.

    Within `Repeats.once` it is kept like any other answer; what was done in a savepoint around it is undone.
    Elsewhere the host's framework turns it into a response, as it does with the library's errors.
    """

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status, answer.body)
        self.answer = answer


@attrs.frozen
class _Attempt:
    """One try of a request: where its claim and its answer are kept."""

    scope: str
    key: str
    number: int
    fingerprint: str

    def name(self, kind: str) -> str:
        """Return the key under which the claim or the answer is kept."""
        return f"{_digest(self.key)}/{self.number}/{kind}"


@attrs.frozen
class Repeats:
    """Answers repeats of requests from what a store has kept.

    Over the store of a host's transaction, what is answered is committed with what was done, or not at all;
    then a repeat waits for the first instead of being refused.

    Args:
        store: Where answers are kept.
        answer: How an error is answered. What it answers is kept, too; faults that pass are raised all the
            same. Without it every error is raised, and not kept.
        clock: Tells how long a request has been running: the machine's, not a stopped one.
        lease: How long a request may run.
    """

    store: Store
    answer: AnswerTo | None = attrs.field(default=None, kw_only=True)
    clock: Clock = attrs.field(default=system_clock, kw_only=True)
    lease: dt.timedelta = attrs.field(default=LEASE, kw_only=True)

    def once(self, key: str | None, scope: str, body: object, act: Callable[[], Answer]) -> Answer:
        """Carry a request out, or return what it was answered before.

        Args:
            key: The Idempotency-Key; without one the request is simply carried out.
            scope: Whose request it is and to which endpoint; the same key in another scope is another.
            body: What is asked: bytes that hold JSON, or JSON data, are the same in any order and spacing;
                other bytes and texts are as they are.
            act: Carries it out. What it raises is not kept, but for an `AnswerError`'s answer.

        Raises:
            IdempotencyMismatchError: The key belongs to another body.
            IdempotencyPendingError: The first request still runs.
            InvalidFieldError: The key is blank or longer than 255 characters.
        """
        if key is None:
            return self._answered(act)
        found = self.begin(key, scope, body)
        if isinstance(found, Answer):
            return found
        try:
            answer = self._answered(act)
        except BaseException:
            self.give_up(found)
            raise
        self.end(found, answer)
        return answer

    def _answered(self, act: Callable[[], Answer]) -> Answer:
        try:
            return act()
        except AnswerError as given:
            return given.answer
        except SlotkeeperError as error:
            return told(error, self.answer)

    def begin(self, key: str, scope: str, body: object) -> _Attempt | Answer:
        """Return the answer that is kept, or what is to be handed to `end`; raises what `once` raises."""
        _check(key)
        first = _Attempt(f"request/{_digest(scope)}", key, 1, _fingerprint(body))
        return self._carried_out(lambda unit: self._claimed(unit, first))

    def end(self, attempt: _Attempt, answer: Answer | None) -> None:
        """Keep an answer; None, or one that isn't final, lets a repeat try anew."""
        kept = {"status": 0} if answer is None or not answer.final else attrs.asdict(answer)
        result = KeptResult(attempt.fingerprint, kept, self.clock())
        self._carried_out(lambda unit: unit.keys.keep(attempt.scope, attempt.name("answer"), result))

    def give_up(self, attempt: _Attempt) -> None:
        """Let a repeat try anew, unless the host's transaction is about to take the claim back anyway."""
        if self.store.commits:
            self.end(attempt, None)

    def _claimed(self, unit: UnitOfWork, attempt: _Attempt) -> _Attempt | Answer:
        claim = unit.keys.get(attempt.scope, attempt.name("claim"))
        if claim is None:
            claim = self._claim(unit, attempt)
        if claim is None:
            return attempt
        if claim.fingerprint != attempt.fingerprint:
            raise IdempotencyMismatchError(attempt.key)
        kept = unit.keys.get(attempt.scope, attempt.name("answer"))
        if kept is not None and kept.result["status"]:
            return Answer(**kept.result)
        if kept is None and claim.at + self.lease > self.clock():
            raise IdempotencyPendingError(attempt.key)
        return self._claimed(unit, attrs.evolve(attempt, number=attempt.number + 1))

    def _claim(self, unit: UnitOfWork, attempt: _Attempt) -> KeptResult | None:
        """Claim a request, or return the claim of another that was faster, having waited for its end."""
        now = KeptResult(attempt.fingerprint, {}, self.clock())
        try:
            unit.keys.keep(attempt.scope, attempt.name("claim"), now)
        except IdempotencyPendingError:
            theirs = unit.keys.get(attempt.scope, attempt.name("claim"))
            if theirs is None:
                raise IdempotencyPendingError(attempt.key) from None
            return theirs
        return None

    def _carried_out(self, work: Callable[[UnitOfWork], R]) -> R:
        def run() -> R:
            with self.store.begin() as unit:
                return work(unit)

        return self.store.repeat(run) if isinstance(self.store, RepeatingStore) else run()


@attrs.frozen
class AsyncRepeats:
    """What `Repeats` is, for an event loop."""

    store: AsyncStore
    answer: AnswerTo | None = attrs.field(default=None, kw_only=True)
    clock: Clock = attrs.field(default=system_clock, kw_only=True)
    lease: dt.timedelta = attrs.field(default=LEASE, kw_only=True)

    async def once(
        self, key: str | None, scope: str, body: object, act: Callable[[], Awaitable[Answer]]
    ) -> Answer:
        """Carry a request out, or return what it was answered before, as `Repeats.once` does."""
        if key is None:
            return await self._answered(act)
        found = await self.store.run(lambda store: self._over(store).begin(key, scope, body))
        if isinstance(found, Answer):
            return found
        try:
            answer = await self._answered(act)
        except BaseException:
            await self.store.run(lambda store: self._over(store).give_up(found))
            raise
        await self.store.run(lambda store: self._over(store).end(found, answer))
        return answer

    async def _answered(self, act: Callable[[], Awaitable[Answer]]) -> Answer:
        try:
            return await act()
        except AnswerError as given:
            return given.answer
        except SlotkeeperError as error:
            return told(error, self.answer)

    def _over(self, store: Store) -> Repeats:
        return Repeats(store, clock=self.clock, lease=self.lease)


AnswerTo: TypeAlias = Callable[[SlotkeeperError], Answer]
"""How an error of the library is answered."""


def told(error: SlotkeeperError, answer: AnswerTo | None) -> Answer:
    """Return the answer to an error, or raise it: without an answer, and where the same call may succeed."""
    if answer is None or isinstance(error, RetryableError | OutcomeUnknownError):
        raise error
    return answer(error)


def _check(key: str) -> None:
    if not key.strip() or len(key) > _LONGEST:
        raise InvalidFieldError("Idempotency-Key", key[:_LONGEST], f"must have 1 to {_LONGEST} characters")


def _fingerprint(body: object) -> str:
    if isinstance(body, bytes):
        try:
            return _fingerprint([json.loads(body)])
        except (ValueError, RecursionError):
            return _digest(body)
    return _digest(body if isinstance(body, str) else json.dumps(body, sort_keys=True, default=repr))


def _digest(text: str | bytes) -> str:
    plain = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return hashlib.sha256(plain).hexdigest()
