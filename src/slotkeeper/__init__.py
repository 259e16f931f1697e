"""slotkeeper keeps appointments: schedules, slots, bookings, and the promise that nothing is booked twice."""

from slotkeeper.adapters.memory import MemoryStore
from slotkeeper.adapters.threaded import ThreadedStore
from slotkeeper.desk import AsyncBookingDesk, BookingDesk
from slotkeeper.desk.results import Cancellation, FreeTimeslot, Move, Series, Statistics, Utilisation
from slotkeeper.domain.actor import SYSTEM, Actor, Customer
from slotkeeper.domain.booking import Allocation, Booking, Hold, Payment, PaymentStatus
from slotkeeper.domain.buffers import BufferRule, Buffers
from slotkeeper.domain.codec import from_json, to_json
from slotkeeper.domain.delivery import Delivery, Redelivery
from slotkeeper.domain.durations import DurationChoice, DurationRange, Durations, FixedDuration, WholeOpening
from slotkeeper.domain.event import Event
from slotkeeper.domain.explanation import Explanation, Refusal
from slotkeeper.domain.fee import FixedFee, Quote, ShareFee
from slotkeeper.domain.grid import ClockGrid, FixedGrid, GapGrid, Grid, OpeningGrid
from slotkeeper.domain.guards import BeforeEnd, BeforeStart, FromEnd, FromStart, HasRole, IsOwner, IsProvider
from slotkeeper.domain.hours import DateOverride, Hours, RecurringHours, WeeklyHours, ZoneOverride
from slotkeeper.domain.ids import Id
from slotkeeper.domain.instant import EARLIEST, LATEST
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet
from slotkeeper.domain.lifecycle import Lifecycle
from slotkeeper.domain.lifecycle_table import State, Transition
from slotkeeper.domain.limit import Limit, Per
from slotkeeper.domain.localise import MEMBERSHIP, ResolveEnds
from slotkeeper.domain.money import Money
from slotkeeper.domain.periods import Period, Weekday, day_interval, period_bounds
from slotkeeper.domain.policy import (
    CancellationPolicy,
    CancellationQuote,
    CancellationTier,
    NoShowPolicy,
    Policy,
    ReschedulePolicy,
    RescheduleQuote,
)
from slotkeeper.domain.price import FixedPrice, HourlyPrice, NamedPrice, Price
from slotkeeper.domain.recurrence import Recurrence
from slotkeeper.domain.requirement import Requirement
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.schedule import AnySchedule, CombinedSchedule, Schedule
from slotkeeper.domain.service import Service
from slotkeeper.domain.slot import Slot, Timeslot
from slotkeeper.domain.standard_lifecycle import GUARDED, STANDARD, Action, Status
from slotkeeper.domain.walltime import FoldPolicy, GapPolicy, classify, resolve
from slotkeeper.engine.conflicts import (
    ConflictGroup,
    Occupancy,
    conflict_groups,
    overbooked,
    overlapping_pairs,
)
from slotkeeper.engine.evaluator import Evaluator
from slotkeeper.engine.load import Load
from slotkeeper.engine.preference import Preference, as_listed, by_rank, by_score, least_loaded, round_robin
from slotkeeper.engine.question import Request, Snapshot
from slotkeeper.engine.suggestions import Suggestion
from slotkeeper.engine.timeline import Timeline
from slotkeeper.errors import (
    AmbiguousTimeError,
    ConcurrencyError,
    CurrencyMismatchError,
    DuplicateIdError,
    DurationError,
    ForbiddenError,
    HorizonError,
    IdempotencyError,
    IdempotencyMismatchError,
    IdempotencyPendingError,
    InactiveError,
    InvalidFieldError,
    InvalidInputError,
    InvalidInstantError,
    InvalidIntervalError,
    InvalidRecurrenceError,
    InvalidZoneError,
    LifecycleError,
    LifecycleTableError,
    LimitReachedError,
    MissingExtraError,
    NaiveDatetimeError,
    NonexistentTimeError,
    NotFoundError,
    NoticeError,
    NotModifiableError,
    NotOfferedError,
    OffGridError,
    OutcomeUnknownError,
    OutsideHoursError,
    ParseError,
    PaymentError,
    PolicyError,
    RefusedError,
    RetryableError,
    SchemaDifference,
    SchemaMismatchError,
    SlotkeeperError,
    SlotTakenError,
    StaleVersionError,
    TransitionError,
    TransitionTimeError,
    UnitsError,
)
from slotkeeper.ports import BookingFilter, Listing, Page

__all__ = [
    "EARLIEST",
    "GUARDED",
    "LATEST",
    "MEMBERSHIP",
    "STANDARD",
    "SYSTEM",
    "Action",
    "Actor",
    "Allocation",
    "AmbiguousTimeError",
    "AnySchedule",
    "AsyncBookingDesk",
    "BeforeEnd",
    "BeforeStart",
    "Booking",
    "BookingDesk",
    "BookingFilter",
    "BufferRule",
    "Buffers",
    "Cancellation",
    "CancellationPolicy",
    "CancellationQuote",
    "CancellationTier",
    "ClockGrid",
    "CombinedSchedule",
    "ConcurrencyError",
    "ConflictGroup",
    "CurrencyMismatchError",
    "Customer",
    "DateOverride",
    "Delivery",
    "DuplicateIdError",
    "DurationChoice",
    "DurationError",
    "DurationRange",
    "Durations",
    "Evaluator",
    "Event",
    "Explanation",
    "FixedDuration",
    "FixedFee",
    "FixedGrid",
    "FixedPrice",
    "FoldPolicy",
    "ForbiddenError",
    "FreeTimeslot",
    "FromEnd",
    "FromStart",
    "GapGrid",
    "GapPolicy",
    "Grid",
    "HasRole",
    "Hold",
    "HorizonError",
    "HourlyPrice",
    "Hours",
    "Id",
    "IdempotencyError",
    "IdempotencyMismatchError",
    "IdempotencyPendingError",
    "InactiveError",
    "Interval",
    "IntervalSet",
    "InvalidFieldError",
    "InvalidInputError",
    "InvalidInstantError",
    "InvalidIntervalError",
    "InvalidRecurrenceError",
    "InvalidZoneError",
    "IsOwner",
    "IsProvider",
    "Lifecycle",
    "LifecycleError",
    "LifecycleTableError",
    "Limit",
    "LimitReachedError",
    "Listing",
    "Load",
    "MemoryStore",
    "MissingExtraError",
    "Money",
    "Move",
    "NaiveDatetimeError",
    "NamedPrice",
    "NoShowPolicy",
    "NonexistentTimeError",
    "NotFoundError",
    "NotModifiableError",
    "NotOfferedError",
    "NoticeError",
    "Occupancy",
    "OffGridError",
    "OpeningGrid",
    "OutcomeUnknownError",
    "OutsideHoursError",
    "Page",
    "ParseError",
    "Payment",
    "PaymentError",
    "PaymentStatus",
    "Per",
    "Period",
    "Policy",
    "PolicyError",
    "Preference",
    "Price",
    "Quote",
    "Recurrence",
    "RecurringHours",
    "Redelivery",
    "Refusal",
    "RefusedError",
    "Request",
    "Requirement",
    "ReschedulePolicy",
    "RescheduleQuote",
    "ResolveEnds",
    "Resource",
    "RetryableError",
    "Schedule",
    "SchemaDifference",
    "SchemaMismatchError",
    "Series",
    "Service",
    "ShareFee",
    "Slot",
    "SlotTakenError",
    "SlotkeeperError",
    "Snapshot",
    "StaleVersionError",
    "State",
    "Statistics",
    "Status",
    "Suggestion",
    "ThreadedStore",
    "Timeline",
    "Timeslot",
    "Transition",
    "TransitionError",
    "TransitionTimeError",
    "UnitsError",
    "Utilisation",
    "Weekday",
    "WeeklyHours",
    "WholeOpening",
    "ZoneOverride",
    "as_listed",
    "by_rank",
    "by_score",
    "classify",
    "conflict_groups",
    "day_interval",
    "from_json",
    "least_loaded",
    "overbooked",
    "overlapping_pairs",
    "period_bounds",
    "resolve",
    "round_robin",
    "to_json",
]
