"""Courses: seats in streams of limited capacity, booked by users, and confirmed by admins at a table.

python docs/examples/courses/app.py --port 8002 --demo
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Final

import attrs
import sqlalchemy as sa
from flask import Flask, g, render_template, request, send_file
from werkzeug.exceptions import HTTPException
from werkzeug.serving import make_server

import slotkeeper as sk
from slotkeeper.adapters.sql import SqlStore, Tables, exact_text
from slotkeeper.contrib import web

ADMIN: Final = [sk.HasRole("admin")]
LIFECYCLE: Final = (
    sk.STANDARD.only("pending", "confirmed", "cancelled")
    .without("book", "decline")
    .with_codes({"pending": 1, "confirmed": 2, "cancelled": -1})
    .with_guards("confirm", who=ADMIN)
    .with_guards("cancel", who=ADMIN)
    .with_guards("reschedule", who=ADMIN)
)
ALWAYS: Final = sk.Interval.parse("2000-01-01T00:00Z/2100-01-01T00:00Z")
"""A course has no times here: its one session lasts for as long as there are seats to be had."""
CODES: Final = {"FRIEND10": 10}
KINDS: Final = {"service": "course", "resource": "stream"}
TEXTS: Final[dict[type[sk.SlotkeeperError], str]] = {
    sk.NotFoundError: "{kind} not found",
    sk.SlotTakenError: "Stream is full",
    sk.ForbiddenError: "Forbidden",
    sk.InvalidFieldError: "The field {field} {reason}",
    sk.ConcurrencyError: "Look whether it was done, and try again",
}
BOOKING: Final = (
    "id user_id=customer_id username first_name course_id=service_id course_stream confirmed=status_code"
    " created_at referral_code discount_percent"
)
LARGEST: Final = 2**31 - 1
"""The largest number that the columns of the application's own hold; no user has it."""

METADATA: Final = sa.MetaData()
TABLES: Final = Tables(METADATA)
USERS: Final = sa.Table(
    "courses_users",
    METADATA,
    sa.Column("user_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("username", exact_text(80), nullable=False),
    sa.Column("first_name", exact_text(80), nullable=False),
    sa.Column("token", exact_text(80), unique=True, nullable=False),
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("course_stream", exact_text(80)),
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

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 2**20


def store() -> SqlStore:
    found: SqlStore = app.config["STORE"]
    return found


def desk(connection: sa.Connection | None = None) -> sk.BookingDesk:
    place = store() if connection is None else SqlStore.on(connection, tables=TABLES)
    return sk.BookingDesk(place, clock=app.config["CLOCK"], lifecycle=LIFECYCLE, numbered=True)


def rows(query: sa.Select[Any]) -> list[dict[str, Any]]:
    with store().engine.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def stream_of(booking: sk.Booking) -> str:
    return str(booking.resource_id).split("/")[1]


def shown(booking: sk.Booking) -> dict[str, Any]:
    """Return a booking as the document has it."""
    created = booking.created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    own = {**booking.attributes, "course_stream": stream_of(booking), "created_at": created}
    return web.picked(web.booking_facts(booking, LIFECYCLE) | own, BOOKING)


def tell(connection: sa.Connection, user_id: sk.Id | None, kind: str, text: str) -> None:
    at = web.instant_text(app.config["CLOCK"]())
    connection.execute(MESSAGES.insert().values(user_id=user_id, kind=kind, text=text, created_at=at))


def answer(error: sk.SlotkeeperError) -> web.Answer:
    """Return the answer to an error, in the document's shape."""
    if isinstance(error, sk.NotFoundError):
        error = attrs.evolve(error, kind=KINDS.get(error.kind, error.kind))
    told = web.problem(error, texts=TEXTS)
    return web.Answer(told.status, {"error": told.detail}, told.headers)


def rendered(given: web.Answer) -> tuple[Any, int, dict[str, str]]:
    return given.body, given.status, dict(given.headers)


def signed_in(*roles: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let those in who are known, and have one of the roles if there are any."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(**given: Any) -> Any:
            asked = request.args.get("token") if request.path == "/" else None
            g.token = web.bearer_token(request.headers.get("Authorization")) or web.plain_token(asked)
            found = rows(sa.select(USERS).where(USERS.c.token == g.token))
            if not found:
                return {"error": "Unauthorized"}, 401
            g.user, g.actor = found[0], sk.Actor(found[0]["user_id"], roles=found[0]["role"])
            if roles and g.actor.roles.isdisjoint(roles):
                raise sk.ForbiddenError(g.actor.id, request.path, roles)
            return view(**given)

        return guarded

    return decorate


def in_one_step(view: Callable[..., web.Answer]) -> Callable[..., Any]:
    """Do all of what is asked or nothing, and answer a repeat with its Idempotency-Key as the first."""

    @wraps(view)
    def once(**given: Any) -> Any:
        key, scope = request.headers.get("Idempotency-Key"), f"{g.actor.id} {request.method} {request.path}"
        raw = request.get_data()

        def work(connection: sa.Connection) -> web.Answer:
            def act() -> web.Answer:
                with connection.begin_nested():
                    return view(connection, web.Fields.of_json(raw), **given)

            repeats = web.Repeats(SqlStore.on(connection, tables=TABLES), answer=answer)
            return repeats.once(key, scope, raw, act)

        return rendered(store().transact(work))

    return once


def query() -> web.Parameters:
    return web.Parameters(request.args.to_dict())


def known_user(user_id: int) -> dict[str, Any]:
    """Return a user that may be looked at: oneself, or anybody for an admin."""
    if g.actor.id != user_id and g.actor.roles.isdisjoint({"admin"}):
        raise sk.ForbiddenError(g.actor.id, "read", ["owner", "role:admin"])
    for row in rows(sa.select(USERS).where(USERS.c.user_id == min(user_id, LARGEST))):
        return web.picked(row, "user_id username first_name course_stream")
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
    found = desk().find(listing=query().page(order="-created_at"))
    return [shown(one) for one in found.items]


@app.post("/api/bookings")
@signed_in()
@in_one_step
def create_booking(connection: sa.Connection, given: web.Fields) -> web.Answer:
    course, stream = given.integer("course_id"), given.text("course_stream", least=1, most=80)
    code = given.text("referral_code", None)
    if code is not None and code not in CODES:
        raise sk.InvalidFieldError("referral_code", code, "is unknown")
    discount = {"referral_code": code, "discount_percent": CODES.get(code or "", 0)}
    made = desk(connection).book(
        course,
        ALWAYS.start,
        customer_id=g.actor.id,
        resource_ids=[f"{course}/{stream}"],
        attributes=web.picked(g.user, "username first_name") | discount,
        actor=g.actor,
    )
    return web.Answer(201, shown(made))


@app.get("/api/users/<int:user_id>")
@signed_in()
def get_user(user_id: int) -> Any:
    return known_user(user_id)


@app.get("/api/users/<int:user_id>/messages")
@signed_in()
def list_messages(user_id: int) -> Any:
    known_user(user_id)
    told = rows(sa.select(MESSAGES).where(MESSAGES.c.user_id == user_id).order_by(MESSAGES.c.id))
    return [web.picked(one, "kind text created_at") for one in told]


@app.get("/api/users/<int:user_id>/bookings")
@signed_in()
def list_users_bookings(user_id: int) -> Any:
    known_user(user_id)
    asked = query()
    limit, offset = asked.integer("limit", 20, most=100), asked.integer("offset", 0, least=0)
    status, stream = asked.text("status", None), asked.text("stream", None)
    found = desk().find(
        customer_id=user_id,
        statuses=() if status is None else [LIFECYCLE.parse_status(status)],
        resource_ids=() if stream is None else [f"{one.id}/{stream}" for one in desk().services(active=None)],
        created=web.window(asked, "from", "to"),
        listing=sk.Listing(order="-created_at", limit=limit, offset=offset),
    )
    return [shown(one) for one in found.items]


@app.patch("/api/users/<int:user_id>/bookings")
@signed_in("admin")
@in_one_step
def change_booking(connection: sa.Connection, given: web.Fields, user_id: int) -> web.Answer:
    here = desk(connection)
    given.one_of("confirmed", "course_stream")
    number, code = given.integer("booking_id"), given.integer("confirmed", None)
    stream = given.text("course_stream", None, least=1, most=80)
    booking = here.get(number)
    if booking.customer_id != user_id:
        raise sk.NotFoundError("booking", number)
    to = None if stream is None else [f"{booking.service_id}/{stream}"]
    booking = here.amend(number, resource_ids=to, status=code, actor=g.actor)
    if booking.status == "confirmed":
        user = USERS.update().where(USERS.c.user_id == user_id)
        connection.execute(user.values(course_stream=stream_of(booking)))
    if booking.status == "confirmed" and code is not None:
        tell(connection, user_id, "welcome", f"Welcome to {stream_of(booking)}!")
    return web.Answer(200, {"success": True, **shown(booking)})


@app.get("/api/courses/<int:course_id>/materials")
@signed_in()
def get_materials(course_id: int) -> Any:
    course = desk().get_service(course_id)
    if not desk().find(customer_id=g.actor.id, service_ids=[course_id], statuses=["confirmed"]).total:
        raise sk.ForbiddenError(g.actor.id, "read", ["a confirmed booking"])
    return {"course_id": course_id, "materials": [f"{course.name}, part {part}" for part in (1, 2, 3)]}


@app.get("/api/courses/<int:course_id>/statistics")
@signed_in("admin")
def get_statistics(course_id: int) -> Any:
    desk().get_service(course_id)
    streams = [one.id for one in desk().resources(role=f"course {course_id}")]
    found = desk().statistics(ALWAYS, resource_ids=streams, utilisation=False, actor=g.actor)
    return {"course_id": course_id, "total": found.total, "by_status": dict(found.by_status)}


@app.post("/api/courses/<int:course_id>/messages")
@signed_in("admin")
@in_one_step
def send_messages(connection: sa.Connection, given: web.Fields, course_id: int) -> web.Answer:
    text = given.text("text", least=1)
    desk(connection).get_service(course_id)
    listing = sk.Listing(limit=10_000)
    found = desk(connection).find(service_ids=[course_id], statuses=["confirmed"], listing=listing).items
    eligible = sorted({int(str(one.customer_id)) for one in found})
    for user_id in eligible:
        tell(connection, user_id, "message", text)
    return web.Answer(201, {"sent": len(eligible)})


@app.get("/")
@signed_in("admin")
def table() -> str:
    asked = query()
    listing, status = asked.page(default=50, order="-created_at"), asked.text("status", "")
    found = desk().find(listing=listing, statuses=[LIFECYCLE.parse_status(status)] if status else ())
    return render_template(
        "table.html",
        rows=[shown(one) for one in found.items],
        courses={one.id: one.name for one in desk().services(active=None)},
        streams=sorted({one.name for one in desk().resources()}),
        status=status,
        page=listing.page_number,
        pages=listing.pages(found.total),
        token=g.token,
    )


@app.errorhandler(sk.SlotkeeperError)
def refused(error: sk.SlotkeeperError) -> Any:
    return rendered(answer(error))


@app.errorhandler(HTTPException)
def failed(error: HTTPException) -> Any:
    allowed = {name: value for name, value in error.get_headers() if name == "Allow"}
    return {"error": error.description}, error.code, allowed


@app.errorhandler(Exception)
def broken(error: Exception) -> Any:
    app.logger.error("unexpected", exc_info=error)
    return {"error": "Failed to fetch bookings"}, 500


def demo(connection: sa.Connection) -> None:
    """Put the demo data into an empty database."""
    if connection.scalar(sa.select(USERS.c.user_id).limit(1)) is not None:
        return
    people = [(1, "admin", "Ada"), (456, "john_doe", "John"), (457, "jane_smith", "Jane")]
    for number, name, first in people:
        facts = {"user_id": number, "username": name, "first_name": first, "token": f"demo-{name}"}
        connection.execute(USERS.insert().values({**facts, "role": "admin" if number == 1 else "user"}))
    here = desk(connection)
    session = sk.Schedule.of([ALWAYS])
    for course in (1, 2):
        for stream, seats in (("3rd_stream", 20), ("4th_stream", 2)):
            role = f"course {course}"
            here.add_resource(
                sk.Resource(f"{course}/{stream}", session, name=stream, capacity=seats, roles=[role])
            )
        here.add_service(
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
    app.config.update(STORE=SqlStore.from_url(given.url, tables=TABLES), CLOCK=given.clock)
    store().create_all(USERS, MESSAGES, fill=demo if given.demo else None)
    server = make_server("127.0.0.1", given.port, app, threaded=True)
    print(f"ready http://127.0.0.1:{given.port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
