"""Histories: the calls on one resource with what was told, and the model that an order of them must fit.

The model is a small booking system of its own, in plain Python. A resource's state is what is live on it and
which bookings have ended. Time enters by holds: each call acts at some instant between its beginning and its
end, and a hold takes nothing from its expiry on, whenever somebody writes that down.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import attrs
from tests.chaos.journal import ACKNOWLEDGED, Asked, Command
from tests.chaos.plan import microsecond
from tests.chaos.room import fits
from tests.chaos.rows import Taking
from tests.chaos.world import KINDS, PAIR, STARTS

from slotkeeper.testing.linearizability import Call, Model

MAKING = {"book", "hold"}


@attrs.frozen
class Live:
    """A booking that is neither cancelled nor expired."""

    version: int
    taking: Taking
    expires: int | None


State: TypeAlias = tuple[frozenset[tuple[str, Live]], frozenset[str]]
"""What is live, by id, and the ids of what has ended."""
NOTHING: State = (frozenset(), frozenset())


@attrs.frozen(eq=False)
class Told:
    """A command, what it takes of the resource where it takes anything, and its answer."""

    command: Command
    answer: dict[str, Any]
    taking: Taking | None


def histories(asked: Sequence[Asked]) -> dict[str, list[Call[Told]]]:
    """Return the calls on each resource.

    What takes two resources is in both histories, unless it was refused, which either may have caused.
    """
    services = {one.command.booking_id: one.command for one in asked if one.command.action in MAKING}
    found: dict[str, list[Call[Told]]] = defaultdict(list)
    for one in asked:
        made = services.get(one.command.booking_id)
        if one.command.action == "expire" or made is None or not one.calls:
            continue
        resource_ids = _resources(made.service_id)
        refused = one.final is not None and one.final["told"] != ACKNOWLEDGED
        for resource_id in () if refused and len(resource_ids) > 1 else resource_ids:
            taking = _taking(made, resource_id, one.command.start)
            found[resource_id].append(_call(one, taking))
    return found


def _call(one: Asked, taking: Taking) -> Call[Told]:
    final = one.final
    return Call(Told(one.command, final or {}, taking), one.calls[0], None if final is None else final["at"])


def _resources(service_id: str) -> list[str]:
    kind, number = service_id.rsplit("-", 1)
    return [f"r{int(number) + more}" for more in range(2 if kind == PAIR else 1)]


def _taking(made: Command, resource_id: str, start: int) -> Taking:
    length, buffers = KINDS.get(made.service_id.rsplit("-", 1)[0], KINDS["visit"])
    first = microsecond(STARTS[start])
    before, after, long = (one.seconds * 1_000_000 for one in (buffers.before, buffers.after, length))
    return Taking(resource_id, first, first + long, made.units, before, after, buffers.combine.value)


def model(capacity: int) -> Model[State, Told]:
    """Return the model of a resource."""

    def step(state: State, call: Call[Told]) -> Iterable[State]:
        return _Step(state, call, capacity).states()

    return step


@attrs.frozen
class _Step:
    state: State
    call: Call[Told]
    capacity: int

    def states(self) -> Iterator[State]:
        live, command = dict(self.state[0]), self.call.command.command
        answer = self.call.command.answer
        mine = live.pop(command.booking_id, None)
        if not answer or answer["told"] == ACKNOWLEDGED:
            yield from self._done(command, answer, mine, live)
        elif answer["code"] == "slot_taken":
            if self._may_be_full(mine, live):
                yield self.state
        elif self._may_be_refused(command, mine, answer["code"]):
            yield from self._without(command.booking_id, mine, answer["code"])

    def _done(
        self, command: Command, answer: dict[str, Any], mine: Live | None, live: dict[str, Live]
    ) -> Iterator[State]:
        ended = self.state[1]
        making = command.action in MAKING
        if (mine is None) != making or (making and command.booking_id in ended):
            return
        version = 1 if mine is None else mine.version + 1
        if answer and answer["version"] != version:
            return
        if command.action == "cancel":
            yield self._state(live, ended | {command.booking_id})
            return
        if mine is not None and (command.action == "confirm") != (mine.expires is not None):
            return
        taking = mine.taking if mine and command.action == "confirm" else self.call.command.taking
        assert taking is not None
        rest = self._still_there(taking, live)
        if rest is not None:
            expires = answer.get("expires") if command.action == "hold" else None
            after = {**rest, command.booking_id: Live(version, taking, expires)}
            yield self._state(after, ended | (live.keys() - rest.keys()))

    def _still_there(self, taking: Taking, live: dict[str, Live]) -> dict[str, Live] | None:
        """Return the others, without what has lapsed and is in the way, if there is room beside them."""
        rest = {
            key: one for key, one in live.items() if not (self._lapsed(one) and _meet(taking, one.taking))
        }
        return rest if fits(taking, (one.taking for one in rest.values()), self.capacity) else None

    def _lapsed(self, one: Live) -> bool:
        """Tell whether a hold may have lapsed at the instant of the call."""
        return one.expires is not None and (self.call.ended is None or one.expires <= self.call.ended)

    def _may_be_full(self, mine: Live | None, live: dict[str, Live]) -> bool:
        taking, action = self.call.command.taking, self.call.command.command.action
        if (mine is None) != (action in MAKING):
            return False
        if mine is not None and action == "confirm":
            if not self._lapsed(mine):
                return False
            taking = mine.taking
        assert taking is not None
        blocking = [
            one.taking for one in live.values() if one.expires is None or one.expires > self.call.began
        ]
        return not fits(taking, blocking, self.capacity)

    def _may_be_refused(self, command: Command, mine: Live | None, code: str) -> bool:
        """Tell whether a booking is not there, has ended or does not allow the action."""
        if command.action in MAKING:
            return False
        if code == "not_found":
            return mine is None and command.booking_id not in self.state[1]
        if mine is None:
            return command.booking_id in self.state[1]
        allowed = {"cancel", "reschedule"} if mine.expires is None else {"cancel", "confirm"}
        return command.action not in allowed or self._lapsed(mine)

    def _without(self, booking_id: str, mine: Live | None, code: str) -> Iterator[State]:
        """Yield the state after a refusal, which may have been since a sweep had expired the hold."""
        yield self.state
        if mine is not None and code != "not_found" and self._lapsed(mine):
            rest = {key: one for key, one in self.state[0] if key != booking_id}
            yield self._state(rest, self.state[1] | {booking_id})

    @staticmethod
    def _state(live: dict[str, Live], ended: frozenset[str]) -> State:
        return frozenset(live.items()), frozenset(ended)


def _meet(one: Taking, other: Taking) -> bool:
    """Tell whether a booking looks far enough to expire another: its buffers meet those of the other."""
    reaches = (
        (one.start - one.before, one.end + one.after),
        (other.start - other.before, other.end + other.after),
    )
    return reaches[0][0] < reaches[1][1] and reaches[1][0] < reaches[0][1]
