"""What the handlers of the five reference systems leave to the desk, each as one walk through it."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.desk.shops import DAY, HALF, HOUR, MINUTE, MONDAY, NINE, OPEN, TIERS, TODAY, Provider, SetClock, at

from slotkeeper import (
    STANDARD,
    Actor,
    BeforeStart,
    BookingDesk,
    ClockGrid,
    DurationRange,
    ForbiddenError,
    HasRole,
    HourlyPrice,
    Interval,
    IsOwner,
    IsProvider,
    Lifecycle,
    Listing,
    MemoryStore,
    Money,
    NoticeError,
    OffGridError,
    OutsideHoursError,
    PaymentStatus,
    Requirement,
    Resource,
    Schedule,
    Service,
    SlotTakenError,
    StaleVersionError,
    State,
    Status,
    Transition,
    TransitionTimeError,
    WholeOpening,
    by_rank,
)

ADMIN = Actor("admin", roles="admin")


def test_garage_lists_and_moves_on_its_own_grid() -> None:
    clock = SetClock()
    desk = BookingDesk(MemoryStore(), clock=clock)
    desk.add_resource(Resource("bay", Schedule("Europe/Warsaw", {"MO-SA": "08:00-18:00"})))
    desk.add_service(Service(1, HALF, action="request"))
    desk.add_service(Service(3, 2 * HOUR, grid=HALF, action="request"))
    slots = desk.slots(3, TODAY)
    assert [f"{slot.start:%H:%M}" for slot in slots][:2] == ["06:00", "06:30"]
    made = desk.book_slot(slots[0], customer_id="alice", attributes={"vehicle_id": 1}, key="k")
    assert made.status == "pending"
    with pytest.raises(SlotTakenError):
        desk.book(1, slots[0].start + HOUR)
    with pytest.raises(OffGridError):
        desk.book(1, slots[0].start + 3 * HOUR + MINUTE)
    assert desk.reschedule(made.id, slots[4].start).booking.interval.start == slots[4].start
    assert desk.find(actor=Actor("alice"), listing=Listing(order="-start")).total == 1


def test_courses_count_seats_and_speak_in_codes() -> None:
    table = STANDARD.only("pending", "confirmed", "cancelled").with_codes(
        {"confirmed": 2, "pending": 1, "cancelled": -1}
    )
    desk = BookingDesk(MemoryStore(), clock=SetClock(), lifecycle=table)
    term = Interval(MONDAY - 30 * DAY, MONDAY + 60 * DAY)
    for stream, seats in (("3rd", 20), ("4th", 1)):
        desk.add_resource(Resource(stream, Schedule.of([term]), capacity=seats, roles="course-1"))
    desk.add_service(
        Service(1, WholeOpening(), needs=[Requirement("course-1")], notice=None, action="request")
    )
    first = desk.book(
        1, term.start, resource_ids=["3rd"], customer_id=456, attributes={"discount_percent": 10}
    )
    desk.book(1, term.start, resource_ids=["4th"], customer_id=457)
    assert table.code_of(first.status) == 1
    assert table.code_of(desk.set_status(first.id, 2, actor=ADMIN).status) == 2
    with pytest.raises(SlotTakenError):
        desk.reschedule(first.id, resource_ids=["4th"])
    assert desk.find(statuses=["2"], resource_ids=["3rd"], customer_id=456).total == 1
    assert [one.customer_id for one in desk.find(listing=Listing(order="-created_at", limit=20)).items]


def test_rooms_sell_stored_slots_and_refund_by_tier() -> None:
    clock, provider = SetClock(), Provider()
    desk = BookingDesk(MemoryStore(), clock=clock, payments=provider, viewers=[IsOwner()])
    for room, rate in ((1, 40), (2, 60)):
        desk.add_resource(Resource(room, OPEN, roles="office"), actor=ADMIN)
        price = HourlyPrice(Money.of(rate, "EUR"))
        desk.add_service(
            Service(room, HALF, needs=[Requirement.any_of(room)], price=price, policy=TIERS, action="request")
        )
        desk.generate_timeslots(room, Interval(NINE, NINE + 7 * DAY), HALF, service_id=room, actor=ADMIN)
    free = desk.timeslots([1], TODAY, at_least=HALF)
    made = desk.book_timeslot(free[0].timeslot.id, resource_id=1, customer_id=1, actor=Actor(1))
    opened = desk.checkout(made.id, actor=Actor(1))
    assert opened.payment.reference is not None
    paid = desk.settle(made.id)
    assert (paid.status, paid.payment.status) == ("confirmed", PaymentStatus.PAID)
    other = desk.timeslots([2], TODAY)[3].timeslot
    moved = desk.reschedule(made.id, timeslot_id=other.id, actor=Actor(1)).booking
    assert (moved.resource_ids, moved.price) == ((2,), Money.of(30, "EUR"))
    with pytest.raises(SlotTakenError):
        desk.delete_timeslot(other.id, actor=ADMIN)
    with pytest.raises(ForbiddenError):
        desk.get(made.id, actor=Actor(2))
    assert [one.id for one in desk.remind(DAY)] == [made.id]
    done = desk.cancel(made.id, actor=Actor(1))
    assert done.quote.refund == Money.of(10, "EUR")
    assert provider.refunded == [(made.id, opened.payment.reference, Money.of(10, "EUR"))]
    assert desk.statistics(Interval(MONDAY, MONDAY + HOUR), by="created_at", actor=ADMIN).revenue == {}


def test_a_marketplace_ranks_approves_and_moves_under_a_version() -> None:
    clock = SetClock()
    table = STANDARD.with_guards("confirm", who=[IsProvider(), HasRole("admin")]).with_guards(
        "cancel", who=[IsOwner()], when=[BeforeStart()]
    )
    desk = BookingDesk(MemoryStore(), clock=clock, lifecycle=table, prefer=by_rank)
    for provider, rating in ((1, 4.9), (2, 4.5)):
        desk.add_resource(Resource(provider, OPEN, rank=rating, roles="cleaning"))
    longer = DurationRange(2 * HOUR, 8 * HOUR, HALF)
    desk.add_service(Service(1, longer, needs=[Requirement("cleaning")], grid=HALF, action="request"))
    assert desk.slots(1, TODAY, one_per_start=True)[0].resource_id == 1
    made = desk.book(1, at(0), resource_ids=[1], customer_id=11, duration=150 * MINUTE)
    with pytest.raises(ForbiddenError):
        desk.confirm(made.id, actor=Actor(11))
    confirmed = desk.confirm(made.id, actor=Actor(1))
    patched = desk.reschedule(
        made.id,
        at(3),
        duration=2 * HOUR,
        notes="ring twice",
        action="request_reschedule",
        actor=Actor(11),
        expected_version=confirmed.version,
    ).booking
    assert (patched.status, patched.notes) == (Status.RESCHEDULED, "ring twice")
    with pytest.raises(StaleVersionError):
        desk.update(made.id, notes="x", expected_version=confirmed.version)
    clock.now = at(3)
    with pytest.raises(TransitionTimeError):
        desk.cancel(made.id, actor=Actor(11))


def test_a_workshop_accepts_any_minute_and_guards_the_past() -> None:
    clock = SetClock(dt.datetime(2025, 10, 22, 15, 30, tzinfo=dt.UTC))
    table = Lifecycle(
        [
            State("New", occupies=True),
            State("Completed", final=True),
            State("Cancelled", final=True, counts=False),
        ],
        [
            Transition(None, "book", "New"),
            Transition("New", "complete", "Completed", who=[HasRole("secretariat")]),
            Transition("New", "cancel", "Cancelled"),
            Transition("New", "reschedule", "New", when=[BeforeStart()]),
            Transition("New", "update", "New", when=[BeforeStart()]),
        ],
    )
    viewers = (IsOwner(), HasRole("secretariat"))
    desk = BookingDesk(MemoryStore(), clock=clock, lifecycle=table, viewers=viewers)
    hours = Schedule("Europe/Warsaw", {"MO-FR": "09:00-12:00, 12:30-17:00"})
    for name in ("Mechanik1", "Mechanik2"):
        desk.add_resource(Resource(name, hours, roles="mechanic"))
    for number, length in ((1, HALF), (2, HOUR)):
        desk.add_service(Service(number, length, needs=[Requirement("mechanic")], accept=ClockGrid(MINUTE)))
    jan, secretary = Actor("jan"), Actor("sek", roles="secretariat")
    month = Interval(clock.now, clock.now + 30 * DAY)
    listed = desk.slots(1, month, limit=32)
    assert [slot.resource_id for slot in listed[:2]] == ["Mechanik1", "Mechanik2"]
    begin = listed[0].start + 7 * MINUTE
    made = desk.book(1, begin, duration=HALF, resource_ids=["Mechanik1"], customer_id="jan", actor=jan)
    with pytest.raises(SlotTakenError) as refused:
        desk.book(1, begin, resource_ids=["Mechanik1"])
    assert len(refused.value.explanation.refusals[0].blockers) == 1  # type: ignore[union-attr]
    with pytest.raises(OutsideHoursError):
        desk.reschedule(made.id, begin + 155 * MINUTE, actor=jan)
    with pytest.raises(NoticeError):
        desk.reschedule(made.id, clock.now - HOUR, actor=jan)
    assert desk.reschedule(made.id, service_id=2).booking.interval == Interval.lasting(begin, HOUR)
    with pytest.raises(ForbiddenError):
        desk.set_status(made.id, "Completed", actor=jan)
    clock.now = begin + HOUR
    with pytest.raises(TransitionTimeError):
        desk.update(made.id, attributes={"plate": "NEW123"}, actor=jan)
    assert desk.set_status(made.id, "Completed", actor=secretary).status == "Completed"
    assert (desk.find(actor=jan).total, desk.find(actor=secretary).total) == (1, 1)
    assert desk.find(actor=Actor("ewa")).total == 0
