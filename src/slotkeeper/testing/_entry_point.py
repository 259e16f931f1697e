"""What hypothesis loads when it starts: the strategies by type, each made only when a test asks for it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from slotkeeper.domain.actor import Actor, Customer
from slotkeeper.domain.booking import Allocation, Booking, Hold, Payment
from slotkeeper.domain.buffers import Buffers
from slotkeeper.domain.durations import DurationRange
from slotkeeper.domain.event import Event
from slotkeeper.domain.explanation import Explanation
from slotkeeper.domain.hours import DateOverride, Hours, RecurringHours, WeeklyHours, ZoneOverride
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet
from slotkeeper.domain.lifecycle import Lifecycle
from slotkeeper.domain.limit import Limit
from slotkeeper.domain.localise import ResolveEnds
from slotkeeper.domain.money import Money
from slotkeeper.domain.policy import CancellationPolicy, Policy, ReschedulePolicy
from slotkeeper.domain.recurrence import Recurrence
from slotkeeper.domain.requirement import Requirement
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.schedule import CombinedSchedule, Schedule
from slotkeeper.domain.service import Service
from slotkeeper.domain.slot import Slot, Timeslot

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

STRATEGIES: Final[dict[type, str]] = {
    Actor: "actors",
    Allocation: "allocations",
    Booking: "bookings",
    Buffers: "buffers",
    CancellationPolicy: "cancellation_policies",
    CombinedSchedule: "combined_schedules",
    Customer: "customers",
    DateOverride: "date_overrides",
    DurationRange: "duration_ranges",
    Event: "events",
    Explanation: "explanations",
    Hold: "holds",
    Hours: "hours",
    Interval: "intervals",
    IntervalSet: "interval_sets",
    Lifecycle: "lifecycles",
    Limit: "limits",
    Money: "money",
    Payment: "payments",
    Policy: "policies",
    Recurrence: "recurrences",
    RecurringHours: "recurring_hours",
    Requirement: "requirements",
    ReschedulePolicy: "reschedule_policies",
    ResolveEnds: "change_policies",
    Resource: "resources",
    Schedule: "plain_schedules",
    Service: "services",
    Slot: "slots",
    Timeslot: "timeslots",
    WeeklyHours: "weekly_hours",
    ZoneOverride: "zone_overrides",
}
"""The name in `slotkeeper.testing.strategies` of the strategy of each type."""


def _when_asked(name: str) -> Callable[[type], SearchStrategy[Any]]:
    def make(_: type) -> SearchStrategy[Any]:
        made: SearchStrategy[Any] = getattr(import_module("slotkeeper.testing.strategies"), name)()
        return made

    return make


for _type, _name in STRATEGIES.items():
    st.register_type_strategy(_type, _when_asked(_name))
