"""A workshop: reservations of an employee's time for a service, by customers and their secretariat.

python docs/examples/workshop/app.py --port 8005 --demo
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from functools import partial
from typing import Annotated, Any, Final, TypeAlias, TypeVar

import attrs
import sqlalchemy as sa
import uvicorn
from fastapi import Depends, FastAPI, Header, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.exceptions import HTTPException

import slotkeeper as sk
from slotkeeper.adapters.sql import AsyncSqlStore, SqlStore, Tables, exact_text
from slotkeeper.contrib import web

R = TypeVar("R")

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
MONTH: Final = dt.timedelta(days=30)
AVAILABLE: Final = "/reservations/available"
LISTED: Final = (
    "id service_id service_name service_duration_minutes=duration vehicle_license_plate=plate"
    " employee_id=resource_id employee_name start_ts=start end_ts=end status created_at updated_at"
)
WHOLE: Final = f"{LISTED} user_id=customer_id vehicle_brand=brand vehicle_model=model recommendation_text"

FAULTS: Final[dict[type[sk.SlotkeeperError], tuple[str, str]]] = {
    sk.NoticeError: ("start_ts", "cannot be in the past"),
    sk.OffGridError: ("start_ts", "must be a full minute"),
    sk.DurationError: ("end_ts", "must match the duration of the service"),
}
STATUSES: Final = {**dict.fromkeys(FAULTS, 400), sk.LifecycleError: 400}
KINDS: Final = {
    "booking": ("Reservation", "id"),
    "resource": ("Employee", "employee_id"),
    "service": ("Service", "service_id"),
    "vehicle": ("Vehicle", "license_plate"),
}
INVALID: Final = {
    "id": ("Invalid reservation ID", "Reservation ID must be a valid UUID"),
    "page": ("Invalid query parameters", "page must be greater than 0"),
    "limit": ("Invalid query parameters", "limit must be between 1 and 100"),
}
"""The document's own words about some fields."""

METADATA: Final = sa.MetaData()
TABLES: Final = Tables(METADATA)
USERS: Final = sa.Table(
    "workshop_users",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("token", exact_text(80), unique=True, nullable=False),
    sa.Column("role", sa.String(20), nullable=False),
)
VEHICLES: Final = sa.Table(
    "workshop_vehicles",
    METADATA,
    sa.Column("license_plate", exact_text(20), primary_key=True),
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


COMMON: Final = {
    "service_id": {"type": "integer"},
    "vehicle_license_plate": {"type": "string", "minLength": 1, "maxLength": 20},
    "start_ts": {"type": "string", "format": "date-time"},
    "end_ts": {"type": "string", "format": "date-time"},
}
NEW: Final = {**COMMON, "employee_id": {"type": "string", "format": "uuid"}}
CHANGES: Final = {**COMMON, "status": {"enum": ["New", "Completed", "Cancelled"]}}


def taking(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Tell OpenAPI what the body of a request may hold."""
    schema = {"type": "object", "properties": properties, **more}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


@attrs.frozen
class Workshop:
    """The desk and the workshop's own tables; within a transaction, on its connection."""

    store: AsyncSqlStore
    serving: web.Serving
    recommend: Recommend = recommendation
    connection: AsyncConnection | None = None

    async def transact(self, work: Callable[[Workshop], Awaitable[R]]) -> R:
        """Do something that reads and writes, all of it or nothing."""
        return await self.store.transact(lambda connection: work(attrs.evolve(self, connection=connection)))

    def desk(self) -> sk.AsyncBookingDesk:
        inner = AsyncSqlStore.on(self.connection, tables=TABLES) if self.connection else self.store
        return sk.AsyncBookingDesk(inner, clock=self.serving.clock, lifecycle=LIFECYCLE, viewers=PARTIES)

    async def rows(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        lent = nullcontext(self.connection) if self.connection else self.store.engine.connect()
        async with lent as connection:
            return [dict(row) for row in (await connection.execute(query)).mappings()]

    async def user(self, authorization: str | None) -> sk.Actor | None:
        token = web.bearer_token(authorization)
        found = await self.rows(sa.select(USERS).where(USERS.c.token == token)) if token else []
        return sk.Actor(found[0]["id"], roles=found[0]["role"]) if found else None

    async def alone(self, customer: sk.Id | None) -> None:
        """Wait for other changes of a customer's reservations to end."""
        await self.rows(sa.select(USERS.c.id).where(USERS.c.id == customer).with_for_update())

    async def vehicle(self, plate: str, owner: sk.Id | None, service_id: sk.Id) -> dict[str, Any]:
        """Return what a reservation keeps about a vehicle of its customer's."""
        found = await self.rows(sa.select(VEHICLES).where(VEHICLES.c.license_plate == plate))
        if not found:
            raise sk.NotFoundError("vehicle", plate)
        if found[0]["user_id"] != owner:
            raise refusal(403, {"error": "Vehicle not owned by user", "details": {"license_plate": plate}})
        service = await self.desk().get_service(service_id)
        return {"plate": plate, "recommendation_text": self.recommend(found[0], service)}

    async def shown(self, reservations: list[sk.Booking], names: str) -> list[dict[str, Any]]:
        """Return facts about reservations under the names of the document."""
        services = {one.id: one.name for one in await self.desk().services(active=None)}
        employees = {one.id: one.name for one in await self.desk().resources(active=None)}
        plates = {one.attributes["plate"] for one in reservations}
        query = sa.select(VEHICLES).where(VEHICLES.c.license_plate.in_(plates))
        vehicles = {row["license_plate"]: row for row in await self.rows(query)}
        rows = []
        for one in reservations:
            facts = {**web.booking_facts(one, LIFECYCLE), **one.attributes}
            facts |= vehicles[facts["plate"]]
            facts |= {"service_name": services[one.service_id], "employee_name": employees[one.resource_id]}
            rows.append(web.picked(facts, names))
        return rows


app = FastAPI(title="Workshop")


def here(request: Request) -> Workshop:
    workshop: Workshop = request.app.state.workshop
    return workshop


Here = Annotated[Workshop, Depends(here)]
Token = Annotated[str | None, Header(alias="Authorization")]


async def signed_in(workshop: Here, request: Request, token: Token = None) -> sk.Actor:
    user = await workshop.user(token)
    if user is None:
        more = {} if request.url.path == AVAILABLE else {"message": "Authentication required"}
        raise refusal(401, {"error": "Unauthorized", **more})
    return user


User = Annotated[sk.Actor, Depends(signed_in)]


def reservation_id(number: str, _: User) -> uuid.UUID:
    return web.Fields({"id": number}).uuid("id")


async def json_body(request: Request, _: User) -> web.Fields:
    return web.Fields.of_json(await request.body())


Reservation = Annotated[uuid.UUID, Depends(reservation_id)]
Body = Annotated[web.Fields, Depends(json_body)]
Key = Annotated[str | None, Header(alias="Idempotency-Key")]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/api/reservations")
async def listing(workshop: Here, user: User, request: Request) -> dict[str, Any]:
    page = web.Parameters(request.query_params).page()
    own = None if STAFF in user.roles else user.id
    found = await workshop.desk().find(customer_id=own, listing=page)
    return {
        "data": await workshop.shown(list(found.items), LISTED),
        "pagination": {"page": page.page_number, "limit": page.limit, "total": found.total},
    }


@app.post("/api/reservations", openapi_extra=taking(NEW, required=list(NEW)))
async def create(workshop: Here, user: User, asked: Body, key: Key = None) -> Response:
    async def book(inside: Workshop) -> web.Answer:
        service, plate = asked.integer("service_id"), asked.text("vehicle_license_plate", least=1, most=20)
        employee, times = asked.uuid("employee_id"), span(asked)
        made = await inside.desk().book(
            service,
            times.start,
            customer_id=user.id,
            resource_ids=[employee],
            duration=times.duration,
            attributes=await inside.vehicle(plate, user.id, service),
            actor=user,
        )
        return web.Answer(201, (await inside.shown([made], LISTED))[0])

    async def work(inside: Workshop) -> web.Answer:
        repeats = web.AsyncRepeats(inside.desk().store, answer=answer)
        return await repeats.once(key, f"{user.id} POST reservations", asked.members, partial(book, inside))

    return rendered(await workshop.transact(work))


@app.get("/api/reservations/{number}")
async def detail(workshop: Here, user: User, number: Reservation) -> dict[str, Any]:
    return (await workshop.shown([await workshop.desk().get(number, actor=user)], WHOLE))[0]


@app.patch("/api/reservations/{number}", openapi_extra=taking(CHANGES, minProperties=1))
async def change(workshop: Here, user: User, number: Reservation, asked: Body) -> dict[str, Any]:
    asked.one_of(*CHANGES)
    times = span(asked) if asked.has("start_ts") or asked.has("end_ts") else None
    service, status = asked.integer("service_id", None), asked.text("status", None)
    plate = asked.text("vehicle_license_plate", None, least=1, most=20)

    async def work(inside: Workshop) -> dict[str, Any]:
        desk, facts = inside.desk(), None
        await inside.alone((await desk.get(number, actor=user)).customer_id)
        found = await desk.get(number, actor=user)
        if service is not None or plate is not None:
            facts = await inside.vehicle(
                plate or found.attributes["plate"], found.customer_id, service or found.service_id
            )
        found = await desk.amend(
            number,
            times.start if times else None,
            duration=times.duration if times else None,
            service_id=service,
            attributes=facts,
            status=status,
            actor=user,
        )
        return (await inside.shown([found], WHOLE))[0]

    return await workshop.transact(work)


@app.get(AVAILABLE)
async def available(workshop: Here, _: User, request: Request) -> Response:
    asked = web.Parameters(request.query_params)
    try:
        service, limit = asked.integer("service_id"), asked.integer("limit", 32, most=200)
        slots = await workshop.desk().slots(service, range_of(asked, workshop.serving.clock()), limit=limit)
    except sk.InvalidFieldError as error:
        return JSONResponse({"error": "Validation error", "details": [misfit(error)]}, 400)
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


def range_of(asked: web.Parameters, now: dt.datetime) -> sk.Interval:
    """Return the time in which free slots are asked for."""
    start = asked.instant("start_ts", now)
    end = asked.instant("end_ts", start + min(MONTH, sk.LATEST - start))
    if start < now:
        raise sk.InvalidFieldError("start_ts", start, "cannot be in the past")
    if not start < end or end - start > 3 * MONTH:
        raise sk.InvalidFieldError("end_ts", end, "must be after start_ts, by at most 90 days")
    return sk.Interval(start, end)


def misfit(error: sk.InvalidFieldError) -> dict[str, Any]:
    """Return what is wrong with a question about free slots."""
    code, message = error.code, f"{error.field} {error.reason}"
    if error.field == "service_id":
        code, message = "invalid_type", "Service ID must be a positive integer"
    return {"code": code, "path": [error.field], "message": message}


def span(asked: web.Fields) -> sk.Interval:
    """Return the time that is asked for; both ends must be given."""
    start, end = asked.instant("start_ts"), asked.instant("end_ts")
    if end <= start:
        raise sk.InvalidFieldError("end_ts", end, "must be after start_ts")
    return sk.Interval(start, end)


def refusal(status: int, body: dict[str, Any]) -> web.AnswerError:
    return web.AnswerError(web.Answer(status, body))


def invalid(field: str, reason: str) -> dict[str, Any]:
    """Return the body of a request that is refused because of one of its fields."""
    message, detail = INVALID.get(field, ("Validation failed", f"{field} {reason}"))
    return {"error": "Bad Request", "message": message, "details": [{"field": field, "message": detail}]}


def answer(error: sk.SlotkeeperError, *, change: bool = False) -> web.Answer:
    """Return the answer to an error, in the document's shapes."""
    told = web.problem(error, STATUSES)
    return web.Answer(told.status, body_of(error, told, change=change), told.headers)


def body_of(  # noqa: C901, PLR0911 - it is a table
    error: sk.SlotkeeperError, told: web.Problem, *, change: bool
) -> dict[str, Any]:
    """Return the document's body for an error."""
    match error:
        case sk.NoticeError() | sk.OffGridError() | sk.DurationError():
            return invalid(*FAULTS[type(error)])
        case sk.InvalidFieldError(field="duration"):  # of more than a hundred years
            return invalid(*FAULTS[sk.DurationError])
        case sk.InvalidFieldError(field=field, reason=reason):
            return invalid(field, reason)
        case sk.ParseError(expected=expected):
            return invalid("body", f"must be {expected}")
        case sk.NotFoundError(kind=kind):
            name, field = KINDS[kind]
            return {"error": f"{name} not found", "details": {field: told.facts["id"]}}
        case sk.ForbiddenError(action="complete"):
            facts: dict[str, Any] = {"user_role": "user", "requested_status": "Completed"}
            return {"error": "Only secretariat can mark reservation as completed", "details": facts}
        case sk.ForbiddenError():
            return {"error": "Access denied to this reservation"}
        case sk.TransitionTimeError(latest=dt.datetime() as start, now=now):
            facts = {"reservation_start": web.instant_text(start), "current_time": web.instant_text(now)}
            return {"error": "Cannot modify past reservation except status", "details": facts}
        case sk.TransitionError(status=status) | sk.NotModifiableError(status=status):
            text = 'Only "New" status can be changed to "Cancelled" or "Completed"'
            return {"error": text, "details": {"current_status": status}}
        case sk.SlotTakenError(explanation=sk.Explanation(end=dt.datetime() as end) as asked) if change:
            facts = {
                "conflicts": len(asked.blockers),
                "employee_id": str(asked.refusals[0].resource_id),
                "requested_start": web.instant_text(asked.start),
                "requested_end": web.instant_text(end),
            }
            return {"error": "New time slot not available", "details": facts}
        case sk.SlotTakenError(explanation=asked):
            return {"error": "Time slot not available", "details": {"conflicts": len(asked.blockers)}}
        case sk.RefusedError(explanation=asked):
            facts = {"employee_id": str(asked.refusals[0].resource_id)}
            return {"error": "Employee not available", "details": facts}
    return {"error": told.detail, "details": dict(told.facts)}


def rendered(given: web.Answer) -> Response:
    return JSONResponse(given.body, given.status, dict(given.headers))


@app.exception_handler(sk.SlotkeeperError)
async def refused(request: Request, error: sk.SlotkeeperError) -> Response:
    return rendered(answer(error, change=request.method == "PATCH"))


@app.exception_handler(web.AnswerError)
async def answered(_: Request, error: web.AnswerError) -> Response:
    return rendered(error.answer)


@app.exception_handler(HTTPException)
async def unknown(_: Request, error: HTTPException) -> Response:
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


@app.exception_handler(Exception)
async def broken(request: Request, _: Exception) -> Response:
    if request.url.path == AVAILABLE:
        return JSONResponse({"error": "Internal server error"}, 500)
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
