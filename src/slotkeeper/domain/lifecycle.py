"""`Lifecycle`: a table from status and action to status; machine, diagram and tests all read it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import attrs

from slotkeeper.domain.fields import several
from slotkeeper.domain.guards import Circumstances
from slotkeeper.domain.lifecycle_check import LifecycleReport, contradictions, examine
from slotkeeper.domain.lifecycle_diagram import mermaid
from slotkeeper.domain.lifecycle_table import State, Transition, plain
from slotkeeper.errors import InvalidFieldError, LifecycleTableError, NotModifiableError, TransitionError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    from slotkeeper.domain.actor import Actor
    from slotkeeper.domain.guards import When, Who
    from slotkeeper.domain.ids import Id
    from slotkeeper.domain.interval import Interval


def _state_tuple(states: Iterable[State]) -> tuple[State, ...]:
    return several("Lifecycle.states", states, State)


def _row_tuple(rows: Iterable[Transition]) -> tuple[Transition, ...]:
    return several("Lifecycle.transitions", rows, Transition)


@attrs.frozen
class Lifecycle:
    """The statuses of a host's bookings and the actions that lead from one to the next.

    A status is a plain string. Everything that asks what a status means or what may be done asks this table.

    Args:
        states: What each status means; listings keep this order.
        transitions: At most one for each source and action.
        name: What messages call the table.

    Raises:
        LifecycleTableError: The table contradicts itself; all its contradictions are listed.

    >>> table = Lifecycle(
    ...     [State("new", occupies=True), State("done", final=True)],
    ...     [Transition(None, "book", "new"), Transition("new", "complete", "done")],
    ... )
    >>> table.initial("book").name, table.actions_from("new")
    ('new', ('complete',))
    """

    states: tuple[State, ...] = attrs.field(converter=_state_tuple)
    transitions: tuple[Transition, ...] = attrs.field(converter=_row_tuple)
    name: str = attrs.field(default="lifecycle", kw_only=True)

    @transitions.validator
    def _agrees_with_itself(self, _: object, transitions: tuple[Transition, ...]) -> None:
        problems = contradictions(self.states, transitions)
        if problems:
            raise LifecycleTableError(problems)

    @cached_property
    def _by_name(self) -> dict[str, State]:
        return {state.name: state for state in self.states}

    @cached_property
    def _by_key(self) -> dict[tuple[str | None, str], Transition]:
        return {row.key: row for row in self.transitions}

    # What a status means

    def state(self, status: str) -> State:
        """Return what the status means.

        Raises:
            InvalidFieldError: The table has no such status.
        """
        found = self._by_name.get(status)
        if found is None:
            raise self._unknown(status, self._by_name)
        return found

    @cached_property
    def occupying(self) -> frozenset[str]:
        """The statuses in which a booking keeps others off its resources."""
        return frozenset(state.name for state in self.states if state.occupies)

    @cached_property
    def counting(self) -> frozenset[str]:
        """The statuses in which a booking counts towards limits and in statistics."""
        return frozenset(state.name for state in self.states if state.counts)

    @cached_property
    def final(self) -> frozenset[str]:
        """The statuses that nothing leads out of any more."""
        return frozenset(state.name for state in self.states if state.final)

    def code_of(self, status: str) -> int | str:
        """Return the status's external code, or its name where it has none."""
        return self.state(status).external

    def status_of(self, code: object) -> str:
        """Return the status with that external code, type for type: ``2`` is neither ``"2"`` nor ``2.0``.

        Raises:
            InvalidFieldError: No status has that code.
        """
        codes = {state.external: state.name for state in self.states}
        if isinstance(code, bool) or not isinstance(code, int | str) or code not in codes:
            raise self._unknown(code, codes)
        return codes[code]

    def parse_status(self, text: str) -> str:
        """Return the status that a text names, be it by its name or by its code written out.

        Raises:
            InvalidFieldError: The text names no status.
        """
        names = {
            written: state.name for state in self.states for written in (state.name, str(state.external))
        }
        if text not in names:
            raise self._unknown(text, names)
        return names[text]

    def _unknown(self, status: object, choices: Iterable[object]) -> InvalidFieldError:
        return InvalidFieldError(
            "status", status, f"must be a status of {self.name}: {', '.join(map(str, choices))}"
        )

    # What may be done

    def actions_from(self, status: str | None) -> tuple[str, ...]:
        """Return the actions that the table has for the status, guards not asked; for None the creations."""
        return tuple(row.action for row in self.transitions if row.source == status)

    def initial(self, action: str) -> State:
        """Return the state in which that action creates a booking.

        Raises:
            TransitionError: The action creates nothing.
        """
        return self.state(self.find(None, action).target)

    def find(self, status: str | None, action: str) -> Transition:
        """Return the row for the status and action, its guards not asked.

        Raises:
            NotModifiableError: The status is final.
            TransitionError: The status knows no such action.
        """
        found = self._by_key.get((status, action))
        if found is None:
            raise self._no_way(status, plain(action))
        return found

    def action_to(self, status: str, target: str) -> str:
        """Return the action that leads from one status to another in one step, the first if several do.

        It serves hosts whose clients name the status that they want rather than the action.

        Raises:
            NotModifiableError: The status is final.
            TransitionError: No single action leads there.
        """
        wanted = self.state(target).name
        for row in self.transitions:
            if row.source == status and row.target == wanted != status:
                return row.action
        raise self._no_way(status, f"become {wanted}")

    def _no_way(self, status: str | None, action: str) -> NotModifiableError | TransitionError:
        if status is not None and self.state(status).final:
            return NotModifiableError(plain(status), action)
        return TransitionError(status, action, self.actions_from(status))

    def transition(
        self,
        status: str | None,
        action: str,
        *,
        actor: Actor | None,
        owner_id: Id | None,
        resource_ids: Iterable[Id],
        interval: Interval,
        now: dt.datetime,
    ) -> Transition:
        """Return the row that the action takes, all its guards passed.

        Args:
            status: The booking's status; None creates one.
            action: What is to be done.
            actor: Who asks; None is the host itself, to whom only the guards on time apply.
            owner_id: The id of the booking's customer, if it has one.
            resource_ids: The ids of its resources.
            interval: Its time, without buffers.
            now: The instant of asking.

        Raises:
            NotModifiableError: The status is final.
            TransitionError: The status knows no such action.
            ForbiddenError: The actor may not do it.
            TransitionTimeError: It is allowed at another time.
        """
        found = self.find(status, action)
        refusal = found.refusal(
            Circumstances(
                actor=actor, owner_id=owner_id, resource_ids=resource_ids, interval=interval, now=now
            )
        )
        if refusal is not None:
            raise refusal
        return found

    def allowed(
        self,
        status: str | None,
        *,
        actor: Actor | None,
        owner_id: Id | None,
        resource_ids: Iterable[Id],
        interval: Interval,
        now: dt.datetime,
    ) -> tuple[str, ...]:
        """Return the actions that `transition` would let pass, in the table's order."""
        case = Circumstances(
            actor=actor, owner_id=owner_id, resource_ids=resource_ids, interval=interval, now=now
        )
        return tuple(
            row.action for row in self.transitions if row.source == status and row.refusal(case) is None
        )

    # Tables made from this one

    def with_guards(
        self,
        action: str,
        *,
        sources: Iterable[str | None] | None = None,
        who: Iterable[Who] | None = None,
        when: Iterable[When] | None = None,
        exempt: Iterable[Who] | None = None,
    ) -> Lifecycle:
        """Return the table with other guards on an action, out of the given sources or out of all.

        A kind of guard that is None stays as it is; an empty one is lifted.

        Raises:
            InvalidFieldError: The table has no such action.
            TransitionError: It does not lead out of one of the sources.
            NotModifiableError: One of the sources is final.
        """
        rows = (
            [self.find(source, action) for source in sources]
            if sources is not None
            else self._rows_of(action)
        )
        return self.replacing(*(_guarded(row, who, when, exempt) for row in rows))

    def _rows_of(self, action: str) -> list[Transition]:
        rows = [row for row in self.transitions if row.action == action]
        if not rows:
            raise InvalidFieldError("action", action, "must be an action of the table")
        return rows

    def replacing(self, *rows: State | Transition) -> Lifecycle:
        """Return the table with these rows in place of those of the same name or key; new ones go last."""
        states = self._by_name | {row.name: row for row in rows if isinstance(row, State)}
        transitions = self._by_key | {row.key: row for row in rows if isinstance(row, Transition)}
        return attrs.evolve(self, states=states.values(), transitions=transitions.values())

    def extend(self, *rows: State | Transition) -> Lifecycle:
        """Return the table with more rows.

        Raises:
            LifecycleTableError: A row is there already, or contradicts the others.
        """
        states = [row for row in rows if isinstance(row, State)]
        transitions = [row for row in rows if isinstance(row, Transition)]
        return attrs.evolve(
            self, states=[*self.states, *states], transitions=[*self.transitions, *transitions]
        )

    def only(self, *statuses: str) -> Lifecycle:
        """Return the table cut down to these statuses and the transitions among them."""
        kept = {self.state(status).name for status in statuses}
        rows = (row for row in self.transitions if row.target in kept and row.source in {None, *kept})
        states = (state for state in self.states if state.name in kept)
        return attrs.evolve(self, states=states, transitions=rows)

    def without(self, *actions: str) -> Lifecycle:
        """Return the table without these actions, whatever they lead out of."""
        return attrs.evolve(self, transitions=(row for row in self.transitions if row.action not in actions))

    def with_codes(self, codes: Mapping[str, int | str | None]) -> Lifecycle:
        """Return the table with external codes for these statuses.

        Raises:
            InvalidFieldError: A status is not in the table.
            LifecycleTableError: Two statuses would share a code.
        """
        return self.replacing(
            *(attrs.evolve(self.state(status), code=code) for status, code in codes.items())
        )

    # The table as a whole

    def check(self) -> LifecycleReport:
        """Search the whole table for statuses that are unreachable, dead or without an end."""
        return examine(self.states, self.transitions)

    def to_mermaid(self) -> str:
        """Return the table as a Mermaid ``stateDiagram-v2``."""
        return mermaid(self.states, self.transitions)


def _guarded(
    row: Transition,
    who: Iterable[Who] | None,
    when: Iterable[When] | None,
    exempt: Iterable[Who] | None,
) -> Transition:
    return attrs.evolve(
        row,
        who=row.who if who is None else who,
        when=row.when if when is None else when,
        exempt=row.exempt if exempt is None else exempt,
    )
