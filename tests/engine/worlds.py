"""Small worlds: a few resources, one service, some bookings and holds, and a wish.

Every length and every bound is a multiple of `CELL`, so that between two of them nothing changes: whoever has
asked about an instant and about the one right after it has asked about the whole cell.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

import attrs
from hypothesis import strategies as st

from slotkeeper.domain.booking import Allocation, Booking
from slotkeeper.domain.buffers import BufferRule, Buffers
from slotkeeper.domain.durations import DurationChoice, WholeOpening
from slotkeeper.domain.grid import ClockGrid, FixedGrid, GapGrid, OpeningGrid
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.limit import Limit, Per
from slotkeeper.domain.periods import Period, Weekday
from slotkeeper.domain.requirement import Requirement
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.schedule import Schedule
from slotkeeper.domain.service import Service
from slotkeeper.engine.evaluator import Evaluator
from slotkeeper.engine.question import Request, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hypothesis.strategies import SearchStrategy

    from slotkeeper.domain.ids import Id

MINUTE: Final = dt.timedelta(minutes=1)
CELL: Final = 15 * MINUTE
DAY: Final = dt.timedelta(days=1)
EPOCH: Final = dt.datetime(2025, 10, 25, tzinfo=dt.UTC)
"""The Saturday before clocks go back in Europe, on Sunday at 01:00 UTC."""
ZONES: Final = ("UTC", "Europe/Warsaw", "Asia/Kolkata", "Asia/Kathmandu")
WEEKLY: Final = (
    "09:00-17:00",
    "08:00-12:00, 12:00-15:00",
    "08:00-13:00, 12:00-15:00, 18:00-21:00",
    "22:00-04:00",
    "00:00-24:00",
    "20:00-08:00, 08:00-20:00",
    "00:00-13:00, 12:00-01:00",
    "01:15-03:45",
)
IDS: Final[tuple[Id, ...]] = ("a", "b", "c", "d")
ROLES: Final = ("x", "y")


@attrs.frozen
class World:
    """A request in a snapshot."""

    snapshot: Snapshot
    request: Request

    @property
    def evaluator(self) -> Evaluator:
        return Evaluator(self.snapshot, self.request)

    def asking(self, **changes: Any) -> World:  # noqa: ANN401 - the fields of a request
        return attrs.evolve(self, request=attrs.evolve(self.request, **changes))

    def with_bookings(self, bookings: Iterable[Booking]) -> World:
        return attrs.evolve(self, snapshot=attrs.evolve(self.snapshot, bookings=bookings))


def at(cell: int) -> dt.datetime:
    return EPOCH + cell * CELL


def span(cell: int, length: int) -> Interval:
    return Interval(at(cell), at(cell + length))


def cells(low: int, high: int) -> SearchStrategy[dt.timedelta]:
    return st.integers(low, high).map(lambda number: number * CELL)


def booking_of(allocations: Iterable[Allocation], key: Id = "new", **fields: Any) -> Booking:  # noqa: ANN401
    rows = tuple(allocations)
    facts = {"service_id": "cut", "status": "confirmed", "created_at": EPOCH, "updated_at": EPOCH, **fields}
    return Booking(id=key, interval=rows[0].interval, allocations=rows, units=rows[0].units, **facts)


# -- resources -----------------------------------------------------------------------------------------------

rarely: Final = st.integers(0, 3).map(lambda number: number == 1)
"""True one time in four; the simplest is false."""
fixed_hours: Final = st.lists(st.builds(span, st.integers(-60, 150), st.integers(1, 60)), max_size=5)


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    closures = draw(st.lists(st.builds(span, st.integers(-20, 110), st.integers(1, 12)), max_size=1))
    if draw(rarely):
        return Schedule("UTC", sessions=draw(fixed_hours), closures=closures)
    return Schedule(draw(st.sampled_from(ZONES)), {"daily": draw(st.sampled_from(WEEKLY))}, closures=closures)


@st.composite
def resource_lists(draw: st.DrawFn) -> list[Resource]:
    """Draw one to four resources; the last may be composed of the first ones."""
    count = draw(st.integers(1, len(IDS)))
    composite = count > 2 and draw(st.booleans())
    return [
        Resource(
            one,
            draw(schedules()),
            capacity=draw(st.sampled_from([1, 1, 2, 3])),
            roles=draw(st.sampled_from([["x", "y"], ["x", "y"], ["x"], ["y"]])),
            parts=IDS[: draw(st.integers(1, 2))] if composite and one == IDS[count - 1] else (),
            active=not draw(rarely) or draw(st.booleans()),
        )
        for one in IDS[:count]
    ]


# -- services ------------------------------------------------------------------------------------------------

buffers: Final = st.builds(Buffers, cells(0, 2), cells(0, 2), combine=st.sampled_from(BufferRule))
grids: Final = st.one_of(
    st.builds(OpeningGrid, cells(1, 4), offset=cells(0, 2)),
    st.builds(
        ClockGrid,
        st.sampled_from([CELL, 25 * MINUTE, 7 * CELL]),
        offset=cells(0, 1),
        zone=st.none() | st.sampled_from(ZONES),
    ),
    st.builds(
        GapGrid,
        st.sampled_from([CELL, 25 * MINUTE, 4 * CELL]),
        align=st.none() | st.sampled_from([7 * MINUTE, 20 * MINUTE, 4 * CELL]),
        offset=st.sampled_from([0 * MINUTE, 5 * MINUTE]),
        pack=st.booleans(),
        zone=st.none() | st.sampled_from(ZONES),
    ),
    st.builds(FixedGrid, st.sampled_from([CELL, 25 * MINUTE]), st.just(EPOCH + 5 * MINUTE)),
)
limits: Final = st.one_of(
    st.builds(
        Limit,
        st.sampled_from(Per),
        st.sampled_from(Period),
        st.sampled_from(ZONES),
        count=st.integers(0, 3),
        week_start=st.sampled_from(Weekday),
    ),
    st.builds(
        Limit,
        st.just(Per.CUSTOMER),
        st.just("day"),
        st.just("UTC"),
        duration=cells(2, 12),
        all_services=st.booleans(),
    ),
    st.builds(Limit, st.just(Per.RESOURCE), st.just("day"), st.sampled_from(ZONES), duration=cells(2, 12)),
)


@st.composite
def needs(draw: st.DrawFn, ids: list[Id]) -> list[Requirement]:
    some = draw(st.lists(st.sampled_from(ids), min_size=1, unique=True))
    single = st.sampled_from(
        [
            Requirement(),
            Requirement(),
            Requirement("x"),
            Requirement.any_of(*some),
            Requirement.all_of(*some),
            Requirement.some_of(min(2, len(some)), *some),
            Requirement("x", count=None),
            Requirement(count=2),
        ]
    )
    several = st.sampled_from(
        [
            [Requirement("x"), Requirement("y")],
            [Requirement("x"), Requirement.any_of(*some)],
            [Requirement("x", count=2), Requirement("y")],
            [Requirement("y"), Requirement(count=2)],
        ]
    )
    return draw(several) if len(ids) > 1 and draw(rarely) else [draw(single)]


durations: Final = st.one_of(
    cells(1, 6), cells(1, 6), st.just(DurationChoice([2 * CELL, 4 * CELL])), st.just(WholeOpening())
)


@st.composite
def services(draw: st.DrawFn, ids: list[Id]) -> Service:
    return Service(
        "cut",
        draw(durations),
        needs=draw(needs(ids)),
        grid=draw(st.none() | grids),
        accept=draw(grids) if draw(rarely) else None,
        shared_grid=draw(st.booleans()),
        buffers=draw(buffers),
        notice=draw(st.none() | cells(0, 30)),
        horizon=draw(cells(40, 150)) if draw(rarely) else None,
        limits=draw(st.lists(limits, max_size=2)) if draw(rarely) else (),
        units=2 if draw(rarely) else 1,
        max_units=2 if draw(rarely) else None,
        active=not draw(rarely) or draw(st.booleans()),
    )


# -- bookings ------------------------------------------------------------------------------------------------


@st.composite
def bookings(draw: st.DrawFn, resources: list[Resource], key: Id) -> Booking:
    lead = draw(st.sampled_from(resources))
    interval, units, around = (
        span(draw(st.integers(-20, 110)), draw(st.integers(1, 12))),
        draw(st.integers(1, 2)),
        draw(buffers),
    )
    expires = draw(st.sampled_from([None, None, -1, 0, 1]))
    return booking_of(
        (Allocation(one, interval, units, buffers=around) for one in (lead.id, *lead.parts)),
        key,
        service_id=draw(st.sampled_from(["cut", "cut", "wash"])),
        customer_id=draw(st.sampled_from([None, "ann", "bob"])),
        occupies=draw(st.sampled_from([True, True, True, False])),
        counts=draw(st.sampled_from([True, True, False])),
        expires_at=None if expires is None else EPOCH + expires * CELL,
    )


# -- all of it -----------------------------------------------------------------------------------------------


@st.composite
def worlds(draw: st.DrawFn) -> World:
    resources = draw(resource_lists())
    ids = [one.id for one in resources]
    keys = range(draw(st.integers(0, 6)))
    snapshot = Snapshot(EPOCH, resources, [draw(bookings(resources, key)) for key in keys])
    request = Request(
        draw(services(ids)),
        duration=draw(cells(1, 6)) if draw(rarely) else None,
        units=draw(st.integers(1, 3)) if draw(rarely) else None,
        customer_id=draw(st.sampled_from([None, "ann"])),
        resource_ids=draw(st.lists(st.sampled_from(ids), max_size=2, unique=True)) if draw(rarely) else (),
        ignore=draw(st.sampled_from([(), (), (0,)])),
    )
    return World(snapshot, request)


windows: Final = st.builds(span, st.integers(0, 60), st.sampled_from([96, 48, 20]))
