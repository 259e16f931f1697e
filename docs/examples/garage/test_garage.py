"""The garage, over HTTP, on every database: what its document says, and what it must withstand."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from driving import MALFORMED, Running, at_once, running, soon

NOW = "2025-10-22T15:30:00Z"
CAR = {"make": "Skoda", "model": "Octavia", "year": 2020}
_DAYS = count()


@pytest.fixture(scope="module")
def app(database: str) -> Iterator[Running]:
    with running("garage", database, now=NOW) as found:
        yield found


@pytest.fixture
def day() -> str:
    """A Tuesday that no other test uses."""
    return str(dt.date(2026, 1, 6) + dt.timedelta(weeks=next(_DAYS)))


def wish(day: str, time: str = "9:00", **more: Any) -> dict[str, Any]:
    return {"serviceId": 1, "date": day, "time": time, "vehicleId": 1, **more}


def booked(app: Running, day: str, time: str = "9:00", **more: Any) -> int:
    answer = app.post("/api/bookings", "alice", wish(day, time, **more))
    assert answer.status_code == 200, answer.text
    number: int = answer.json()["id"]
    return number


def test_it_is_healthy_for_everybody(app: Running) -> None:
    assert app.get("/health").json() == {"status": "ok"}


def test_a_booking_answers_its_id_and_is_read_with_its_service_and_vehicle(app: Running, day: str) -> None:
    answer = app.post("/api/bookings", "alice", wish(day, "9:30"))
    assert (answer.status_code, list(answer.json())) == (200, ["id"])
    number = answer.json()["id"]
    read = app.get(f"/api/bookings?id={number}", "alice").json()
    assert read == {
        "id": number,
        "userId": "alice",
        "vehicleId": 1,
        "serviceId": 1,
        "date": day,
        "time": "09:30",
        "status": "pending",
        "service": {"id": 1, "name": "Oil change", "duration": 30},
        "vehicle": {
            "id": 1,
            "userId": "alice",
            "make": "Toyota",
            "model": "Corolla",
            "year": 2018,
            "notes": "",
        },
    }


def test_a_new_vehicle_is_made_with_the_booking(app: Running, day: str) -> None:
    first = wish(day, vehicle={**CAR, "notes": "left door"})
    del first["vehicleId"]
    number = app.post("/api/bookings", "bob", first).json()["id"]
    vehicle = app.get(f"/api/bookings?id={number}", "bob").json()["vehicle"]
    assert vehicle == {"id": vehicle["id"], "userId": "bob", **CAR, "notes": "left door"}
    again = app.post("/api/bookings", "bob", wish(day, "10:00", vehicleId=vehicle["id"]))
    assert again.status_code == 200


def test_a_refused_booking_leaves_no_vehicle(app: Running, day: str) -> None:
    booked(app, day)
    before = newest_vehicle(app, day, "11:00")
    refused = app.post("/api/bookings", "bob", {**wish(day), "vehicleId": None, "vehicle": CAR})
    assert (refused.status_code, refused.json()) == (400, {"error": "Time slot not available"})
    refused = app.post("/api/bookings", "bob", {**wish(day, "9:10"), "vehicleId": None, "vehicle": CAR})
    assert refused.status_code == 400
    listed = app.get("/api/bookings", "bob").json()
    assert all(one["vehicleId"] <= before for one in listed)
    assert newest_vehicle(app, day, "12:00") >= before + 1


def newest_vehicle(app: Running, day: str, time: str) -> int:
    number = app.post("/api/bookings", "bob", {**wish(day, time), "vehicleId": None, "vehicle": CAR}).json()
    found: int = app.get(f"/api/bookings?id={number['id']}", "bob").json()["vehicleId"]
    return found


@pytest.mark.parametrize("time", ["9:00", "9:30"])
def test_what_overlaps_is_refused_and_what_touches_is_not(app: Running, day: str, time: str) -> None:
    booked(app, day, serviceId=2)
    answer = app.post("/api/bookings", "bob", {**wish(day, time), "vehicleId": None, "vehicle": CAR})
    assert (answer.status_code, answer.json()) == (400, {"error": "Time slot not available"})
    booked(app, day, "10:00")
    booked(app, day, "8:30")


PAST = "Time slot is in the past"
CLOSED = "The garage is closed at that time"
OFF_GRID = "Bookings start on the hour or half past"


@pytest.mark.parametrize(
    ("date", "time", "told"),
    [
        ("2025-10-21", "9:00", PAST),
        ("2025-10-22", "17:00", PAST),  # by half an hour
        ("2026-03-01", "9:00", CLOSED),  # a Sunday
        ("2026-03-02", "7:30", CLOSED),
        ("2026-03-02", "17:45", CLOSED),  # off the grid, and over the end
        ("2026-03-02", "18:00", CLOSED),
        ("2026-03-02", "9:10", OFF_GRID),
        ("2026-10-25", "2:30", CLOSED),  # what clocks read twice
        ("2026-03-29", "2:30", "Invalid request"),  # what clocks skip
        ("0001-01-01", "0:00", "Invalid request"),  # earlier in UTC than there are years
        ("9999-12-31", "23:30", CLOSED),
    ],
)
def test_a_time_that_is_not_offered_is_refused(app: Running, date: str, time: str, told: str) -> None:
    answer = app.post("/api/bookings", "alice", wish(date, time))
    assert (answer.status_code, answer.json()) == (400, {"error": told})


@pytest.mark.parametrize(
    "change",
    [
        {"serviceId": "1"},
        {"serviceId": True},
        {"serviceId": 1.5},
        {"serviceId": None},
        {"date": "soon"},
        {"date": "2026-02-30"},
        {"date": 20260302},
        {"time": "24:00"},
        {"time": "9"},
        {"time": "9:60"},
        {"time": "09:00:00"},
        {"vehicleId": "1"},
        {"vehicleId": None, "vehicle": {**CAR, "make": ""}},
        {"vehicleId": None, "vehicle": {**CAR, "year": 1899}},
        {"vehicleId": None, "vehicle": {**CAR, "year": 2027}},
        {"vehicleId": None, "vehicle": {"make": "Skoda"}},
        {"vehicleId": None, "vehicle": "Skoda"},
        {"vehicleId": None, "vehicle": {**CAR, "notes": "\x00"}},
    ],
)
def test_what_cannot_be_meant_is_an_invalid_request(app: Running, change: dict[str, Any]) -> None:
    answer = app.post("/api/bookings", "alice", {**wish("2026-03-02"), **change})
    assert (answer.status_code, answer.json()) == (400, {"error": "Invalid request"})


def test_a_vehicle_is_required(app: Running) -> None:
    answer = app.post("/api/bookings", "alice", wish("2026-03-02", vehicleId=None))
    assert (answer.status_code, answer.json()) == (400, {"error": "Vehicle information required"})


HUGE = b'{"serviceId": ' + b"9" * 5000 + b"}"


@pytest.mark.parametrize("body", [*MALFORMED, HUGE], ids=lambda body: repr(body[:12]))
def test_a_malformed_body_is_an_invalid_request_once_it_is_known_who_sends_it(
    app: Running, body: bytes
) -> None:
    headers = {"content-type": "application/json"}
    for method in ("POST", "PATCH"):
        for user, told in (("alice", (400, "Invalid request")), ("nobody", (401, "Unauthorized"))):
            answer = app.ask(method, "/api/bookings?id=1", user, content=body, headers=headers)
            assert (answer.status_code, answer.json()) == (told[0], {"error": told[1]})


def test_a_body_needs_no_content_type(app: Running, day: str) -> None:
    answer = app.ask("POST", "/api/bookings", "alice", content=json.dumps(wish(day)).encode())
    assert "content-type" not in answer.request.headers
    assert answer.status_code == 200, answer.text


def test_an_unknown_service_or_vehicle_is_not_found_and_a_strangers_is_forbidden(
    app: Running, day: str
) -> None:
    answers = [
        app.post("/api/bookings", "alice", wish(day, serviceId=9)),
        app.post("/api/bookings", "alice", wish(day, vehicleId=10_000)),
        app.post("/api/bookings", "alice", wish(day, vehicleId=10**30)),
        app.post("/api/bookings", "alice", wish(day, vehicleId=-(10**30))),
        app.post("/api/bookings", "bob", wish(day)),
    ]
    assert [(one.status_code, one.json()["error"]) for one in answers] == [
        (404, "Service not found"),
        (404, "Vehicle not found"),
        (404, "Vehicle not found"),
        (404, "Vehicle not found"),
        (403, "Not your vehicle"),
    ]


@pytest.mark.parametrize("token", [None, "", "Bearer", "Bearer nobody", "Basic demo-alice", "demo-alice"])
def test_who_is_unknown_is_unauthorized(app: Running, token: str | None) -> None:
    headers = {} if token is None else {"Authorization": token}
    answers = [
        app.post("/api/bookings", json=wish("2026-03-02"), headers=headers),
        app.get("/api/bookings", headers=headers),
        app.get("/api/bookings?id=1", headers=headers),
        app.patch("/api/bookings?id=1", json={"status": "cancelled"}, headers=headers),
    ]
    assert {(one.status_code, one.text) for one in answers} == {(401, '{"error":"Unauthorized"}')}


@pytest.mark.parametrize("name", ["Alice", "ALICE", "al\u00edce"])
def test_who_is_written_otherwise_is_unknown(app: Running, name: str) -> None:
    header = f"Bearer demo-{name}".encode()
    answer = app.get("/api/bookings", headers={"Authorization": header})
    assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"})


def test_bookings_are_listed_to_their_owner_only_the_latest_date_first(app: Running, day: str) -> None:
    numbers = [booked(app, day, time) for time in ("9:00", "11:00", "10:00")]
    listed = app.get("/api/bookings", "alice").json()
    assert [one["id"] for one in listed if one["date"] == day] == [numbers[1], numbers[2], numbers[0]]
    assert [one["date"] for one in listed] == sorted((one["date"] for one in listed), reverse=True)
    assert not {one["id"] for one in app.get("/api/bookings", "bob").json()} & set(numbers)


def test_all_bookings_are_listed_however_many(database: str) -> None:
    with running("garage", database, now=NOW) as app:
        days = [str(dt.date(2030, 1, 1) + dt.timedelta(weeks=number)) for number in range(6)]
        times = [f"{hour}:{minute}" for hour in range(8, 18) for minute in ("00", "30")]
        numbers = [booked(app, day, time) for day in days for time in times]
        listed = app.get("/api/bookings?id=", "alice").json()
        assert listed == app.get("/api/bookings", "alice").json()
        assert [one["id"] for one in listed if one["date"] in days] == numbers[::-1]


@pytest.mark.parametrize("number", ["0", "-1", "999999", "9" * 30])
def test_a_booking_that_is_not_there_or_someone_elses_is_not_found(
    app: Running, day: str, number: str
) -> None:
    booked(app, day)
    for path in (number, str(booked(app, day, "12:00"))):
        answer = app.get(f"/api/bookings?id={path}", "bob")
        assert (answer.status_code, answer.json()) == (404, {"error": "Booking not found"})
        answer = app.patch(f"/api/bookings?id={path}", "bob", {"status": "cancelled"})
        assert (answer.status_code, answer.json()) == (404, {"error": "Booking not found"})


@pytest.mark.parametrize(
    "number", ["first", "1_0", "+10", "%2B10", "10.0", "1e1", "%201", "1%0A", "%D9%A1", "9" * 5000]
)
def test_an_id_that_is_no_number_is_an_invalid_request(app: Running, number: str) -> None:
    path = f"/api/bookings?id={number}"
    for answer in (app.get(path, "alice"), app.patch(path, "alice", {"status": "cancelled"})):
        assert (answer.status_code, answer.json()) == (400, {"error": "Invalid request"})


def test_an_empty_id_names_no_booking_to_change(app: Running) -> None:
    answer = app.patch("/api/bookings?id=", "alice", {"status": "cancelled"})
    assert (answer.status_code, answer.json()) == (400, {"error": "Invalid request"})


def test_a_booking_is_moved_and_frees_its_old_time(app: Running, day: str) -> None:
    number = booked(app, day)
    moved = app.patch(f"/api/bookings?id={number}", "alice", {"date": day, "time": "9:30"})
    assert (moved.status_code, moved.json()["time"], moved.json()["id"]) == (200, "09:30", number)
    booked(app, day, "9:00")
    taken = app.patch(f"/api/bookings?id={number}", "alice", {"date": day, "time": "9:00"})
    assert (taken.status_code, taken.json()) == (400, {"error": "Time slot not available"})
    assert app.get(f"/api/bookings?id={number}", "alice").json()["time"] == "09:30"


def test_a_cancelled_booking_is_free_and_final(app: Running, day: str) -> None:
    number = booked(app, day)
    cancelled = app.patch(f"/api/bookings?id={number}", "alice", {"status": "cancelled"})
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    again = app.patch(f"/api/bookings?id={number}", "alice", {"status": "cancelled"})
    moved = app.patch(f"/api/bookings?id={number}", "alice", {"date": day, "time": "10:00"})
    told = {"error": "Booking can no longer be changed"}
    assert [(one.status_code, one.json()) for one in (again, moved)] == [(400, told), (400, told)]
    booked(app, day)


@pytest.mark.parametrize(
    "change", [{}, {"status": "confirmed"}, {"date": "2026-03-02"}, {"status": "cancelled", "time": "9:00"}]
)
def test_another_change_is_an_invalid_request(app: Running, day: str, change: dict[str, str]) -> None:
    answer = app.patch(f"/api/bookings?id={booked(app, day)}", "alice", change)
    assert (answer.status_code, answer.json()) == (400, {"error": "Invalid request"})


def test_availability_is_public_and_shows_what_can_be_booked(app: Running, day: str) -> None:
    path = f"/api/availability?serviceId=2&date={day}"
    free = app.get(path).json()["slots"]
    assert (free[0], free[-1], len(free)) == ("08:00", "17:00", 19)
    booked(app, day, "10:00")
    assert set(free) - set(app.get(path).json()["slots"]) == {"09:30", "10:00"}
    assert app.get("/api/availability?serviceId=1&date=2026-03-01").json() == {"slots": []}
    for wrong in ("serviceId=x&date=2026-03-02", "serviceId=1&date=x", "serviceId=1", "date=2026-03-02"):
        assert app.get(f"/api/availability?{wrong}").status_code == 400
    assert app.get("/api/availability?serviceId=7&date=2026-03-02").status_code == 404


@pytest.mark.parametrize("date", ["2026-03-28", "2026-03-30", "2026-10-24", "2026-10-26"])
def test_the_garages_clock_counts_around_changes_of_the_clock(app: Running, date: str) -> None:
    assert app.get(f"/api/availability?serviceId=3&date={date}").json()["slots"][0] == "08:00"
    number = booked(app, date, "8:00", serviceId=3)
    read = app.get(f"/api/bookings?id={number}", "alice").json()
    assert (read["date"], read["time"]) == (date, "08:00")


def test_the_customer_is_notified_of_what_becomes_of_a_booking(app: Running, day: str) -> None:
    number = booked(app, day)
    app.patch(f"/api/bookings?id={number}", "alice", {"date": day, "time": "9:30"})
    app.patch(f"/api/bookings?id={number}", "alice", {"status": "cancelled"})

    def kinds() -> list[str]:
        told = app.get("/api/notifications", "alice").json()
        return sorted(one["kind"] for one in told if one["bookingId"] == number)

    assert soon(kinds, ["cancel", "request", "reschedule"])
    assert not [one for one in app.get("/api/notifications", "bob").json() if one["bookingId"] == number]


def test_a_repeat_with_its_key_gets_the_first_answer(app: Running, day: str) -> None:
    key = {"Idempotency-Key": f"key {day}"}
    first = {**wish(day), "vehicleId": None, "vehicle": CAR}
    answers = [app.post("/api/bookings", "bob", first, headers=key) for _ in range(2)]
    assert [one.status_code for one in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert app.post("/api/bookings", "bob", {**first, "time": "10:00"}, headers=key).status_code == 422
    assert app.post("/api/bookings", "alice", wish(day, "10:00"), headers=key).status_code == 200
    refused = {"Idempotency-Key": f"refused {day}"}
    assert app.post("/api/bookings", "bob", first, headers=refused).status_code == 400
    number = answers[0].json()["id"]
    assert app.patch(f"/api/bookings?id={number}", "bob", {"status": "cancelled"}).status_code == 200
    again = app.post("/api/bookings", "bob", first, headers=refused)
    assert (again.status_code, again.json()) == (400, {"error": "Time slot not available"})


def test_a_refusal_of_the_garages_own_is_kept_under_its_key(app: Running, day: str) -> None:
    refusals = {
        "Vehicle information required": ("alice", wish(day, vehicleId=None), 400),
        "Not your vehicle": ("bob", wish(day), 403),
    }
    for told, (user, asked, status) in refusals.items():
        key = {"Idempotency-Key": f"{told} {day}"}
        for _ in range(2):
            answer = app.post("/api/bookings", user, asked, headers=key)
            assert (answer.status_code, answer.json()) == (status, {"error": told})
        other = app.post("/api/bookings", user, {**asked, "time": "10:00"}, headers=key)
        used = {"error": "Idempotency-Key was used for another request"}
        assert (other.status_code, other.json()) == (422, used)


def test_of_many_repeats_at_once_one_books(app: Running, day: str) -> None:
    key = {"Idempotency-Key": f"many {day}"}
    answers = at_once([partial(app.post, "/api/bookings", "alice", wish(day), headers=key)] * 8)
    assert {one.status_code for one in answers} <= {200, 409}
    assert len({one.json()["id"] for one in answers if one.status_code == 200}) == 1


def test_of_twenty_who_want_one_time_one_gets_it_also_from_two_servers(database: str, day: str) -> None:
    with running("garage", database, now=NOW) as one, running("garage", database, now=NOW) as two:
        acts = [partial(app.post, "/api/bookings", "alice", wish(day)) for app in [one, two] * 10]
        answers = at_once(acts)
        assert sorted(answer.status_code for answer in answers) == [200] + [400] * 19
        listed = one.get("/api/bookings", "alice").json()
        assert len([booking for booking in listed if booking["date"] == day]) == 1


def test_what_was_answered_outlives_the_process(database: str, day: str) -> None:
    key = {"Idempotency-Key": f"kept {day}"}
    with running("garage", database, now=NOW) as app:
        first = app.post("/api/bookings", "alice", wish(day), headers=key)
        app.kill()
    with running("garage", database, now=NOW) as app:
        again = app.post("/api/bookings", "alice", wish(day), headers=key)
        assert (again.status_code, again.json()) == (200, first.json())
        assert app.get(f"/api/bookings?id={first.json()['id']}", "alice").json()["date"] == day


def test_what_nobody_expects_is_a_server_error(tmp_path: Path) -> None:
    file = tmp_path / "broken.sqlite3"
    with running("garage", f"sqlite:///{file}", now=NOW) as app:
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("DROP TABLE garage_users")
        answer = app.get("/api/bookings", "alice")
        assert (answer.status_code, answer.json()) == (500, {"error": "Server error"})


def test_its_openapi_document_tells_every_endpoint(app: Running) -> None:
    paths = app.get("/openapi.json").json()["paths"]
    assert set(paths) == {"/health", "/api/bookings", "/api/availability", "/api/notifications"}
    assert set(paths["/api/bookings"]) == {"get", "post", "patch"}
