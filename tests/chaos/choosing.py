"""Choosing: what a caller does next, drawn from its own seeded stream of random numbers."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.chaos.journal import ACKNOWLEDGED, Asked, Command
from tests.chaos.plan import Plan
from tests.chaos.world import PAIR, SHARED, STARTS, capacity

KEPT = 3
MAKING = {"book", "hold"}


class Caller:
    """Knows what it has booked; what others have booked it guesses."""

    def __init__(self, plan: Plan, name: str, asked: dict[str, Asked]) -> None:
        self._plan, self._name = plan, name
        self._count = len(asked)
        self._chance = random.Random(f"{plan.seed}/{name}/{self._count}")
        self._mine: dict[str, str] = {}
        for one in asked.values():
            self.learn(one)

    def learn(self, asked: Asked) -> None:
        """Take notice of what became of a command."""
        final, booking_id = asked.final, asked.command.booking_id
        if final is None or asked.command.action not in MAKING | {"cancel", "confirm", "reschedule"}:
            return
        if final["told"] == ACKNOWLEDGED and final["status"] in {"held", "confirmed"}:
            self._mine[booking_id] = final["status"]
        elif asked.command.action not in MAKING and final.get("code") != "slot_taken":
            self._mine.pop(booking_id, None)

    def next(self) -> Command:
        self._count += 1
        dice = self._chance.random()
        if dice < 0.02:
            return self._command("expire")
        if dice < 0.10:
            return self._change(self._somebodys())
        if self._mine and (dice < 0.40 or len(self._mine) > KEPT):
            return self._change(self._chance.choice(list(self._mine)))
        return self._make()

    def farewell(self) -> Iterator[Command]:
        """Yield what gives back all that it has booked."""
        for booking_id in list(self._mine):
            self._count += 1
            yield self._command("cancel", booking_id=booking_id)

    def repeats(self) -> bool:
        """Tell whether to ask again what has been answered."""
        return self._chance.random() < 0.1

    def _make(self) -> Command:
        number = self._chance.randrange(self._plan.resources)
        kind = self._chance.choice(self._plan.kinds)
        if kind == PAIR:
            number -= number % 2
            if number + 1 >= self._plan.resources:
                kind = "visit"
        shared = kind != PAIR and capacity(number) == SHARED
        return self._command(
            "hold" if self._chance.random() < 0.3 else "book",
            booking_id=f"{self._name}-{self._count}",
            service_id=f"{kind}-{number}",
            start=self._chance.randrange(len(STARTS)),
            units=self._chance.choice([1, 1, 2, SHARED]) if shared else 1,
        )

    def _somebodys(self) -> str:
        name = self._chance.choice(self._chance.choice(self._plan.names))
        return f"{name}-{max(1, self._count - self._chance.randrange(12))}"

    def _change(self, booking_id: str) -> Command:
        held = self._mine.get(booking_id) == "held"
        action = self._chance.choice(["confirm", "confirm", "cancel"] if held else ["reschedule", "cancel"])
        return self._command(action, booking_id=booking_id, start=self._chance.randrange(len(STARTS)))

    def _command(self, action: str, **facts: object) -> Command:
        return Command(key=f"{self._name}-{self._count}", action=action, **facts)  # type: ignore[arg-type]
