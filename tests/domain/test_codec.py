from __future__ import annotations

import datetime as dt
import json
import math
import zoneinfo
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotkeeper.domain.booking import Booking, Hold, Payment
from slotkeeper.domain.codec import from_json, to_json
from slotkeeper.domain.durations import Durations, FixedDuration, WholeOpening
from slotkeeper.domain.event import Event
from slotkeeper.domain.explanation import Explanation
from slotkeeper.domain.grid import ClockGrid, Grid
from slotkeeper.domain.hours import DateOverride, Hours, WeeklyHours, ZoneOverride
from slotkeeper.domain.ids import Id
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet
from slotkeeper.domain.lifecycle import Lifecycle
from slotkeeper.domain.limit import Limit
from slotkeeper.domain.money import Money
from slotkeeper.domain.periods import Weekday
from slotkeeper.domain.policy import Policy
from slotkeeper.domain.price import NamedPrice, Price
from slotkeeper.domain.recurrence import Recurrence
from slotkeeper.domain.requirement import Requirement
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.schedule import AnySchedule, Combination, CombinedSchedule, Schedule
from slotkeeper.domain.service import Service
from slotkeeper.domain.slot import Slot, Timeslot
from slotkeeper.domain.standard_lifecycle import STANDARD
from slotkeeper.errors import InvalidFieldError, NaiveDatetimeError, ParseError
from slotkeeper.testing import strategies as some

if TYPE_CHECKING:
    from slotkeeper.domain.attributes import Attributes

Data = Any
NOON = Interval.parse("2025-10-23T12:00Z/PT1H")
BOOKING = {
    "id": 1,
    "service_id": 2,
    "interval": "2025-10-23T12:00Z/2025-10-23T13:00Z",
    "allocations": [{"resource_id": 3, "interval": "2025-10-23T12:00Z/2025-10-23T13:00Z"}],
    "status": "confirmed",
    "created_at": "2025-10-01T08:00Z",
    "updated_at": "2025-10-01T08:00Z",
}
READABLE: list[Any] = [
    Booking,
    Event,
    Explanation,
    Hold,
    Interval,
    IntervalSet,
    Lifecycle,
    Limit,
    Money,
    Policy,
    Recurrence,
    Resource,
    Service,
    Slot,
    Timeslot,
    Durations,
    Grid,
    Price,
    AnySchedule,
]

plain_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def spoilt_from(data: Data) -> st.SearchStrategy[Any]:
    """Return a strategy for data that differ from ``data`` in one place."""
    if isinstance(data, dict) and data:
        names = st.sampled_from(sorted(data))
        inside = names.flatmap(lambda name: spoilt_from(data[name]).map(lambda new: {**data, name: new}))
        missing = names.map(lambda name: {key: value for key, value in data.items() if key != name})
        return inside | missing | plain_data
    if isinstance(data, list) and data:
        places = st.integers(0, len(data) - 1)
        return plain_data | places.flatmap(
            lambda at: spoilt_from(data[at]).map(lambda new: [*data[:at], new, *data[at + 1 :]])
        )
    return plain_data


def through_json(value: object) -> object:
    return from_json(type(value), json.loads(json.dumps(to_json(value), allow_nan=False)))


# -- there and back


@pytest.mark.parametrize("name", sorted(set(some.__all__) - {"BASE", "tuples_of", "attributes", "roles"}))
@given(data=st.data())
def test_every_value_survives_json(name: str, data: st.DataObject) -> None:
    value = data.draw(getattr(some, name)())

    again = through_json(value)

    assert type(again) is type(value)
    assert again == value


@given(some.instants(anywhere=True), some.intervals(anywhere=True))
def test_instants_survive_to_the_microsecond(instant: dt.datetime, interval: Interval) -> None:
    assert through_json(instant) == instant
    assert through_json(interval) == interval


@given(
    st.one_of(
        st.timedeltas(),
        st.dates(),
        st.times(),
        st.fractions(),
        st.decimals(-(10**20), 10**20, places=12),
        st.uuids(),
        st.floats(allow_nan=False, allow_infinity=False),
    )
)
def test_facts_survive_over_their_whole_range(fact: object) -> None:
    assert through_json(fact) == fact


@given(some.ids())
def test_ids_keep_their_type(value: Id) -> None:
    again: Id = from_json(Id, json.loads(json.dumps(to_json(value, declared=Id))))

    assert (type(again), again) == (type(value), value)


@given(some.resources())
def test_reading_gives_the_same_as_what_was_written_last(resource: Resource) -> None:
    assert to_json(through_json(resource)) == to_json(resource)


# -- what it looks like


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (dt.datetime(2025, 10, 23, 9, tzinfo=dt.UTC), "2025-10-23T09:00Z"),
        (dt.datetime(2025, 10, 23, 9, 0, 0, 1, tzinfo=dt.UTC), "2025-10-23T09:00:00.000001Z"),
        (dt.datetime(2025, 10, 23, 11, tzinfo=zoneinfo.ZoneInfo("Europe/Warsaw")), "2025-10-23T09:00Z"),
        (dt.datetime(2025, 10, 23, 9), "2025-10-23T09:00:00"),
        (dt.date(2025, 10, 23), "2025-10-23"),
        (dt.time(9, 30), "09:30:00"),
        (dt.timedelta(minutes=30), "PT30M"),
        (Decimal("1E+2"), "100"),
        (Fraction(1, 3), "1/3"),
        (Money.of("40.00", "EUR"), {"amount": "40.00", "currency": "EUR"}),
        (NOON, "2025-10-23T12:00Z/2025-10-23T13:00Z"),
        (IntervalSet([NOON]), ["2025-10-23T12:00Z/2025-10-23T13:00Z"]),
        (zoneinfo.ZoneInfo("Europe/Warsaw"), "Europe/Warsaw"),
        (Weekday.TU, 2),
        (UUID(int=5), "urn:uuid:00000000-0000-0000-0000-000000000005"),
        (Hours("22:00", "04:00"), "22:00-04:00"),
        (FixedDuration(dt.timedelta(hours=1)), {"duration": "PT1H"}),
        (WeeklyHours("SA,MO", "9:00-12:00"), {"days": [1, 6], "hours": ["09:00-12:00"]}),
        (DateOverride(dt.date(2025, 12, 24)), {"date": "2025-12-24"}),
        (
            ZoneOverride("Asia/Tokyo", dt.date(2025, 11, 3)),
            {"zone": "Asia/Tokyo", "first": "2025-11-03"},
        ),
        (
            Recurrence(dt.datetime(2025, 1, 1, 9), except_=[dt.datetime(2025, 1, 1, 9)]),
            {"start": "2025-01-01T09:00:00", "except": ["2025-01-01T09:00:00"]},
        ),
        (Requirement("room", count=2), {"role": "room", "count": 2}),
    ],
)  # fmt: skip
def test_json_form(value: object, written: object) -> None:
    assert to_json(value) == written
    assert through_json(value) == value


def test_fields_at_their_default_are_left_out_and_filled_in() -> None:
    assert to_json(Resource(7)) == {"id": 7}
    assert from_json(Resource, {"id": 7}) == Resource(7)


def test_a_field_that_only_equals_its_default_is_not_left_out() -> None:
    assert to_json(Resource(7, rank=0)) == {"id": 7, "rank": 0.0}


def test_a_text_that_looks_like_a_uuid_stays_a_text() -> None:
    text = UUID(int=5).urn

    assert to_json(Resource(text)) == {"id": f"str:{text}"}
    assert through_json(Resource(text)).id == text  # type: ignore[attr-defined]


def test_a_union_names_the_class() -> None:
    grid = ClockGrid(dt.timedelta(minutes=15), zone="Europe/Warsaw")

    written = to_json(grid, declared=Grid)

    assert written == {"type": "ClockGrid", "step": "PT15M", "zone": "Europe/Warsaw"}
    assert from_json(Grid, written) == grid


def test_a_class_of_a_union_needs_no_name_where_only_it_is_expected() -> None:
    assert from_json(WholeOpening, {}) == WholeOpening()
    assert from_json(WholeOpening, {"type": "WholeOpening"}) == WholeOpening()


def test_a_hold_read_as_a_booking_stays_a_hold() -> None:
    hold = from_json(Hold, {**BOOKING, "expires_at": "2025-10-01T08:15Z"})
    written: Any = to_json(hold)

    assert written["type"] == "Hold"
    assert from_json(Booking, written) == hold
    assert type(from_json(Booking, written)) is Hold


def test_an_event_keeps_the_kind_of_its_bookings() -> None:
    hold = from_json(Hold, {**BOOKING, "expires_at": "2025-10-01T08:15Z"})
    event = Event(id=1, action="confirm", booking=from_json(Booking, BOOKING), before=hold, at=NOON.start)

    again = from_json(Event, to_json(event))

    assert (type(again.booking), type(again.before)) == (Booking, Hold)


def test_a_booking_is_no_hold() -> None:
    with pytest.raises(ParseError, match=r"Hold\.type: the name of a Hold"):
        from_json(Hold, {**BOOKING, "type": "Booking"})


def test_combined_schedules_nest() -> None:
    week, lunch = Schedule("UTC", {"MO-FR": "9:00-17:00"}), Schedule("UTC", {"daily": "12:00-13:00"})
    schedule = (week - lunch) | Schedule.never()

    assert from_json(AnySchedule, to_json(schedule, declared=AnySchedule)) == schedule


def test_the_function_of_a_named_price_is_not_written() -> None:
    price = NamedPrice("by season", lambda _interval, _units: Money.of(1, "EUR"))

    assert to_json(price) == {"name": "by season"}
    assert from_json(NamedPrice, {"name": "by season"}).function is None


def test_free_attributes_are_copied_as_they_are() -> None:
    attributes = {"tags": ["a", {"b": [1.5, None, True]}]}
    written: Any = to_json(Resource(7, attributes=attributes))

    assert written["attributes"] == attributes
    assert written["attributes"]["tags"] is not attributes["tags"]


def test_a_host_class_of_our_values_is_written_too() -> None:
    @attrs.frozen
    class Visit:
        interval: Interval
        code: int | str
        both: Interval | Money | None = None

    globals()["Visit"] = Visit  # its hints are looked up there
    for visit in (Visit(NOON, 7), Visit(NOON, "x", NOON), Visit(NOON, 7, Money.of(1, "EUR"))):
        assert from_json(Visit, to_json(visit)) == visit


# -- what is refused


@pytest.mark.parametrize("cls", READABLE, ids=str)
@given(data=plain_data)
def test_any_json_is_read_or_refused_with_a_parse_error(cls: object, data: object) -> None:
    with suppress(ParseError):
        from_json(cls, data)


@given(
    st.sampled_from(
        [some.bookings(), some.services(), some.resources(), some.lifecycles(), some.explanations()]
    ).flatmap(lambda values: values),
    st.data(),
)  # fmt: skip
def test_good_json_spoilt_in_one_place_is_read_or_refused_with_a_parse_error(
    value: object, data: st.DataObject
) -> None:
    spoilt = data.draw(spoilt_from(json.loads(json.dumps(to_json(value)))))

    try:
        again = from_json(type(value), spoilt)
    except ParseError:
        return
    assert through_json(again) == again


@pytest.mark.parametrize(
    ("cls", "data", "path"),
    [
        (Service, {"id": 1, "duration": {"type": "FixedDuration"}}, "Service.duration.duration"),
        (Service, {"id": 1, "duration": "PT1H"}, "Service.duration"),
        (
            Service,
            {"id": 1, "duration": {"type": "WholeOpening"}, "needs": [{"count": True}]},
            "Service.needs[0].count",
        ),
        (
            Service,
            {"id": 1, "duration": {"type": "WholeOpening"}, "needs": [{}, {"count": 0}]},
            "Service.needs[1].count",
        ),
        (Service, {"id": 1, "duration": {"type": "WholeOpening"}, "needs": []}, "Service.needs"),
        (Booking, {**BOOKING, "colour": "red"}, "Booking.colour"),
        (Booking, {**BOOKING, "created_at": "2025-10-01T08:00"}, "Booking.created_at"),
        (Booking, {**BOOKING, "created_at": 5}, "Booking.created_at"),
        (Booking, {**BOOKING, "payment": {"status": "lost"}}, "Booking.payment.status"),
        (Booking, {**BOOKING, "attributes": {"a": [math.nan]}}, "Booking.attributes.a[0]"),
        (Booking, {**BOOKING, "attributes": {1: 2}}, "Booking.attributes"),
        (Booking, {}, "Booking.id"),
        (Booking, {**BOOKING, "id": ""}, "Booking.id"),
        (Booking, {**BOOKING, "id": "urn:uuid:x"}, "Booking.id"),
        (Booking, {**BOOKING, "id": 1.0}, "Booking.id"),
        (Resource, {"id": 1, "rank": math.inf}, "Resource.rank"),
        (Resource, {"id": 1, "rank": 10**400}, "Resource.rank"),
        (Resource, {"id": 1, "active": 1}, "Resource.active"),
        (Resource, {"id": 1, "roles": "admin"}, "Resource.roles"),
        (
            Resource,
            {"id": 1, "schedule": {"type": "Schedule", "zone": "Mars/Olympus"}},
            "Resource.schedule.zone",
        ),
        (Resource, {"id": 1, "schedule": {"type": "Timetable", "zone": "UTC"}}, "Resource.schedule"),
        (Schedule, {"zone": "UTC", "closed_dates": {"source": 1}}, "Schedule.closed_dates"),
        (Schedule, {"zone": "UTC", "closed_dates": 5}, "Schedule.closed_dates"),
        (
            CombinedSchedule,
            {"operation": "^", "left": {}, "right": {}},
            "CombinedSchedule.operation",
        ),
        (Money, {"amount": 1, "currency": "EUR"}, "Money.amount"),
        (Money, {"amount": "1e5", "currency": "EUR"}, "Money.amount"),
        (Interval, "2025-10-23T12:00Z/2025-10-23T12:00Z", "Interval"),
        (IntervalSet, "2025-10-23T12:00Z/PT1H", "IntervalSet"),
        (Grid, None, "value"),
    ],
)
def test_a_refusal_names_the_path(cls: object, data: object, path: str) -> None:
    with pytest.raises(ParseError) as caught:
        from_json(cls, data)

    assert caught.value.expected.partition(":")[0] == path


def test_the_cause_of_a_refusal_is_the_error_of_the_class() -> None:
    with pytest.raises(ParseError) as caught:
        from_json(Booking, {**BOOKING, "updated_at": "2025-10-01T08:00"})

    assert isinstance(caught.value.__cause__, NaiveDatetimeError)
    assert caught.value.text == "2025-10-01T08:00"


@pytest.mark.parametrize(
    ("cls", "text"),
    [
        (dt.datetime, "yesterday"),
        (dt.date, "20251301"),
        (dt.time, "12:00+01:00"),
        (dt.timedelta, "P1Y"),
        (dt.timedelta, f"PT{'9' * 5000}H"),
        (Fraction, "1/0"),
        (Fraction, "1e99999999"),
        (Decimal, "Infinity"),
        (UUID, "urn:uuid:1"),
        (Weekday, 8),
        (Weekday, True),
        (Id, f"int:{'9' * 5000}"),
        (Hours, "25"),
        (float, 10**400),
    ],
)
def test_text_that_says_nothing_is_refused(cls: object, text: object) -> None:
    with pytest.raises(ParseError):
        from_json(cls, text)


def test_data_nested_absurdly_deep_are_refused() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    combined: Any = {"type": "Schedule", "zone": "UTC"}
    for _ in range(100_000):
        combined = {"type": "CombinedSchedule", "operation": "|", "left": {}, "right": combined}

    for cls, data in ((Booking, {**BOOKING, "attributes": {"a": deep}}), (AnySchedule, combined), (Id, deep)):
        with pytest.raises(ParseError) as caught:
            from_json(cls, data)
        assert len(str(caught.value)) < 1000


def test_a_number_too_long_to_show_is_refused_in_words() -> None:
    with pytest.raises(ParseError, match="<int>"):
        from_json(Interval, 10**5000)


def test_a_zone_without_a_name_cannot_be_written() -> None:
    path = next(
        Path(root, "Europe/Warsaw") for root in zoneinfo.TZPATH if Path(root, "Europe/Warsaw").exists()
    )
    nameless = zoneinfo.ZoneInfo.from_file(BytesIO(path.read_bytes()))

    with pytest.raises(InvalidFieldError, match=r"Schedule\.zone must be a zone with an IANA name"):
        to_json(Schedule(nameless))


def test_a_calendar_that_expands_itself_cannot_be_written() -> None:
    class EveryFriday:
        def __contains__(self, date: object) -> bool:
            return isinstance(date, dt.date) and date.isoweekday() == 5

    shop = Schedule("UTC", closed_dates=EveryFriday())

    with pytest.raises(InvalidFieldError) as caught:
        to_json(Resource(1, shop))
    assert caught.value.field == "Resource.schedule.closed_dates"

    listed = Schedule("UTC", closed_dates=EveryFriday(), valid_from="2025-10-20", valid_until="2025-11-02")
    assert through_json(listed) == listed


@pytest.mark.parametrize(
    ("attributes", "field"),
    [
        ({"a": math.nan}, "Resource.attributes.a"),
        ({"a": [1, {"b": math.inf}]}, "Resource.attributes.a[1].b"),
        ({"a": (1, 2)}, "Resource.attributes.a"),
        ({"a": {1: 2}}, "Resource.attributes.a"),
        ({"a": object()}, "Resource.attributes.a"),
        ({"a": NOON.start}, "Resource.attributes.a"),
    ],
)
def test_attributes_that_json_cannot_hold_are_refused(attributes: Attributes, field: str) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        to_json(Resource(1, attributes=attributes))

    assert caught.value.field == field


def test_attributes_that_hold_themselves_are_refused() -> None:
    attributes: dict[str, Any] = {}
    attributes["me"] = attributes

    with pytest.raises(InvalidFieldError, match="nested less deeply"):
        to_json(Resource(1, attributes=attributes))


@pytest.mark.parametrize(
    ("value", "declared"),
    [
        (object(), None),
        ([NOON], None),
        (NOON, Money),
        (NOON, Durations),
        (True, Id),
        (True, int),
        ("", Id),
        (NOON.start, dt.date),
        (dt.time(9, tzinfo=dt.UTC), None),
        (Decimal("NaN"), None),
        (Requirement(), Resource),
        (NOON, tuple[int, ...]),
        ((1, "a"), tuple[int, str]),
        (5, Interval | Money),
        (Slot(object(), NOON, (1,)), None),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_value_of_the_declared_type_is_not_written(value: object, declared: object) -> None:
    with pytest.raises(InvalidFieldError):
        to_json(value, declared=declared)


def test_a_part_of_the_wrong_type_is_named_with_its_place() -> None:
    booking = from_json(Booking, BOOKING)
    wrong = attrs.evolve(booking, payment=Payment(reference=7))  # type: ignore[arg-type]

    with pytest.raises(InvalidFieldError, match=r"Booking\.payment\.reference"):
        to_json(wrong)


def test_the_standard_lifecycle_survives_json() -> None:
    assert through_json(STANDARD) == STANDARD


def test_the_operations_of_schedules_are_written_as_python_writes_them() -> None:
    assert [to_json(one) for one in Combination] == ["|", "&", "-"]


def test_a_union_of_classes_and_other_values_is_told_apart_by_kind() -> None:
    with pytest.raises(ParseError, match="an ISO 8601 interval or an object that holds a Money"):
        from_json(Interval | Money, 5)
    with pytest.raises(ParseError, match="one of FixedDuration, DurationChoice"):
        from_json(Durations, {"type": "Forever"})


class DriversUuid(UUID):
    """As asyncpg gives UUIDs."""


def test_a_subclass_of_a_plain_type_is_written_as_that_type() -> None:
    text = "550e8400-e29b-41d4-a716-446655440000"
    assert to_json(DriversUuid(text)) == to_json(UUID(text))
    assert from_json(UUID, to_json(DriversUuid(text))) == UUID(text)
