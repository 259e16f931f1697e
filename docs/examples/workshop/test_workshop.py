"""The workshop, over HTTP, on every database: what its document says, and what it must withstand."""

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
from uuid import UUID, uuid4

import pytest

from driving import MALFORMED, Running, at_once, running

NOW = "2025-10-22T15:30:00Z"
_TUESDAYS = (dt.date(2026, 11, 3) + dt.timedelta(weeks=number) for number in count())
_DAYS = (one for one in _TUESDAYS if one.month in {11, 12, 1, 2})


@pytest.fixture(scope="module")
def app(database: str) -> Iterator[Running]:
    with running("workshop", database, now=NOW) as found:
        yield found


@pytest.fixture
def day() -> str:
    """A Tuesday in winter, when Warsaw is an hour ahead of UTC, that no other test uses."""
    return str(next(_DAYS))


@pytest.fixture
def mechanic(app: Running) -> str:
    return mechanics(app)["Mechanik1"]


def mechanics(app: Running) -> dict[str, str]:
    path = "/reservations/available?service_id=1&limit=2"
    found = app.get(path, "jan").json()["data"]
    return {one["employee_name"]: one["employee_id"] for one in found}


def wish(day: str, employee: str, time: str = "09:00", minutes: int = 30, **more: Any) -> dict[str, Any]:
    start = dt.datetime.fromisoformat(f"{day}T{time}Z")
    return {
        "service_id": 1 if minutes == 30 else 2,
        "vehicle_license_plate": "WAW1234",
        "employee_id": employee,
        "start_ts": text(start),
        "end_ts": text(start + dt.timedelta(minutes=minutes)),
        **more,
    }


def text(instant: dt.datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def times(day: str, start: str, end: str) -> dict[str, str]:
    return {"start_ts": f"{day}T{start}:00Z", "end_ts": f"{day}T{end}:00Z"}


def made(app: Running, *given: Any, **more: Any) -> dict[str, Any]:
    answer = app.post("/api/reservations", "jan", wish(*given, **more))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def path_of(reservation: dict[str, Any]) -> str:
    return f"/api/reservations/{reservation['id']}"


# -- creating ------------------------------------------------------------------------------------------------


def test_a_reservation_is_created_as_the_document_shows(app: Running, day: str, mechanic: str) -> None:
    reservation = made(app, day, mechanic)
    assert str(UUID(reservation["id"])) == reservation["id"]
    assert reservation == {
        "id": reservation["id"],
        "service_id": 1,
        "service_name": "Oil Change",
        "service_duration_minutes": 30,
        "vehicle_license_plate": "WAW1234",
        "employee_id": mechanic,
        "employee_name": "Mechanik1",
        **times(day, "09:00", "09:30"),
        "status": "New",
        "created_at": NOW,
        "updated_at": NOW,
    }


def test_any_offset_is_taken_and_answered_in_utc(app: Running, day: str, mechanic: str) -> None:
    asked = wish(day, mechanic, start_ts=f"{day}T10:00:00+01:00", end_ts=f"{day}T04:30:00.000-05:00")
    answer = app.post("/api/reservations", "jan", asked)
    assert {**answer.json(), **times(day, "09:00", "09:30")} == answer.json()


def test_a_reservation_may_start_at_any_full_minute(app: Running, day: str, mechanic: str) -> None:
    assert made(app, day, mechanic, "09:07")["start_ts"] == f"{day}T09:07:00Z"
    odd = wish(day, mechanic, start_ts=f"{day}T10:00:30Z", end_ts=f"{day}T10:30:30Z")
    assert app.post("/api/reservations", "jan", odd).status_code == 400


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"start_ts": "2025-10-22T15:00:00Z", "end_ts": "2025-10-22T15:30:00Z"}, "start_ts"),
        ({"end_ts": "2026-11-02T09:45:00Z"}, "end_ts"),
        ({"end_ts": "2026-11-02T09:00:00Z"}, "end_ts"),
        ({"end_ts": "2026-11-02T08:00:00Z"}, "end_ts"),
        ({"end_ts": "9999-12-31T23:59:59Z"}, "end_ts"),
        ({"start_ts": "9999-12-31T23:50:00Z", "end_ts": "9999-12-31T23:59:59.999999Z"}, "end_ts"),
        ({"start_ts": "0001-01-01T00:00:00Z", "end_ts": "0001-01-01T00:30:00Z"}, "start_ts"),
        ({"start_ts": "0001-01-01T00:00:00+14:00"}, "start_ts"),
        ({"start_ts": "2026-11-02T09:00:00"}, "start_ts"),
        ({"start_ts": "soon"}, "start_ts"),
        ({"start_ts": 7}, "start_ts"),
        ({"start_ts": "2026-11-02"}, "start_ts"),
        ({"service_id": "1"}, "service_id"),
        ({"service_id": True}, "service_id"),
        ({"service_id": 1.5}, "service_id"),
        ({"service_id": None}, "service_id"),
        ({"employee_id": "Mechanik1"}, "employee_id"),
        ({"employee_id": 1}, "employee_id"),
        ({"vehicle_license_plate": ""}, "vehicle_license_plate"),
        ({"vehicle_license_plate": "W" * 21}, "vehicle_license_plate"),
        ({"vehicle_license_plate": "\x00"}, "vehicle_license_plate"),
    ],
)
def test_a_wrong_field_is_named(app: Running, mechanic: str, change: dict[str, Any], field: str) -> None:
    answer = app.post("/api/reservations", "jan", wish("2026-11-02", mechanic, **change))
    assert answer.status_code == 400
    told = answer.json()
    assert (told["error"], told["message"]) == ("Bad Request", "Validation failed")
    assert [one["field"] for one in told["details"]] == [field]


def test_a_missing_field_is_named(app: Running, mechanic: str) -> None:
    whole = wish("2026-11-02", mechanic)
    for field in whole:
        part = {name: value for name, value in whole.items() if name != field}
        answer = app.post("/api/reservations", "jan", part)
        assert (answer.status_code, [one["field"] for one in answer.json()["details"]]) == (400, [field])


HUGE = b'{"service_id": ' + b"9" * 5000 + b"}"


@pytest.mark.parametrize("body", [*MALFORMED, HUGE], ids=lambda body: repr(body[:12]))
def test_a_malformed_body_is_a_bad_request_once_it_is_known_who_sends_it(app: Running, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    for method, path in (("POST", ""), ("PATCH", f"/{uuid4()}")):
        address = f"/api/reservations{path}"
        answer = app.ask(method, address, "jan", content=body, headers=headers)
        told = answer.json()
        assert (answer.status_code, told["error"], told["message"]) == (
            400,
            "Bad Request",
            "Validation failed",
        )
        assert [one["field"] for one in told["details"]] == ["body"]
        answer = app.ask(method, address, "nobody", content=body, headers=headers)
        unknown = {"error": "Unauthorized", "message": "Authentication required"}
        assert (answer.status_code, answer.json()) == (401, unknown)


def test_a_body_needs_no_content_type(app: Running, day: str, mechanic: str) -> None:
    body = json.dumps(wish(day, mechanic)).encode()
    answer = app.ask("POST", "/api/reservations", "jan", content=body)
    assert "content-type" not in answer.request.headers
    assert answer.status_code == 201, answer.text
    change = app.ask("PATCH", path_of(answer.json()), "jan", content=b'{"status": "Cancelled"}')
    assert change.status_code == 200, change.text


def test_the_past_is_refused_in_the_documents_words(app: Running, mechanic: str) -> None:
    answer = app.post("/api/reservations", "jan", wish("2025-10-22", mechanic))
    fault = {"field": "start_ts", "message": "start_ts cannot be in the past"}
    told = {"error": "Bad Request", "message": "Validation failed", "details": [fault]}
    assert (answer.status_code, answer.json()) == (400, told)


def test_what_is_not_there_is_not_found(app: Running, day: str, mechanic: str) -> None:
    nobody = str(uuid4())
    answers = [
        app.post("/api/reservations", "jan", wish(day, mechanic, service_id=9)),
        app.post("/api/reservations", "jan", wish(day, nobody)),
        app.post("/api/reservations", "jan", wish(day, mechanic, vehicle_license_plate="XX1")),
    ]
    assert [(one.status_code, one.json()) for one in answers] == [
        (404, {"error": "Service not found", "details": {"service_id": 9}}),
        (404, {"error": "Employee not found", "details": {"employee_id": nobody}}),
        (404, {"error": "Vehicle not found", "details": {"license_plate": "XX1"}}),
    ]


def test_someone_elses_vehicle_is_forbidden(app: Running, day: str, mechanic: str) -> None:
    answer = app.post("/api/reservations", "jan", wish(day, mechanic, vehicle_license_plate="KRK5678"))
    told = {"error": "Vehicle not owned by user", "details": {"license_plate": "KRK5678"}}
    assert (answer.status_code, answer.json()) == (403, told)


@pytest.mark.parametrize("plate", ["waw1234", "WAW1234 ", "W\u00c1W1234"])
def test_a_plate_that_is_written_otherwise_is_not_found(
    app: Running, day: str, mechanic: str, plate: str
) -> None:
    reservation = made(app, day, mechanic)
    change = {"vehicle_license_plate": plate}
    told = {"error": "Vehicle not found", "details": {"license_plate": plate}}
    answer = app.post("/api/reservations", "jan", wish(day, mechanic, "10:00") | change)
    assert (answer.status_code, answer.json()) == (404, told)
    answer = app.patch(path_of(reservation), "jan", change)
    assert (answer.status_code, answer.json()) == (404, told)


def test_a_taken_time_is_a_conflict_and_the_other_mechanic_is_free(app: Running, day: str) -> None:
    first, second = mechanics(app).values()
    made(app, day, first)
    answer = app.post("/api/reservations", "jan", wish(day, first, "09:15"))
    told = {"error": "Time slot not available", "details": {"conflicts": 1}}
    assert (answer.status_code, answer.json()) == (409, told)
    made(app, day, second)
    made(app, day, first, "09:30")


@pytest.mark.parametrize("time", ["07:30", "10:45", "11:00", "11:15", "15:45", "16:00", "22:00"])
def test_outside_the_schedule_the_employee_is_not_available(
    app: Running, day: str, mechanic: str, time: str
) -> None:
    answer = app.post("/api/reservations", "jan", wish(day, mechanic, time))
    told = {"error": "Employee not available", "details": {"employee_id": mechanic}}
    assert (answer.status_code, answer.json()) == (409, told)
    saturday = str(dt.date.fromisoformat(day) + dt.timedelta(days=4))
    assert app.post("/api/reservations", "jan", wish(saturday, mechanic)).status_code == 409


# -- reading -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", [None, "", "Bearer", "Bearer nobody", "demo-jan", "Bearer demo-JAN"])
def test_who_is_unknown_is_unauthorized(app: Running, token: str | None) -> None:
    headers = {} if token is None else {"Authorization": token}
    whole = wish("2026-11-02", str(uuid4()))
    for method, path in (("GET", ""), ("POST", ""), ("GET", f"/{uuid4()}"), ("PATCH", f"/{uuid4()}")):
        answer = app.ask(method, f"/api/reservations{path}", json=whole, headers=headers)
        told = {"error": "Unauthorized", "message": "Authentication required"}
        assert (answer.status_code, answer.json()) == (401, told)
    answer = app.get("/reservations/available?service_id=1", headers=headers)
    assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"})


def test_a_list_has_ones_own_by_start_and_the_secretariats_has_all(app: Running, day: str) -> None:
    first, second = mechanics(app).values()
    made(app, day, first, "10:00")
    made(app, day, second, "08:30")
    other = app.post("/api/reservations", "ewa", wish(day, first, "09:00", vehicle_license_plate="KRK5678"))
    own = everything(app, "jan")
    assert other.json()["id"] not in {one["id"] for one in own}
    assert [one["start_ts"] for one in own] == sorted(one["start_ts"] for one in own)
    assert {one["vehicle_license_plate"] for one in own} == {"WAW1234"}
    assert other.json() in everything(app, "sek")


def everything(app: Running, user: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for page in count(1):
        answer = app.get(f"/api/reservations?page={page}&limit=100", user).json()
        found += answer["data"]
        if page * 100 >= answer["pagination"]["total"]:
            break
    return found


def test_pages_are_counted_from_one(app: Running, day: str, mechanic: str) -> None:
    for time in ("08:00", "08:30", "09:00"):
        made(app, day, mechanic, time)
    answer = app.get("/api/reservations?page=2&limit=1", "jan").json()
    whole = everything(app, "jan")
    assert answer == {"data": whole[1:2], "pagination": {"page": 2, "limit": 1, "total": len(whole)}}
    assert app.get("/api/reservations", "jan").json()["pagination"]["limit"] == 20
    assert app.get("/api/reservations?page=9999", "jan").json()["data"] == []


@pytest.mark.parametrize(
    "query", ["page=0", "page=-1", "page=x", "page=", "limit=0", "limit=101", "limit=1.5", f"page={'9' * 40}"]
)
def test_a_wrong_page_is_named(app: Running, query: str) -> None:
    answer = app.get(f"/api/reservations?{query}", "jan")
    field = query.split("=", maxsplit=1)[0]
    words = {"page": "page must be greater than 0", "limit": "limit must be between 1 and 100"}
    faults = [{"field": field, "message": words[field]}]
    told = {"error": "Bad Request", "message": "Invalid query parameters", "details": faults}
    assert (answer.status_code, answer.json()) == (400, told)


def test_one_is_read_as_a_whole_by_its_owner_and_the_secretariat(
    app: Running, day: str, mechanic: str
) -> None:
    reservation = made(app, day, mechanic)
    for user in ("jan", "sek"):
        read = app.get(path_of(reservation), user).json()
        assert {**read, **reservation} == read
        assert (read["vehicle_brand"], read["vehicle_model"]) == ("VW", "Passat")
        assert str(UUID(read["user_id"])) == read["user_id"]
        assert read["recommendation_text"].startswith("Based on your 2010 VW Passat")
    answer = app.get(path_of(reservation), "ewa")
    assert (answer.status_code, answer.json()) == (403, {"error": "Access denied to this reservation"})


def test_an_unknown_reservation_is_not_found_and_a_wrong_id_is_named(app: Running) -> None:
    nothing = str(uuid4())
    for method in ("GET", "PATCH"):
        answer = app.ask(method, f"/api/reservations/{nothing}", "jan", {"status": "Cancelled"})
        told = {"error": "Reservation not found", "details": {"id": nothing}}
        assert (answer.status_code, answer.json()) == (404, told)
        answer = app.ask(method, "/api/reservations/first", "jan", {"status": "Cancelled"})
        fault = {"field": "id", "message": "Reservation ID must be a valid UUID"}
        wrong = {"error": "Bad Request", "message": "Invalid reservation ID", "details": [fault]}
        assert (answer.status_code, answer.json()) == (400, wrong)


# -- free slots ----------------------------------------------------------------------------------------------


def free(app: Running, query: str) -> list[dict[str, str]]:
    answer = app.get(f"/reservations/available?{query}", "jan")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
    found: list[dict[str, str]] = answer.json()["data"]
    return found


def test_slots_step_by_the_duration_in_each_span_of_hours(app: Running, day: str) -> None:
    slots = free(app, f"service_id=2&start_ts={day}T00:00:00Z&end_ts={day}T23:00:00Z&limit=200")
    starts = ["08:00", "09:00", "10:00", "11:30", "12:30", "13:30", "14:30"]
    assert [one["start_ts"] for one in slots] == [f"{day}T{start}:00Z" for start in starts for _ in range(2)]
    assert {one["employee_name"] for one in slots} == {"Mechanik1", "Mechanik2"}
    assert slots[0]["end_ts"] == f"{day}T09:00:00Z"


def test_what_is_reserved_is_not_offered(app: Running, day: str, mechanic: str) -> None:
    query = f"service_id=1&start_ts={day}T00:00:00Z&end_ts={day}T23:00:00Z&limit=200"
    before = free(app, query)
    made(app, day, mechanic, "09:15")
    gone = [one for one in before if one not in free(app, query)]
    assert [(one["start_ts"], one["employee_id"]) for one in gone] == [
        (f"{day}T09:00:00Z", mechanic),
        (f"{day}T09:30:00Z", mechanic),
    ]


def test_slots_start_now_and_are_32_unless_otherwise_asked(app: Running) -> None:
    slots = free(app, "service_id=1")
    assert len(slots) == 32
    assert slots[0]["start_ts"] == "2025-10-23T07:00:00Z"
    assert len(free(app, "service_id=1&limit=200")) == 200


@pytest.mark.parametrize("clock", ["2026-03-27", "2026-03-30"])
def test_hours_are_the_local_clocks_around_a_change(app: Running, clock: str) -> None:
    slots = free(app, f"service_id=1&start_ts={clock}T00:00:00Z&limit=1")
    first = "08:00" if clock == "2026-03-27" else "07:00"
    assert slots[0]["start_ts"] == f"{clock}T{first}:00Z"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "service_id"),
        ("service_id=x", "service_id"),
        ("service_id=0", "service_id"),
        ("service_id=1&start_ts=x", "start_ts"),
        ("service_id=1&start_ts=2026-11-03T09:00:00", "start_ts"),
        ("service_id=1&start_ts=2025-10-22T15:29:59Z", "start_ts"),
        ("service_id=1&start_ts=2026-11-03T00:00:00Z&end_ts=2026-11-03T00:00:00Z", "end_ts"),
        ("service_id=1&start_ts=2026-11-03T00:00:00Z&end_ts=2026-11-02T00:00:00Z", "end_ts"),
        ("service_id=1&start_ts=2026-11-03T00:00:00Z&end_ts=2027-02-01T00:00:01Z", "end_ts"),
        ("service_id=1&start_ts=9999-12-31T23:59:59.999999Z", "end_ts"),
        ("service_id=1&start_ts=9999-12-31T23:00:00-05:00", "start_ts"),
        ("service_id=1&end_ts=9999-12-31T23:59:59Z", "end_ts"),
        ("service_id=1&limit=0", "limit"),
        ("service_id=1&limit=201", "limit"),
    ],
)
def test_a_wrong_question_about_slots_is_named(app: Running, query: str, field: str) -> None:
    answer = app.get(f"/reservations/available?{query}", "jan")
    told = answer.json()
    assert (answer.status_code, told["error"]) == (400, "Validation error")
    assert [one["path"] for one in told["details"]] == [[field]]
    assert set(told["details"][0]) == {"code", "path", "message"}


@pytest.mark.parametrize("query", ["", "service_id=", "service_id=x", "service_id=0", "service_id=1_0"])
def test_a_wrong_service_is_told_in_the_documents_words(app: Running, query: str) -> None:
    answer = app.get(f"/reservations/available?{query}", "jan")
    text = "Service ID must be a positive integer"
    fault = {"code": "invalid_type", "path": ["service_id"], "message": text}
    assert (answer.status_code, answer.json()) == (400, {"error": "Validation error", "details": [fault]})


def test_slots_are_found_to_the_end_of_the_calendar(app: Running) -> None:
    assert free(app, "service_id=1&start_ts=9999-12-31T22:00:00Z") == []
    slots = free(app, "service_id=1&start_ts=9999-12-06T00:00:00Z&limit=1")
    assert slots[0]["start_ts"] == "9999-12-06T08:00:00Z"


def test_slots_of_an_unknown_service_are_not_found(app: Running) -> None:
    answer = app.get("/reservations/available?service_id=7", "jan")
    assert (answer.status_code, answer.json()) == (404, {"error": "Service not found"})


# -- changing ------------------------------------------------------------------------------------------------


def test_time_service_and_vehicle_change_together(app: Running, day: str, mechanic: str) -> None:
    reservation = made(app, day, mechanic)
    change = {"service_id": 2, **times(day, "13:00", "14:00")}
    answer = app.patch(path_of(reservation), "jan", change)
    changed = answer.json()
    assert answer.status_code == 200, answer.text
    assert {**changed, **times(day, "13:00", "14:00"), "service_name": "Brake Inspection"} == changed
    assert "brake inspection" in changed["recommendation_text"]
    assert changed == app.get(path_of(reservation), "jan").json()
    made(app, day, mechanic, "09:00")


def test_another_service_alone_keeps_the_start_and_takes_its_own_duration(
    app: Running, day: str, mechanic: str
) -> None:
    reservation = made(app, day, mechanic)
    changed = app.patch(path_of(reservation), "jan", {"service_id": 2}).json()
    assert (changed["start_ts"], changed["end_ts"]) == (f"{day}T09:00:00Z", f"{day}T10:00:00Z")
    made(app, day, mechanic, "11:30")
    late = made(app, day, mechanic, "12:00")
    made(app, day, mechanic, "12:30")
    answer = app.patch(path_of(late), "jan", {"service_id": 2})
    told = answer.json()
    assert (answer.status_code, told["error"]) == (409, "New time slot not available")
    assert told["details"] == {
        "conflicts": 1,
        "employee_id": mechanic,
        "requested_start": f"{day}T12:00:00Z",
        "requested_end": f"{day}T13:00:00Z",
    }


def test_the_vehicle_alone_changes_to_another_of_the_owners(app: Running, day: str, mechanic: str) -> None:
    reservation = made(app, day, mechanic)
    same = app.patch(path_of(reservation), "sek", {"vehicle_license_plate": "WAW1234"})
    assert (same.status_code, same.json()["vehicle_model"]) == (200, "Passat")
    answer = app.patch(path_of(reservation), "jan", {"vehicle_license_plate": "KRK5678"})
    assert (answer.status_code, answer.json()["error"]) == (403, "Vehicle not owned by user")
    answer = app.patch(path_of(reservation), "jan", {"vehicle_license_plate": "XX1"})
    assert (answer.status_code, answer.json()["error"]) == (404, "Vehicle not found")


def test_new_times_are_checked_like_first_ones(app: Running, day: str, mechanic: str) -> None:
    reservation = made(app, day, mechanic)
    made(app, day, mechanic, "10:00")
    answers = {
        name: app.patch(path_of(reservation), "jan", change)
        for name, change in {
            "taken": times(day, "10:00", "10:30"),
            "lunch": times(day, "11:00", "11:30"),
            "long": times(day, "09:00", "10:00"),
            "past": times("2025-10-22", "09:00", "09:30"),
            "start alone": {"start_ts": f"{day}T12:00:00Z"},
            "end alone": {"end_ts": f"{day}T12:00:00Z"},
            "backwards": times(day, "10:00", "09:30"),
            "nothing": {},
        }.items()
    }
    assert {name: one.status_code for name, one in answers.items()} == {
        "taken": 409,
        "lunch": 409,
        "long": 400,
        "past": 400,
        "start alone": 400,
        "end alone": 400,
        "backwards": 400,
        "nothing": 400,
    }
    assert answers["taken"].json()["error"] == "New time slot not available"
    assert app.get(path_of(reservation), "jan").json() == {
        **app.get(path_of(reservation), "jan").json(),
        **reservation,
    }


def test_a_new_reservation_is_cancelled_once_and_frees_its_time(
    app: Running, day: str, mechanic: str
) -> None:
    reservation = made(app, day, mechanic)
    answer = app.patch(path_of(reservation), "jan", {"status": "Cancelled"})
    assert (answer.status_code, answer.json()["status"]) == (200, "Cancelled")
    told = {
        "error": 'Only "New" status can be changed to "Cancelled" or "Completed"',
        "details": {"current_status": "Cancelled"},
    }
    changes = [{"status": status} for status in ("Cancelled", "Completed", "New")]
    for change in [*changes, times(day, "10:00", "10:30")]:
        answer = app.patch(path_of(reservation), "sek", change)
        assert (answer.status_code, answer.json()) == (400, told)
    made(app, day, mechanic)
    assert reservation["id"] in {one["id"] for one in everything(app, "jan")}


def test_only_the_secretariat_completes(app: Running, day: str, mechanic: str) -> None:
    reservation = made(app, day, mechanic)
    answer = app.patch(path_of(reservation), "jan", {"status": "Completed"})
    assert (answer.status_code, answer.json()) == (
        403,
        {
            "error": "Only secretariat can mark reservation as completed",
            "details": {"user_role": "user", "requested_status": "Completed"},
        },
    )
    answer = app.patch(path_of(reservation), "sek", {"status": "Completed"})
    assert (answer.status_code, answer.json()["status"]) == (200, "Completed")


def test_a_change_with_a_part_that_fails_changes_nothing(app: Running, day: str, mechanic: str) -> None:
    reservation = made(app, day, mechanic)
    change = {**times(day, "10:00", "10:30"), "status": "Completed"}
    assert app.patch(path_of(reservation), "jan", change).status_code == 403
    read = app.get(path_of(reservation), "jan").json()
    assert {**read, **reservation} == read


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"status": "Lost"}, "status"),
        ({"status": 1}, "status"),
        ({"service_id": "2"}, "service_id"),
        ({"service_id": True}, "service_id"),
        ({"start_ts": 5}, "start_ts"),
        ({"end_ts": "2026-11-03T09:00:00Z"}, "start_ts"),
        ({"start_ts": "2026-11-03T09:00:00Z", "end_ts": "9999-12-31T23:59:59Z"}, "end_ts"),
    ],
)
def test_a_change_of_the_wrong_kind_is_a_bad_request(
    app: Running, day: str, mechanic: str, change: dict[str, Any], field: str
) -> None:
    reservation = made(app, day, mechanic)
    answer = app.patch(path_of(reservation), "jan", change)
    told = answer.json()
    assert (answer.status_code, told["error"], told["message"]) == (400, "Bad Request", "Validation failed")
    assert [one["field"] for one in told["details"]] == [field]


def test_a_stranger_changes_nothing(app: Running, day: str, mechanic: str) -> None:
    reservation = made(app, day, mechanic)
    for change in ({"status": "Cancelled"}, times(day, "10:00", "10:30"), {"service_id": 2}):
        answer = app.patch(path_of(reservation), "ewa", change)
        assert (answer.status_code, answer.json()) == (403, {"error": "Access denied to this reservation"})


def test_of_a_past_reservation_only_the_status_changes(database: str, day: str) -> None:
    with running("workshop", database, now=NOW) as app:
        mechanic = mechanics(app)["Mechanik1"]
        reservation, other = made(app, day, mechanic), made(app, day, mechanic, "10:00")
    with running("workshop", database, now=f"{day}T12:00:00Z") as app:
        changes: list[dict[str, Any]] = [{"service_id": 2}, {"vehicle_license_plate": "WAW1234"}]
        changes.append({**times(day, "13:00", "13:30")})
        for change in changes:
            answer = app.patch(path_of(reservation), "jan", change)
            assert (answer.status_code, answer.json()) == (
                400,
                {
                    "error": "Cannot modify past reservation except status",
                    "details": {
                        "reservation_start": f"{day}T09:00:00Z",
                        "current_time": f"{day}T12:00:00Z",
                    },
                },
            )
        assert app.patch(path_of(reservation), "sek", {"status": "Completed"}).status_code == 200
        assert app.patch(path_of(other), "jan", {"status": "Cancelled"}).status_code == 200


# -- what it must withstand ----------------------------------------------------------------------------------


def test_a_repeat_with_its_key_gets_the_first_answer(app: Running, day: str, mechanic: str) -> None:
    key = {"Idempotency-Key": f"key {day}"}
    asked = wish(day, mechanic)
    answers = [app.post("/api/reservations", "jan", asked, headers=key) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    other = app.post("/api/reservations", "jan", wish(day, mechanic, "10:00"), headers=key)
    assert other.status_code == 422
    whose = wish(day, mechanic, "10:00", vehicle_license_plate="KRK5678")
    assert app.post("/api/reservations", "ewa", whose, headers=key).status_code == 201


def test_a_refusal_is_kept_under_its_key(app: Running, day: str, mechanic: str) -> None:
    key = {"Idempotency-Key": f"refused {day}"}
    asked = wish(day, mechanic, vehicle_license_plate="KRK5678")
    answers = [app.post("/api/reservations", "jan", asked, headers=key) for _ in range(2)]
    assert [one.status_code for one in answers] == [403, 403]
    assert answers[0].json() == answers[1].json()
    assert app.post("/api/reservations", "jan", wish(day, mechanic), headers=key).status_code == 422


def test_many_changes_at_once_are_all_made(app: Running, day: str) -> None:
    starts = [f"{hour:02}:{minute}" for hour in (8, 9, 12, 13) for minute in ("00", "30")]
    reservations = [made(app, day, one, at) for one in mechanics(app).values() for at in starts]
    assert len(reservations) > 15, "as many as a pool has connections"
    change = {"vehicle_license_plate": "WAW1234"}
    answers = at_once([partial(app.patch, path_of(one), "jan", change) for one in reservations])
    assert {one.status_code for one in answers} == {200}


def test_changes_of_one_reservation_at_once_leave_it_whole(app: Running, day: str, mechanic: str) -> None:
    reservation = made(app, day, mechanic)
    changes = [{"service_id": 2}, {"vehicle_license_plate": "WAW1234"}, {"service_id": 1}]
    answers = at_once([partial(app.patch, path_of(reservation), "jan", change) for change in changes * 4])
    assert {one.status_code for one in answers} == {200}
    for one in [*answers, app.get(path_of(reservation), "jan")]:
        told = one.json()
        assert f"along with the {told['service_name'].lower()}" in told["recommendation_text"]


def test_of_many_repeats_at_once_one_reserves(app: Running, day: str, mechanic: str) -> None:
    key = {"Idempotency-Key": f"many {day}"}
    answers = at_once([partial(app.post, "/api/reservations", "jan", wish(day, mechanic), headers=key)] * 8)
    assert {one.status_code for one in answers} <= {201, 409}
    assert len({one.json()["id"] for one in answers if one.status_code == 201}) == 1


def test_of_twenty_who_want_one_time_one_gets_it_also_from_two_servers(database: str, day: str) -> None:
    with running("workshop", database, now=NOW) as one, running("workshop", database, now=NOW) as two:
        asked = wish(day, mechanics(one)["Mechanik1"])
        answers = at_once([partial(app.post, "/api/reservations", "jan", asked) for app in [one, two] * 10])
        assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
        assert len([found for found in everything(one, "jan") if found["start_ts"].startswith(day)]) == 1


def test_what_was_answered_outlives_the_process(database: str, day: str) -> None:
    with running("workshop", database, now=NOW) as app:
        reservation = made(app, day, mechanics(app)["Mechanik1"])
        app.kill()
    with running("workshop", database, now=NOW) as app:
        read = app.get(path_of(reservation), "jan").json()
        assert {**read, **reservation} == read


def test_what_nobody_expects_is_told_in_the_endpoints_shape(tmp_path: Path) -> None:
    file = tmp_path / "broken.sqlite3"
    with running("workshop", f"sqlite:///{file}", now=NOW) as app:
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("DROP TABLE workshop_users")
        once = {"Connection": "close"}  # as the server does after an error
        answer = app.get("/reservations/available?service_id=1", "jan", headers=once)
        assert (answer.status_code, answer.json()) == (500, {"error": "Internal server error"})
        answer = app.get("/api/reservations", "jan", headers=once)
        told = {"error": "Internal Server Error", "message": "An unexpected error occurred"}
        assert (answer.status_code, answer.json()) == (500, told)


def test_its_openapi_document_tells_every_endpoint(app: Running) -> None:
    paths = app.get("/openapi.json").json()["paths"]
    assert set(paths) == {
        "/health",
        "/api/reservations",
        "/api/reservations/{number}",
        "/reservations/available",
    }
