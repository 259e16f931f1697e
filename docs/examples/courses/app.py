"""Courses: seats in streams of limited capacity, booked by users, and confirmed by admins at a table.

python docs/examples/courses/app.py --port 8002 --demo
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Final

import attrs
import sqlalchemy as sa
from flask import Flask, Response, g, jsonify, render_template, request, send_file
from werkzeug.exceptions import HTTPException
from werkzeug.serving import make_server

import slotkeeper as sk
from slotkeeper.adapters.sql import SqlStore, Tables
from slotkeeper.contrib import web

ADMIN: Final = sk.HasRole("admin")
LIFECYCLE: Final = sk.Lifecycle(
    [
        sk.State("pending", occupies=True, code=1),
        sk.State("confirmed", occupies=True, code=2),
        sk.State("cancelled", final=True, counts=False, code=-1),
    ],
    [
        sk.Transition(None, "request", "pending"),
        sk.Transition("pending", "confirm", "confirmed", who=[ADMIN]),
        *(sk.Transition(one, "cancel", "cancelled", who=[ADMIN]) for one in ("pending", "confirmed")),
        *(sk.Transition(one, "reschedule", one, who=[ADMIN]) for one in ("pending", "confirmed")),
    ],
    name="seat",
)
ALWAYS: Final = sk.Interval.parse("2000-01-01T00:00Z/2100-01-01T00:00Z")
"""A course has no times here: its one session lasts for as long as there are seats to be had."""
CODES: Final = {"FRIEND10": 10}
LARGEST: Final = 2**31 - 1
"""The largest number that the columns of the application's own hold; no user has it."""

METADATA: Final = sa.MetaData()
TABLES: Final = Tables(METADATA)
USERS: Final = sa.Table(
    "courses_users",
    METADATA,
    sa.Column("user_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("username", sa.String(80), nullable=False),
    sa.Column("first_name", sa.String(80), nullable=False),
    sa.Column("token", sa.String(80), unique=True, nullable=False),
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("course_stream", sa.String(80)),
)
MESSAGES: Final = sa.Table(
    "courses_messages",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("user_id", sa.ForeignKey(USERS.c.user_id), nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("created_at", sa.String(40), nullable=False),
)
TOLD: Final = (MESSAGES.c.kind, MESSAGES.c.text, MESSAGES.c.created_at)

app = Flask(__name__)


@attrs.frozen
class Courses:
    """The desk beside users and messages, in one transaction where something changes."""

    store: SqlStore
    clock: Callable[[], dt.datetime]

    def desk(self, connection: sa.Connection | None = None) -> sk.BookingDesk:
        store = self.store if connection is None else SqlStore.on(connection, tables=TABLES)
        return sk.BookingDesk(store, clock=self.clock, lifecycle=LIFECYCLE, numbered=True)

    def rows(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        with self.store.engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def shown(self, bookings: list[sk.Booking]) -> list[dict[str, Any]]:
        """Return bookings as the document has them."""
        ids = {one.customer_id for one in bookings}
        users = {row["user_id"]: row for row in self.rows(sa.select(USERS).where(USERS.c.user_id.in_(ids)))}
        return [
            {
                "id": one.id,
                "user_id": one.customer_id,
                "username": users[one.customer_id]["username"],
                "first_name": users[one.customer_id]["first_name"],
                "course_id": one.service_id,
                "course_stream": stream_of(one),
                "confirmed": LIFECYCLE.state(one.status).external,
                "created_at": one.created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "referral_code": one.attributes["referral_code"],
                "discount_percent": one.attributes["discount_percent"],
            }
            for one in bookings
        ]

    def tell(self, connection: sa.Connection, user_id: sk.Id | None, kind: str, text: str) -> None:
        row = {"user_id": user_id, "kind": kind, "text": text, "created_at": web.instant_text(self.clock())}
        connection.execute(MESSAGES.insert().values(row))

    def confirmed(self, course_id: int) -> list[sk.Booking]:
        wanted = sk.BookingFilter(service_ids=[course_id], statuses=["confirmed"])
        return list(self.desk().find(wanted, sk.Listing(limit=10_000)).items)

    def enrol(self, connection: sa.Connection, booking: sk.Booking) -> None:
        """Assign a user to the stream of a confirmed booking."""
        user = USERS.c.user_id == booking.customer_id
        connection.execute(USERS.update().where(user).values(course_stream=stream_of(booking)))


def stream_of(booking: sk.Booking) -> str:
    return str(booking.resource_id).split("/")[1]


def here() -> Courses:
    courses: Courses = app.config["COURSES"]
    return courses


def answer(error: sk.SlotkeeperError) -> web.Answer:
    """Return the answer to an error, in the document's shape."""
    told = web.problem(error)
    text = {sk.SlotTakenError: "Stream is full", sk.ForbiddenError: "Forbidden"}.get(type(error), told.detail)
    return web.Answer(told.status, {"error": text}, told.headers)


def rendered(given: web.Answer) -> Response:
    response = jsonify(given.body)
    response.status_code = given.status
    response.headers.update(given.headers)
    return response


def signed_in(*roles: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let those in who are known, and have one of the roles if there are any."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(**given: Any) -> Any:
            token = web.bearer_token(request.headers.get("Authorization")) or request.args.get("token")
            found = here().rows(sa.select(USERS).where(USERS.c.token == token))
            if not found:
                return jsonify({"error": "Unauthorized"}), 401
            g.actor = sk.Actor(found[0]["user_id"], roles=found[0]["role"])
            if roles and g.actor.roles.isdisjoint(roles):
                raise sk.ForbiddenError(g.actor.id, request.path, roles)
            return view(**given)

        return guarded

    return decorate


def known_user(user_id: int) -> dict[str, Any]:
    """Return a user that may be looked at: oneself, or anybody for an admin."""
    if g.actor.id != user_id and g.actor.roles.isdisjoint({"admin"}):
        raise sk.ForbiddenError(g.actor.id, "read", ["owner", "role:admin"])
    shown = (USERS.c.user_id, USERS.c.username, USERS.c.first_name, USERS.c.course_stream)
    for row in here().rows(sa.select(*shown).where(USERS.c.user_id == min(user_id, LARGEST))):
        return row
    raise sk.NotFoundError("user", user_id)


@app.get("/openapi.json")
def openapi() -> Any:
    return send_file(Path(__file__).with_name("openapi.json"))


@app.get("/health")
def health() -> Any:
    return {"status": "ok"}


@app.get("/api/bookings")
@signed_in("admin")
def list_bookings() -> Any:
    limit = web.Parameters(request.args.to_dict()).integer("limit", 20, most=100)
    listing = sk.Listing(order="-created_at", limit=limit)
    return jsonify(here().shown(list(here().desk().find(listing=listing).items)))


@app.post("/api/bookings")
@signed_in()
def create_booking() -> Response:
    def book() -> web.Answer:
        given = web.Fields.of_json(request.get_data())
        course, stream = given.integer("course_id"), given.text("course_stream", least=1, most=80)
        code = given.text("referral_code", None)
        if code is not None and code not in CODES:
            raise sk.InvalidFieldError("referral_code", code, "is unknown")
        made = (
            here()
            .desk()
            .book(
                course,
                ALWAYS.start,
                customer_id=g.actor.id,
                resource_ids=[f"{course}/{stream}"],
                attributes={"referral_code": code, "discount_percent": CODES[code] if code else 0},
                actor=g.actor,
                key=key,
            )
        )
        return web.Answer(201, here().shown([made])[0])

    key = request.headers.get("Idempotency-Key")
    repeats = web.Repeats(here().store, answer=answer)
    return rendered(repeats.once(key, f"{g.actor.id} POST bookings", request.get_data(), book))


@app.get("/api/users/<int:user_id>")
@signed_in()
def get_user(user_id: int) -> Any:
    return known_user(user_id)


@app.get("/api/users/<int:user_id>/messages")
@signed_in()
def list_messages(user_id: int) -> Any:
    known_user(user_id)
    return jsonify(here().rows(sa.select(*TOLD).where(MESSAGES.c.user_id == user_id).order_by(MESSAGES.c.id)))


@app.get("/api/users/<int:user_id>/bookings")
@signed_in()
def list_users_bookings(user_id: int) -> Any:
    known_user(user_id)
    asked, desk = web.Parameters(request.args.to_dict()), here().desk()
    limit, offset = asked.integer("limit", 20, most=100), asked.integer("offset", 0, least=0)
    status, stream = asked.text("status", None), asked.text("stream", None)
    found = desk.find(
        customer_id=user_id,
        statuses=() if status is None else [LIFECYCLE.parse_status(status)],
        resource_ids=() if stream is None else [f"{one.id}/{stream}" for one in desk.services(active=None)],
        created=web.window(asked, "from", "to"),
        listing=sk.Listing(order="-created_at", limit=limit, offset=offset),
    )
    return jsonify(here().shown(list(found.items)))


@app.patch("/api/users/<int:user_id>/bookings")
@signed_in("admin")
def change_booking(user_id: int) -> Any:
    known_user(user_id)
    given = web.Fields.of_json(request.get_data())
    given.one_of("confirmed", "course_stream")
    number, code = given.integer("booking_id"), given.integer("confirmed", None)
    stream = given.text("course_stream", None, least=1, most=80)

    def work(connection: sa.Connection) -> sk.Booking:
        desk = here().desk(connection)
        booking = desk.get(number)
        if booking.customer_id != user_id:
            raise sk.NotFoundError("booking", number)
        if stream is not None:
            room = [f"{booking.service_id}/{stream}"]
            booking = desk.reschedule(number, resource_ids=room, actor=g.actor).booking
        if code is not None:
            booking = desk.set_status(number, code, actor=g.actor)
        if booking.status == "confirmed":
            here().enrol(connection, booking)
        if code is not None and booking.status == "confirmed":
            here().tell(connection, user_id, "welcome", f"Welcome to {stream_of(booking)}!")
        return booking

    return {"success": True, **here().shown([here().store.transact(work)])[0]}


@app.get("/api/courses/<int:course_id>/materials")
@signed_in()
def get_materials(course_id: int) -> Any:
    course = here().desk().get_service(course_id)
    if g.actor.id not in {one.customer_id for one in here().confirmed(course_id)}:
        raise sk.ForbiddenError(g.actor.id, "read", ["a confirmed booking"])
    return {"course_id": course_id, "materials": [f"{course.name}, part {part}" for part in (1, 2, 3)]}


@app.get("/api/courses/<int:course_id>/statistics")
@signed_in("admin")
def get_statistics(course_id: int) -> Any:
    here().desk().get_service(course_id)
    streams = here().desk().resources(role=f"course {course_id}")
    found = here().desk().statistics(ALWAYS, resource_ids=[one.id for one in streams], actor=g.actor)
    return {"course_id": course_id, "total": found.total, "by_status": dict(found.by_status)}


@app.post("/api/courses/<int:course_id>/messages")
@signed_in("admin")
def send_messages(course_id: int) -> Any:
    text = web.Fields.of_json(request.get_data()).text("text", least=1)
    here().desk().get_service(course_id)
    eligible = sorted({int(str(one.customer_id)) for one in here().confirmed(course_id)})

    def work(connection: sa.Connection) -> None:
        for user_id in eligible:
            here().tell(connection, user_id, "message", text)

    here().store.transact(work)
    return {"sent": len(eligible)}, 201


@app.get("/")
@signed_in("admin")
def table() -> str:
    newest = sk.Listing(order="-created_at", limit=100)
    rows = here().shown(list(here().desk().find(listing=newest).items))
    courses = {one.id: one.name for one in here().desk().services(active=None)}
    streams = sorted({one.name for one in here().desk().resources()})
    return render_template(
        "table.html", rows=rows, courses=courses, streams=streams, token=request.args.get("token")
    )


@app.errorhandler(sk.SlotkeeperError)
def refused(error: sk.SlotkeeperError) -> Response:
    return rendered(answer(error))


@app.errorhandler(HTTPException)
def failed(error: HTTPException) -> Any:
    return jsonify({"error": error.description}), error.code


@app.errorhandler(Exception)
def broken(error: Exception) -> Any:
    app.logger.error("unexpected", exc_info=error)
    return jsonify({"error": "Failed to fetch bookings"}), 500


def demo(connection: sa.Connection) -> None:
    """Put the demo data into an empty database."""
    if connection.scalar(sa.select(USERS.c.user_id).limit(1)) is not None:
        return
    people = [(1, "admin", "Ada"), (456, "john_doe", "John"), (457, "jane_smith", "Jane")]
    for number, name, first in people:
        facts = {"user_id": number, "username": name, "first_name": first, "token": f"demo-{name}"}
        connection.execute(USERS.insert().values({**facts, "role": "admin" if number == 1 else "user"}))
    desk = sk.BookingDesk(SqlStore.on(connection, tables=TABLES))
    session = sk.Schedule.of([ALWAYS])
    for course in (1, 2):
        for stream, seats in (("3rd_stream", 20), ("4th_stream", 2)):
            role = f"course {course}"
            desk.add_resource(
                sk.Resource(f"{course}/{stream}", session, name=stream, capacity=seats, roles=[role])
            )
        desk.add_service(
            sk.Service(
                course,
                sk.WholeOpening(),
                name=f"Course {course}",
                needs=[sk.Requirement(f"course {course}")],
                notice=None,
                action="request",
            )
        )


def main() -> None:
    given = web.serving("Courses.", database="sqlite:///courses.sqlite3")
    store = SqlStore.from_url(given.url, tables=TABLES)
    store.create_all(USERS, MESSAGES, fill=demo if given.demo else None)
    app.config["COURSES"] = Courses(store, given.clock)
    server = make_server("127.0.0.1", given.port, app, threaded=True)
    print(f"ready http://127.0.0.1:{given.port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
