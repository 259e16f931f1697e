"""Rooms for hire: stored slots with ids, payment and refund, and live news over Socket.IO.

python docs/examples/rooms/app.py --port 8003 --demo
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Final, TypeVar

import attrs
import sqlalchemy as sa
from flask import Flask, Response, g, jsonify, render_template, request, send_file, session
from flask_socketio import SocketIO, join_room, leave_room
from werkzeug.exceptions import HTTPException
from werkzeug.serving import make_server

import slotkeeper as sk
from slotkeeper.adapters.sql import SqlStore, Tables
from slotkeeper.contrib import web

T = TypeVar("T")

ADMIN: Final = sk.HasRole("admin")
LIFECYCLE: Final = sk.GUARDED.with_guards("complete", who=[ADMIN], exempt=[ADMIN]).with_guards(
    "no_show", who=[ADMIN], exempt=[ADMIN]
)
TYPES: Final = ("office", "consultation", "meeting", "treatment")
SHOWN: Final = ("pending", "confirmed", "cancelled", "completed", "no_show")
TICK: Final = dt.timedelta(microseconds=1)
ATTEMPTS: Final = sk.RateLimit("book", 10, dt.timedelta(minutes=1))
REFUNDS: Final = sk.CancellationPolicy(
    [sk.CancellationTier(dt.timedelta(hours=24), 1), sk.CancellationTier(dt.timedelta(hours=2), "1/2")],
    exempt_roles="admin",
)
KINDS: Final = {
    "request": "created",
    "confirm": "confirmed",
    "cancel": "cancelled",
    "reschedule": "rescheduled",
    "complete": "completed",
    "no_show": "no_show",
}
REFUSED: Final = (sk.RefusedError, sk.LifecycleError, sk.PolicyError)
TEXTS: Final[dict[type[sk.SlotkeeperError], str]] = {
    sk.NotFoundError: "{kind} not found",
    sk.ForbiddenError: "Access denied",
}
DESCRIBED: Final = ("description", "metadata")
SLOT: Final = "id=timeslot_id roomId=resource_id startTime=start endTime=end"
BOOKING: Final = (
    "id userId=customer_id roomId=resource_id timeslotId=timeslot_id startTime=start endTime=end status price"
    " paymentStatus=payment_status refundAmount=refunded notes createdAt=created_at updatedAt=updated_at"
)

METADATA: Final = sa.MetaData()
TABLES: Final = Tables(METADATA)
USERS: Final = sa.Table(
    "rooms_users",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("token", sa.String(80), unique=True, nullable=False),
    sa.Column("role", sa.String(20), nullable=False),
)

app = Flask(__name__)
app.secret_key = uuid.uuid4().hex  # sessions live as long as their sockets
socketio = SocketIO(app, async_mode="threading", cors_allowed_origins="*")


class Provider:
    """A payment provider that always agrees; a checkout's id is found again from the booking's."""

    def charge(self, booking_id: sk.Id, amount: sk.Money) -> str:
        del amount
        return f"{booking_id}-{uuid.uuid5(uuid.NAMESPACE_OID, str(booking_id)).hex}"

    def refund(self, booking_id: sk.Id, reference: str, amount: sk.Money) -> None:
        """Agree."""


@attrs.define
class Rooms:
    """The desk and the users, with the news that events are told as."""

    store: SqlStore
    clock: Callable[[], dt.datetime]
    relay: web.RelayThread = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.relay = web.RelayThread(web.Fanout(send, [self.news]))

    def desk(self, connection: sa.Connection | None = None) -> sk.BookingDesk:
        return sk.BookingDesk(
            self.store if connection is None else SqlStore.on(connection, tables=TABLES),
            clock=self.clock,
            lifecycle=LIFECYCLE,
            numbered=True,
            payments=Provider(),
            subscribers=[self.relay],
        )

    def user(self, token: str | None) -> sk.Actor | None:
        with self.store.engine.connect() as connection:
            found = connection.execute(sa.select(USERS).where(USERS.c.token == token)).first()
        return None if found is None else sk.Actor(found.id, roles=found.role)

    def news(self, event: sk.Event) -> list[web.Message]:
        """Return what an event is told as: to its customer, and to all who look at the room's day."""
        booking, channel = self.booking(event.booking), f"user_{event.booking.customer_id}"
        told = [web.Message("", "timeslots_changed", {"roomId": booking["roomId"]})]
        if event.action == "remind":
            payload = {"booking": booking, "message": "Your appointment is coming up!"}
            told.append(web.Message(channel, "booking_reminder", payload))
        elif event.action in KINDS:
            payload = {"type": KINDS[event.action], "booking": booking}
            told.append(web.Message(channel, "booking_update", payload))
        return told

    def room(self, resource: sk.Resource) -> dict[str, Any]:
        price = self.desk().get_service(resource.id).price
        return {
            **{name: getattr(resource, name) for name in ("id", "name", "capacity")},
            **{name: resource.attributes.get(name) for name in DESCRIBED},
            "roomType": min(resource.roles),
            "hourlyRate": float(price.amount.amount) if isinstance(price, sk.HourlyPrice) else None,
            "isActive": resource.active,
        }

    def booking(self, booking: sk.Booking) -> dict[str, Any]:
        facts = web.booking_facts(booking, LIFECYCLE)
        return {
            **web.picked(facts, BOOKING),
            "bookingType": booking.attributes.get("bookingType"),
            "room": self.room(self.desk().get_resource(booking.resource_id)),
            "timeslot": web.picked(facts, SLOT),
        }

    def page(self, listing: sk.Listing, **conditions: Any) -> dict[str, Any]:
        """Return a page of bookings."""
        found = self.desk().find(listing=listing, **conditions)
        return paged(listing, found, self.booking)

    def put_room(
        self, desk: sk.BookingDesk, room_id: int, given: web.Fields, old: dict[str, Any]
    ) -> sk.Resource:
        """Store a room, new or changed, with the service that it is booked as."""
        kind = given.choice("roomType", TYPES, old.get("roomType") or web.NEEDED)
        rate = given.number("hourlyRate", old.get("hourlyRate"), least=0)
        facts = {name: given.members.get(name, old.get(name)) for name in DESCRIBED}
        room = sk.Resource(
            room_id,
            name=given.text("name", old.get("name") or web.NEEDED, least=1, most=200),
            capacity=given.integer("capacity", old.get("capacity", 1), least=1, most=10_000),
            roles=[kind],
            active=given.flag("isActive", old.get("isActive", True)),
            attributes=facts,
        )
        service = sk.Service(
            room.id,
            dt.timedelta(minutes=30),
            needs=[sk.Requirement(among=[room.id])],
            price=None if rate is None else sk.HourlyPrice(sk.Money.of(f"{rate:.2f}", "EUR")),
            policy=sk.Policy(cancellation=REFUNDS),
            action="request",
        )
        room = desk.put_resource(room)
        desk.put_service(service)
        return room


def here() -> Rooms:
    rooms: Rooms = app.config["ROOMS"]
    return rooms


def paged(listing: sk.Listing, found: sk.Page[T], shown: Callable[[T], dict[str, Any]]) -> dict[str, Any]:
    items = [shown(one) for one in found.items]
    return {"items": items, "total": found.total, "page": listing.page_number, "limit": listing.limit}


def send(message: web.Message) -> None:
    socketio.emit(message.event, dict(message.payload), to=message.channel or None)


def answer(error: sk.SlotkeeperError) -> web.Answer:
    """Return the answer to an error, in the document's shape."""
    if isinstance(error, sk.NotFoundError) and error.kind in {"resource", "service"}:
        error = attrs.evolve(error, kind="room")
    told = web.problem(error, dict.fromkeys(REFUSED, 400), TEXTS)
    return web.Answer(told.status, {"error": told.detail}, told.headers)


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
            user = here().user(web.bearer_token(request.headers.get("Authorization")))
            if user is None:
                return jsonify({"error": "Unauthorized"}), 401
            if roles and user.roles.isdisjoint(roles):
                return jsonify({"error": "Access denied"}), 403
            g.actor = user if roles else sk.Actor(user.id)
            return view(**given)

        return guarded

    return decorate


def repeatable(view: Callable[..., web.Answer]) -> Callable[..., Response]:
    """Answer a repeat with the same Idempotency-Key as the first request."""

    @wraps(view)
    def once(**given: Any) -> Response:
        repeats = web.Repeats(here().store, answer=answer)
        scope = f"{g.actor.id} {request.method} {request.path}"
        key = request.headers.get("Idempotency-Key")
        return rendered(repeats.once(key, scope, request.get_data(), lambda: view(**given)))

    return once


def body() -> web.Fields:
    return web.Fields.of_json(request.get_data())


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
    found = here().desk().resources(role=asked.text("type", None), active=active)
    part = listing.part(sorted(found, key=lambda room: room.name))
    return {**paged(listing, part, here().room), "pages": listing.pages(part.total)}


@app.get("/api/v1/bookings/rooms/<int:room_id>")
def get_room(room_id: int) -> Any:
    return here().room(here().desk().get_resource(room_id))


@app.get("/api/v1/bookings/rooms/<int:room_id>/timeslots")
def get_timeslots(room_id: int) -> Any:
    asked, room = query(), here().room(here().desk().get_resource(room_id))
    if not asked.has("date"):
        raise sk.InvalidFieldError("date", None, "parameter is required")
    length = dt.timedelta(minutes=asked.integer("duration", 30, most=1440))
    found = here().desk().timeslots([room_id], web.day(asked, "date"), at_least=length)
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
    desk, key = here().desk(), request.headers.get("Idempotency-Key")
    desk.admit(ATTEMPTS, g.actor.id)
    given = body()
    made = desk.book_timeslot(
        given.integer("timeslotId"),
        resource_id=given.integer("roomId"),
        customer_id=g.actor.id,
        notes=given.text("notes", ""),
        attributes={"bookingType": given.text("bookingType", None, most=80)},
        actor=g.actor,
        key=key,
    )
    if made.price is not None:
        made = desk.checkout(made.id)
    checkout = made.payment.reference
    return web.Answer(
        201,
        {
            "booking": here().booking(made),
            "checkoutId": checkout,
            "checkoutUrl": f"{request.host_url}checkout/{checkout}" if checkout else None,
            "message": "Booking created. Complete payment to confirm.",
        },
    )


@app.post("/api/v1/payments/<checkout>/complete")
def complete_payment(checkout: str) -> Any:
    number = checkout.split("-", maxsplit=1)[0]
    booking = here().desk().get(int(number)) if number.isascii() and number.isdigit() else None
    if booking is None or booking.payment.reference != checkout:
        return {"error": "Checkout not found"}, 404
    paid = here().desk().settle(booking.id, key=checkout)
    return {"booking": here().booking(paid), "message": "Payment completed"}


@app.get("/api/v1/bookings")
@signed_in()
def list_bookings() -> Any:
    asked = query()
    return here().page(
        asked.page(default=25, cap=True, order="-created_at"),
        customer_id=g.actor.id,
        statuses=asked.text("status", ()),
        starting=web.window(asked, "from_date", "to_date"),
    )


@app.get("/api/v1/bookings/<int:booking_id>")
@signed_in()
def get_booking(booking_id: int) -> Any:
    return here().booking(here().desk().get(booking_id, actor=g.actor))


@app.put("/api/v1/bookings/<int:booking_id>/cancel")
@signed_in()
def cancel_booking(booking_id: int) -> Any:
    here().desk().get(booking_id, actor=g.actor)
    done = here().desk().cancel(booking_id, actor=g.actor)
    refund = done.quote.refund
    return {
        "booking": here().booking(done.booking),
        "refundAmount": float(refund.amount) if refund else 0,
        "message": "Booking cancelled successfully",
    }


@app.put("/api/v1/bookings/<int:booking_id>/reschedule")
@signed_in()
def reschedule_booking(booking_id: int) -> Any:
    here().desk().get(booking_id, actor=g.actor)
    slot = body().integer("newTimeslotId")
    moved = here().desk().reschedule(booking_id, timeslot_id=slot, actor=g.actor)
    return {"booking": here().booking(moved.booking), "message": "Booking rescheduled successfully"}


@app.post("/api/v1/admin/rooms")
@signed_in("admin")
@repeatable
def create_room() -> web.Answer:
    given = body()

    def put(connection: sa.Connection) -> sk.Resource:
        desk = here().desk(connection)
        return here().put_room(desk, desk.next_number(), given, {})

    return web.Answer(201, here().room(here().store.transact(put)))


@app.put("/api/v1/admin/rooms/<int:room_id>")
@signed_in("admin")
def update_room(room_id: int) -> Any:
    given, old = body(), here().room(here().desk().get_resource(room_id))
    put = here().put_room
    return here().room(here().store.transact(lambda on: put(here().desk(on), room_id, given, old)))


@app.delete("/api/v1/admin/rooms/<int:room_id>")
@signed_in("admin")
def delete_room(room_id: int) -> Any:
    here().desk().deactivate_resource(room_id, actor=g.actor)
    return {"message": "Room deactivated"}


@app.post("/api/v1/admin/timeslots/generate")
@signed_in("admin")
@repeatable
def generate_timeslots() -> web.Answer:
    given, desk = body(), here().desk()
    room, window = given.integer("roomId"), web.days(given, "startDate", "endDate")
    hours = given.object("workingHours", web.Fields({"start": "09:00", "end": "17:00"}))
    text = f"{hours.time('start'):%H:%M}-{hours.time('end'):%H:%M}"
    excluded = [web.day_of(one, "excludedDates") for one in given.items("excludedDates")]
    schedule = sk.Schedule.weekly_hours("UTC", {"daily": text}, closed_dates=excluded)
    length = dt.timedelta(minutes=given.integer("slotDuration", 30, least=1, most=1440))
    made = desk.generate_timeslots(room, window, length, schedule=schedule, service_id=room, actor=g.actor)
    return web.Answer(
        201,
        {
            "message": f"Generated {len(made)} timeslots",
            "count": len(made),
            "dateRange": {"start": given.text("startDate"), "end": given.text("endDate")},
        },
    )


@app.delete("/api/v1/admin/timeslots/<int:timeslot_id>")
@signed_in("admin")
def delete_timeslot(timeslot_id: int) -> Any:
    try:
        here().desk().delete_timeslot(timeslot_id, actor=g.actor)
    except sk.SlotTakenError:
        return {"error": "Cannot delete timeslot with existing bookings"}, 400
    return {"message": "Timeslot deleted"}


@app.get("/api/v1/admin/bookings")
@signed_in("admin")
def list_all_bookings() -> Any:
    asked = query()
    room = asked.integer("roomId", None)
    return here().page(
        asked.page(default=50, cap=True, order="-created_at"),
        statuses=asked.text("status", ()),
        resource_ids=() if room is None else [room],
        customer_id=asked.integer("userId", None),
        created=web.window(asked, "fromDate", "toDate"),
    )


@app.put("/api/v1/admin/bookings/<int:booking_id>/status")
@signed_in("admin")
def update_status(booking_id: int) -> Any:
    status = body().text("status")
    here().desk().get(booking_id)
    if status not in {"completed", "no_show", "cancelled"}:
        raise sk.InvalidFieldError("status", status, "transition is invalid")
    return here().booking(here().desk().set_status(booking_id, status, actor=g.actor))


@app.get("/api/v1/admin/bookings/stats")
@signed_in("admin")
def stats() -> Any:
    now = here().clock()
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    window = web.window(query(), "fromDate", "toDate") or sk.Interval(first, now + TICK)
    found = here().desk().statistics(window, by="created_at", actor=g.actor)
    revenue = found.revenue.get("EUR")
    return {
        "total": found.total,
        "byStatus": {name: found.by_status.get(name, 0) for name in SHOWN},
        "revenue": float(revenue.amount) if revenue else 0,
    }


@app.post("/api/v1/admin/reminders/run")
@signed_in("admin")
def remind() -> Any:
    sent = here().desk().remind(dt.timedelta(hours=24))
    return {"sent": len(sent)}


@app.errorhandler(sk.SlotkeeperError)
def refused(error: sk.SlotkeeperError) -> Response:
    return rendered(answer(error))


@app.errorhandler(HTTPException)
def failed(error: HTTPException) -> Any:
    return jsonify({"error": error.description}), error.code


@app.errorhandler(Exception)
def broken(error: Exception) -> Any:
    app.logger.error("unexpected", exc_info=error)
    return jsonify({"error": "Server error"}), 500


@socketio.on("connect")
def connect(auth: Any = None) -> bool:
    """Let those in who are known; the page may look on without a name."""
    token = auth.get("token") if isinstance(auth, dict) else None
    user = here().user(token) if isinstance(token, str) else None
    if token is not None and user is None:
        return False
    session["user"] = None if user is None else user.id
    return True


@socketio.on("join_booking_room")
def join(data: Any = None) -> Any:
    """Let a user join the room of their own."""
    if session.get("user") is None or not isinstance(data, dict) or data.get("userId") != session["user"]:
        return {"error": "Access denied"}
    join_room(f"user_{session['user']}")
    return {"joined": session["user"]}


@socketio.on("leave_booking_room")
def leave(data: Any = None) -> Any:
    if isinstance(data, dict) and data.get("userId") == session.get("user"):
        leave_room(f"user_{session['user']}")
    return {"left": session.get("user")}


def demo(connection: sa.Connection, store: SqlStore, now: dt.datetime) -> None:
    """Put the demo data into an empty database."""
    if connection.scalar(sa.select(USERS.c.id).limit(1)) is not None:
        return
    people = [(1, "alice", "user"), (2, "bob", "user"), (3, "admin", "admin")]
    rows = [{"id": number, "token": f"demo-{name}", "role": role} for number, name, role in people]
    connection.execute(USERS.insert(), rows)
    rooms = Rooms(store, lambda: now)
    desk = rooms.desk(connection)
    offers: list[tuple[str, str, int | None, bool]] = [
        ("Office A", "office", 40, True),
        ("Treatment B", "treatment", 60, True),
    ]
    offers.append(("Meeting C", "meeting", None, False))
    hours = sk.Schedule.weekly_hours("UTC", {"daily": "09:00-17:00"})
    for number, (name, kind, rate, active) in enumerate(offers, 1):
        facts = {"name": name, "roomType": kind, "hourlyRate": rate, "isActive": active}
        rooms.put_room(desk, number, web.Fields(facts), {})
        desk.next_number()  # so that rooms to come are numbered from here on
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    week = sk.Interval(today, today + dt.timedelta(days=8))
    for number in (1, 2):
        half = dt.timedelta(minutes=30)
        desk.generate_timeslots(number, week, half, schedule=hours, service_id=number)


def main() -> None:
    given = web.serving("Rooms for hire.", database="sqlite:///rooms.sqlite3")
    store = SqlStore.from_url(given.url, tables=TABLES)
    store.create_all(USERS, fill=(lambda on: demo(on, store, given.clock())) if given.demo else None)
    rooms = app.config["ROOMS"] = Rooms(store, given.clock)
    server = make_server("127.0.0.1", given.port, app, threaded=True)
    with rooms.relay.start(rooms.desk()):
        print(f"ready http://127.0.0.1:{given.port}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
