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
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

import slotkeeper as sk
from slotkeeper.adapters.sql import SqlStore, Tables
from slotkeeper.contrib import web

ZONE: Final = "Europe/Warsaw"
HOURS: Final = {"MO-SA": "08:00-18:00"}
STATUSES: Final[dict[type[sk.SlotkeeperError], int]] = {
    sk.RefusedError: 400,
    sk.LifecycleError: 400,
    sk.ForbiddenError: 404,
}
TEXTS: Final[dict[type[sk.SlotkeeperError], str]] = {
    sk.SlotTakenError: "Time slot not available",
    sk.ForbiddenError: "Booking not found",
}

LARGEST: Final = 2**31 - 1
"""The largest number that the columns of the application's own hold; no vehicle has it."""

METADATA: Final = sa.MetaData()
TABLES: Final = Tables(METADATA)
USERS: Final = sa.Table(
    "garage_users",
    METADATA,
    sa.Column("name", sa.String(80), primary_key=True),
    sa.Column("token", sa.String(80)),
)
VEHICLES: Final = sa.Table(
    "garage_vehicles",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("userId", sa.String(80), nullable=False),
    sa.Column("make", sa.String(200), nullable=False),
    sa.Column("model", sa.String(200), nullable=False),
    sa.Column("year", sa.Integer, nullable=False),
    sa.Column("notes", sa.Text, nullable=False),
)
NOTIFICATIONS: Final = sa.Table(
    "garage_notifications",
    METADATA,
    sa.Column("event", sa.String(80), primary_key=True),
    sa.Column("userId", sa.String(80), nullable=False),
    sa.Column("bookingId", sa.Integer, nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
)


class Strict(BaseModel):
    """A body whose members are of the types that they are written as."""

    model_config = ConfigDict(strict=True)


Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]


class NewVehicle(Strict):
    make: Name
    model: Name
    year: int = Field(ge=1900)
    notes: str | None = Field(default=None, max_length=2000, pattern=r"^[^\x00]*$")


class NewBooking(Strict):
    serviceId: int  # noqa: N815 - the document's own name
    date: str = Field(examples=["2025-10-23"])
    time: str = Field(examples=["9:30"])
    vehicleId: int | None = None  # noqa: N815 - the document's own name
    vehicle: NewVehicle | None = None


class Change(Strict):
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
            store,
            clock=self.serving.clock,
            lifecycle=sk.GUARDED,
            numbered=True,
            subscribers=[self.relay],
        )

    def read(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        with self.store.engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def user(self, authorization: str | None) -> sk.Actor:
        token = web.bearer_token(authorization)
        for row in self.read(sa.select(USERS.c.name).where(USERS.c.token == token)):
            return sk.Actor(row["name"])
        raise HTTPException(401, "Unauthorized")

    def vehicle_of(self, connection: sa.Connection, user: sk.Actor, given: NewBooking) -> int:
        """Return the vehicle that is to be serviced: one of the customer's, or a new one."""
        if given.vehicleId is not None:
            owner = sa.select(VEHICLES.c.userId).where(VEHICLES.c.id == max(0, min(given.vehicleId, LARGEST)))
            found = connection.scalar(owner)
            if found != user.id:
                raise (
                    HTTPException(403, "Not your vehicle")
                    if found
                    else sk.NotFoundError("vehicle", given.vehicleId)
                )
            return given.vehicleId
        if given.vehicle is None:
            raise HTTPException(400, "Vehicle information required")
        if given.vehicle.year > self.serving.clock().year + 1:
            raise sk.InvalidFieldError("year", given.vehicle.year, "must not be after the next one")
        facts = given.vehicle.model_dump() | {"userId": user.id, "notes": given.vehicle.notes or ""}
        key = connection.execute(VEHICLES.insert().values(facts)).inserted_primary_key
        return int(key[0]) if key else 0

    def shown(self, bookings: list[sk.Booking]) -> list[dict[str, Any]]:
        """Return bookings as customers see them, by the clock of the garage."""
        ids = {one.attributes["vehicleId"] for one in bookings}
        vehicles = {row["id"]: row for row in self.read(sa.select(VEHICLES).where(VEHICLES.c.id.in_(ids)))}
        services = {one.id: one for one in self.desk().services(active=None)}
        return [
            {
                "id": (facts := web.booking_facts(one, zone=ZONE))["id"],
                "userId": facts["customer_id"],
                "vehicleId": one.attributes["vehicleId"],
                "serviceId": facts["service_id"],
                "date": facts["date"],
                "time": facts["time"],
                "status": facts["status"],
                "service": {
                    "id": facts["service_id"],
                    "name": services[one.service_id].name,
                    "duration": facts["duration"],
                },
                "vehicle": vehicles[one.attributes["vehicleId"]],
            }
            for one in bookings
        ]

    def notify(self, event: sk.Event) -> None:
        """Tell the customer what has become of a booking, once for each event."""
        row = {
            "event": str(event.id),
            "userId": event.booking.customer_id,
            "bookingId": event.booking_id,
            "kind": event.action,
        }

        def add(connection: sa.Connection) -> None:
            if (
                connection.scalar(
                    sa.select(NOTIFICATIONS.c.event).where(NOTIFICATIONS.c.event == row["event"])
                )
                is None
            ):
                connection.execute(NOTIFICATIONS.insert().values(row))

        self.store.transact(add)


def answer(error: sk.SlotkeeperError) -> web.Answer:
    """Return the answer to an error, in the document's shape."""
    told = web.problem(error, STATUSES)
    text = next((TEXTS[kind] for kind in type(error).__mro__ if kind in TEXTS), None)
    if isinstance(error, sk.NotFoundError):
        text = f"{error.kind.capitalize()} not found"
    if isinstance(error, sk.ParseError | sk.InvalidFieldError):
        text = "Invalid request"
    return web.Answer(told.status, {"error": text or told.detail}, told.headers)


def rendered(given: web.Answer) -> Response:
    return JSONResponse(given.body, given.status, dict(given.headers))


def start_of(body: NewBooking | Change) -> dt.datetime:
    fields = web.Fields(body.model_dump())
    wall = dt.datetime.combine(fields.date("date"), fields.time("time"))
    return sk.resolve(wall, ZONE, gap=sk.GapPolicy.RAISE, fold=sk.FoldPolicy.EARLIER)


app = FastAPI(title="Garage")


def here(request: Request) -> Garage:
    garage: Garage = request.app.state.garage
    return garage


def signed_in(garage: Here, authorization: Annotated[str | None, Header()] = None) -> sk.Actor:
    return garage.user(authorization)


async def raw_body(request: Request) -> bytes:
    body = await request.body()
    web.Fields.of_json(body)
    return body


Here = Annotated[Garage, Depends(here)]
User = Annotated[sk.Actor, Depends(signed_in)]
Raw = Annotated[bytes, Depends(raw_body)]
Key = Annotated[str | None, Header(alias="Idempotency-Key")]
Number = Annotated[int, Query(alias="id")]
AnyNumber = Annotated[int | None, Query(alias="id")]


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
def read(garage: Here, user: User, number: AnyNumber = None) -> Any:
    if number is not None:
        return garage.shown([garage.desk().get(number, actor=user)])[0]
    every = sk.Listing(order="-start", limit=10_000)
    return garage.shown(list(garage.desk().find(customer_id=user.id, listing=every).items))


@app.patch("/api/bookings")
def change(garage: Here, user: User, number: Number, body: Change, _: Raw) -> dict[str, Any]:
    desk = garage.desk()
    desk.get(number, actor=user)
    if body.status is None:
        return garage.shown([desk.reschedule(number, start_of(body), actor=user).booking])[0]
    if body.status != "cancelled" or body.date is not None or body.time is not None:
        raise sk.InvalidFieldError("status", body.status, "must be cancelled, and stand alone")
    return garage.shown([desk.cancel(number, actor=user).booking])[0]


@app.get("/api/availability")
def availability(garage: Here, request: Request) -> dict[str, list[str]]:
    asked = web.Parameters(request.query_params)
    day = sk.day_interval(asked.date("date"), ZONE)
    service, found = asked.integer("serviceId"), list[sk.Slot]()
    if day is not None:
        found = garage.desk().slots(service, day, one_per_start=True)
    return {"slots": [web.local_text(one.start, ZONE)[11:] for one in found]}


@app.get("/api/notifications")
def notifications(garage: Here, user: User) -> list[dict[str, Any]]:
    return garage.read(sa.select(NOTIFICATIONS).where(NOTIFICATIONS.c.userId == user.id))


@app.exception_handler(sk.SlotkeeperError)
def refused(_: Request, error: sk.SlotkeeperError) -> Response:
    return rendered(answer(error))


@app.exception_handler(RequestValidationError)
def malformed(_: Request, error: RequestValidationError) -> Response:
    wrong = [".".join(map(str, one["loc"])) for one in error.errors()]
    return JSONResponse({"error": "Invalid request", "fields": wrong}, 400)


@app.exception_handler(HTTPException)
def failed(_: Request, error: HTTPException) -> Response:
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


@app.exception_handler(Exception)
def broken(_: Request, error: Exception) -> Response:
    del error
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
