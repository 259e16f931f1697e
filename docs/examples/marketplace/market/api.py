"""The endpoints: each parses, asks the desk, and renders."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from functools import wraps
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.http import Http404
from django.urls import path
from rest_framework.decorators import api_view
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

import slotkeeper as sk
from market import shop
from market.models import Notification, Person
from slotkeeper.contrib import web

STATUSES: Final[dict[type[sk.SlotkeeperError], int]] = {
    sk.LifecycleError: 422,
    sk.NoticeError: 400,
    sk.DurationError: 400,
    sk.OffGridError: 400,
}
CODES: Final = {
    400: "VALIDATION_ERROR",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    409: "BOOKING_CONFLICT",
    412: "PRECONDITION_FAILED",
    422: "BOOKING_NOT_MODIFIABLE",
    429: "RATE_LIMITED",
}
KEYS: Final = (sk.IdempotencyMismatchError, sk.IdempotencyPendingError)
View = Callable[..., Response]


def told(
    status: int, message: str, details: Mapping[str, Any] | None = None, code: str | None = None
) -> dict[str, Any]:
    return {"code": code or CODES.get(status, "ERROR"), "message": message, "details": dict(details or {})}


def answer(error: sk.SlotkeeperError) -> web.Answer:
    """Return the answer to an error, in the document's shape."""
    found = web.problem(error, STATUSES)
    code = found.code.upper() if isinstance(error, KEYS) else None
    return web.Answer(found.status, told(found.status, found.detail, found.facts, code), found.headers)


def rendered(given: web.Answer) -> Response:
    return Response(given.body, status=given.status, headers=dict(given.headers))


def failed(error: Exception, _: object) -> Response | None:
    """Answer whatever a view raises."""
    if isinstance(error, sk.SlotkeeperError):
        return rendered(answer(error))
    if isinstance(error, Http404):
        return Response(told(404, "Not found"), status=404)
    if isinstance(error, APIException):
        return Response(told(error.status_code, str(error.detail)), status=error.status_code)
    return Response(told(500, "Server error"), status=500)


def user_of(token: str | None) -> sk.Actor | None:
    found = Person.objects.filter(token=token).first() if token else None
    return None if found is None else sk.Actor(found.id, roles=found.role)


def signed_in(view: View) -> View:
    @wraps(view)
    def guarded(request: Request, **given: Any) -> Response:
        user = user_of(web.bearer_token(request.headers.get("Authorization")))
        if user is None:
            return Response(told(401, "Authentication required"), status=401)
        request.actor = user
        return view(request, **given)

    return guarded


def person(found: Person) -> dict[str, Any]:
    return {"id": found.id, "name": found.name, "location": found.location, "rating": found.rating}


def service_facts(service: sk.Service) -> dict[str, Any]:
    shortest = (
        service.duration.shortest if isinstance(service.duration, sk.DurationRange) else dt.timedelta(0)
    )
    return {
        "id": service.id,
        "name": service.name,
        "category": service.attributes["category"],
        "duration": shortest // dt.timedelta(minutes=1),
    }


@api_view(["GET"])
def openapi(_: Request) -> Response:
    return Response(json.loads(Path(__file__).parents[1].joinpath("openapi.json").read_text()))


@api_view(["GET"])
def health(_: Request) -> Response:
    return Response({"status": "ok"})


@api_view(["GET"])
def search(request: Request) -> Response:
    asked = web.Parameters(request.query_params)
    day = asked.date("date", settings.CLOCK().date())
    location, category = asked.text("location", None), asked.text("category", None)
    people = {one.id: one for one in Person.objects.filter(role="provider")}
    results = [
        {
            "service": service_facts(service),
            "provider": person(people[provider]),
            "score": shop.score(people[provider]),
            "slots": shop.availability(provider, service.id, day),
        }
        for service in shop.desk().services()
        if service.id != shop.ANY_VISIT and category in {None, service.attributes["category"]}
        for provider in service.needs[0].among
        if location is None or people[provider].location.lower() == location.lower()
    ]
    return Response({"results": sorted(results, key=itemgetter("score"), reverse=True)})


@api_view(["GET"])
def get_service(_: Request, number: int) -> Response:
    service = shop.desk().get_service(number)
    if number == shop.ANY_VISIT:
        raise sk.NotFoundError("service", number)
    people = Person.objects.filter(id__in=service.needs[0].among).order_by("id")
    return Response({**service_facts(service), "providers": [person(one) for one in people]})


@api_view(["GET"])
@signed_in
def availabilities(request: Request) -> Response:
    asked = web.Parameters(request.query_params)
    provider, service = asked.integer("provider"), asked.integer("service", None)
    shop.desk().get_resource(provider)
    return Response(shop.availability(provider, service, asked.date("date", settings.CLOCK().date())))


@api_view(["GET", "POST"])
@signed_in
def bookings(request: Request) -> Response:
    return create(request) if request.method == "POST" else history(request)


def history(request: Request) -> Response:
    actor = request.actor
    listing = web.Parameters(request.query_params).page(size="page_size", order="-created_at")
    if "admin" in actor.roles:
        found = shop.desk().find(listing=listing)
    elif "provider" in actor.roles:
        found = shop.desk().find(resource_ids=[actor.id], listing=listing)
    else:
        found = shop.desk().find(customer_id=actor.id, listing=listing)
    page = 1 + listing.offset // listing.limit
    rows = [shop.shown(one) for one in found.items]
    return Response({"count": found.total, "page": page, "page_size": listing.limit, "results": rows})


def create(request: Request) -> Response:
    actor = request.actor
    if "customer" not in actor.roles:
        raise sk.ForbiddenError(actor.id, "book", ["role:customer"])

    def book(desk: sk.BookingDesk) -> sk.Booking:
        given = web.Fields.of_json(request.body)
        start, length = given.instant("start_time"), given.integer("duration", None, least=1, most=1440)
        if given.instant("booking_date", start).date() != start.date():
            raise sk.InvalidFieldError(
                "booking_date", given.text("booking_date"), "must be the day of start_time"
            )
        return desk.book(
            given.integer("service", least=1),
            start,
            customer_id=actor.id,
            resource_ids=[given.integer("provider")],
            duration=None if length is None else dt.timedelta(minutes=length),
            notes=given.text("customer_notes", ""),
            actor=actor,
        )

    key, scope = request.headers.get("Idempotency-Key"), f"{actor.id} POST bookings"

    def once(store: Any, act: Callable[[], web.Answer]) -> web.Answer:
        def admitted() -> web.Answer:
            shop.desk(store).admit(shop.CREATIONS, actor.id)
            return act()

        return web.Repeats(store, answer=answer).once(key, scope, request.body, admitted)

    return rendered(shop.carried_out(book, once))


def at_once(_: Any, act: Callable[[], web.Answer]) -> web.Answer:
    return act()


@api_view(["GET", "PATCH"])
@signed_in
def booking(request: Request, number: int) -> Response:
    found = shop.desk().get(number, actor=request.actor)
    if request.method == "GET":
        return Response(shop.shown(found), headers={"ETag": web.etag(found.version)})
    version = web.expected_version(request.headers.get("If-Match"), found)
    given = web.Fields.of_json(request.body)
    given.one_of("start_time", "duration", "customer_notes")
    start, length = given.instant("start_time", None), given.integer("duration", None, least=1, most=1440)
    notes = given.text("customer_notes", None)

    def change(desk: sk.BookingDesk) -> sk.Booking:
        facts: dict[str, Any] = {"notes": notes, "actor": request.actor, "expected_version": version}
        if start is None and length is None:
            return desk.update(number, **facts)
        duration = None if length is None else dt.timedelta(minutes=length)
        moved = desk.reschedule(number, start, duration=duration, action="request_reschedule", **facts)
        return moved.booking

    return rendered(shop.carried_out(change, at_once))


@api_view(["POST"])
@signed_in
def act(request: Request, number: int, action: str) -> Response:
    found = shop.desk().get(number, actor=request.actor)
    version = web.expected_version(request.headers.get("If-Match"), found)
    given = web.Fields.of_json(request.body or b"{}")
    reason = given.text("reason", None, most=1000)
    return rendered(
        shop.carried_out(
            lambda desk: desk.act(
                number, action.replace("-", "_"), reason=reason, actor=request.actor, expected_version=version
            ),
            at_once,
        )
    )


@api_view(["GET"])
@signed_in
def notifications(request: Request) -> Response:
    rows = Notification.objects.filter(person_id=request.actor.id).order_by("id")
    return Response([{"booking": one.booking, "status": one.status, "text": one.text} for one in rows])


def unknown(_: object, exception: object = None) -> Any:
    from django.http import JsonResponse  # noqa: PLC0415 - Django loads handlers late

    del exception
    return JsonResponse(told(404, "Not found"), status=404)


handler404 = unknown
ACTIONS: Final = ("confirm", "start", "complete", "no-show", "cancel")
urlpatterns = [
    path("health", health),
    path("openapi.json", openapi),
    path("api/services/intelligent-search/", search),
    path("api/services/services/<int:number>/", get_service),
    path("api/bookings/availabilities/", availabilities),
    path("api/bookings/bookings/", bookings),
    path("api/bookings/bookings/<int:number>/", booking),
    *(path(f"api/bookings/bookings/<int:number>/{one}/", act, {"action": one}) for one in ACTIONS),
    path("api/notifications/", notifications),
]
