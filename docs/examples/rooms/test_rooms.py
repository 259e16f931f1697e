"""The rooms, over HTTP and Socket.IO, on every database: what their document says and must withstand."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from runpy import run_path
from typing import Any

import pytest
import socketio
from playwright.sync_api import expect

from browsing import browser, picture
from driving import HERE, MALFORMED, Running, at_once, forget_attempts, running, soon
from slotkeeper import Money, OutcomeUnknownError, RetryableError
from slotkeeper.contrib.web import FakeGateway

START = dt.datetime(2025, 10, 22, 15, 30, tzinfo=dt.UTC)
BOOKINGS = "/api/v1/bookings"
NewRoom = Callable[..., dict[str, Any]]
_DAYS, _MINUTES = count(), count(1)


def text(instant: dt.datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def a_minute() -> dt.datetime:
    """Return a minute that is given to nobody else."""
    return START + dt.timedelta(minutes=2 * next(_MINUTES))


@pytest.fixture(scope="module")
def shop(database: str) -> Iterator[Running]:
    """An application for all tests that need no other clock and no second process."""
    with running("rooms", database, now=text(START)) as found:
        yield found


@pytest.fixture
def app(shop: Running, database: str) -> Running:
    """The same, where nobody has used up a rate limit."""
    forget_attempts(database)
    return shop


@pytest.fixture
def minute() -> dt.datetime:
    return a_minute()


@pytest.fixture
def own(database: str, minute: dt.datetime) -> Iterator[Running]:
    """An application that no other test books at in that minute."""
    with running("rooms", database, now=text(minute)) as found:
        yield found


def generated(app: Running, **more: Any) -> list[dict[str, Any]]:
    """Return the slots of a day that no other test uses."""
    day = str(dt.date(2026, 1, 1) + dt.timedelta(days=next(_DAYS)))
    asked = {"roomId": 1, "startDate": day, "endDate": day, **more}
    answer = app.post("/api/v1/admin/timeslots/generate", "admin", asked)
    assert answer.status_code == 201, answer.text
    return slots(app, day, asked["roomId"])


def slots(app: Running, day: str, room: int = 1, **more: Any) -> list[dict[str, Any]]:
    answer = app.get(f"{BOOKINGS}/rooms/{room}/timeslots", params={"date": day, **more})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["timeslots"]
    return found


def wish(slot: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"timeslotId": slot["id"], "roomId": slot["roomId"], **more}


def book(app: Running, slot: dict[str, Any], user: str = "alice", **more: Any) -> dict[str, Any]:
    answer = app.post(BOOKINGS, user, wish(slot, **more))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def pay(app: Running, made: dict[str, Any]) -> dict[str, Any]:
    answer = app.post(f"/api/v1/payments/{made['checkoutId']}/complete")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["booking"]
    return found


# -- rooms and slots -----------------------------------------------------------------------------------------


def test_rooms_are_listed_to_everybody_the_active_ones_by_name(shop: Running) -> None:
    answer = shop.get(f"{BOOKINGS}/rooms").json()
    names = [one["name"] for one in answer["items"]]
    assert names == sorted(names)
    assert {"Office A", "Treatment B"} <= set(names)
    assert "Meeting C" not in names
    assert (answer["page"], answer["limit"], answer["pages"]) == (1, 25, 1)
    assert answer["items"][names.index("Office A")] == {
        "id": 1,
        "name": "Office A",
        "description": None,
        "capacity": 1,
        "roomType": "office",
        "hourlyRate": 40.0,
        "isActive": True,
        "metadata": None,
    }
    every = shop.get(f"{BOOKINGS}/rooms?active=false").json()["items"]
    assert "Meeting C" in {one["name"] for one in every}


def test_rooms_are_filtered_and_paged_and_a_limit_beyond_a_hundred_is_capped(shop: Running) -> None:
    office = shop.get(f"{BOOKINGS}/rooms?type=office").json()
    assert {one["roomType"] for one in office["items"]} == {"office"}
    assert shop.get(f"{BOOKINGS}/rooms?type=cellar").json()["items"] == []
    one = shop.get(f"{BOOKINGS}/rooms?limit=1&page=2").json()
    assert (len(one["items"]), one["page"], one["limit"], one["pages"]) == (1, 2, 1, one["total"])
    for size in ("1000", "9" * 30):
        assert shop.get(f"{BOOKINGS}/rooms?limit={size}").json()["limit"] == 100
    for query in ("page=0", "page=-1", "limit=0", "limit=x", "page=1.5", "active=maybe"):
        assert shop.get(f"{BOOKINGS}/rooms?{query}").status_code == 400


def test_a_room_is_read_by_its_id(shop: Running) -> None:
    assert shop.get(f"{BOOKINGS}/rooms/2").json()["name"] == "Treatment B"
    for path in ("/rooms/99", "/rooms/99/timeslots?date=2025-10-23"):
        answer = shop.get(BOOKINGS + path)
        assert (answer.status_code, answer.json()) == (404, {"error": "Room not found"})


def test_slots_of_a_day_are_listed_in_half_hours(shop: Running) -> None:
    answer = shop.get(f"{BOOKINGS}/rooms/2/timeslots?date=2025-10-25").json()
    assert (answer["room"]["id"], answer["date"], len(answer["timeslots"])) == (2, "2025-10-25", 16)
    assert answer["timeslots"][0]["startTime"] == "2025-10-25T09:00:00Z"
    assert answer["timeslots"][-1]["endTime"] == "2025-10-25T17:00:00Z"
    assert len(slots(shop, "2025-10-25T10:00:00Z", 2)) == 16
    assert slots(shop, "2025-10-25", 2, duration=31) == []


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("", "Date parameter is required"),
        ("date=", "Date parameter is required"),
        ("date=soon", "Invalid date format. Use ISO 8601"),
        ("date=2025-02-30", "Invalid date format. Use ISO 8601"),
        ("date=2025-10-25&duration=x", "duration must be a whole number"),
    ],
)
def test_a_date_is_needed_for_slots(shop: Running, query: str, error: str) -> None:
    answer = shop.get(f"{BOOKINGS}/rooms/1/timeslots?{query}")
    assert (answer.status_code, answer.json()) == (400, {"error": error})


def test_an_admin_makes_changes_and_deactivates_rooms(app: Running) -> None:
    new = {"name": "Quiet D", "roomType": "consultation", "hourlyRate": 30.5, "metadata": {"floor": 2}}
    made = app.post("/api/v1/admin/rooms", "admin", new)
    assert made.status_code == 201
    room = made.json()
    assert {**room, **new, "capacity": 1, "isActive": True} == room
    path = f"/api/v1/admin/rooms/{room['id']}"
    changed = app.put(path, "admin", {"name": "Quiet E", "capacity": 2, "hourlyRate": 20})
    assert changed.json() == {**room, "name": "Quiet E", "capacity": 2, "hourlyRate": 20.0}
    gone = app.delete(path, "admin")
    assert (gone.status_code, gone.json()) == (200, {"message": "Room deactivated"})
    assert app.get(f"{BOOKINGS}/rooms/{room['id']}").json()["isActive"] is False


@pytest.fixture
def new_room(app: Running) -> Iterator[NewRoom]:
    """Makes rooms that no other test sees."""
    made: list[dict[str, Any]] = []

    def make(**facts: Any) -> dict[str, Any]:
        answer = app.post("/api/v1/admin/rooms", "admin", {"name": "New", "roomType": "office", **facts})
        assert answer.status_code == 201, answer.text
        made.append(answer.json())
        return made[-1]

    yield make
    for one in made:
        app.delete(f"/api/v1/admin/rooms/{one['id']}", "admin")


def test_null_takes_away_what_a_room_can_do_without(app: Running, new_room: NewRoom) -> None:
    facts = {"hourlyRate": 30.5, "description": "by the lift", "metadata": {"floor": [2, {"wing": "B"}]}}
    room = new_room(**facts)
    assert {**room, **facts} == room
    path = f"/api/v1/admin/rooms/{room['id']}"
    bare = dict.fromkeys(facts)
    assert app.put(path, "admin", {"capacity": 2}).json() == {**room, "capacity": 2}
    assert app.put(path, "admin", bare).json() == {**room, "capacity": 2, **bare}
    assert app.get(f"{BOOKINGS}/rooms/{room['id']}").json() == {**room, "capacity": 2, **bare}


def test_of_changes_that_come_at_once_none_is_lost_and_a_deactivation_stands(
    app: Running, new_room: NewRoom
) -> None:
    for _ in range(3):
        room = new_room()
        path = f"/api/v1/admin/rooms/{room['id']}"
        changes = {"name": "Renamed", "capacity": 7, "hourlyRate": 12, "description": "new"}
        acts = [partial(app.put, path, "admin", {name: value}) for name, value in changes.items()]
        answers = at_once([*acts, partial(app.delete, path, "admin"), *acts])
        assert {one.status_code for one in answers} == {200}
        found = app.get(f"{BOOKINGS}/rooms/{room['id']}").json()
        assert found == {**room, **changes, "isActive": False}
        assert app.put(path, "admin", {"isActive": True}).json()["isActive"] is True
        assert book(app, generated(app, roomId=room["id"])[0])["booking"]["price"] == 6.0


@pytest.mark.parametrize(
    ("missing", "error"),
    [
        ({}, "name is required"),
        ({"name": ""}, "name is required"),
        ({"roomType": "office"}, "name is required"),
        ({"name": "X"}, "roomType is required"),
        ({"name": None, "roomType": None}, "name is required"),
    ],
)
def test_what_a_new_room_needs_is_named(shop: Running, missing: dict[str, Any], error: str) -> None:
    answer = shop.post("/api/v1/admin/rooms", "admin", missing)
    assert (answer.status_code, answer.json()) == (400, {"error": error})


def test_a_body_that_is_too_large_is_refused_and_nothing_of_it_comes_back(
    app: Running, new_room: NewRoom
) -> None:
    long = {"name": "Long", "roomType": "office", "description": "x" * 2**20}
    answer = app.post("/api/v1/admin/rooms", "admin", long)
    assert (answer.status_code, list(answer.json())) == (413, ["error"])
    for name, value in (
        ("description", "x" * 10_001),
        ("roomType", "y" * 5000),
        ("capacity", "z" * 5000),
        ("metadata", ["z" * 5000]),
    ):
        refused = app.post("/api/v1/admin/rooms", "admin", {"name": "A", "roomType": "office", name: value})
        assert refused.status_code == 400
        assert len(refused.json()["error"]) < 200
    assert new_room(description="ż" * 10_000)["description"] == "ż" * 10_000


def test_of_a_fault_of_the_database_nothing_is_told_but_that_there_was_one() -> None:
    answer = run_path(str(HERE / "rooms" / "app.py"))["answer"]
    for error, status in (
        (RetryableError("(1153, packet)"), 503),
        (OutcomeUnknownError("(2013, lost)"), 504),
    ):
        told = answer(error)
        assert (told.status, told.body) == (status, {"error": "Look whether it was done, and try again"})


@pytest.mark.parametrize(
    "change",
    [
        {"name": None},
        {"name": ""},
        {"name": 7},
        {"roomType": None},
        {"roomType": "cellar"},
        {"capacity": 0},
        {"capacity": "1"},
        {"capacity": True},
        {"hourlyRate": "40"},
        {"hourlyRate": -1},
        {"hourlyRate": 10**400},
        {"isActive": "yes"},
        {"description": 7},
        {"description": ["text"]},
        {"description": "\x00"},
        {"metadata": "text"},
        {"metadata": [1]},
        {"metadata": {"a": ["\x00"]}},
        {"metadata": {"\x00": 1}},
    ],
)
def test_a_room_that_makes_no_sense_is_refused(shop: Running, change: dict[str, Any]) -> None:
    new = {"name": "Odd", "roomType": "office", **change}
    answer = shop.post("/api/v1/admin/rooms", "admin", new)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])


def test_a_nul_that_is_none_is_kept(new_room: NewRoom) -> None:
    words = {"description": "a \\u0000 in words", "metadata": {"path": "C:\\u0000"}}
    assert {**(room := new_room(**words)), **words} == room


def test_slots_are_generated_for_both_dates_without_the_excluded_and_what_is_there(app: Running) -> None:
    first = dt.date(2026, 1, 1) + dt.timedelta(days=next(_DAYS) + 400)
    days = [str(first + dt.timedelta(days=number)) for number in range(3)]
    asked = {
        "roomId": 2,
        "startDate": days[0],
        "endDate": f"{days[2]}T00:00:00Z",
        "slotDuration": 60,
        "workingHours": {"start": "10:00", "end": "12:00"},
        "excludedDates": [days[1]],
    }
    answer = app.post("/api/v1/admin/timeslots/generate", "admin", asked)
    assert (answer.status_code, answer.json()) == (
        201,
        {
            "message": "Generated 4 timeslots",
            "count": 4,
            "dateRange": {"start": f"{days[0]}T00:00:00", "end": f"{days[2]}T00:00:00+00:00"},
        },
    )
    assert [len(slots(app, day, 2)) for day in days] == [2, 0, 2]
    again = app.post("/api/v1/admin/timeslots/generate", "admin", asked | {"excludedDates": []})
    assert again.json()["count"] == 2


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"roomId": None}, 400),
        ({"roomId": "1"}, 400),
        ({"roomId": 99}, 404),
        ({"startDate": None}, 400),
        ({"endDate": "soon"}, 400),
        ({"endDate": "2025-12-31"}, 400),
        ({"slotDuration": 0}, 400),
        ({"slotDuration": 1.5}, 400),
        ({"endDate": "9999-12-30"}, 400),
        ({"endDate": "2026-12-31", "slotDuration": 1}, 400),
        ({"startDate": "2026-01-01t00:00:00z"}, 400),
        ({"workingHours": {"start": "17:00", "end": "25:00"}}, 400),
        ({"workingHours": {"start": "17:00", "end": "24:00"}}, 400),
        ({"workingHours": {"start": "09:00", "end": "09:00"}}, 400),
        ({"workingHours": {"start": "09:00"}}, 400),
        ({"workingHours": "09:00"}, 400),
        ({"excludedDates": "2026-01-01"}, 400),
        ({"excludedDates": [1]}, 400),
    ],
)
def test_slots_that_make_no_sense_are_refused(shop: Running, change: dict[str, Any], status: int) -> None:
    asked = {"roomId": 1, "startDate": "2026-01-01", "endDate": "2026-01-02", **change}
    answer = shop.post("/api/v1/admin/timeslots/generate", "admin", asked)
    assert (answer.status_code, list(answer.json())) == (status, ["error"])


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({}, "roomId is required"),
        ({"roomId": 1, "endDate": "2026-01-01"}, "startDate is required"),
        ({"roomId": 1, "startDate": "2026-01-01", "endDate": ""}, "endDate is required"),
        (
            {"roomId": 1, "startDate": "2026-01-01", "endDate": "2126-06-01"},
            "window must not be more than a hundred years",
        ),
        (
            {"roomId": 1, "startDate": "2026-01-01", "endDate": "2036-01-01"},
            "window must not hold more than 10,000 slots",
        ),
    ],
)
def test_what_is_wrong_with_slots_is_named(shop: Running, asked: dict[str, Any], error: str) -> None:
    answer = shop.post("/api/v1/admin/timeslots/generate", "admin", asked)
    assert (answer.status_code, answer.json()) == (400, {"error": error})


def test_a_slot_is_deleted_unless_it_is_booked(app: Running) -> None:
    free, taken = generated(app)[:2]
    book(app, taken)
    gone = app.delete(f"/api/v1/admin/timeslots/{free['id']}", "admin")
    assert (gone.status_code, gone.json()) == (200, {"message": "Timeslot deleted"})
    assert app.delete(f"/api/v1/admin/timeslots/{free['id']}", "admin").status_code == 404
    kept = app.delete(f"/api/v1/admin/timeslots/{taken['id']}", "admin")
    told = {"error": "Cannot delete timeslot with existing bookings"}
    assert (kept.status_code, kept.json()) == (400, told)


# -- booking -------------------------------------------------------------------------------------------------


def test_a_booking_waits_for_its_payment_and_is_confirmed_by_it(app: Running) -> None:
    slot = generated(app)[0]
    made = book(app, slot, notes="by the window", bookingType="single")
    booking = made["booking"]
    assert made["message"] == "Booking created. Complete payment to confirm."
    assert made["checkoutUrl"].endswith(made["checkoutId"])
    assert booking == {
        "id": booking["id"],
        "userId": 1,
        "roomId": 1,
        "timeslotId": slot["id"],
        "startTime": slot["startTime"],
        "endTime": slot["endTime"],
        "status": "pending",
        "paymentStatus": "pending",
        "price": 20.0,
        "refundAmount": None,
        "notes": "by the window",
        "bookingType": "single",
        "createdAt": text(START),
        "updatedAt": text(START),
        "room": app.get(f"{BOOKINGS}/rooms/1").json(),
        "timeslot": {name: slot[name] for name in ("id", "roomId", "startTime", "endTime")},
    }
    paid = pay(app, made)
    assert (paid["status"], paid["paymentStatus"]) == ("confirmed", "paid")
    assert pay(app, made) == paid
    assert app.get(f"{BOOKINGS}/{booking['id']}", "alice").json() == paid
    assert slot not in slots(app, slot["startTime"])


GATEWAY, EURO = FakeGateway(), Money.of(1, "EUR")


@pytest.mark.parametrize(
    "checkout",
    [
        "1",
        "999999-abc",
        "x-y",
        "-",
        "²-1",
        "1-" + "0" * 32,
        "9" * 5000 + "-1",
        GATEWAY.charge(10**17, EURO),
        GATEWAY.charge("9" * 5000, EURO),
    ],
    ids=lambda text: text[:12],
)
def test_an_unknown_checkout_is_not_found(shop: Running, checkout: str) -> None:
    answer = shop.post(f"/api/v1/payments/{checkout}/complete")
    assert (answer.status_code, answer.json()) == (404, {"error": "Checkout not found"})


def test_a_checkout_of_a_booking_without_one_is_not_found(app: Running, new_room: NewRoom) -> None:
    free = book(app, generated(app, roomId=new_room()["id"])[0])["booking"]
    answer = app.post(f"/api/v1/payments/{GATEWAY.charge(free['id'], EURO)}/complete")
    assert (answer.status_code, answer.json()) == (404, {"error": "Checkout not found"})


def test_a_payment_that_is_repeated_answers_with_the_booking_as_it_is_now(app: Running) -> None:
    made = book(app, generated(app)[0])
    pay(app, made)
    cancelled = set_status(app, made, "cancelled").json()
    assert (cancelled["status"], cancelled["paymentStatus"]) == ("cancelled", "refunded")
    assert pay(app, made) == cancelled


@pytest.mark.parametrize("rate", [None, 0])
def test_in_a_room_without_a_price_a_booking_is_confirmed_at_once(
    app: Running, new_room: NewRoom, rate: int | None
) -> None:
    room = new_room(hourlyRate=rate)
    first, second = generated(app, roomId=room["id"])[:2]
    made = book(app, first)
    assert (made["message"], made["checkoutId"], made["checkoutUrl"]) == ("Booking confirmed.", None, None)
    booking = made["booking"]
    assert (booking["status"], booking["paymentStatus"], booking["price"]) == ("confirmed", "none", None)
    app.put(f"/api/v1/admin/rooms/{room['id']}", "admin", {"hourlyRate": 10})
    assert book(app, second)["booking"]["status"] == "pending"


def test_a_taken_or_past_slot_is_refused_and_an_unknown_one_not_found(app: Running) -> None:
    slot = generated(app)[0]
    book(app, slot)
    past = slots_of_today(app)
    answers = [
        app.post(BOOKINGS, "bob", wish(slot)),
        app.post(BOOKINGS, "bob", past),
        app.post(BOOKINGS, "bob", {"timeslotId": 10**9, "roomId": 1}),
        app.post(BOOKINGS, "bob", {**wish(slot), "roomId": 99}),
        app.post(BOOKINGS, "bob", {**wish(slot), "roomId": 2}),
    ]
    assert [one.status_code for one in answers] == [400, 400, 404, 404, 404]
    assert all(list(one.json()) == ["error"] for one in answers)


def slots_of_today(app: Running) -> dict[str, Any]:
    """Return a wish for a slot of today's morning."""
    listed = slots(app, str(START.date() + dt.timedelta(days=1)))
    first = min(one["id"] for one in listed)
    return {"timeslotId": first - 16, "roomId": 1}


def test_a_booking_that_makes_no_sense_is_refused(app: Running) -> None:
    for missing in ({}, {"timeslotId": 5}, {"roomId": 1, "timeslotId": 0}):
        answer = app.post(BOOKINGS, "alice", missing)
        assert (answer.status_code, answer.json()) == (400, {"error": "timeslotId and roomId are required"})
    wrong: list[dict[str, Any]] = [{"timeslotId": one} for one in ("1", True, 1.5)]
    for change in [*wrong, {"roomId": "1"}, {"notes": 7}, {"notes": "\x00"}]:
        answer = app.post(BOOKINGS, "alice", {"timeslotId": 5, "roomId": 1, **change})
        assert (answer.status_code, list(answer.json())) == (400, ["error"])


def test_malformed_bodies_are_refused_everywhere(app: Running) -> None:
    calls = [
        ("POST", BOOKINGS, "alice"),
        ("PUT", f"{BOOKINGS}/1/reschedule", "alice"),
        ("POST", "/api/v1/admin/rooms", "admin"),
        ("PUT", "/api/v1/admin/rooms/1", "admin"),
        ("POST", "/api/v1/admin/timeslots/generate", "admin"),
        ("PUT", "/api/v1/admin/bookings/1/status", "admin"),
    ]
    for method, path, user in calls:
        for body in MALFORMED:
            answer = app.ask(method, path, user, content=body)
            assert answer.status_code in {400, 404, 429}, (path, body)
            assert list(answer.json()) == ["error"]


def test_who_is_unknown_is_unauthorized_and_who_is_no_admin_forbidden(shop: Running) -> None:
    own = [("POST", ""), ("GET", ""), ("GET", "/1"), ("PUT", "/1/cancel"), ("PUT", "/1/reschedule")]
    admin = [
        ("POST", "/rooms"),
        ("PUT", "/rooms/1"),
        ("DELETE", "/rooms/1"),
        ("POST", "/timeslots/generate"),
        ("DELETE", "/timeslots/1"),
        ("GET", "/bookings"),
        ("PUT", "/bookings/1/status"),
        ("GET", "/bookings/stats"),
        ("POST", "/reminders/run"),
    ]
    for method, path in [(one, BOOKINGS + two) for one, two in own] + [
        (one, f"/api/v1/admin{two}") for one, two in admin
    ]:
        wrong = ("Bearer nobody", "demo-alice", "Bearer DEMO-alice", "Bearer demo-admìn", "Bearer demo-Admin")
        for headers in ({}, *({"Authorization": one.encode()} for one in wrong)):
            answer = shop.ask(method, path, headers=headers)
            assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"})
    for method, path in admin:
        assert shop.ask(method, f"/api/v1/admin{path}", "alice").status_code == 403


def test_nobody_is_taken_for_the_room_of_the_same_number(app: Running) -> None:
    for user, other, room in (("alice", "bob", 1), ("bob", "alice", 2)):
        first, second = generated(app, roomId=room)[:2]
        made = book(app, first, other)["booking"]
        path = f"{BOOKINGS}/{made['id']}"
        answers = [
            app.get(path, user),
            app.put(f"{path}/cancel", user),
            app.put(f"{path}/reschedule", user, {"newTimeslotId": second["id"]}),
        ]
        assert {(one.status_code, one.json()["error"]) for one in answers} == {(403, "Access denied")}
        assert made["id"] not in {one["id"] for one in app.get(BOOKINGS, user).json()["items"]}
        assert app.get(path, other).json() == made


def test_someone_elses_booking_is_denied_to_all_others(app: Running) -> None:
    first, second = generated(app)[:2]
    number = book(app, first)["booking"]["id"]
    for user in ("bob", "admin"):
        answers = [
            app.get(f"{BOOKINGS}/{number}", user),
            app.put(f"{BOOKINGS}/{number}/cancel", user),
            app.put(f"{BOOKINGS}/{number}/reschedule", user, {"newTimeslotId": second["id"]}),
        ]
        assert {(one.status_code, one.json()["error"]) for one in answers} == {(403, "Access denied")}
    for path in ("", "/cancel", "/reschedule"):
        method = "PUT" if path else "GET"
        answer = app.ask(method, f"{BOOKINGS}/{10**9}{path}", "alice", {"newTimeslotId": 1})
        assert (answer.status_code, answer.json()) == (404, {"error": "Booking not found"})


def test_own_bookings_are_listed_the_newest_first(app: Running) -> None:
    made = [book(app, one)["booking"] for one in generated(app)[:3]]
    listed = app.get(f"{BOOKINGS}?limit=3", "alice").json()
    assert [one["id"] for one in listed["items"]] == [one["id"] for one in reversed(made)]
    assert (listed["page"], listed["limit"]) == (1, 3)
    app.put(f"{BOOKINGS}/{made[0]['id']}/cancel", "alice")
    day = made[0]["startTime"][:10]
    on_that_day = {"from_date": day, "to_date": day}
    found = {
        status: app.get(BOOKINGS, "alice", params={"status": status, **on_that_day}).json()["total"]
        for status in ("pending", "cancelled", "confirmed")
    }
    assert found == {"pending": 2, "cancelled": 1, "confirmed": 0}
    exact = {"from_date": made[1]["startTime"], "to_date": made[1]["startTime"]}
    assert app.get(BOOKINGS, "alice", params=exact).json()["total"] == 1
    assert app.get(f"{BOOKINGS}?limit=1000", "alice").json()["limit"] == 100
    for query in (
        "page=0",
        "limit=0",
        "limit=-1",
        "page=x",
        "from_date=soon",
        "status=lost",
        "from_date=2026-01-02&to_date=2026-01-01",
    ):
        assert app.get(f"{BOOKINGS}?{query}", "alice").status_code == 400
    assert all(one["userId"] == 2 for one in app.get(BOOKINGS, "bob").json()["items"])


@pytest.mark.parametrize(
    ("ahead", "refund"),
    [
        (dt.timedelta(hours=24), 20.0),
        (dt.timedelta(hours=24) - dt.timedelta(seconds=1), 10.0),
        (dt.timedelta(hours=2), 10.0),
        (dt.timedelta(hours=2) - dt.timedelta(seconds=1), 0),
    ],
)
def test_what_cancelling_gives_back_falls_as_the_start_nears(
    app: Running, database: str, ahead: dt.timedelta, refund: float
) -> None:
    slot = generated(app)[0]
    made = book(app, slot)
    pay(app, made)
    then = dt.datetime.fromisoformat(slot["startTime"]) - ahead
    with running("rooms", database, now=text(then)) as later:
        done = later.put(f"{BOOKINGS}/{made['booking']['id']}/cancel", "alice").json()
        assert (done["refundAmount"], done["message"]) == (refund, "Booking cancelled successfully")
        status = "refunded" if refund else "paid"
        assert (done["booking"]["status"], done["booking"]["paymentStatus"]) == ("cancelled", status)
        again = later.put(f"{BOOKINGS}/{made['booking']['id']}/cancel", "alice")
        assert again.status_code == 400
        assert slot in slots(later, slot["startTime"])


def test_an_admins_cancellation_gives_all_back_at_any_time(app: Running, database: str) -> None:
    slot = generated(app)[0]
    made = book(app, slot)
    pay(app, made)
    then = dt.datetime.fromisoformat(slot["startTime"]) - dt.timedelta(minutes=1)
    with running("rooms", database, now=text(then)) as later:
        done = set_status(later, made, "cancelled").json()
        assert (done["status"], done["paymentStatus"], done["refundAmount"]) == (
            "cancelled",
            "refunded",
            20.0,
        )


def set_status(app: Running, made: dict[str, Any], status: str) -> Any:
    return app.put(f"/api/v1/admin/bookings/{made['booking']['id']}/status", "admin", {"status": status})


def test_an_unpaid_booking_is_cancelled_with_no_refund(app: Running) -> None:
    made = book(app, generated(app)[0])
    done = app.put(f"{BOOKINGS}/{made['booking']['id']}/cancel", "alice").json()
    assert (done["refundAmount"], done["booking"]["status"]) == (0, "cancelled")


def test_a_booking_moves_to_another_slot_and_stays_where_that_is_taken(app: Running) -> None:
    first, second, third = generated(app)[:3]
    made = book(app, first)
    book(app, third, "bob")
    path = f"{BOOKINGS}/{made['booking']['id']}/reschedule"
    moved = app.put(path, "alice", {"newTimeslotId": second["id"]})
    assert (moved.status_code, moved.json()["message"]) == (200, "Booking rescheduled successfully")
    assert moved.json()["booking"]["timeslotId"] == second["id"]
    assert app.put(path, "alice", {"newTimeslotId": third["id"]}).status_code == 400
    assert app.put(path, "alice", {"newTimeslotId": 10**9}).status_code == 404
    missing = app.put(path, "alice", {})
    assert (missing.status_code, missing.json()) == (400, {"error": "newTimeslotId is required"})
    read = app.get(f"{BOOKINGS}/{made['booking']['id']}", "alice").json()
    assert (read["startTime"], read["timeslotId"]) == (second["startTime"], second["id"])
    book(app, first, "bob")


def test_once_it_has_started_a_booking_is_cancelled_and_moved_by_admins_alone(
    app: Running, database: str
) -> None:
    (first, second), far = generated(app)[:2], generated(app)[0]
    made = [book(app, one) for one in (first, second)]
    for one in made:
        pay(app, one)
    with running("rooms", database, now=second["startTime"]) as later:
        path = f"{BOOKINGS}/{made[1]['booking']['id']}"
        answers = [
            later.put(f"{path}/cancel", "alice"),
            later.put(f"{path}/reschedule", "alice", {"newTimeslotId": far["id"]}),
        ]
        assert [one.status_code for one in answers] == [400, 400]
        assert later.get(path, "alice").json()["status"] == "confirmed"
        assert set_status(later, made[1], "no_show").json()["status"] == "no_show"
        assert set_status(later, made[0], "cancelled").json()["refundAmount"] == 20.0


# -- administration ------------------------------------------------------------------------------------------


def test_an_admin_lists_all_bookings_with_filters(own: Running, minute: dt.datetime) -> None:
    one, two = generated(own)[:2]
    first, second = book(own, one)["booking"], book(own, two, "bob")["booking"]
    window = {"fromDate": text(minute), "toDate": text(minute)}

    def found(**more: Any) -> set[int]:
        answer = own.get("/api/v1/admin/bookings", "admin", params={**window, **more}).json()
        assert (answer["page"], answer["limit"]) == (1, 50)
        return {row["id"] for row in answer["items"]}

    assert found() == {first["id"], second["id"]}
    assert found(userId=2) == {second["id"]}
    assert found(roomId=2) == set()
    assert found(roomId=1, status="pending") == {first["id"], second["id"]}
    assert found(status="confirmed") == set()
    assert own.get("/api/v1/admin/bookings?limit=500", "admin").json()["limit"] == 100
    for query in ("roomId=x", "userId=0", "page=0", "fromDate=x"):
        assert own.get(f"/api/v1/admin/bookings?{query}", "admin").status_code == 400


def test_an_admin_completes_or_marks_a_no_show_and_nothing_else(app: Running) -> None:
    made = [book(app, one) for one in generated(app)[:3]]
    for one in made[:2]:
        pay(app, one)
    assert set_status(app, made[0], "completed").json()["status"] == "completed"
    assert set_status(app, made[1], "no_show").json()["status"] == "no_show"
    for status in ("completed", "no_show"):
        answer = set_status(app, made[2], status)
        assert (answer.status_code, list(answer.json())) == (400, ["error"])
    for status in ("confirmed", "pending", "lost", "x" * 5000):
        answer = set_status(app, made[2], status)
        told = {"error": f"Invalid status transition to: {status[:80]}"}
        assert (answer.status_code, answer.json()) == (400, told)
    assert set_status(app, made[0], "cancelled").status_code == 400
    missing = app.put(f"/api/v1/admin/bookings/{made[2]['booking']['id']}/status", "admin", {})
    assert (missing.status_code, missing.json()) == (400, {"error": "status is required"})
    nobody = app.put(f"/api/v1/admin/bookings/{10**9}/status", "admin", {"status": "completed"})
    assert (nobody.status_code, nobody.json()) == (404, {"error": "Booking not found"})


def test_figures_count_by_status_and_add_up_what_is_paid(own: Running, minute: dt.datetime) -> None:
    made = [book(own, one) for one in generated(own)[:3]]
    for one in made[:2]:
        pay(own, one)
    own.put(f"{BOOKINGS}/{made[1]['booking']['id']}/cancel", "alice")
    window = {"fromDate": text(minute), "toDate": text(minute)}
    assert own.get("/api/v1/admin/bookings/stats", "admin", params=window).json() == {
        "total": 3,
        "byStatus": {"pending": 1, "confirmed": 1, "cancelled": 1, "completed": 0, "no_show": 0},
        "revenue": 20.0,
    }
    month = own.get("/api/v1/admin/bookings/stats", "admin").json()
    assert month["total"] >= 3
    none = {"total": 0, "byStatus": dict.fromkeys(month["byStatus"], 0), "revenue": 0}
    for query, wanted in {
        "fromDate=2025-10-01": month,
        "fromDate=0001-01-01": month,
        "toDate=9999-12-31": month,
        f"toDate={text(minute)}": month,
        "fromDate=0001-01-01&toDate=9999-12-31": month,
        "toDate=2025-09-30": none,
        "fromDate=2030-01-01": none,
    }.items():
        assert own.get(f"/api/v1/admin/bookings/stats?{query}", "admin").json() == wanted
    for query in ("fromDate=2025-10-02&toDate=2025-10-01", "fromDate=", "toDate=soon"):
        assert own.get(f"/api/v1/admin/bookings/stats?{query}", "admin").status_code == 400


# -- news ----------------------------------------------------------------------------------------------------


@contextmanager
def listening(app: Running, user: str, number: int) -> Iterator[list[tuple[str, Any]]]:
    """Collect what a user is told."""
    heard: list[tuple[str, Any]] = []
    client = socketio.Client()
    for event in ("booking_update", "booking_reminder"):
        client.on(event, lambda data, event=event: heard.append((event, data)))
    client.connect(app.url, auth={"token": f"demo-{user}"}, transports=["websocket"])
    try:
        assert client.call("join_booking_room", {"userId": number}) == {"joined": number}
        yield heard
    finally:
        client.disconnect()


def types_of(heard: list[tuple[str, Any]]) -> list[str]:
    return [data["type"] for event, data in heard if event == "booking_update"]


def test_the_customer_hears_of_each_change_and_nobody_else_does(app: Running) -> None:
    first, second = generated(app)[:2]
    with listening(app, "alice", 1) as alice, listening(app, "bob", 2) as bob:
        made = book(app, first)
        pay(app, made)
        app.put(f"{BOOKINGS}/{made['booking']['id']}/reschedule", "alice", {"newTimeslotId": second["id"]})
        set_status(app, made, "completed")
        other = book(app, first)
        app.put(f"{BOOKINGS}/{other['booking']['id']}/cancel", "alice")

        wanted = ["created", "confirmed", "rescheduled", "completed", "created", "cancelled"]
        assert soon(partial(types_of, alice), wanted)
        told = alice[0][1]["booking"]
        assert told == made["booking"]
        assert (told["status"], told["paymentStatus"]) == ("pending", "pending")
        assert bob == []


def test_news_cross_from_one_process_to_the_other(own_database: str, redis: str, minute: dt.datetime) -> None:
    now = text(minute)
    with (
        running("rooms", own_database, now=now, redis=redis) as one,
        running("rooms", own_database, now=now, redis=redis) as two,
        listening(one, "alice", 1) as here,
        listening(two, "alice", 1) as there,
    ):
        made = book(one, generated(one)[0])
        pay(two, made)
        for heard in (here, there):
            assert soon(partial(types_of, heard), ["created", "confirmed"])


def test_only_ones_own_room_can_be_joined_and_only_with_a_token(shop: Running) -> None:
    client = socketio.Client()
    client.connect(shop.url, auth={"token": "demo-bob"}, transports=["websocket"])
    for data in ({"userId": 1}, {"userId": "2"}, {}, None, [2], "x"):
        for act in ("join_booking_room", "leave_booking_room"):
            assert client.call(act, data) == {"error": "Access denied"}
    assert client.call("join_booking_room", {"userId": 2}) == {"joined": 2}
    assert client.call("leave_booking_room", {"userId": 2}) == {"left": 2}
    client.disconnect()
    for token in ("nobody", "", "\x00", "DEMO-bob", 7, ["demo-bob"]):
        auth = {"token": token}
        with pytest.raises(socketio.exceptions.ConnectionError):
            socketio.Client().connect(shop.url, auth=auth, transports=["websocket"])


def test_a_reminder_is_sent_once_for_what_starts_within_a_day(own_database: str, minute: dt.datetime) -> None:
    with running("rooms", own_database, now=text(minute)) as app:
        near, far = generated(app)[0], generated(app)[0]
        made = book(app, near)
        pay(app, made)
        pay(app, book(app, far))
    eve = dt.datetime.fromisoformat(near["startTime"]) - dt.timedelta(hours=8)
    with running("rooms", own_database, now=text(eve)) as app, listening(app, "alice", 1) as heard:
        assert app.post("/api/v1/admin/reminders/run", "admin").json()["sent"] >= 1

        def reminded() -> list[int]:
            return [data["booking"]["id"] for event, data in heard if event == "booking_reminder"]

        assert soon(lambda: made["booking"]["id"] in reminded(), True)  # noqa: FBT003 - what is wanted
        told = next(data for event, data in heard if event == "booking_reminder")
        assert told["message"] == "Your appointment is coming up!"
        assert app.post("/api/v1/admin/reminders/run", "admin").json() == {"sent": 0}
        assert len(reminded()) == len(set(reminded()))


# -- what they must withstand --------------------------------------------------------------------------------


def test_after_ten_attempts_in_a_minute_a_user_waits_also_at_another_server(
    database: str, minute: dt.datetime
) -> None:
    nothing = {"timeslotId": 10**9, "roomId": 1}
    with (
        running("rooms", database, now=text(minute)) as one,
        running("rooms", database, now=text(minute)) as two,
    ):
        slot = generated(one)[0]
        key = {"Idempotency-Key": f"rate {minute}"}
        assert one.post(BOOKINGS, "alice", wish(slot), headers=key).status_code == 201
        answers = [app.post(BOOKINGS, "alice", nothing) for app in (one, two) * 5]
        assert [answer.status_code for answer in answers] == [404] * 9 + [429]
        assert list(answers[-1].json()) == ["error"]
        assert answers[-1].headers["Retry-After"] == "60"
        assert two.post(BOOKINGS, "alice", wish(slot), headers=key).status_code == 201
        assert two.post(BOOKINGS, "bob", nothing).status_code == 404
    with running("rooms", database, now=text(minute + dt.timedelta(minutes=1))) as app:
        assert app.post(BOOKINGS, "alice", nothing).status_code == 404


def test_a_repeat_with_its_key_gets_the_first_answer(app: Running) -> None:
    slot, other = generated(app)[:2]
    key = {"Idempotency-Key": f"key {slot['id']}"}
    answers = [app.post(BOOKINGS, "alice", wish(slot), headers=key) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert app.post(BOOKINGS, "alice", wish(other), headers=key).status_code == 422
    assert app.post(BOOKINGS, "bob", wish(other), headers=key).status_code == 201
    room = {"name": "Twice", "roomType": "office"}
    rooms = [app.post("/api/v1/admin/rooms", "admin", room, headers=key).json() for _ in range(2)]
    assert rooms[0] == rooms[1]


def test_of_twenty_who_want_one_slot_one_gets_it_also_from_two_servers(
    database: str, minute: dt.datetime
) -> None:
    with (
        running("rooms", database, now=text(minute)) as one,
        running("rooms", database, now=text(minute)) as two,
    ):
        slot = generated(one)[0]
        acts = [
            partial(app.post, BOOKINGS, user, wish(slot)) for app in (one, two) for user in ("alice", "bob")
        ]
        answers = at_once(acts * 5)
        assert sorted(answer.status_code for answer in answers) == [201] + [400] * 19
        listed = [found for user in ("alice", "bob") for found in one.get(BOOKINGS, user).json()["items"]]
        assert len([found for found in listed if found["timeslotId"] == slot["id"]]) == 1


def test_what_was_answered_outlives_the_process(database: str, minute: dt.datetime) -> None:
    with running("rooms", database, now=text(minute)) as app:
        made = book(app, generated(app)[0])
        app.kill()
    with running("rooms", database, now=text(minute)) as app:
        number = made["booking"]["id"]
        assert app.get(f"{BOOKINGS}/{number}", "alice").json() == made["booking"]
        assert pay(app, made)["status"] == "confirmed"


# -- the page ------------------------------------------------------------------------------------------------


def test_on_the_page_a_slot_is_booked_and_vanishes_for_others(app: Running) -> None:
    slot = generated(app)[0]
    with browser(2) as (mine, theirs):
        for page in (mine, theirs):
            page.goto(f"{app.url}/?day={slot['startTime'][:10]}")
            expect(page.locator("#slots button")).to_have_count(16)
        mine.locator(f"[data-slot='{slot['id']}']").click()
        expect(mine.get_by_role("status")).to_contain_text("Booked 09:00")
        for page in (mine, theirs):
            expect(page.locator("#slots button")).to_have_count(15)
            expect(page.locator(f"[data-slot='{slot['id']}']")).to_have_count(0)
        picture(mine, "rooms")


def test_the_openapi_document_tells_every_endpoint(shop: Running) -> None:
    told = shop.get("/openapi.json").json()
    assert told["openapi"] == "3.1.0"
    for path, methods in told["paths"].items():
        known = re.sub(r"{\w+}", "1", path)
        for method in ("get", "post", "put", "patch", "delete"):
            answer = shop.ask(method.upper(), known)
            assert (answer.status_code == 405) is (method not in methods), (method, path)
            if answer.status_code == 405:
                assert {one.upper() for one in methods} <= set(answer.headers["Allow"].split(", "))
