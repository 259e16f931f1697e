"""A workshop: reservations of an employee's time for a service, by customers and their secretariat.

python docs/examples/workshop/app.py --port 8005 --demo
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from functools import singledispatch
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeAlias

import attrs
import sqlalchemy as sa
import uvicorn
from fastapi import Depends, FastAPI, Header, Path, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.exceptions import HTTPException

import slotkeeper as sk
from slotkeeper.adapters.sql import AsyncSqlStore, SqlStore, Tables
from slotkeeper.contrib import web

STAFF: Final = "secretariat"
SECRETARIAT: Final = sk.HasRole(STAFF)
PARTIES: Final[list[sk.IsOwner | sk.HasRole]] = [sk.IsOwner(), SECRETARIAT]
LIFECYCLE: Final = sk.Lifecycle(
    [
        sk.State("New", occupies=True),
        sk.State("Completed", occupies=True, final=True),
        sk.State("Cancelled", final=True, counts=False),
    ],
    [
        sk.Transition(None, "book", "New"),
        sk.Transition("New", "complete", "Completed", who=[SECRETARIAT]),
        sk.Transition("New", "cancel", "Cancelled", who=PARTIES),
        sk.Transition("New", "reschedule", "New", who=PARTIES, when=[sk.BeforeStart()]),
        sk.Transition("New", "update", "New", who=PARTIES, when=[sk.BeforeStart()]),
    ],
    name="reservation",
)
MINUTE: Final = dt.timedelta(minutes=1)
FAULTS: Final[dict[type[sk.SlotkeeperError], tuple[str, str]]] = {
    sk.NoticeError: ("start_ts", "cannot be in the past"),
    sk.OffGridError: ("start_ts", "must be a full minute"),
    sk.DurationError: ("end_ts", "must match the duration of the service"),
}
KINDS: Final = {
    "booking": ("Reservation", "id"),
    "resource": ("Employee", "employee_id"),
    "service": ("Service", "service_id"),
}
STATUSES: Final = {**dict.fromkeys(FAULTS, 400), sk.LifecycleError: 400}

METADATA: Final = sa.MetaData()
TABLES: Final = Tables(METADATA)
USERS: Final = sa.Table(
    "workshop_users",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("token", sa.String(80), unique=True, nullable=False),
    sa.Column("role", sa.String(20), nullable=False),
)
VEHICLES: Final = sa.Table(
    "workshop_vehicles",
    METADATA,
    sa.Column("license_plate", sa.String(20), primary_key=True),
    sa.Column("user_id", sa.ForeignKey(USERS.c.id), nullable=False),
    sa.Column("brand", sa.String(80), nullable=False),
    sa.Column("model", sa.String(80), nullable=False),
    sa.Column("year", sa.Integer, nullable=False),
)

Recommend: TypeAlias = Callable[[dict[str, Any], sk.Service], str]


def recommendation(vehicle: dict[str, Any], service: sk.Service) -> str:
    """Recommend what to look after, from a template."""
    car = "{year} {brand} {model}".format(**vehicle)
    return f"Based on your {car}, have fluids and tyres checked along with the {service.name.lower()}."


class Strict(BaseModel):
    """A body whose members are of the types that they are written as."""

    model_config = ConfigDict(strict=True)


Plate = Annotated[str, Field(min_length=1, max_length=20, pattern=r"^[^\x00]+$")]
Instant = Annotated[str, Field(examples=["2025-10-23T09:00:00Z"])]


class NewReservation(Strict):
    service_id: int
    vehicle_license_plate: Plate
    employee_id: Annotated[str, Field(examples=["550e8400-e29b-41d4-a716-446655440000"])]
    start_ts: Instant
    end_ts: Instant


class Change(Strict):
    service_id: int | None = None
    vehicle_license_plate: Plate | None = None
    start_ts: Instant | None = None
    end_ts: Instant | None = None
    status: str | None = None


class Failure(Exception):  # noqa: N818 - an answer
    """An answer of the workshop's own."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        self.answer = web.Answer(status, body)


def invalid(message: str, *faults: tuple[str, str]) -> dict[str, Any]:
    details = [{"field": field, "message": f"{field} {text}"} for field, text in faults]
    return {"error": "Bad Request", "message": message, "details": details}


@attrs.frozen
class Workshop:
    """The desk and the workshop's own tables."""

    store: AsyncSqlStore
    serving: web.Serving
    recommend: Recommend = recommendation

    def desk(self, connection: AsyncConnection | None = None) -> sk.AsyncBookingDesk:
        return sk.AsyncBookingDesk(
            self.store if connection is None else AsyncSqlStore.on(connection, tables=TABLES),
            clock=self.serving.clock,
            lifecycle=LIFECYCLE,
            viewers=PARTIES,
        )

    async def rows(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        async with self.store.engine.connect() as connection:
            return [dict(row) for row in (await connection.execute(query)).mappings()]

    async def user(self, authorization: str | None) -> sk.Actor | None:
        token = web.bearer_token(authorization)
        for row in await self.rows(sa.select(USERS).where(USERS.c.token == token)):
            return sk.Actor(row["id"], roles=row["role"])
        return None

    async def vehicle(self, plate: str, owner: sk.Id | None) -> dict[str, Any]:
        """Return a vehicle of a customer's."""
        found = await self.rows(sa.select(VEHICLES).where(VEHICLES.c.license_plate == plate))
        facts = {"license_plate": plate}
        if not found:
            raise Failure(404, {"error": "Vehicle not found", "details": facts})
        if found[0]["user_id"] != owner:
            raise Failure(403, {"error": "Vehicle not owned by user", "details": facts})
        return found[0]

    async def facts_of(self, vehicle: dict[str, Any], service_id: sk.Id) -> dict[str, Any]:
        """Return what a reservation keeps about its vehicle."""
        service = await self.desk().get_service(service_id)
        return {"plate": vehicle["license_plate"], "recommendation": self.recommend(vehicle, service)}

    async def shown(self, reservations: list[sk.Booking], *, whole: bool) -> list[dict[str, Any]]:
        """Return reservations as the document has them, in a list or each as a whole."""
        services = {one.id: one for one in await self.desk().services(active=None)}
        employees = {one.id: one.name for one in await self.desk().resources(active=None)}
        plates = {one.attributes["plate"] for one in reservations} if whole else set()
        query = sa.select(VEHICLES).where(VEHICLES.c.license_plate.in_(plates))
        vehicles = {row["license_plate"]: row for row in await self.rows(query)} if plates else {}
        found = []
        for one in reservations:
            facts, plate = web.booking_facts(one, LIFECYCLE), one.attributes["plate"]
            row = {
                "id": facts["id"],
                "service_id": one.service_id,
                "service_name": services[one.service_id].name,
                "service_duration_minutes": facts["duration"],
                "vehicle_license_plate": plate,
                "employee_id": facts["resource_id"],
                "employee_name": employees[one.resource_id],
                "start_ts": facts["start"],
                "end_ts": facts["end"],
                "status": facts["status"],
                "created_at": facts["created_at"],
                "updated_at": facts["updated_at"],
            }
            if whole:
                row |= {f"vehicle_{name}": vehicles[plate][name] for name in ("brand", "model")}
                row |= {
                    "user_id": facts["customer_id"],
                    "recommendation_text": one.attributes["recommendation"],
                }
            found.append(row)
        return found


app = FastAPI(title="Workshop")


def here(request: Request) -> Workshop:
    workshop: Workshop = request.app.state.workshop
    return workshop


Here = Annotated[Workshop, Depends(here)]
Token = Annotated[str | None, Header(alias="Authorization")]


async def signed_in(workshop: Here, token: Token = None) -> sk.Actor:
    user = await workshop.user(token)
    if user is None:
        raise Failure(401, {"error": "Unauthorized", "message": "Authentication required"})
    return user


async def raw_body(request: Request) -> bytes:
    body = await request.body()
    web.Fields.of_json(body)
    return body


def reservation_id(number: Annotated[str, Path()]) -> uuid.UUID:
    try:
        return web.Fields({"id": number}).uuid("id")
    except sk.InvalidFieldError:
        fault = {"field": "id", "message": "Reservation ID must be a valid UUID"}
        body = {"error": "Bad Request", "message": "Invalid reservation ID", "details": [fault]}
        raise Failure(400, body) from None


User = Annotated[sk.Actor, Depends(signed_in)]
Raw = Annotated[bytes, Depends(raw_body)]
Reservation = Annotated[uuid.UUID, Depends(reservation_id)]
Key = Annotated[str | None, Header(alias="Idempotency-Key")]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/api/reservations")
async def listing(workshop: Here, user: User, request: Request) -> dict[str, Any]:
    page = web.Parameters(request.query_params).page()
    own = None if STAFF in user.roles else user.id
    found = await workshop.desk().find(customer_id=own, listing=page)
    number = 1 + page.offset // page.limit
    return {
        "data": await workshop.shown(list(found.items), whole=False),
        "pagination": {"page": number, "limit": page.limit, "total": found.total},
    }


@app.post("/api/reservations")
async def create(workshop: Here, user: User, body: NewReservation, raw: Raw, key: Key = None) -> Response:
    async def book() -> web.Answer:
        asked = web.Fields(body.model_dump())
        times = span(asked)
        vehicle = await workshop.vehicle(body.vehicle_license_plate, user.id)
        made = await workshop.desk().book(
            body.service_id,
            times.start,
            customer_id=user.id,
            resource_ids=[asked.uuid("employee_id")],
            duration=times.duration,
            attributes=await workshop.facts_of(vehicle, body.service_id),
            actor=user,
            key=key,
        )
        return web.Answer(201, (await workshop.shown([made], whole=False))[0])

    repeats = web.AsyncRepeats(workshop.store, answer=answer)
    return rendered(await repeats.once(key, f"{user.id} POST reservations", raw, book))


@app.get("/api/reservations/{number}")
async def detail(workshop: Here, user: User, number: Reservation) -> dict[str, Any]:
    return (await workshop.shown([await workshop.desk().get(number, actor=user)], whole=True))[0]


@app.patch("/api/reservations/{number}")
async def change(workshop: Here, user: User, number: Reservation, body: Change, _: Raw) -> dict[str, Any]:
    asked = web.Fields(body.model_dump())
    asked.one_of("service_id", "vehicle_license_plate", "start_ts", "end_ts", "status")
    times = span(asked) if asked.has("start_ts") or asked.has("end_ts") else None

    async def work(connection: AsyncConnection) -> sk.Booking:
        desk = workshop.desk(connection)
        found, facts = await desk.get(number, actor=user), None
        service = found.service_id if body.service_id is None else body.service_id
        if body.service_id is not None or body.vehicle_license_plate is not None:
            plate = body.vehicle_license_plate or found.attributes["plate"]
            facts = await workshop.facts_of(await workshop.vehicle(plate, found.customer_id), service)
        if times is not None or body.service_id is not None:
            moved = await desk.reschedule(
                number,
                times.start if times else None,
                duration=times.duration if times else None,
                service_id=service,
                attributes=facts,
                actor=user,
            )
            found = moved.booking
        elif facts is not None:
            found = await desk.update(number, attributes=facts, actor=user)
        return found if body.status is None else await desk.set_status(number, body.status, actor=user)

    return (await workshop.shown([await workshop.store.transact(work)], whole=True))[0]


@app.get("/reservations/available")
async def available(workshop: Here, request: Request, token: Token = None) -> Response:
    if await workshop.user(token) is None:
        return JSONResponse({"error": "Unauthorized"}, 401)
    asked = web.Parameters(request.query_params)
    now = workshop.serving.clock()
    try:
        service = asked.integer("service_id")
        start = asked.instant("start_ts", now)
        end = asked.instant("end_ts", start + dt.timedelta(days=30))
        limit = asked.integer("limit", 32, most=200)
        if start < now:
            raise sk.InvalidFieldError("start_ts", start, "cannot be in the past")
        if not start < end <= start + dt.timedelta(days=90):
            raise sk.InvalidFieldError("end_ts", end, "must be after start_ts, by at most 90 days")
        slots = await workshop.desk().slots(service, sk.Interval(start, end), limit=limit)
    except sk.InvalidInputError as error:
        return JSONResponse({"error": "Validation error", "details": [detail_of(error)]}, 400)
    except sk.NotFoundError:
        return JSONResponse({"error": "Service not found"}, 404)
    employees = {one.id: one.name for one in await workshop.desk().resources()}
    rows = [
        {
            "start_ts": web.instant_text(one.start),
            "end_ts": web.instant_text(one.end),
            "employee_id": str(one.resource_id),
            "employee_name": employees[one.resource_id],
        }
        for one in slots
    ]
    return JSONResponse({"data": rows}, headers={"Cache-Control": "no-cache"})


def span(asked: web.Fields) -> sk.Interval:
    """Return the time that is asked for; both ends must be given."""
    start, end = asked.instant("start_ts"), asked.instant("end_ts")
    if end <= start:
        raise sk.InvalidFieldError("end_ts", end, "must be after start_ts")
    return sk.Interval(start, end)


def detail_of(error: sk.InvalidInputError) -> dict[str, Any]:
    field, reason = getattr(error, "field", "body"), getattr(error, "reason", error.describe())
    return {"code": error.code, "path": [field], "message": f"{field} {reason}"}


def answer(error: sk.SlotkeeperError, *, change: bool = False) -> web.Answer:
    """Return the answer to an error, in the document's shapes."""
    told = web.problem(error, STATUSES)
    return web.Answer(told.status, body_of(error, told, change=change), told.headers)


@singledispatch
def body_of(error: sk.SlotkeeperError, told: web.Problem, *, change: bool) -> dict[str, Any]:
    """Return the document's body for an error of some class."""
    del error, change
    return {"error": told.detail, "details": dict(told.facts)}


@body_of.register
def _(error: sk.InvalidInputError, told: web.Problem, *, change: bool) -> dict[str, Any]:
    del change
    fault = (error.field, error.reason) if isinstance(error, sk.InvalidFieldError) else ("body", told.detail)
    return invalid("Validation failed", fault)


@body_of.register(sk.NoticeError)
@body_of.register(sk.OffGridError)
@body_of.register(sk.DurationError)
def _(error: sk.RefusedError, _: web.Problem, *, change: bool) -> dict[str, Any]:
    del change
    return invalid("Validation failed", FAULTS[type(error)])


@body_of.register
def _(error: sk.NotFoundError, told: web.Problem, *, change: bool) -> dict[str, Any]:
    del change
    kind, key = KINDS[error.kind]
    return {"error": f"{kind} not found", "details": {key: told.facts["id"]}}


@body_of.register
def _(error: sk.ForbiddenError, _: web.Problem, *, change: bool) -> dict[str, Any]:
    del change
    if error.action != "complete":
        return {"error": "Access denied to this reservation"}
    facts = {"user_role": "user", "requested_status": "Completed"}
    return {"error": "Only secretariat can mark reservation as completed", "details": facts}


@body_of.register
def _(error: sk.TransitionTimeError, _: web.Problem, *, change: bool) -> dict[str, Any]:
    del change
    times = {"reservation_start": error.latest, "current_time": error.now}
    facts = {name: web.instant_text(at) for name, at in times.items() if at is not None}
    return {"error": "Cannot modify past reservation except status", "details": facts}


@body_of.register
def _(error: sk.SlotTakenError, told: web.Problem, *, change: bool) -> dict[str, Any]:
    explanation = error.explanation
    facts: dict[str, Any] = {"conflicts": len(explanation.blockers)}
    if change and explanation.end is not None:
        facts["employee_id"] = told.facts["refusals"][0]["resource_id"].removeprefix("urn:uuid:")
        facts["requested_start"] = web.instant_text(explanation.start)
        facts["requested_end"] = web.instant_text(explanation.end)
    return {"error": f"{'New time' if change else 'Time'} slot not available", "details": facts}


@body_of.register
def _(error: sk.OutsideHoursError, told: web.Problem, *, change: bool) -> dict[str, Any]:
    del error, change
    return {"error": "Employee not available", "details": {"refusals": told.facts["refusals"]}}


def rendered(given: web.Answer) -> Response:
    return JSONResponse(given.body, given.status, dict(given.headers))


@app.exception_handler(sk.SlotkeeperError)
async def refused(request: Request, error: sk.SlotkeeperError) -> Response:
    if request.method == "GET" and isinstance(error, sk.InvalidFieldError):
        return JSONResponse(invalid("Invalid query parameters", (error.field, error.reason)), 400)
    return rendered(answer(error, change=request.method == "PATCH"))


@app.exception_handler(Failure)
async def failed(_: Request, failure: Failure) -> Response:
    return rendered(failure.answer)


@app.exception_handler(RequestValidationError)
async def malformed(_: Request, error: RequestValidationError) -> Response:
    faults = [(str(one["loc"][-1]), one["msg"]) for one in error.errors()]
    return JSONResponse(invalid("Validation failed", *faults), 400)


@app.exception_handler(HTTPException)
async def unknown(_: Request, error: HTTPException) -> Response:
    body = invalid(error.detail) if error.status_code == HTTPStatus.BAD_REQUEST else {"error": error.detail}
    return JSONResponse(body, error.status_code, error.headers)


@app.exception_handler(Exception)
async def broken(_: Request, error: Exception) -> Response:
    del error
    body = {"error": "Internal Server Error", "message": "An unexpected error occurred"}
    return JSONResponse(body, 500)


def demo(connection: sa.Connection) -> None:
    """Put the demo data into an empty database."""
    if connection.scalar(sa.select(USERS.c.id).limit(1)) is not None:
        return
    ids = {name: uuid.uuid5(uuid.NAMESPACE_URL, f"workshop/{name}") for name in ("jan", "ewa", "sek")}
    roles = {"jan": "user", "ewa": "user", "sek": STAFF}
    people = [{"id": ids[name], "token": f"demo-{name}", "role": role} for name, role in roles.items()]
    connection.execute(USERS.insert(), people)
    columns = ("license_plate", "user_id", "brand", "model", "year")
    cars = [("WAW1234", ids["jan"], "VW", "Passat", 2010), ("KRK5678", ids["ewa"], "BMW", "X5", 2015)]
    connection.execute(VEHICLES.insert(), [dict(zip(columns, car, strict=True)) for car in cars])
    desk = sk.BookingDesk(SqlStore.on(connection, tables=TABLES), lifecycle=LIFECYCLE)
    hours = sk.Schedule.weekly_hours("Europe/Warsaw", {"MO-FR": "09:00-12:00, 12:30-17:00"})
    for name in ("Mechanik1", "Mechanik2"):
        desk.add_resource(sk.Resource(uuid.uuid5(uuid.NAMESPACE_URL, f"workshop/{name}"), hours, name=name))
    for number, (name, minutes) in enumerate([("Oil Change", 30), ("Brake Inspection", 60)], 1):
        accept = sk.ClockGrid(MINUTE)
        desk.add_service(sk.Service(number, minutes * MINUTE, name=name, accept=accept))


class Server(uvicorn.Server):
    """Says when it can be talked to."""

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        print(f"ready http://127.0.0.1:{self.config.port}", flush=True)


def main() -> None:
    given = web.serving("A workshop.", database="sqlite:///workshop.sqlite3")
    first = SqlStore.from_url(given.url, tables=TABLES)
    first.create_all(USERS, VEHICLES, fill=demo if given.demo else None)
    first.close()
    app.state.workshop = Workshop(AsyncSqlStore.from_url(given.async_url, tables=TABLES), given)
    Server(uvicorn.Config(app, port=given.port, log_level="warning")).run()


if __name__ == "__main__":
    main()
