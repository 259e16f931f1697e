"""A hypothesis strategy for every public value; each call returns one that gives valid values only.

Examples lie near one base day, `BASE`, and shrink towards it, towards whole minutes, few rules and small ids.
"""

from __future__ import annotations

from slotkeeper.errors import MissingExtraError

try:
    import hypothesis as _hypothesis  # noqa: F401 - asked for first, so that its absence has one clear error
except ModuleNotFoundError:
    raise MissingExtraError("hypothesis", "testing") from None

from slotkeeper.testing.strategies.bookings import (
    allocations,
    bookings,
    events,
    explanations,
    holds,
    payments,
    refusals,
    slots,
    timeslots,
)
from slotkeeper.testing.strategies.catalogue import (
    buffers,
    duration_ranges,
    durations,
    grids,
    limits,
    prices,
    requirements,
    resources,
    services,
    steps,
)
from slotkeeper.testing.strategies.conduct import (
    actors,
    cancellation_policies,
    customers,
    fees,
    lifecycles,
    people_guards,
    policies,
    quotes,
    reschedule_policies,
    roles,
    shares,
    time_guards,
)
from slotkeeper.testing.strategies.facts import attributes, currencies, few_ids, ids, money, names, words
from slotkeeper.testing.strategies.schedules import (
    change_policies,
    combined_schedules,
    date_overrides,
    hours,
    plain_schedules,
    recurrences,
    recurring_hours,
    schedules,
    weekly_hours,
    weekly_schedules,
    zone_overrides,
)
from slotkeeper.testing.strategies.times import (
    BASE,
    dates,
    instants,
    interval_sets,
    intervals,
    lengths,
    some_length,
    tuples_of,
    wall_times,
    zones,
)

__all__ = [
    "BASE",
    "actors",
    "allocations",
    "attributes",
    "bookings",
    "buffers",
    "cancellation_policies",
    "change_policies",
    "combined_schedules",
    "currencies",
    "customers",
    "date_overrides",
    "dates",
    "duration_ranges",
    "durations",
    "events",
    "explanations",
    "fees",
    "few_ids",
    "grids",
    "holds",
    "hours",
    "ids",
    "instants",
    "interval_sets",
    "intervals",
    "lengths",
    "lifecycles",
    "limits",
    "money",
    "names",
    "payments",
    "people_guards",
    "plain_schedules",
    "policies",
    "prices",
    "quotes",
    "recurrences",
    "recurring_hours",
    "refusals",
    "requirements",
    "reschedule_policies",
    "resources",
    "roles",
    "schedules",
    "services",
    "shares",
    "slots",
    "some_length",
    "steps",
    "time_guards",
    "timeslots",
    "tuples_of",
    "wall_times",
    "weekly_hours",
    "weekly_schedules",
    "words",
    "zone_overrides",
    "zones",
]
