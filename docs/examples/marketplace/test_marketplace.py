"""The marketplace, over HTTP and WebSocket, on every database: what its document says and must withstand."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from driving import MALFORMED, Running, at_once, forget_attempts, running

START = dt.datetime(2025, 10, 22, 15, 30, tzinfo=dt.UTC)
BOOKINGS = "/api/bookings/bookings/"
FREE = "/api/bookings/availabilities/"
_MINUTES = count()
_TUESDAYS = (dt.date(2026, 1, 6) + dt.timedelta(weeks=number) for number in count())


def text(instant: dt.datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def a_minute() -> dt.datetime:
    """Return a minute that is given to nobody else."""
    return START + dt.timedelta(minutes=2 * next(_MINUTES))


@pytest.fixture(scope="module")
def shared(database: str) -> Iterator[Running]:
    """An application for all tests that need no other clock and no second process."""
    with running("marketplace", database, now=text(START)) as found:
        yield found


@pytest.fixture
def app(shared: Running, database: str) -> Running:
    """The same, where nobody has used up a rate limit."""
    forget_attempts(database)
    return shared


@pytest.fixture
def day() -> str:
    """A Tuesday that no other test uses."""
    return str(next(_TUESDAYS))


def wish(day: str, time: str = "10:00", **more: Any) -> dict[str, Any]:
    at = f"{day}T{time}:00Z"
    return {"service": 1, "provider": 1, "booking_date": at, "start_time": at, "duration": 120, **more}


def book(app: Running, day: str, time: str = "10:00", user: str = "carol", **more: Any) -> dict[str, Any]:
    answer = app.post(BOOKINGS, user, wish(day, time, **more))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def act(app: Running, booking: dict[str, Any], action: str, user: str = "p1", **more: Any) -> Any:
    return app.post(f"{BOOKINGS}{booking['id']}/{action}/", user, **more)


def outcome(answer: Any) -> tuple[int, str]:
    told = answer.json()
    assert set(told) == {"code", "message", "details"}
    return answer.status_code, told["code"]


# -- looking for services ------------------------------------------------------------------------------------


def test_a_search_ranks_who_offers_what_and_shows_when(shared: Running) -> None:
    results = shared.get("/api/services/intelligent-search/?date=2025-10-23").json()["results"]
    assert sorted((one["service"]["id"], one["provider"]["id"]) for one in results) == [
        (1, 1),
        (1, 2),
        (2, 2),
        (2, 3),
    ]
    assert [one["score"] for one in results] == sorted((one["score"] for one in results), reverse=True)
    slots = results[0]["slots"]
    assert slots[0] == {
        "provider": results[0]["provider"]["id"],
        "service": results[0]["service"]["id"],
        "start_time": "2025-10-23T08:00:00Z",
        "end_time": slots[0]["end_time"],
    }


@pytest.mark.parametrize(
    ("query", "pairs"),
    [
        ("location=Warsaw", {(1, 1), (1, 2), (2, 2)}),
        ("location=krakow", {(2, 3)}),
        ("category=cleaning", {(1, 1), (1, 2)}),
        ("category=plumbing&location=Warsaw", {(2, 2)}),
        ("location=Paris", set()),
        ("", {(1, 1), (1, 2), (2, 2), (2, 3)}),
    ],
)
def test_a_search_is_filtered(shared: Running, query: str, pairs: set[tuple[int, int]]) -> None:
    results = shared.get(f"/api/services/intelligent-search/?{query}").json()["results"]
    assert {(one["service"]["id"], one["provider"]["id"]) for one in results} == pairs


def test_a_service_is_read_with_its_providers(shared: Running) -> None:
    found = shared.get("/api/services/services/2/").json()
    assert {**found, "name": "Plumbing", "category": "plumbing", "duration": 60} == found
    assert [one["id"] for one in found["providers"]] == [2, 3]
    for number in (0, 9):
        answer = shared.get(f"/api/services/services/{number}/")
        assert outcome(answer) == (404, "NOT_FOUND")


def test_who_did_not_disappoint_ranks_higher(app: Running, day: str) -> None:
    def score() -> float:
        results = app.get("/api/services/intelligent-search/?category=cleaning").json()["results"]
        return next(float(one["score"]) for one in results if one["provider"]["id"] == 1)

    before, booking = score(), book(app, day)
    for action in ("confirm", "start", "complete"):
        assert act(app, booking, action).status_code == 200
    assert score() > before
    better, other = score(), book(app, day, "14:00")
    act(app, other, "confirm")
    assert act(app, other, "no-show").json()["status"] == "no_show"
    assert score() < better


def test_availability_is_what_can_be_booked_also_right_after_a_booking(app: Running, day: str) -> None:
    query = f"{FREE}?provider=1&service=1&date={day}"
    before = app.get(query, "dave").json()
    assert (before[0]["start_time"], before[-1]["start_time"]) == (f"{day}T08:00:00Z", f"{day}T16:00:00Z")
    booking = book(app, day, "12:00")
    gone = {one["start_time"][11:16] for one in before if one not in app.get(query, "dave").json()}
    assert gone == {"10:30", "11:00", "11:30", "12:00", "12:30", "13:00", "13:30"}
    act(app, booking, "cancel", "carol")
    assert app.get(query, "dave").json() == before
    halves = app.get(f"{FREE}?provider=1&date={day}", "dave").json()
    assert (len(halves), halves[0]["service"]) == (20, None)


def test_availability_of_another_process_is_never_old(database: str, day: str) -> None:
    now = text(a_minute())
    query = f"{FREE}?provider=1&service=1&date={day}"
    with running("marketplace", database, now=now) as one, running("marketplace", database, now=now) as two:
        before = two.get(query, "dave").json()
        book(one, day, "08:00")
        assert len(two.get(query, "dave").json()) == len(before) - 4


@pytest.mark.parametrize(
    "query", ["", "provider=x", "provider=0", "provider=1&date=soon", "provider=1&service=x"]
)
def test_a_wrong_question_about_availability_is_refused(shared: Running, query: str) -> None:
    assert outcome(shared.get(f"{FREE}?{query}", "carol")) == (400, "VALIDATION_ERROR")


def test_availability_needs_a_known_user_and_provider(shared: Running) -> None:
    assert outcome(shared.get(f"{FREE}?provider=1")) == (401, "UNAUTHORIZED")
    assert outcome(shared.get(f"{FREE}?provider=9", "carol")) == (404, "NOT_FOUND")


# -- booking -------------------------------------------------------------------------------------------------


def test_a_booking_is_pending_and_has_its_version_as_a_tag(app: Running, day: str) -> None:
    answer = app.post(BOOKINGS, "carol", wish(day, customer_notes="Additional instructions"))
    booking = answer.json()
    assert (answer.status_code, answer.headers["ETag"]) == (201, f'"{booking["version"]}"')
    assert booking == {
        **booking,
        "service": 1,
        "provider": 1,
        "customer": 11,
        "start_time": f"{day}T10:00:00Z",
        "end_time": None,
        "duration": 120,
        "status": "pending",
        "customer_notes": "Additional instructions",
        "payment": {**booking["payment"], "status": "pending", "amount": 60.0, "currency": "EUR"},
    }
    for user in ("carol", "p1", "admin"):
        read = app.get(f"{BOOKINGS}{booking['id']}/", user)
        assert (read.json(), read.headers["ETag"]) == (booking, answer.headers["ETag"])
    for user in ("dave", "p2"):
        assert outcome(app.get(f"{BOOKINGS}{booking['id']}/", user)) == (403, "FORBIDDEN")
    assert outcome(app.get(f"{BOOKINGS}{10**9}/", "carol")) == (404, "NOT_FOUND")


WRONG: list[dict[str, Any]] = [
    {"service": "1"},
    {"service": True},
    {"service": 1.5},
    {"provider": None},
    {"start_time": "2026-01-06T10:00:00"},
    {"start_time": "2025-10-22T10:00:00Z", "booking_date": None},
    {"start_time": None},
    {"booking_date": "2027-01-05T10:00:00Z"},
    {"duration": 60},
    {"duration": 135},
    {"duration": 0},
    {"duration": "120"},
    {"customer_notes": 7},
    {"customer_notes": "\x00"},
]


@pytest.mark.parametrize("half", [WRONG[:7], WRONG[7:]])
def test_a_booking_that_makes_no_sense_is_refused(
    database: str, day: str, half: list[dict[str, Any]]
) -> None:
    with running("marketplace", database, now=text(a_minute())) as app:
        for change in half:
            answer = app.post(BOOKINGS, "carol", {**wish(day), **change})
            assert outcome(answer) == (400, "VALIDATION_ERROR"), change


def test_a_taken_time_and_an_absent_provider_are_conflicts(app: Running, day: str) -> None:
    book(app, day)
    sunday = str(dt.date.fromisoformat(day) + dt.timedelta(days=5))
    for asked in (
        wish(day, "11:30"),
        wish(day, "08:30"),
        wish(day, "17:00"),
        wish(sunday),
        wish(day, service=2, duration=60),
    ):
        assert outcome(app.post(BOOKINGS, "dave", asked)) == (409, "BOOKING_CONFLICT")
    book(app, day, "12:00", "dave", duration=180)


def test_what_is_not_there_is_not_found_and_who_is_no_customer_forbidden(app: Running, day: str) -> None:
    assert outcome(app.post(BOOKINGS, "carol", wish(day, service=9))) == (404, "NOT_FOUND")
    assert outcome(app.post(BOOKINGS, "carol", wish(day, provider=9))) == (404, "NOT_FOUND")
    for user in ("p1", "admin"):
        assert outcome(app.post(BOOKINGS, user, wish(day))) == (403, "FORBIDDEN")
    assert outcome(app.get("/nothing")) == (404, "NOT_FOUND")


def test_malformed_bodies_are_refused(database: str, day: str) -> None:
    with running("marketplace", database, now=text(a_minute())) as app:
        booking = book(app, day)
        for body in MALFORMED:
            answer = app.ask("PATCH", f"{BOOKINGS}{booking['id']}/", "carol", content=body)
            assert outcome(answer) == (400, "VALIDATION_ERROR")
        for body in MALFORMED[:9]:
            answer = app.ask("POST", BOOKINGS, "carol", content=body)
            assert outcome(answer) == (400, "VALIDATION_ERROR")


def test_who_is_unknown_is_unauthorized(shared: Running) -> None:
    calls = [
        ("GET", ""),
        ("POST", ""),
        ("GET", "1/"),
        ("PATCH", "1/"),
        ("POST", "1/cancel/"),
        ("POST", "1/confirm/"),
    ]
    for method, path in calls:
        for token in ("", "Bearer nobody", "demo-carol", "Bearer DEMO-CAROL", "Bearer demo-c\u00e0rol"):
            headers = {"Authorization": token.encode()}
            assert outcome(shared.ask(method, BOOKINGS + path, headers=headers)) == (401, "UNAUTHORIZED")


def test_the_history_has_pages_for_each_party(app: Running, day: str) -> None:
    first, second = book(app, day, "08:00"), book(app, day, "10:00")
    ours = {first["id"], second["id"]}
    for user in ("carol", "p1", "admin"):
        answer = app.get(f"{BOOKINGS}?page_size=100", user).json()
        assert (answer["page"], answer["page_size"], answer["count"]) == (1, 100, len(answer["results"]))
        assert [one["id"] for one in answer["results"] if one["id"] in ours] == [second["id"], first["id"]]
        times = [one["created_at"] for one in answer["results"]]
        assert times == sorted(times, reverse=True)
        part = app.get(f"{BOOKINGS}?page=2&page_size=1", user).json()
        assert part["results"] == answer["results"][1:2]
    assert all(one["customer"] == 12 for one in app.get(BOOKINGS, "dave").json()["results"])
    for query in ("page=0", "page_size=0", "page_size=101", "page=x"):
        assert outcome(app.get(f"{BOOKINGS}?{query}", "carol")) == (400, "VALIDATION_ERROR")


# -- changing ------------------------------------------------------------------------------------------------


def test_a_moved_booking_awaits_the_provider_anew(app: Running, day: str) -> None:
    booking = book(app, day)
    act(app, booking, "confirm")
    path = f"{BOOKINGS}{booking['id']}/"
    moved = app.patch(
        path, "carol", {"start_time": f"{day}T14:00:00Z", "duration": 150, "customer_notes": "late"}
    )
    found = moved.json()
    assert (found["status"], found["start_time"], found["duration"]) == (
        "rescheduled",
        f"{day}T14:00:00Z",
        150,
    )
    assert found["customer_notes"] == "late"
    assert act(app, booking, "confirm").json()["status"] == "confirmed"
    book(app, day, "10:00", "dave")
    taken = app.patch(path, "carol", {"start_time": f"{day}T11:00:00Z"})
    assert outcome(taken) == (409, "BOOKING_CONFLICT")
    noted = app.patch(path, "p1", {"customer_notes": "bring a ladder"}).json()
    assert (noted["status"], noted["customer_notes"]) == ("confirmed", "bring a ladder")
    assert outcome(app.patch(path, "dave", {"customer_notes": "mine"})) == (403, "FORBIDDEN")
    same = app.patch(path, "carol", {"start_time": f"{day}T14:00:00Z", "duration": 150}).json()
    assert (same["status"], same["version"]) == ("confirmed", noted["version"])
    for wrong in ({}, {"start_time": "soon"}, {"duration": 125}, {"customer_notes": 7}):
        assert outcome(app.patch(path, "carol", wrong)) == (400, "VALIDATION_ERROR")


def test_a_stale_tag_is_refused(app: Running, day: str) -> None:
    booking = book(app, day)
    path, tag = f"{BOOKINGS}{booking['id']}/", f'"{booking["version"]}"'

    def note(text: str, tag: str) -> Any:
        return app.patch(path, "carol", {"customer_notes": text}, headers={"If-Match": tag})

    first = note("a", tag)
    assert (first.status_code, first.headers["ETag"]) == (200, f'"{booking["version"] + 1}"')
    assert outcome(note("b", tag)) == (412, "PRECONDITION_FAILED")
    racing = [partial(note, str(one), first.headers["ETag"]) for one in range(6)]
    assert sorted(one.status_code for one in at_once(racing)) == [200] + [412] * 5
    assert outcome(note("c", "x")) == (400, "VALIDATION_ERROR")


def test_a_visit_goes_its_way_and_cannot_be_changed_after(app: Running, day: str) -> None:
    booking = book(app, day)
    assert outcome(act(app, booking, "confirm", "carol")) == (403, "FORBIDDEN")
    assert outcome(act(app, booking, "complete")) == (422, "BOOKING_NOT_MODIFIABLE")
    assert act(app, booking, "confirm", "admin").json()["status"] == "confirmed"
    assert outcome(act(app, booking, "start", "carol")) == (403, "FORBIDDEN")
    assert act(app, booking, "start").json()["status"] == "in_progress"
    for answer in (
        act(app, booking, "cancel", "carol"),
        app.patch(f"{BOOKINGS}{booking['id']}/", "carol", {"customer_notes": "x"}),
    ):
        assert outcome(answer) == (422, "BOOKING_NOT_MODIFIABLE")
    done = act(app, booking, "complete").json()
    assert done["status"] == "completed"
    assert done["end_time"] is not None
    for action in ("confirm", "start", "complete", "no-show"):
        assert outcome(act(app, booking, action)) == (422, "BOOKING_NOT_MODIFIABLE")


def test_the_customer_cancels_with_a_reason_until_it_starts(database: str, day: str) -> None:
    with running("marketplace", database, now=text(a_minute())) as app:
        booking, late = book(app, day), book(app, day, "14:00")
        assert outcome(act(app, booking, "cancel", "p1")) == (403, "FORBIDDEN")
        done = act(app, booking, "cancel", "carol", json={"reason": "ill"}).json()
        assert (done["status"], done["cancellation_reason"]) == ("cancelled", "ill")
        assert act(app, late, "confirm", json={"reason": "fine"}).json()["cancellation_reason"] is None
        assert outcome(act(app, booking, "cancel", "carol")) == (422, "BOOKING_NOT_MODIFIABLE")
    with running("marketplace", database, now=f"{day}T14:00:00Z") as app:
        assert outcome(act(app, late, "cancel", "carol")) == (422, "BOOKING_NOT_MODIFIABLE")


# -- payment and reviews -------------------------------------------------------------------------------------


def test_a_booking_is_paid_and_what_was_paid_is_given_back(app: Running, day: str) -> None:
    booking = book(app, day)
    path = f"/api/payments/{booking['payment']['checkout']}/complete/"
    for _ in range(2):
        paid = app.post(path).json()
        assert (paid["status"], paid["payment"]["status"]) == ("pending", "paid")
    act(app, booking, "confirm")
    gone = act(app, booking, "cancel", "carol").json()
    assert (gone["payment"]["status"], gone["payment"]["refunded"]) == ("refunded", 60.0)
    unpaid = act(app, book(app, day), "cancel", "carol").json()["payment"]
    assert (unpaid["status"], unpaid["refunded"]) == ("pending", None)
    for checkout in ("nothing", "7", "7-x", f"{booking['id']}-{'0' * 32}", "9" * 5000):
        assert outcome(app.post(f"/api/payments/{checkout}/complete/")) == (404, "NOT_FOUND")


def completed(app: Running, day: str, time: str = "10:00") -> dict[str, Any]:
    booking = book(app, day, time)
    for action in ("confirm", "start", "complete"):
        assert act(app, booking, action).status_code == 200
    return booking


def test_a_customer_reviews_a_completed_visit_once_and_that_counts(app: Running, day: str) -> None:
    def rating() -> tuple[float, int]:
        providers = app.get("/api/services/services/1/").json()["providers"]
        return next((one["rating"], one["ratings"]) for one in providers if one["id"] == 1)

    booking, before = completed(app, day), rating()
    ended = app.get(f"{BOOKINGS}{booking['id']}/", "carol").json()["end_time"]
    given = act(app, booking, "review", "carol", json={"rating": 1, "comment": "<b>late</b>"})
    assert given.status_code == 201
    assert given.json() == {**given.json(), "booking": booking["id"], "rating": 1, "comment": "<b>late</b>"}
    assert rating()[0] < before[0]
    assert rating()[1] == before[1] + 1
    assert app.get("/api/providers/1/reviews/").json()["results"][0] == given.json()
    assert outcome(act(app, booking, "review", "carol", json={"rating": 5})) == (
        422,
        "BOOKING_NOT_MODIFIABLE",
    )
    assert rating()[1] == before[1] + 1
    after = app.get(f"{BOOKINGS}{booking['id']}/", "carol").json()
    assert (after["status"], after["end_time"]) == ("completed", ended)


def test_a_review_that_makes_no_sense_is_refused(app: Running, day: str) -> None:
    booking = completed(app, day)
    for wrong in (
        {},
        {"rating": 0},
        {"rating": 6},
        {"rating": "5"},
        {"rating": True},
        {"rating": 5, "comment": 7},
    ):
        answer = act(app, booking, "review", "carol", json=wrong)
        assert outcome(answer) == (400, "VALIDATION_ERROR"), wrong
    for user in ("dave", "p2", "p1", "admin"):
        assert outcome(act(app, booking, "review", user, json={"rating": 5})) == (403, "FORBIDDEN"), user
    waiting = book(app, day, "14:00")
    assert outcome(act(app, waiting, "review", "carol", json={"rating": 5})) == (
        422,
        "BOOKING_NOT_MODIFIABLE",
    )
    assert outcome(app.get("/api/providers/9/reviews/")) == (404, "NOT_FOUND")


def test_of_many_reviews_at_once_one_counts_and_a_repeat_gets_its_answer(app: Running, day: str) -> None:
    booking = completed(app, day)
    before = app.get("/api/providers/1/reviews/").json()["count"]
    giving = [
        partial(act, app, booking, "review", "carol", json={"rating": number}) for number in (1, 2, 3, 4, 5)
    ]
    assert sorted(one.status_code for one in at_once(giving)) == [201] + [422] * 4
    assert app.get("/api/providers/1/reviews/").json()["count"] == before + 1
    other, key = completed(app, day, "13:00"), {"Idempotency-Key": f"review {day}"}
    twice = [act(app, other, "review", "carol", json={"rating": 4}, headers=key) for _ in range(2)]
    assert [one.status_code for one in twice] == [201, 201]
    assert twice[0].json() == twice[1].json()


# -- news ----------------------------------------------------------------------------------------------------


@contextmanager
def listening(app: Running, user: str, *channels: str) -> Iterator[ClientConnection]:
    with connect(f"{app.url.replace('http', 'ws')}/ws/?token=demo-{user}") as socket:
        for channel in channels:
            socket.send(json.dumps({"subscribe": channel}))
            assert json.loads(socket.recv(10)) == {"subscribed": channel}
        yield socket


def hear(socket: ClientConnection, event: str, **facts: Any) -> dict[str, Any]:
    """Return what is told of the event with those facts, which must come within ten seconds."""
    while True:
        told = json.loads(socket.recv(10))
        if told["event"] == event and facts.items() <= told["payload"].items():
            payload: dict[str, Any] = told["payload"]
            return payload


def test_each_party_hears_what_is_theirs(app: Running, day: str) -> None:
    booking = book(app, day)
    number = booking["id"]
    with (
        listening(app, "carol", f"bookings:{number}", "notifications:11") as carol,
        listening(app, "p1", "providers:1", f"bookings:{number}") as provider,
    ):
        act(app, booking, "confirm")
        assert hear(carol, "booking.status_updated", status="confirmed")["id"] == number
        news = hear(carol, "notification.created", status="confirmed")
        assert (news["booking"], news["text"]) == (number, f"Your booking {number} is confirmed.")
        assert hear(provider, "booking.status_updated", status="confirmed")["id"] == number
        assert hear(provider, "availability.updated") == {"provider": 1, "date": day}
    told = [one for one in app.get("/api/notifications/", "carol").json() if one["booking"] == number]
    assert [one["status"] for one in told] == ["pending", "confirmed"]


def test_news_cross_from_one_process_to_the_other(own_database: str, redis: str, day: str) -> None:
    now = text(a_minute())
    with (
        running("marketplace", own_database, now=now, redis=redis) as one,
        running("marketplace", own_database, now=now, redis=redis) as two,
    ):
        booking = book(one, day)
        channel = f"bookings:{booking['id']}"
        with listening(one, "carol", channel) as here, listening(two, "carol", channel) as there:
            for server, action, status in ((one, "confirm", "confirmed"), (two, "start", "in_progress")):
                act(server, booking, action)
                for socket in (here, there):
                    assert hear(socket, "booking.status_updated", status=status)["id"] == booking["id"]


def test_both_days_are_told_of_a_move(app: Running, day: str) -> None:
    booking, next_day = book(app, day), str(dt.date.fromisoformat(day) + dt.timedelta(days=1))
    with listening(app, "p1", "providers:1") as provider:
        app.patch(f"{BOOKINGS}{booking['id']}/", "carol", {"start_time": f"{next_day}T10:00:00Z"})
        for date in (day, next_day):
            assert hear(provider, "availability.updated", date=date)["provider"] == 1


def test_what_is_not_theirs_is_refused(app: Running, day: str) -> None:
    number = book(app, day)["id"]
    with listening(app, "dave", "notifications:12") as socket:
        for name in (
            f"bookings:{number}",
            "providers:1",
            "notifications:11",
            "bookings:999999",
            "x",
            None,
            7,
        ):
            socket.send(json.dumps({"subscribe": name}))
            assert json.loads(socket.recv(10)) == {"error": "forbidden", "channel": name}
        for raw in ("", "{", "[]", "null", "7", "[" * 5000, '{"subscribe": NaN}'):
            socket.send(raw)
            assert json.loads(socket.recv(10)) == {"error": "forbidden", "channel": None}
    elsewhere = ["ws?token=demo-carol", "other/", "health"]
    for path in ["ws/?token=nobody", "ws/", "ws/?token=DEMO-CAROL", "ws/?token=demo-carol%00", *elsewhere]:
        address = f"{app.url.replace('http', 'ws')}/{path}"
        with pytest.raises((ConnectionClosed, InvalidStatus)), connect(address) as closed:
            closed.recv(10)
    with listening(app, "admin", f"bookings:{number}", "providers:1"):
        pass


# -- what it must withstand ----------------------------------------------------------------------------------


def test_after_ten_creations_in_a_minute_a_customer_waits_also_at_another_server(
    database: str, day: str
) -> None:
    now = a_minute()
    with (
        running("marketplace", database, now=text(now)) as one,
        running("marketplace", database, now=text(now)) as two,
    ):
        key = {"Idempotency-Key": f"rate {now}"}
        assert one.post(BOOKINGS, "carol", wish(day), headers=key).status_code == 201
        answers = [app.post(BOOKINGS, "carol", wish(day)) for app in (one, two) * 5]
        assert [answer.status_code for answer in answers] == [409] * 9 + [429]
        assert outcome(answers[-1]) == (429, "RATE_LIMITED")
        assert answers[-1].headers["Retry-After"] == "60"
        assert two.post(BOOKINGS, "carol", wish(day), headers=key).status_code == 201
        assert two.post(BOOKINGS, "dave", wish(day, "14:00")).status_code == 201
    with running("marketplace", database, now=text(now + dt.timedelta(minutes=1))) as app:
        assert app.post(BOOKINGS, "carol", wish(day)).status_code == 409


def test_a_repeat_with_its_key_gets_the_first_answer(app: Running, day: str) -> None:
    key = {"Idempotency-Key": f"key {day}"}
    answers = [app.post(BOOKINGS, "carol", wish(day), headers=key) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert app.post(BOOKINGS, "carol", wish(day, "14:00"), headers=key).status_code == 422
    assert app.post(BOOKINGS, "dave", wish(day, "14:00"), headers=key).status_code == 201


def test_of_twenty_who_want_one_time_one_gets_it_also_from_two_servers(database: str, day: str) -> None:
    now = text(a_minute())
    with running("marketplace", database, now=now) as one, running("marketplace", database, now=now) as two:
        acts = [
            partial(app.post, BOOKINGS, user, wish(day)) for app in (one, two) for user in ("carol", "dave")
        ]
        answers = at_once(acts * 5)
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19


def test_what_was_answered_outlives_the_process(database: str, day: str) -> None:
    now = text(a_minute())
    with running("marketplace", database, now=now) as app:
        booking = book(app, day)
        app.kill()
    with running("marketplace", database, now=now) as app:
        assert app.get(f"{BOOKINGS}{booking['id']}/", "carol").json() == booking
        told = app.get("/api/notifications/", "carol").json()
        assert [one["status"] for one in told if one["booking"] == booking["id"]] == ["pending"]


def test_what_is_far_too_large_is_refused(shared: Running) -> None:
    large = b'{"customer_notes": "' + b"x" * 2**22 + b'"}'
    for method, path in (("POST", BOOKINGS), ("PATCH", f"{BOOKINGS}1/"), ("POST", f"{BOOKINGS}1/confirm/")):
        answer = shared.ask(method, path, "carol", content=large)
        assert answer.status_code in {400, 404}, answer.text
    for path in (BOOKINGS, FREE, "/api/services/intelligent-search/"):
        assert outcome(shared.get(f"{path}?{'x=&' * 1001}", "carol")) == (400, "VALIDATION_ERROR")


def test_two_processes_that_start_at_once_load_the_demo_data_once(database: str) -> None:
    def start() -> int:
        with running("marketplace", database, now=text(START)) as app:
            return len(app.get("/api/services/intelligent-search/").json()["results"])

    assert at_once([start, start]) == [4, 4]


def test_the_openapi_document_tells_every_endpoint(shared: Running) -> None:
    told = shared.get("/openapi.json").json()
    assert told["openapi"] == "3.1.0"
    for path, methods in told["paths"].items():
        known = re.sub(r"{\w+}", "1", path)
        for method in ("get", "post", "put", "patch", "delete"):
            answer = shared.ask(method.upper(), known)
            assert (answer.status_code == 405) is (method not in methods), (method, path)
