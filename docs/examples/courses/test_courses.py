"""The courses, over HTTP, on every database: what their document says, and what they must withstand."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import expect

from browsing import browser, picture
from driving import MALFORMED, Running, at_once, running

START = dt.datetime(2025, 9, 2, 10, 30, tzinfo=dt.UTC)
JOHN, JANE = 456, 457
_MINUTES = count()


def text(instant: dt.datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


@pytest.fixture
def now() -> dt.datetime:
    """A minute of its own for each test."""
    return START + dt.timedelta(minutes=next(_MINUTES))


@pytest.fixture(scope="module")
def shared(database: str) -> Iterator[Running]:
    with running("courses", database, now=text(START)) as found:
        yield found


@contextmanager
def emptied(app: Running) -> Iterator[Running]:
    """Give all seats back before a test."""
    for user in (JOHN, JANE):
        for status in ("1", "2"):
            while found := app.get(f"/api/users/{user}/bookings?status={status}&limit=100", "admin").json():
                for one in found:
                    assert change(app, one, confirmed=-1).status_code == 200
    yield app


@pytest.fixture
def app(shared: Running) -> Iterator[Running]:
    with emptied(shared) as found:
        yield found


def wish(course: int = 1, stream: str = "3rd_stream", **more: Any) -> dict[str, Any]:
    return {"course_id": course, "course_stream": stream, **more}


def book(app: Running, user: str = "john_doe", **more: Any) -> dict[str, Any]:
    answer = app.post("/api/bookings", user, wish(**more))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def change(app: Running, booking: dict[str, Any], user: str = "admin", **what: Any) -> Any:
    path = f"/api/users/{booking['user_id']}/bookings"
    return app.patch(path, user, {"booking_id": booking["id"], **what})


def read(app: Running, booking: dict[str, Any]) -> dict[str, Any]:
    listed = app.get(f"/api/users/{booking['user_id']}/bookings?limit=100", "admin").json()
    found: dict[str, Any] = next(one for one in listed if one["id"] == booking["id"])
    return found


def messages(app: Running, user: int = JOHN) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = app.get(f"/api/users/{user}/messages", "admin").json()
    return found


def test_a_booking_is_pending_and_has_all_the_documents_fields(app: Running) -> None:
    plain = book(app, "jane_smith", stream="4th_stream")
    assert plain == {
        "id": plain["id"],
        "user_id": JANE,
        "username": "jane_smith",
        "first_name": "Jane",
        "course_id": 1,
        "course_stream": "4th_stream",
        "confirmed": 1,
        "created_at": "2025-09-02T10:30:00.000Z",
        "referral_code": None,
        "discount_percent": 0,
    }
    referred = book(app, referral_code="FRIEND10")
    assert (referred["referral_code"], referred["discount_percent"]) == ("FRIEND10", 10)
    assert isinstance(referred["id"], int)


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"course_id": "1", "course_stream": "3rd_stream"}, 400),
        ({"course_id": True, "course_stream": "3rd_stream"}, 400),
        ({"course_id": 1.5, "course_stream": "3rd_stream"}, 400),
        ({"course_id": 1}, 400),
        ({"course_stream": "3rd_stream"}, 400),
        ({"course_id": 1, "course_stream": 3}, 400),
        ({"course_id": 1, "course_stream": ""}, 400),
        ({"course_id": 1, "course_stream": "3rd_stream", "referral_code": "FOE"}, 400),
        ({"course_id": 1, "course_stream": "3rd_stream", "referral_code": 10}, 400),
        ({"course_id": 3, "course_stream": "3rd_stream"}, 404),
        ({"course_id": 1, "course_stream": "5th_stream"}, 404),
        ({"course_id": 1, "course_stream": "a/b"}, 404),
    ],
)
def test_a_booking_that_makes_no_sense_is_refused(
    shared: Running, asked: dict[str, Any], status: int
) -> None:
    answer = shared.post("/api/bookings", "john_doe", asked)
    assert (answer.status_code, list(answer.json())) == (status, ["error"])


@pytest.mark.parametrize("body", MALFORMED, ids=lambda body: repr(body[:12]))
def test_malformed_bodies_are_refused(shared: Running, body: bytes) -> None:
    for method, path in (("POST", "/api/bookings"), ("PATCH", f"/api/users/{JOHN}/bookings")):
        answer = shared.ask(method, path, "admin", content=body)
        assert (answer.status_code, list(answer.json())) == (400, ["error"])


def test_a_body_that_is_too_large_is_refused(shared: Running) -> None:
    answer = shared.post("/api/bookings", "john_doe", wish(stream="x" * 2**20))
    assert (answer.status_code, list(answer.json())) == (413, ["error"])
    long = shared.post("/api/bookings", "john_doe", wish(stream="x" * 5000))
    told = {"error": "The field course_stream must have 1 to 80 characters"}
    assert (long.status_code, long.json()) == (400, told)


def test_a_full_stream_is_a_conflict_and_a_cancelled_seat_is_free_again(app: Running) -> None:
    first = book(app, stream="4th_stream")
    book(app, stream="4th_stream")
    full = app.post("/api/bookings", "jane_smith", wish(stream="4th_stream"))
    assert (full.status_code, full.json()) == (409, {"error": "Stream is full"})
    book(app, stream="4th_stream", course=2)
    assert change(app, first, confirmed=-1).json()["confirmed"] == -1
    book(app, "jane_smith", stream="4th_stream")


def test_admins_list_all_bookings_the_newest_first(app: Running) -> None:
    made = [book(app, user)["id"] for user in ("john_doe", "jane_smith", "john_doe")]
    listed = app.get("/api/bookings?limit=3", "admin").json()
    assert [one["id"] for one in listed] == made[::-1]
    assert len(app.get("/api/bookings", "admin").json()) <= 20
    for query in ("limit=0", "limit=-1", "limit=101", "limit=x", "limit="):
        assert app.get(f"/api/bookings?{query}", "admin").status_code == 400


def test_twenty_are_listed_unless_otherwise_asked(app: Running) -> None:
    for course in (1, 2):
        for _ in range(12):
            book(app, course=course)
    assert len(app.get("/api/bookings", "admin").json()) == 20
    assert len(app.get("/api/bookings?limit=24", "admin").json()) == 24
    own = f"/api/users/{JOHN}/bookings"
    assert len(app.get(own, "john_doe").json()) == 20
    pages = [app.get(f"{own}?status=1&limit=9&offset={offset}", "john_doe").json() for offset in (0, 9, 18)]
    ids = [one["id"] for page in pages for one in page]
    assert (len(ids), ids) == (24, sorted(ids, reverse=True))


def test_a_user_lists_their_own_bookings_with_filters(app: Running, database: str, now: dt.datetime) -> None:
    later = now + dt.timedelta(days=7)
    first = book(app, stream="4th_stream")
    with running("courses", database, now=text(later)) as after:
        second = book(after)
        change(after, second, confirmed=2)
        path = f"/api/users/{JOHN}/bookings"

        def ids(**query: str) -> list[int]:
            found = after.get(path, "john_doe", params={"limit": "100", **query}).json()
            return [one["id"] for one in found if one["id"] in {first["id"], second["id"]}]

        assert ids() == [second["id"], first["id"]]
        for status, wanted in {"2": second, "confirmed": second, "1": first, "pending": first}.items():
            assert ids(status=status) == [wanted["id"]]
        assert ids(status="-1") == ids(status="cancelled") == []
        assert ids(stream="4th_stream") == [first["id"]]
        assert ids(stream="5th_stream") == []
        assert ids(**{"from": text(later)}) == [second["id"]]
        assert ids(to=text(START)) == [first["id"]]
        assert ids(**{"from": str(START.date()), "to": str(START.date())}) == [first["id"]]
        for query in ("status=3", "status=lost", "from=soon", "limit=101", "offset=-1", "limit=0"):
            assert after.get(f"{path}?{query}", "john_doe").status_code == 400


def test_a_confirmation_assigns_the_stream_and_sends_one_welcome(app: Running) -> None:
    booking, before = book(app), len(messages(app))
    changed = change(app, booking, confirmed=2)
    assert (changed.status_code, changed.json()["confirmed"], changed.json()["success"]) == (200, 2, True)
    user = app.get(f"/api/users/{JOHN}", "john_doe").json()
    assert user == {
        "user_id": JOHN,
        "username": "john_doe",
        "first_name": "John",
        "course_stream": "3rd_stream",
    }
    (told,) = messages(app)[before:]
    assert told == {"kind": "welcome", "text": told["text"], "created_at": "2025-09-02T10:30:00Z"}
    assert change(app, booking, confirmed=2).status_code == 409
    assert len(messages(app)) == before + 1


def test_a_change_of_stream_checks_its_seats_and_moves_the_user(app: Running) -> None:
    booking = book(app)
    change(app, booking, confirmed=2)
    for _ in range(2):
        book(app, "jane_smith", stream="4th_stream")
    full = change(app, booking, course_stream="4th_stream")
    assert (full.status_code, full.json()) == (409, {"error": "Stream is full"})
    assert app.get(f"/api/users/{JOHN}", "john_doe").json()["course_stream"] == "3rd_stream"
    with emptied(app):
        other = book(app)
        moved = change(app, other, course_stream="4th_stream", confirmed=2)
        assert (moved.json()["course_stream"], moved.json()["confirmed"]) == ("4th_stream", 2)
        assert app.get(f"/api/users/{JOHN}", "admin").json()["course_stream"] == "4th_stream"
        back = change(app, other, course_stream="3rd_stream").json()
        assert back["course_stream"] == "3rd_stream"
        assert app.get(f"/api/users/{JOHN}", "admin").json()["course_stream"] == "3rd_stream"


def test_a_change_of_which_a_part_fails_leaves_everything_as_it_was(app: Running) -> None:
    booking, before = book(app), messages(app)
    for _ in range(2):
        book(app, "jane_smith", stream="4th_stream")
    user = app.get(f"/api/users/{JOHN}", "admin").json()
    assert change(app, booking, confirmed=2, course_stream="4th_stream").status_code == 409
    assert change(app, booking, course_stream="3rd_stream", confirmed=7).status_code == 400
    assert read(app, booking) == booking
    assert app.get(f"/api/users/{JOHN}", "admin").json() == user
    assert messages(app) == before


def test_a_cancelled_booking_is_final(app: Running) -> None:
    booking = book(app)
    change(app, booking, confirmed=-1)
    for what in ({"confirmed": 2}, {"confirmed": 1}, {"confirmed": -1}, {"course_stream": "4th_stream"}):
        assert change(app, booking, **what).status_code == 409


@pytest.mark.parametrize(
    "what", [{}, {"confirmed": "2"}, {"confirmed": True}, {"confirmed": 3}, {"course_stream": 4}]
)
def test_a_change_that_makes_no_sense_is_refused(app: Running, what: dict[str, Any]) -> None:
    assert change(app, book(app), **what).status_code == 400


def test_what_is_not_there_is_not_found(app: Running) -> None:
    booking = book(app)
    for other in ({"id": 10**9}, {"user_id": JANE}, {"user_id": 9}, {"user_id": 10**30}):
        answer = change(app, {**booking, **other}, confirmed=2)
        assert (answer.status_code, answer.json()) == (404, {"error": "Booking not found"})
    for answer, kind in (
        (change(app, booking, course_stream="9th_stream"), "Stream"),
        (app.post("/api/bookings", "john_doe", wish(stream="9th_stream")), "Stream"),
        (app.post("/api/bookings", "john_doe", wish(9)), "Course"),
        (app.get("/api/courses/9/materials", "john_doe"), "Course"),
        (app.get("/api/courses/9/statistics", "admin"), "Course"),
        (app.post("/api/courses/9/messages", "admin", {"text": "Hello"}), "Course"),
        (app.get("/api/users/9", "admin"), "User"),
    ):
        assert (answer.status_code, answer.json()) == (404, {"error": f"{kind} not found"})
    for path in (
        f"/api/users/{10**30}",
        "/api/users/9",
        "/api/users/9/bookings",
        "/api/users/9/messages",
        "/api/nothing",
    ):
        assert app.get(path, "admin").status_code == 404


def test_who_is_unknown_is_unauthorized_and_who_may_not_is_forbidden(shared: Running) -> None:
    calls = [
        ("GET", "/api/bookings"),
        ("POST", "/api/bookings"),
        ("GET", f"/api/users/{JOHN}"),
        ("GET", f"/api/users/{JOHN}/bookings"),
        ("GET", f"/api/users/{JOHN}/messages"),
        ("PATCH", f"/api/users/{JOHN}/bookings"),
        ("GET", "/"),
    ]
    for method, path in calls:
        wrong = ("Bearer nobody", "demo-admin", "Bearer DEMO-admin", "Bearer demo-Admin", "Bearer demo-ádmin")
        for headers in ({}, *({"Authorization": one.encode()} for one in wrong)):
            answer = shared.ask(method, path, headers=headers)
            assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"})
        if method != "POST":
            assert shared.ask(method, path, "jane_smith").status_code == 403


def test_a_token_is_taken_from_the_address_of_the_table_alone(shared: Running) -> None:
    assert shared.get("/?token=demo-admin").status_code == 200
    assert shared.get("/?token=demo-jane_smith").status_code == 403
    for path in ("/api/bookings?token=demo-admin", "/?token=%00", "/?token=DEMO-admin", "/?token=", "/"):
        answer = shared.get(path)
        assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"})


def test_what_a_confirmation_opens_up(app: Running) -> None:
    booking = book(app)
    assert app.get("/api/courses/1/materials", "john_doe").status_code == 403
    change(app, booking, confirmed=2)
    materials = app.get("/api/courses/1/materials", "john_doe").json()
    assert len(materials["materials"]) == 3
    assert app.get("/api/courses/2/materials", "john_doe").status_code == 403
    assert app.get("/api/courses/9/materials", "john_doe").status_code == 404
    before = len(messages(app))
    sent = app.post("/api/courses/1/messages", "admin", {"text": "Bring a pen."})
    assert (sent.status_code, sent.json()) == (201, {"sent": 1})
    assert messages(app)[before:][0]["text"] == "Bring a pen."
    counted = app.get("/api/courses/1/statistics", "admin").json()
    assert (counted["by_status"]["confirmed"], counted["by_status"]["pending"]) == (1, 0)
    assert app.get("/api/courses/1/statistics", "john_doe").status_code == 403


def test_a_repeat_with_its_key_gets_the_first_answer(app: Running, now: dt.datetime) -> None:
    key = {"Idempotency-Key": f"key {now}"}
    answers = [app.post("/api/bookings", "john_doe", wish(), headers=key) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert app.post("/api/bookings", "john_doe", wish(2), headers=key).status_code == 422
    assert app.post("/api/bookings", "jane_smith", wish(2), headers=key).status_code == 201
    many = {"Idempotency-Key": f"many {now}"}
    racing = at_once([partial(app.post, "/api/bookings", "john_doe", wish(), headers=many)] * 8)
    assert {one.status_code for one in racing} <= {201, 409}
    assert len({one.json()["id"] for one in racing if one.status_code == 201}) == 1


def test_messages_and_changes_that_are_repeated_with_their_key_are_made_once(
    app: Running, now: dt.datetime
) -> None:
    booking, before = book(app), len(messages(app))
    key = {"Idempotency-Key": f"once {now}"}
    path = f"/api/users/{JOHN}/bookings"
    confirm = {"booking_id": booking["id"], "confirmed": 2}
    changes = [app.patch(path, "admin", confirm, headers=key) for _ in range(2)]
    assert [one.status_code for one in changes] == [200, 200]
    assert changes[0].json() == changes[1].json()
    path = "/api/courses/1/messages"
    racing = at_once([partial(app.post, path, "admin", {"text": "Bring a pen."}, headers=key)] * 6)
    assert {one.status_code for one in racing} <= {201, 409}
    again = app.post(path, "admin", {"text": "Bring a pen."}, headers=key)
    assert (again.status_code, again.json()) == (201, {"sent": 1})
    assert app.post(path, "admin", {"text": "Bring two."}, headers=key).status_code == 422
    assert [one["kind"] for one in messages(app)[before:]] == ["welcome", "message"]


def test_of_twenty_who_want_the_last_seat_one_gets_it_also_from_two_servers(
    app: Running, database: str
) -> None:
    book(app, stream="4th_stream")
    with running("courses", database, now=text(START)) as other:
        acts = [
            partial(one.post, "/api/bookings", user, wish(stream="4th_stream"))
            for one in (app, other)
            for user in ("john_doe", "jane_smith")
        ]
        answers = at_once(acts * 5)
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19


def test_what_was_answered_outlives_the_process(database: str, app: Running) -> None:
    del app
    with running("courses", database, now=text(START)) as first:
        booking = book(first)
        assert change(first, booking, confirmed=2).status_code == 200
        told = messages(first)
        first.kill()
    with running("courses", database, now=text(START)) as second:
        assert read(second, booking) == {**booking, "confirmed": 2}
        assert messages(second) == told


def test_at_the_table_an_admin_filters_confirms_and_cancels(app: Running) -> None:
    first, second = book(app, referral_code="FRIEND10"), book(app, "jane_smith")
    with browser() as (page,):
        page.goto(f"{app.url}/?token=demo-admin")
        rows = {one["id"]: page.locator(f"tr[data-booking='{one['id']}']") for one in (first, second)}
        expect(rows[first["id"]].locator(".badge")).to_have_text("pending")
        expect(rows[first["id"]]).to_contain_text("10 % (FRIEND10)")
        rows[first["id"]].get_by_role("button", name="Confirm").click()
        expect(rows[first["id"]].locator(".badge")).to_have_text("confirmed")
        rows[second["id"]].get_by_role("button", name="Cancel").click()
        expect(rows[second["id"]].locator(".badge")).to_have_text("cancelled")
        picture(page, "courses")
        page.locator("#status").select_option("confirmed")
        expect(rows[first["id"]]).to_be_visible()
        expect(rows[second["id"]]).to_be_hidden()
        page.get_by_label(f"Stream of booking {first['id']}").select_option("4th_stream")
        expect(page.get_by_label(f"Stream of booking {first['id']}")).to_have_value("4th_stream")
    assert read(app, first) == {**first, "confirmed": 2, "course_stream": "4th_stream"}


def shown_at(app: Running, **query: object) -> list[int]:
    """Return the numbers of the bookings that are on a page of the table."""
    answer = app.get("/", params={"token": "demo-admin", **query})
    assert answer.status_code == 200
    return [int(one) for one in re.findall('data-booking="([0-9]+)"', answer.text)]


def test_every_booking_is_on_a_page_of_the_table(app: Running) -> None:
    made: list[int] = []
    for _ in range(4):
        with emptied(app):
            made = [book(app)["id"] for _ in range(14)]
    change(app, {"id": made[0], "user_id": JOHN}, confirmed=2)
    pages: list[list[int]] = []
    while found := shown_at(app, page=len(pages) + 1):
        pages.append(found)
    ids = [one for page in pages for one in page]
    assert {len(page) for page in pages[:-1]} == {50}
    assert len(ids) == len(set(ids)) > 50
    listed = [app.get(f"/api/bookings?limit=100&page={page}", "admin").json() for page in (1, 2, 3)]
    assert ids[:300] == [one["id"] for page in listed for one in page]
    assert shown_at(app, status="confirmed") == [made[0]]
    assert shown_at(app, status="pending") == made[:0:-1]
    assert len(shown_at(app, status="cancelled")) >= 42
    for wrong in ({"page": 0}, {"page": "x"}, {"status": "lost"}):
        assert app.get("/", "admin", params=wrong).status_code == 400
    with browser() as (page,):
        page.goto(f"{app.url}/?token=demo-admin")
        page.get_by_role("link", name="Older").click()
        expect(page.locator(f"tr[data-booking='{ids[50]}']")).to_be_visible()
        page.get_by_role("link", name="Newer").click()
        expect(page.locator(f"tr[data-booking='{ids[0]}']")).to_be_visible()


def test_the_table_works_for_those_who_send_their_token_in_a_header(app: Running) -> None:
    booking = book(app)
    with browser() as (page,):
        page.set_extra_http_headers({"Authorization": "Bearer demo-admin"})
        page.goto(app.url)
        row = page.locator(f"tr[data-booking='{booking['id']}']")
        row.get_by_role("button", name="Confirm").click()
        expect(row.locator(".badge")).to_have_text("confirmed")
    assert read(app, booking)["confirmed"] == 2


def test_the_openapi_document_tells_every_endpoint(shared: Running) -> None:
    told = shared.get("/openapi.json").json()
    assert told["openapi"] == "3.1.0"
    for path, methods in told["paths"].items():
        known = re.sub(r"{\w+}", "1", path)
        for method in ("get", "post", "put", "patch", "delete"):
            answer = shared.ask(method.upper(), known)
            assert (answer.status_code == 405) is (method not in methods), (method, path)
            if answer.status_code == 405:
                assert {one.upper() for one in methods} <= set(answer.headers["Allow"].split(", "))
