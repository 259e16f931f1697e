"""Rooms for hire: stored slots with ids, payment and refund, and live news over Socket.IO.

python docs/examples/rooms/app.py --port 8003 --demo
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

import attrs
import sqlalchemy as sa
from flask import Flask, g, render_template, request, send_file, session
from flask_socketio import SocketIO, join_room, leave_room
from socketio import Manager, RedisManager
from werkzeug.exceptions import HTTPException
from werkzeug.serving import make_server

import slotkeeper as sk
from slotkeeper.adapters.sql import SqlStore, Tables, exact_text
from slotkeeper.contrib import web

T = TypeVar("T")

TYPES: Final = ("office", "consultation", "meeting", "treatment")
STATUSES: Final = ("pending", "confirmed", "cancelled", "completed", "no_show")
ADMIN: Final = [sk.HasRole("admin")]
PARTIES: Final[list[sk.IsOwner | sk.HasRole]] = [sk.IsOwner(), *ADMIN]
BEFORE: Final = [sk.BeforeStart()]
LIFECYCLE: Final = (
    sk.STANDARD.only(*STATUSES)
    .without("decline")
    .with_guards("confirm", who=ADMIN)
    .with_guards("cancel", who=PARTIES, when=BEFORE, exempt=ADMIN)
    .with_guards("reschedule", who=PARTIES, when=BEFORE, exempt=ADMIN)
    .with_guards("complete", who=ADMIN, exempt=ADMIN)
    .with_guards("no_show", who=ADMIN, exempt=ADMIN)
)
"""Nobody is a provider here: a user and a room may well have the same number."""
GATEWAY: Final = web.FakeGateway()
ATTEMPTS: Final = sk.RateLimit("book", 10, dt.timedelta(minutes=1))
REFUNDS: Final = sk.CancellationPolicy(
    [sk.CancellationTier(dt.timedelta(hours=24), 1), sk.CancellationTier(dt.timedelta(hours=2), "1/2")],
    exempt_roles="admin",
)
NEWS: Final = {
    "checkout": "created",
    "book": "created",
    "confirm": "confirmed",
    "cancel": "cancelled",
    "reschedule": "rescheduled",
    "complete": "completed",
    "no_show": "no_show",
}
"""What a customer hears of; what has a price is news once it can be paid."""
REFUSED: Final = (sk.RefusedError, sk.LifecycleError, sk.PolicyError)
TEXTS: Final[dict[type[sk.SlotkeeperError], str]] = {
    sk.NotFoundError: "{kind} not found",
    sk.ForbiddenError: "Access denied",
    sk.ConcurrencyError: "Look whether it was done, and try again",
}
SLOT: Final = "id=timeslot_id roomId=resource_id startTime=start endTime=end"
BOOKING: Final = (
    "id userId=customer_id roomId=resource_id timeslotId=timeslot_id startTime=start endTime=end status price"
    " paymentStatus=payment_status refundAmount=refunded notes createdAt=created_at updatedAt=updated_at"
)
HALF_AN_HOUR: Final = dt.timedelta(minutes=30)
TICK: Final = dt.timedelta(microseconds=1)
DEAREST: Final = 1_000_000
NUL: Final = re.compile(rb"(?<!\\)(\\\\)*\\u0000")
"""The character that not all databases keep, as JSON writes it."""

METADATA: Final = sa.MetaData()
TABLES: Final = Tables(METADATA)
USERS: Final = sa.Table(
    "rooms_users",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("token", exact_text(80), unique=True, nullable=False),
    sa.Column("role", sa.String(20), nullable=False),
)

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 2**20
app.secret_key = uuid.uuid4().hex  # sessions live as long as their sockets
socketio = SocketIO()


def desk(connection: sa.Connection | None = None) -> sk.BookingDesk:
    return sk.BookingDesk(
        app.config["STORE"] if connection is None else SqlStore.on(connection, tables=TABLES),
        clock=app.config["CLOCK"],
        lifecycle=LIFECYCLE,
        numbered=True,
        payments=GATEWAY,
        subscribers=[RELAY],
        viewers=[sk.IsOwner()],
    )


def transacted(act: Callable[[sk.BookingDesk], T]) -> T:
    """Carry several commands out in one transaction."""
    store: SqlStore = app.config["STORE"]
    return store.transact(lambda connection: act(desk(connection)))


def user(token: str | None) -> sk.Actor | None:
    with app.config["STORE"].engine.connect() as connection:
        found = connection.execute(sa.select(USERS).where(USERS.c.token == token)).first()
    return None if found is None else sk.Actor(found.id, roles=found.role)


def news(event: sk.Event) -> list[web.Message]:
    """Return what an event is told as: to its customer, and to all who look at the room's day."""
    booking, channel = shown_booking(event.booking), f"user_{event.booking.customer_id}"
    told = [web.Message("", "timeslots_changed", {"roomId": booking["roomId"]})]
    if event.action == "remind":
        payload = {"booking": booking, "message": "Your appointment is coming up!"}
        told.append(web.Message(channel, "booking_reminder", payload))
    elif event.action in NEWS:
        payload = {"type": NEWS[event.action], "booking": booking}
        told.append(web.Message(channel, "booking_update", payload))
    return told


def shown_booking(booking: sk.Booking) -> dict[str, Any]:
    facts = web.booking_facts(booking, LIFECYCLE)
    return {
        **web.picked(facts, BOOKING),
        "bookingType": booking.attributes.get("bookingType"),
        "room": shown_room(desk().get_resource(booking.resource_id)),
        "timeslot": web.picked(facts, SLOT),
    }


def shown_room(room: sk.Resource) -> dict[str, Any]:
    """Return a room as the document has it."""
    facts = {name: getattr(room, name) for name in ("id", "name", "capacity")}
    return {**facts, "roomType": min(room.roles), "isActive": room.active, **room.attributes}


def described(room: sk.Resource, given: web.Fields) -> sk.Resource:
    """Return a room with what is given in place of what it had; null takes away what it can do without."""
    rate, metadata = given.number("hourlyRate", None, least=0), given.object("metadata", None)
    if rate is not None and rate > DEAREST:
        raise sk.InvalidFieldError("hourlyRate", rate, f"must be at most {DEAREST}")
    facts = {
        "description": given.text("description", None),
        "hourlyRate": None if rate is None else round(float(rate), 2),
        "metadata": None if metadata is None else metadata.members,
    }
    known = {**dict.fromkeys(facts), **room.attributes}
    return attrs.evolve(
        room,
        name=given.text("name", room.name, least=1, most=200),
        capacity=given.integer("capacity", room.capacity, least=1, most=10_000),
        roles=given.choice("roomType", TYPES, room.roles),
        active=given.flag("isActive", room.active),
        attributes={name: facts[name] if name in given.members else known[name] for name in facts},
    )


def offer(room: sk.Resource) -> sk.Service:
    """Return what a room is booked as: to be paid by the hour, or confirmed at once where it has no price."""
    rate = room.attributes["hourlyRate"]
    return sk.Service(
        room.id,
        HALF_AN_HOUR,
        needs=[sk.Requirement(among=[room.id])],
        price=sk.HourlyPrice(sk.Money.of(f"{rate:.2f}", "EUR")) if rate else None,
        policy=sk.Policy(cancellation=REFUNDS),
        action="request" if rate else "book",
    )


def put_room(desk: sk.BookingDesk, room: sk.Resource) -> sk.Resource:
    """Store what a room is booked as, in the transaction in which the room was stored."""
    desk.put_service(offer(room))
    return room


def paged(listing: sk.Listing, found: sk.Page[T], shown: Callable[[T], dict[str, Any]]) -> dict[str, Any]:
    items = [shown(one) for one in found.items]
    return {"items": items, "total": found.total, "page": listing.page_number, "limit": listing.limit}


def page_of(listing: sk.Listing, **conditions: Any) -> dict[str, Any]:
    """Return a page of bookings."""
    return paged(listing, desk().find(listing=listing, **conditions), shown_booking)


def send(message: web.Message) -> None:
    socketio.emit(message.event, dict(message.payload), to=message.channel or None)


def refuse(text: str, status: int = 400) -> NoReturn:
    raise web.AnswerError(web.Answer(status, {"error": text}))


def answer(error: sk.SlotkeeperError) -> web.Answer:
    """Return the answer to an error, in the document's shape and words; what was sent is not sent back."""
    if isinstance(error, sk.InvalidFieldError):
        return web.Answer(400, {"error": f"{error.field} {error.reason}"})
    if isinstance(error, sk.NotFoundError) and error.kind in {"resource", "service"}:
        error = attrs.evolve(error, kind="room")
    told = web.problem(error, dict.fromkeys(REFUSED, 400), TEXTS)
    return web.Answer(told.status, {"error": told.detail}, told.headers)


def rendered(given: web.Answer) -> tuple[Any, int, dict[str, str]]:
    return given.body, given.status, dict(given.headers)


RELAY: Final = web.RelayThread(web.Fanout(send, [news]))


def signed_in(*roles: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let those in who are known, and have one of the roles if there are any."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(**given: Any) -> Any:
            known = user(web.bearer_token(request.headers.get("Authorization")))
            if known is None:
                refuse("Unauthorized", 401)
            if roles and known.roles.isdisjoint(roles):
                refuse("Access denied", 403)
            g.actor = known if roles else sk.Actor(known.id)
            return view(**given)

        return guarded

    return decorate


def repeatable(view: Callable[..., web.Answer]) -> Callable[..., Any]:
    """Answer a repeat with the same Idempotency-Key as the first request."""

    @wraps(view)
    def once(**given: Any) -> Any:
        repeats = web.Repeats(app.config["STORE"], answer=answer)
        scope = f"{g.actor.id} {request.method} {request.path}"
        key = request.headers.get("Idempotency-Key")
        return rendered(repeats.once(key, scope, request.get_data(), lambda: view(**given)))

    return once


def body(*needed: str, missing: str = "{} is required") -> web.Fields:
    """Read the body, in which some fields are needed."""
    given = web.Fields.of_json(request.get_data())
    if NUL.search(request.get_data()):
        refuse("NUL is no character of a text")
    for name in needed:
        if not given.members.get(name):
            refuse(missing.format(name))
    return given


def query() -> web.Parameters:
    return web.Parameters(request.args.to_dict())


@app.get("/openapi.json")
def openapi() -> Any:
    return send_file(Path(__file__).with_name("openapi.json"))


@app.get("/health")
def health() -> Any:
    return {"status": "ok"}


@app.get("/")
def page() -> str:
    return render_template("book.html")


@app.get("/api/v1/bookings/rooms")
def list_rooms() -> Any:
    asked = query()
    listing = asked.page(default=25, cap=True)
    active = True if asked.flag("active", True) else None  # noqa: FBT003 - the default
    found = desk().resources(role=asked.text("type", None), active=active)
    part = listing.part(sorted(found, key=lambda room: room.name))
    return {**paged(listing, part, shown_room), "pages": listing.pages(part.total)}


@app.get("/api/v1/bookings/rooms/<int:room_id>")
def get_room(room_id: int) -> Any:
    return shown_room(desk().get_resource(room_id))


@app.get("/api/v1/bookings/rooms/<int:room_id>/timeslots")
def get_timeslots(room_id: int) -> Any:
    asked, room = query(), shown_room(desk().get_resource(room_id))
    if not asked.members.get("date"):
        refuse("Date parameter is required")
    try:
        day = web.day(asked, "date")
    except sk.InvalidFieldError:
        refuse("Invalid date format. Use ISO 8601")
    length = dt.timedelta(minutes=asked.integer("duration", 30, most=1440))
    found = desk().timeslots([room_id], day, at_least=length)
    slots = [
        {
            "id": one.timeslot.id,
            "roomId": room_id,
            "startTime": web.instant_text(one.timeslot.interval.start),
            "endTime": web.instant_text(one.timeslot.interval.end),
            "freeUnits": one.free_units,
        }
        for one in found
    ]
    return {"room": room, "date": asked.text("date"), "timeslots": slots}


@app.post("/api/v1/bookings")
@signed_in()
@repeatable
def create_booking() -> web.Answer:
    desk().admit(ATTEMPTS, g.actor.id)
    given = body("timeslotId", "roomId", missing="timeslotId and roomId are required")
    made = desk().book_timeslot(
        given.integer("timeslotId"),
        resource_id=given.integer("roomId"),
        customer_id=g.actor.id,
        notes=given.text("notes", ""),
        attributes={"bookingType": given.text("bookingType", None, most=80)},
        actor=g.actor,
        key=request.headers.get("Idempotency-Key"),
    )
    message = "Booking confirmed."
    if made.status == "pending":
        made, message = desk().checkout(made.id), "Booking created. Complete payment to confirm."
    checkout = made.payment.reference
    url = f"{request.host_url}checkout/{checkout}" if checkout else None
    facts = {"checkoutId": checkout, "checkoutUrl": url, "message": message}
    return web.Answer(201, {"booking": shown_booking(made), **facts})


@app.post("/api/v1/payments/<checkout>/complete")
def complete_payment(checkout: str) -> Any:
    found = desk().find(ids=[GATEWAY.booking_of(checkout)]).items
    if checkout not in [one.payment.reference for one in found]:
        raise sk.NotFoundError("checkout", checkout)
    paid = desk().settle(found[0].id)
    return {"booking": shown_booking(paid), "message": "Payment completed"}


@app.get("/api/v1/bookings")
@signed_in()
def list_bookings() -> Any:
    asked = query()
    return page_of(
        asked.page(default=25, cap=True, order="-created_at"),
        customer_id=g.actor.id,
        statuses=asked.text("status", ()),
        starting=web.window(asked, "from_date", "to_date"),
    )


@app.get("/api/v1/bookings/<int:booking_id>")
@signed_in()
def get_booking(booking_id: int) -> Any:
    return shown_booking(desk().get(booking_id, actor=g.actor))


@app.put("/api/v1/bookings/<int:booking_id>/cancel")
@signed_in()
def cancel_booking(booking_id: int) -> Any:
    desk().get(booking_id, actor=g.actor)
    done = desk().cancel(booking_id, actor=g.actor)
    refund = done.quote.refund
    return {
        "booking": shown_booking(done.booking),
        "refundAmount": float(refund.amount) if refund else 0,
        "message": "Booking cancelled successfully",
    }


@app.put("/api/v1/bookings/<int:booking_id>/reschedule")
@signed_in()
def reschedule_booking(booking_id: int) -> Any:
    desk().get(booking_id, actor=g.actor)
    slot = body("newTimeslotId").integer("newTimeslotId")
    moved = desk().reschedule(booking_id, timeslot_id=slot, actor=g.actor)
    return {"booking": shown_booking(moved.booking), "message": "Booking rescheduled successfully"}


@app.post("/api/v1/admin/rooms")
@signed_in("admin")
@repeatable
def create_room() -> web.Answer:
    given = body("name", "roomType")

    def create(desk: sk.BookingDesk) -> sk.Resource:
        return put_room(desk, desk.add_resource(described(sk.Resource(desk.next_number()), given)))

    return web.Answer(201, shown_room(transacted(create)))


@app.put("/api/v1/admin/rooms/<int:room_id>")
@signed_in("admin")
def update_room(room_id: int) -> Any:
    given = body()

    def change(desk: sk.BookingDesk) -> sk.Resource:
        return put_room(desk, desk.edit_resource(room_id, lambda old: described(old, given)))

    return shown_room(transacted(change))


@app.delete("/api/v1/admin/rooms/<int:room_id>")
@signed_in("admin")
def delete_room(room_id: int) -> Any:
    desk().deactivate_resource(room_id, actor=g.actor)
    return {"message": "Room deactivated"}


@app.post("/api/v1/admin/timeslots/generate")
@signed_in("admin")
@repeatable
def generate_timeslots() -> web.Answer:
    given = body("roomId", "startDate", "endDate")
    room, window = given.integer("roomId"), web.days(given, "startDate", "endDate")
    dates = {"start": moment(given, "startDate"), "end": moment(given, "endDate")}
    hours = given.object("workingHours", web.Fields({"start": "09:00", "end": "17:00"}))
    start, end = hours.time("start"), hours.time("end")
    if start == end:
        raise sk.InvalidFieldError("workingHours", hours.members, "must end at another time than they start")
    excluded = [web.day_of(one, "excludedDates") for one in given.items("excludedDates")]
    schedule = sk.Schedule.weekly_hours("UTC", {"daily": f"{start:%H:%M}-{end:%H:%M}"}, closed_dates=excluded)
    length = dt.timedelta(minutes=given.integer("slotDuration", 30, least=1, most=1440))
    count = len(desk().generate_timeslots(room, window, length, schedule=schedule, service_id=room))
    return web.Answer(201, {"message": f"Generated {count} timeslots", "count": count, "dateRange": dates})


def moment(given: web.Fields, name: str) -> str:
    """Return a date as it was understood."""
    try:
        return dt.datetime.fromisoformat(given.text(name)).isoformat()
    except ValueError:
        raise sk.InvalidFieldError(name, given.text(name), "must be an ISO 8601 date") from None


@app.delete("/api/v1/admin/timeslots/<int:timeslot_id>")
@signed_in("admin")
def delete_timeslot(timeslot_id: int) -> Any:
    try:
        desk().delete_timeslot(timeslot_id, actor=g.actor)
    except sk.SlotTakenError:
        refuse("Cannot delete timeslot with existing bookings")
    return {"message": "Timeslot deleted"}


@app.get("/api/v1/admin/bookings")
@signed_in("admin")
def list_all_bookings() -> Any:
    asked = query()
    room = asked.integer("roomId", None)
    return page_of(
        asked.page(default=50, cap=True, order="-created_at"),
        statuses=asked.text("status", ()),
        resource_ids=() if room is None else [room],
        customer_id=asked.integer("userId", None),
        created=web.window(asked, "fromDate", "toDate"),
    )


@app.put("/api/v1/admin/bookings/<int:booking_id>/status")
@signed_in("admin")
def update_status(booking_id: int) -> Any:
    status = body("status").text("status")
    desk().get(booking_id)
    if status not in {"completed", "no_show", "cancelled"}:
        refuse(f"Invalid status transition to: {status:.80}")
    return shown_booking(desk().set_status(booking_id, status, actor=g.actor))


@app.get("/api/v1/admin/bookings/stats")
@signed_in("admin")
def stats() -> Any:
    asked, now = query(), app.config["CLOCK"]()
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    first = sk.EARLIEST if asked.has("fromDate") else month
    usual = sk.Interval(first, sk.LATEST if asked.has("toDate") else now + TICK)
    window = usual & (web.window(asked, "fromDate", "toDate") or usual)
    if window is None:
        return {"total": 0, "byStatus": dict.fromkeys(STATUSES, 0), "revenue": 0}
    found = desk().statistics(window, by="created_at", utilisation=False, actor=g.actor)
    revenue = found.revenue.get("EUR")
    return {
        "total": found.total,
        "byStatus": dict(found.by_status),
        "revenue": float(revenue.amount) if revenue else 0,
    }


@app.post("/api/v1/admin/reminders/run")
@signed_in("admin")
def remind() -> Any:
    return {"sent": len(desk().remind(dt.timedelta(hours=24)))}


@app.errorhandler(sk.SlotkeeperError)
def refused(error: sk.SlotkeeperError) -> Any:
    return rendered(answer(error))


@app.errorhandler(web.AnswerError)
def answered(error: web.AnswerError) -> Any:
    return rendered(error.answer)


@app.errorhandler(HTTPException)
def failed(error: HTTPException) -> Any:
    allowed = {name: value for name, value in error.get_headers() if name == "Allow"}
    return {"error": error.description}, error.code, allowed


@app.errorhandler(Exception)
def broken(error: Exception) -> Any:
    app.logger.error("unexpected", exc_info=error)
    return {"error": "Server error"}, 500


@socketio.on("connect")
def connect(auth: Any = None) -> bool:
    """Let those in who are known; the page may look on without a name."""
    token = auth.get("token") if isinstance(auth, dict) else None
    known = user(web.plain_token(token))
    session["user"] = None if known is None else known.id
    return token is None or known is not None


@socketio.on("join_booking_room")
def join(data: Any = None) -> Any:
    return with_own_room(data, "joined", join_room)


@socketio.on("leave_booking_room")
def leave(data: Any = None) -> Any:
    return with_own_room(data, "left", leave_room)


def with_own_room(data: Any, done: str, act: Callable[[str], None]) -> dict[str, Any]:
    """Join or leave the room of a user's own, if that is the one that is named."""
    number = session.get("user")
    if number is None or not isinstance(data, dict) or data.get("userId") != number:
        return {"error": "Access denied"}
    act(f"user_{number}")
    return {done: number}


def demo(connection: sa.Connection) -> None:
    """Put the demo data into an empty database."""
    if connection.scalar(sa.select(USERS.c.id).limit(1)) is not None:
        return
    people = [(1, "alice", "user"), (2, "bob", "user"), (3, "admin", "admin")]
    rows = [{"id": number, "token": f"demo-{name}", "role": role} for number, name, role in people]
    connection.execute(USERS.insert(), rows)
    here = desk(connection)
    offers: list[tuple[str, str, int | None, bool]] = [
        ("Office A", "office", 40, True),
        ("Treatment B", "treatment", 60, True),
    ]
    offers.append(("Meeting C", "meeting", None, False))
    hours = sk.Schedule.weekly_hours("UTC", {"daily": "09:00-17:00"})
    for number, (name, kind, rate, active) in enumerate(offers, 1):
        facts = {"name": name, "roomType": kind, "hourlyRate": rate, "isActive": active}
        put_room(here, here.add_resource(described(sk.Resource(number), web.Fields(facts))))
        here.next_number()  # so that rooms to come are numbered from here on
    today = app.config["CLOCK"]().replace(hour=0, minute=0, second=0, microsecond=0)
    week = sk.Interval(today, today + dt.timedelta(days=8))
    for number in (1, 2):
        here.generate_timeslots(number, week, HALF_AN_HOUR, schedule=hours, service_id=number)


def sockets(given: web.Serving) -> Manager:
    """Return who knows the sockets: those of this process, or of all that share a Redis."""
    if given.redis is None:
        return Manager()
    waiting = {"socket_timeout": None}  # for news, however long there are none
    return RedisManager(given.redis, channel=given.shared_name, redis_options=waiting)


def main() -> None:
    given = web.serving("Rooms for hire.", database="sqlite:///rooms.sqlite3")
    store = SqlStore.from_url(given.url, tables=TABLES)
    app.config.update(STORE=store, CLOCK=given.clock)
    store.create_all(USERS, fill=demo if given.demo else None)
    socketio.init_app(app, async_mode="threading", cors_allowed_origins="*", client_manager=sockets(given))
    server = make_server("127.0.0.1", given.port, app, threaded=True)
    with RELAY.start(desk()):
        print(f"ready http://127.0.0.1:{given.port}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
