"""Through the desk: the slots of a day out of a full SQLite file, and bookings in memory and in a file."""

from __future__ import annotations

import datetime as dt
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

import attrs
import sqlalchemy as sa
from tests.benchmarks.harness import OURS, Contest, Goal, Rival, kept, uncompared
from tests.benchmarks.stores.places import Place
from tests.benchmarks.stores.spots import HALF, NOW, Spot, apart, resource_named, service_named
from tests.benchmarks.stores.ways import LockByHand, Way
from tests.benchmarks.stores.whole import Desk, WholeByHand
from tests.benchmarks.workloads import Span, interval

from slotkeeper.adapters.memory import MemoryStore
from slotkeeper.adapters.sql import SqlStore
from slotkeeper.adapters.sql.lengths import bounds
from slotkeeper.adapters.sql.rows import allocation_columns, booking_columns
from slotkeeper.adapters.sql.statements import statements_for
from slotkeeper.desk import BookingDesk
from slotkeeper.domain.booking import Allocation, Booking
from slotkeeper.domain.ids import Id
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.requirement import Requirement
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.schedule import Schedule
from slotkeeper.domain.service import Service
from slotkeeper.domain.slot import Slot

EMPLOYEES: Final = 10
RESOURCES: Final = 50
MONDAY: Final = dt.datetime(2030, 1, 7, tzinfo=dt.UTC)
DAY: Final = dt.timedelta(days=1)
QUERY: Final = "by hand, the bare query"
CHECKED: Final = "by hand, a checked insert"
WHOLE: Final = "by hand, with event and key"


def stored_booking(resource_id: str, span: Span) -> Booking:
    """Return a confirmed booking of a span in seconds since the first of 2025."""
    return _booking(resource_id, interval(span))


def _booking(resource_id: str, when: Interval) -> Booking:
    return Booking(
        id=uuid.uuid4(),
        service_id="half",
        customer_id="ada",
        interval=when,
        allocations=[Allocation(resource_id, when)],
        status="confirmed",
        created_at=NOW,
        updated_at=NOW,
    )


# -- the slots of a day ------------------------------------------------------------------------------


def _full_days(size: int) -> Iterator[Booking]:
    """Yield ten half hours a day for each employee, each followed by a free one."""
    for number in range(size):
        day, rest = divmod(number, EMPLOYEES * 10)
        employee, place = divmod(rest, 10)
        start = MONDAY + day * DAY + dt.timedelta(hours=8 + place)
        yield _booking(resource_named(employee), Interval(start, start + HALF))


@attrs.frozen
class _FullFile:
    """A SQLite file of bookings; the day asked about lies in the middle of them.

    Args:
        folder: Where it lies; goes with the last reference to it.
        store: The store over it.
        day: Which day is asked about.
    """

    folder: tempfile.TemporaryDirectory[str]
    store: SqlStore
    day: Interval

    @classmethod
    def of(cls, size: int) -> _FullFile:
        """Return a new file with so many bookings."""
        folder = tempfile.TemporaryDirectory(prefix="slotkeeper-", ignore_cleanup_errors=True)
        store = SqlStore.from_url(f"sqlite:///{folder.name}/full.sqlite3")
        store.create_all()
        _open_shop(BookingDesk(store, clock=lambda: NOW))
        _insert(store, _full_days(size))
        middle = MONDAY + size // (EMPLOYEES * 10) // 2 * DAY
        return cls(folder, store, Interval(middle, middle + DAY))

    def slots(self) -> list[Slot]:
        """Return the slots of the day through the desk."""
        return BookingDesk(self.store, clock=lambda: NOW).slots("half", self.day)

    def rows(self) -> list[Any]:
        """Fetch the rows of the day with the store's own query, and make nothing of them."""
        query, ids = statements_for(self.store._tables).relevant.about(_EMPLOYEES)
        with self.store.engine.connect() as connection:
            return list(connection.execute(query, {**ids, **bounds(self.day)}).all())


_EMPLOYEES: Final[tuple[Id, ...]] = tuple(map(resource_named, range(EMPLOYEES)))


def _open_shop(desk: BookingDesk) -> None:
    hours = Schedule("UTC", {"daily": "08:00-18:00"})
    for one in _EMPLOYEES:
        desk.add_resource(Resource(one, hours))
    desk.add_service(Service("half", HALF, needs=[Requirement(among=_EMPLOYEES)]))


def _insert(store: SqlStore, bookings: Iterator[Booking]) -> None:
    """Insert rows in bulk; that nothing overlaps is known."""
    tables, capacities = store._tables, dict.fromkeys(_EMPLOYEES, 1)
    while some := list(islice(bookings, 10_000)):
        taken = [row for one in some for row in allocation_columns(one, capacities, now=NOW)]
        with store.engine.begin() as connection:
            connection.execute(sa.insert(tables.bookings), list(map(booking_columns, some)))
            connection.execute(sa.insert(tables.allocations), taken)


def _slots_of_a_day(size: int) -> list[Rival]:
    full = kept(lambda: _FullFile.of(size))
    return [
        Rival(OURS, full, lambda file: file.slots(), answer=uncompared),
        Rival(QUERY, full, lambda file: file.rows(), answer=uncompared),
    ]


# -- booking -----------------------------------------------------------------------------------------


class _InMemory:
    """Bookings in a store in memory, made by the desk or added by hand as values that are ready."""

    def __init__(self) -> None:
        self._store = MemoryStore()
        self._desk = BookingDesk(self._store, clock=lambda: NOW)
        for number in range(RESOURCES):
            self._desk.add_resource(Resource(resource_named(number)))
            among = Requirement(among=[resource_named(number)])
            self._desk.add_service(Service(service_named(number), HALF, needs=[among]))

    def book(self, spot: Spot) -> bool:
        """Book through the desk, without a key."""
        self._desk.book(service_named(spot.number), spot.start, customer_id="ada", booking_id=spot.booking.id)
        return True

    def add(self, spot: Spot) -> bool:
        """Store the booking in a unit of work of its own; the store checks."""
        with self._store.begin() as unit:
            unit.bookings.add(spot.booking, now=NOW)
        return True


Attempts = tuple[Callable[[Spot], bool], Sequence[Spot]]


def _attempt_all(state: Attempts) -> list[bool]:
    attempt, spots = state
    return [attempt(spot) for spot in spots]


def _ever_new(attempt: Callable[[], Callable[[Spot], bool]], size: int) -> Callable[[], Attempts]:
    """Return a preparation that gives spots nobody has asked for yet."""
    course, made = apart(0, RESOURCES), kept(attempt)
    return lambda: (made(), list(islice(course, size)))


def _booking_in_memory(size: int) -> list[Rival]:
    return [
        Rival(OURS, _ever_new(lambda: _InMemory().book, size), _attempt_all),
        Rival(CHECKED, _ever_new(lambda: _InMemory().add, size), _attempt_all),
    ]


@attrs.frozen
class _OnFile:
    """A way to book, on tables in a file of its own."""

    folder: tempfile.TemporaryDirectory[str]
    way: Way

    @classmethod
    def by(cls, make: Callable[[Place], Way], *, portable: bool) -> _OnFile:
        """Return the way on a new file."""
        folder = tempfile.TemporaryDirectory(prefix="slotkeeper-", ignore_cleanup_errors=True)
        place = Place(url=f"sqlite:///{folder.name}/bookings.sqlite3", prefix="b_", portable=portable)
        place.make(RESOURCES)
        return cls(folder, make(place))

    def attempt(self, spot: Spot) -> bool:
        """Book the spot."""
        return self.way.attempt(spot)


def _booking_in_a_file(size: int) -> list[Rival]:
    def rival(name: str, make: Callable[[Place], Way], *, portable: bool) -> Rival:
        return Rival(name, _ever_new(lambda: _OnFile.by(make, portable=portable).attempt, size), _attempt_all)

    return [
        rival(OURS, Desk, portable=False),
        rival(WHOLE, WholeByHand, portable=True),
        rival(CHECKED, LockByHand, portable=True),
    ]


CONTESTS: Final = (
    Contest(
        "a day's slots of 10 employees, by stored bookings in SQLite",
        _slots_of_a_day,
        (10_000, 100_000),
        200,
        growth=(1_000, 10_000, 100_000),
        goals=(Goal(QUERY, 1 / 1.5),),
    ),
    Contest(
        "booking through the desk, in memory",
        _booking_in_memory,
        (200,),
        10,
        goals=(Goal(CHECKED, 1 / 2),),
    ),
    Contest(
        "booking through the desk, in a SQLite file",
        _booking_in_a_file,
        (100,),
        10,
        goals=(Goal(CHECKED, 1 / 2),),
    ),
)
