"""A garage with one bay: customers book a service for a car of theirs, which may be new to the garage.

python docs/examples/garage/app.py --port 8001 --demo
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Final

import attrs
import sqlalchemy as sa
import uvicorn
from fastapi import Depends, FastAPI, Header, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

import slotkeeper as sk
from slotkeeper.adapters.sql import SqlStore, Tables, exact_text
from slotkeeper.contrib import web

ZONE: Final = "Europe/Warsaw"
HOURS: Final = {"MO-SA": "08:00-18:00"}
BOOKING: Final = "id userId=customer_id vehicleId serviceId=service_id date time status service vehicle"
STATUSES: Final = {sk.RefusedError: 400, sk.LifecycleError: 400, sk.ForbiddenError: 404}
TEXTS: Final[dict[type[sk.SlotkeeperError], str]] = {
    sk.SlotkeeperError: "Server error",
    sk.InvalidInputError: "Invalid request",
    sk.NotFoundError: "{kind} not found",
    sk.ForbiddenError: "Booking not found",
    sk.RefusedError: "Time slot not available",
    sk.NoticeError: "Time slot is in the past",
    sk.OutsideHoursError: "The garage is closed at that time",
    sk.OffGridError: "Bookings start on the hour or half past",
    sk.LifecycleError: "Booking can no longer be changed",
    sk.ConcurrencyError: "Please try again",
    sk.IdempotencyMismatchError: "Idempotency-Key was used for another request",
    sk.IdempotencyPendingError: "The first request with this Idempotency-Key still runs",
}

LARGEST: Final = 2**31 - 1
"""The largest number that the columns of the application's own hold; no vehicle has it."""

METADATA: Final = sa.MetaData()
TABLES: Final = Tables(METADATA)
USERS: Final = sa.Table(
    "garage_users",
    METADATA,
    sa.Column("name", exact_text(80), primary_key=True),
    sa.Column("token", exact_text(80), unique=True, nullable=False),
)
VEHICLES: Final = sa.Table(
    "garage_vehicles",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("userId", exact_text(80), nullable=False),
    sa.Column("make", sa.String(200), nullable=False),
    sa.Column("model", sa.String(200), nullable=False),
    sa.Column("year", sa.Integer, nullable=False),
    sa.Column("notes", sa.Text, nullable=False),
)
NOTIFICATIONS: Final = sa.Table(
    "garage_notifications",
    METADATA,
    sa.Column("event", sa.String(80), primary_key=True),
    sa.Column("userId", exact_text(80), nullable=False),
    sa.Column("bookingId", sa.Integer, nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
)


Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]


class NewVehicle(BaseModel, strict=True):
    make: Name
    model: Name
    year: int = Field(ge=1900)
    notes: str | None = Field(default=None, max_length=2000, pattern=r"^[^\x00]*$")


class NewBooking(BaseModel, strict=True):
    serviceId: int  # noqa: N815 - the document's own name
    date: str = Field(examples=["2025-10-23"])
    time: str = Field(examples=["9:30"])
    vehicleId: int | None = None  # noqa: N815 - the document's own name
    vehicle: NewVehicle | None = None


class Change(BaseModel, strict=True):
    date: str | None = None
    time: str | None = None
    status: str | None = None


@attrs.define
class Garage:
    """The desk and the garage's own tables, in one transaction at a time."""

    store: SqlStore
    serving: web.Serving
    relay: web.RelayThread = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Tell customers of what happens to their bookings, in the background."""
        self.relay = web.RelayThread(self.notify)
        self.relay.start(self.desk())

    def desk(self, connection: sa.Connection | None = None) -> sk.BookingDesk:
        store = self.store if connection is None else SqlStore.on(connection, tables=TABLES)
        return sk.BookingDesk(
            store, clock=self.serving.clock, lifecycle=sk.GUARDED, numbered=True, subscribers=[self.relay]
        )

    def read(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        with self.store.engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def user(self, authorization: str | None) -> sk.Actor | None:
        token = web.bearer_token(authorization)
        found = self.read(sa.select(USERS.c.name).where(USERS.c.token == token)) if token else []
        return sk.Actor(found[0]["name"]) if found else None

    def vehicle_of(self, connection: sa.Connection, user: sk.Actor, given: NewBooking) -> int:
        """Return the vehicle that is to be serviced: one of the customer's, or a new one."""
        if given.vehicleId is not None:
            number = max(0, min(given.vehicleId, LARGEST))
            owner = connection.scalar(sa.select(VEHICLES.c.userId).where(VEHICLES.c.id == number))
            if owner is None:
                raise sk.NotFoundError("vehicle", given.vehicleId)
            if owner != user.id:
                raise refusal(403, "Not your vehicle")
            return number
        if given.vehicle is None:
            raise refusal(400, "Vehicle information required")
        if given.vehicle.year > self.serving.clock().year + 1:
            raise sk.InvalidFieldError("year", given.vehicle.year, "must not be after the next one")
        facts = given.vehicle.model_dump() | {"userId": user.id, "notes": given.vehicle.notes or ""}
        key = connection.execute(VEHICLES.insert().values(facts)).inserted_primary_key
        return int(key[0]) if key else 0

    def shown(self, user: sk.Actor, bookings: list[sk.Booking]) -> list[dict[str, Any]]:
        """Return bookings of a customer's with their service and vehicle, by the clock of the garage."""
        own = sa.select(VEHICLES).where(VEHICLES.c.userId == user.id)
        vehicles = {row["id"]: row for row in self.read(own)}
        names = {one.id: one.name for one in self.desk().services(active=None)}
        rows = []
        for one in bookings:
            facts = {**web.booking_facts(one, zone=ZONE), **one.attributes}
            service = {"id": one.service_id, "name": names[one.service_id], "duration": facts["duration"]}
            facts |= {"service": service, "vehicle": vehicles[facts["vehicleId"]]}
            rows.append(web.picked(facts, BOOKING))
        return rows

    def notify(self, event: sk.Event) -> None:
        """Tell the customer what has become of a booking, once for each event."""
        row = {
            "event": str(event.id),
            "userId": event.booking.customer_id,
            "bookingId": event.booking_id,
            "kind": event.action,
        }
        known = sa.select(NOTIFICATIONS.c.event).where(NOTIFICATIONS.c.event == row["event"])

        def add(connection: sa.Connection) -> None:
            if connection.scalar(known) is None:
                connection.execute(NOTIFICATIONS.insert().values(row))

        self.store.transact(add)


def refusal(status: int, text: str) -> web.AnswerError:
    return web.AnswerError(web.Answer(status, {"error": text}))


def answer(error: sk.SlotkeeperError) -> web.Answer:
    """Return the answer to an error, in the document's shape and in the garage's own words."""
    told = web.problem(error, STATUSES, TEXTS)
    return web.Answer(told.status, {"error": told.detail}, told.headers)


def rendered(given: web.Answer) -> Response:
    return JSONResponse(given.body, given.status, dict(given.headers))


def start_of(body: NewBooking | Change) -> dt.datetime:
    fields = web.Fields(body.model_dump())
    wall = dt.datetime.combine(fields.date("date"), fields.time("time"))
    return sk.resolve(wall, ZONE, gap=sk.GapPolicy.RAISE, fold=sk.FoldPolicy.EARLIER)


app = FastAPI(title="Garage", strict_content_type=False)


def here(request: Request) -> Garage:
    garage: Garage = request.app.state.garage
    return garage


def signed_in(garage: Here, authorization: Annotated[str | None, Header()] = None) -> sk.Actor:
    user = garage.user(authorization)
    if user is None:
        raise refusal(401, "Unauthorized")
    return user


async def raw_body(request: Request) -> bytes:
    body = await request.body()
    web.Fields.of_json(body)
    return body


Here = Annotated[Garage, Depends(here)]
User = Annotated[sk.Actor, Depends(signed_in)]
Raw = Annotated[bytes, Depends(raw_body)]
Key = Annotated[str | None, Header(alias="Idempotency-Key")]
Number = Annotated[str, Query(alias="id", pattern="^-?[0-9]{1,99}$")]
AnyNumber = Annotated[str, Query(alias="id", pattern="^(-?[0-9]{1,99})?$")]


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/api/bookings")
def create(garage: Here, user: User, body: NewBooking, raw: Raw, key: Key = None) -> Response:
    def book(connection: sa.Connection) -> web.Answer:
        with connection.begin_nested():
            vehicle = garage.vehicle_of(connection, user, body)
            booking = garage.desk(connection).book(
                body.serviceId,
                start_of(body),
                customer_id=user.id,
                attributes={"vehicleId": vehicle},
                action="request",
                actor=user,
            )
        return web.Answer(200, {"id": booking.id})

    def work(connection: sa.Connection) -> web.Answer:
        repeats = web.Repeats(SqlStore.on(connection, tables=TABLES), answer=answer)
        return repeats.once(key, f"{user.id} POST /api/bookings", raw, lambda: book(connection))

    done = garage.store.transact(work)
    garage.relay.wake()
    return rendered(done)


@app.get("/api/bookings")
def read(garage: Here, user: User, number: AnyNumber = "") -> Any:
    if number:
        return garage.shown(user, [garage.desk().get(int(number), actor=user)])[0]
    return garage.shown(user, garage.desk().find_all(customer_id=user.id, order="-start"))


@app.patch("/api/bookings")
def change(garage: Here, user: User, number: Number, body: Change, _: Raw) -> dict[str, Any]:
    desk, booking = garage.desk(), int(number)
    desk.get(booking, actor=user)
    if body.status is None:
        return garage.shown(user, [desk.reschedule(booking, start_of(body), actor=user).booking])[0]
    if body.status != "cancelled" or body.date is not None or body.time is not None:
        raise sk.InvalidFieldError("status", body.status, "must be cancelled, and stand alone")
    return garage.shown(user, [desk.cancel(booking, actor=user).booking])[0]


@app.get("/api/availability")
def availability(garage: Here, request: Request) -> dict[str, list[str]]:
    asked = web.Parameters(request.query_params)
    day, service = sk.day_interval(asked.date("date"), ZONE), asked.integer("serviceId")
    found = garage.desk().slots(service, day, one_per_start=True) if day else []
    return {"slots": [web.local_text(one.start, ZONE)[11:] for one in found]}


@app.get("/api/notifications")
def notifications(garage: Here, user: User) -> list[dict[str, Any]]:
    return garage.read(sa.select(NOTIFICATIONS).where(NOTIFICATIONS.c.userId == user.id))


@app.exception_handler(sk.SlotkeeperError)
def refused(_: Request, error: sk.SlotkeeperError) -> Response:
    return rendered(answer(error))


@app.exception_handler(web.AnswerError)
def answered(_: Request, error: web.AnswerError) -> Response:
    return rendered(error.answer)


@app.exception_handler(RequestValidationError)
@app.exception_handler(400)
def malformed(request: Request, _: Exception) -> Response:
    """Answer a body that cannot be read, which FastAPI finds before it has asked whose it is."""
    known = here(request).user(request.headers.get("Authorization"))
    error = refusal(400, "Invalid request") if known else refusal(401, "Unauthorized")
    return rendered(error.answer)


@app.exception_handler(HTTPException)
def failed(_: Request, error: HTTPException) -> Response:
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


@app.exception_handler(Exception)
def broken(*_: object) -> Response:
    return JSONResponse({"error": "Server error"}, 500)


def demo(connection: sa.Connection) -> None:
    """Put the demo data into an empty database."""
    if connection.scalar(sa.select(USERS.c.name).limit(1)) is not None:
        return
    connection.execute(USERS.insert(), [{"name": name, "token": f"demo-{name}"} for name in ("alice", "bob")])
    corolla = {"userId": "alice", "make": "Toyota", "model": "Corolla", "year": 2018, "notes": ""}
    connection.execute(VEHICLES.insert().values(corolla))
    desk = sk.BookingDesk(SqlStore.on(connection, tables=TABLES))
    desk.add_resource(sk.Resource("bay", sk.Schedule.weekly_hours(ZONE, HOURS)))
    for number, (name, minutes) in enumerate(
        [("Oil change", 30), ("Brake inspection", 60), ("Full service", 120)], 1
    ):
        length = dt.timedelta(minutes=minutes)
        desk.add_service(sk.Service(number, length, name=name, grid=dt.timedelta(minutes=30)))


class Server(uvicorn.Server):
    """Says when it can be talked to."""

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        print(f"ready http://127.0.0.1:{self.config.port}", flush=True)


def main() -> None:
    given = web.serving("A garage.", database="sqlite:///garage.sqlite3")
    store = SqlStore.from_url(given.url, tables=TABLES)
    store.create_all(USERS, VEHICLES, NOTIFICATIONS, fill=demo if given.demo else None)
    app.state.garage = Garage(store, given)
    with app.state.garage.relay:
        Server(uvicorn.Config(app, port=given.port, log_level="warning")).run()


if __name__ == "__main__":
    main()
