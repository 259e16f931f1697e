"""The standard lifecycle: the statuses and actions that most booking systems share, open to anyone.

Hosts derive their own from it with `Lifecycle.with_guards`, `Lifecycle.replacing` and their like.
"""

from __future__ import annotations

from enum import StrEnum

from slotkeeper.domain.guards import FromStart, HasRole, IsOwner, IsProvider, Who
from slotkeeper.domain.lifecycle import Lifecycle
from slotkeeper.domain.lifecycle_table import State, Transition


class Status(StrEnum):
    """The statuses of the standard lifecycle; each equals its plain string."""

    HELD = "held"
    PENDING = "pending"
    CONFIRMED = "confirmed"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"
    RESCHEDULED = "rescheduled"
    EXPIRED = "expired"


class Action(StrEnum):
    """The actions of the standard lifecycle; ``hold``, ``request`` and ``book`` create a booking.

    ``reschedule`` moves a booking and leaves its status; ``request_reschedule`` moves it and makes it await
    confirmation anew, as ``rescheduled``.
    """

    HOLD = "hold"
    REQUEST = "request"
    BOOK = "book"
    CONFIRM = "confirm"
    DECLINE = "decline"
    START = "start"
    COMPLETE = "complete"
    CANCEL = "cancel"
    NO_SHOW = "no_show"
    RESCHEDULE = "reschedule"
    REQUEST_RESCHEDULE = "request_reschedule"
    EXPIRE = "expire"


_STATES = (
    State(Status.HELD, occupies=True),
    State(Status.PENDING, occupies=True),
    State(Status.CONFIRMED, occupies=True),
    State(Status.IN_PROGRESS, occupies=True),
    State(Status.RESCHEDULED, occupies=True),
    State(Status.COMPLETED, occupies=True, final=True),
    State(Status.NO_SHOW, final=True),
    State(Status.CANCELLED, final=True, counts=False),
    State(Status.EXPIRED, final=True, counts=False),
)

_CREATIONS = (
    Transition(None, Action.HOLD, Status.HELD),
    Transition(None, Action.REQUEST, Status.PENDING),
    Transition(None, Action.BOOK, Status.CONFIRMED),
)

_DECISIONS = (
    Transition(Status.HELD, Action.REQUEST, Status.PENDING),
    Transition(Status.HELD, Action.CONFIRM, Status.CONFIRMED),
    Transition(Status.PENDING, Action.CONFIRM, Status.CONFIRMED),
    Transition(Status.RESCHEDULED, Action.CONFIRM, Status.CONFIRMED),
    Transition(Status.HELD, Action.CANCEL, Status.CANCELLED),
    Transition(Status.PENDING, Action.CANCEL, Status.CANCELLED),
    Transition(Status.CONFIRMED, Action.CANCEL, Status.CANCELLED),
    Transition(Status.RESCHEDULED, Action.CANCEL, Status.CANCELLED),
    Transition(Status.PENDING, Action.DECLINE, Status.CANCELLED),
    Transition(Status.RESCHEDULED, Action.DECLINE, Status.CANCELLED),
    Transition(Status.HELD, Action.EXPIRE, Status.EXPIRED),
    Transition(Status.PENDING, Action.EXPIRE, Status.EXPIRED),
)

_MOVES = (
    Transition(Status.PENDING, Action.RESCHEDULE, Status.PENDING),
    Transition(Status.CONFIRMED, Action.RESCHEDULE, Status.CONFIRMED),
    Transition(Status.RESCHEDULED, Action.RESCHEDULE, Status.RESCHEDULED),
    Transition(Status.CONFIRMED, Action.REQUEST_RESCHEDULE, Status.RESCHEDULED),
    Transition(Status.RESCHEDULED, Action.REQUEST_RESCHEDULE, Status.RESCHEDULED),
)

# Work may begin ahead of time, so `start` has no guard; what was never started can't have been completed
# or missed before its own start.
_VISIT = (
    Transition(Status.CONFIRMED, Action.START, Status.IN_PROGRESS),
    Transition(Status.IN_PROGRESS, Action.COMPLETE, Status.COMPLETED),
    Transition(Status.CONFIRMED, Action.COMPLETE, Status.COMPLETED, when=[FromStart()]),
    Transition(Status.CONFIRMED, Action.NO_SHOW, Status.NO_SHOW, when=[FromStart()]),
)

STANDARD = Lifecycle(_STATES, _CREATIONS + _DECISIONS + _MOVES + _VISIT, name="standard")
"""The standard table: holds, approval, moves, visits.

A completed visit has taken its time, buffers included, and keeps it; a customer who did not come has not.
"""

_STAFF: tuple[Who, ...] = (IsProvider(), HasRole("admin"))
_ANY_PARTY: tuple[Who, ...] = (IsOwner(), *_STAFF)

GUARDED = (
    STANDARD.with_guards(Action.CONFIRM, who=_STAFF)
    .with_guards(Action.CONFIRM, sources=[Status.HELD], who=_ANY_PARTY)
    .with_guards(Action.REQUEST, sources=[Status.HELD], who=_ANY_PARTY)
    .with_guards(Action.CANCEL, who=_ANY_PARTY)
    .with_guards(Action.RESCHEDULE, who=_ANY_PARTY)
    .with_guards(Action.REQUEST_RESCHEDULE, who=_ANY_PARTY)
    .with_guards(Action.DECLINE, who=_STAFF)
    .with_guards(Action.START, who=_STAFF)
    .with_guards(Action.COMPLETE, who=_STAFF)
    .with_guards(Action.NO_SHOW, who=_STAFF)
    .with_guards(Action.EXPIRE, who=_STAFF)
)
"""The standard table with guards on people; each can be changed with `Lifecycle.with_guards`.

Anyone creates bookings. The owner, a provider or an ``admin`` confirms or requests what is held, cancels and
moves; what awaits approval is confirmed or declined by a provider or an ``admin``, who alone note how the
visit goes or let a booking expire by hand. A call that names no actor is the host's own, and no guard on
people applies to it.
"""
