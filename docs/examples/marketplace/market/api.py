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
from django.core.exceptions import SuspiciousOperation
from django.http import Http404
from django.urls import path
from rest_framework.decorators import api_view
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

import slotkeeper as sk
from market import shop
from market.models import Notification, Person, Review
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
    405: "METHOD_NOT_ALLOWED",
    406: "NOT_ACCEPTABLE",
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
    if isinstance(error, SuspiciousOperation):
        return Response(told(400, "Request too large"), status=400)
    if isinstance(error, APIException):
        return Response(told(error.status_code, str(error.detail)), status=error.status_code)
    return Response(told(500, "Server error"), status=500)


def user_of(token: str | None) -> sk.Actor | None:
    known = Person.objects.filter(token=token) if web.plain_token(token) else ()
    exact = (one for one in known if one.token == token)  # some databases take either case for equal
    return next((sk.Actor(one.id, roles=one.role) for one in exact), None)


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
    facts = {"id": found.id, "name": found.name, "location": found.location}
    return {**facts, "rating": round(found.rating, 2), "ratings": found.ratings}


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
    theirs = [actor.id] if "provider" in actor.roles else None
    found = shop.desk().find(resource_ids=theirs, listing=listing, actor=actor)
    return Response(paged(listing, found.total, [shop.shown(one) for one in found.items]))


def paged(listing: sk.Listing, total: int, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"count": total, "page": listing.page_number, "page_size": listing.limit, "results": rows}


def changed(booking: sk.Booking, status: int = 200) -> web.Answer:
    return web.Answer(status, shop.shown(booking), {"ETag": web.etag(booking.version)})


def repeatable(request: Request, act: Callable[[str | None], web.Answer]) -> Response:
    """Answer a repeat with the same Idempotency-Key as the first request."""
    key, scope = request.headers.get("Idempotency-Key"), f"{request.actor.id} {request.method} {request.path}"
    return rendered(web.Repeats(shop.STORE, answer=answer).once(key, scope, request.body, lambda: act(key)))


def create(request: Request) -> Response:
    actor = request.actor

    def book(desk: sk.BookingDesk, key: str | None) -> sk.Booking:
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
            key=key,
        )

    def admitted(key: str | None) -> web.Answer:
        shop.desk().admit(shop.CREATIONS, actor.id)
        made = shop.carried_out(lambda desk: book(desk, key))
        return changed(shop.desk().checkout(made.id, actor=actor, key=key), 201)

    return repeatable(request, admitted)


@api_view(["POST"])
def complete_payment(_: Request, checkout: str) -> Response:
    number = shop.PROVIDER.booking_of(checkout)
    return rendered(changed(shop.desk().settle(number, reference=checkout, confirm=False, key=checkout)))


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
    terms: dict[str, Any] = {
        "duration": None if length is None else dt.timedelta(minutes=length),
        "notes": given.text("customer_notes", None),
        "action": "request_reschedule",
        "actor": request.actor,
        "expected_version": version,
    }
    return rendered(changed(shop.carried_out(lambda desk: desk.amend(number, start, **terms))))


@api_view(["POST"])
@signed_in
def act(request: Request, number: int, action: str) -> Response:
    found = shop.desk().get(number, actor=request.actor)
    version = web.expected_version(request.headers.get("If-Match"), found)
    given = web.Fields.of_json(request.body or b"{}")
    reason = given.text("reason", None, most=1000) if action == "cancel" else None
    terms = {"reason": reason, "actor": request.actor, "expected_version": version}
    return rendered(
        changed(shop.carried_out(lambda desk: desk.act(number, action.replace("-", "_"), **terms)))
    )


@api_view(["POST"])
@signed_in
def review(request: Request, number: int) -> Response:
    def give(_: str | None) -> web.Answer:
        shop.desk().get(number, actor=request.actor)
        given = web.Fields.of_json(request.body)
        rating, comment = given.integer("rating", least=1, most=5), given.text("comment", "", most=2000)
        shop.carried_out(lambda desk: shop.review(desk, number, request.actor, rating, comment))
        return web.Answer(201, reviewed(Review.objects.get(booking=number)))

    return repeatable(request, give)


def reviewed(found: Review) -> dict[str, Any]:
    at = web.instant_text(found.created_at)
    return {"booking": found.booking, "rating": found.rating, "comment": found.comment, "created_at": at}


@api_view(["GET"])
def reviews(request: Request, number: int) -> Response:
    listing = web.Parameters(request.query_params).page(size="page_size")
    shop.desk().get_resource(number)
    found = Review.objects.filter(provider=number).order_by("-created_at", "-booking")
    part = found[listing.offset : listing.offset + listing.limit]
    return Response(paged(listing, found.count(), [reviewed(one) for one in part]))


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
    path("api/bookings/bookings/<int:number>/review/", review),
    path("api/payments/<str:checkout>/complete/", complete_payment),
    path("api/providers/<int:number>/reviews/", reviews),
    path("api/notifications/", notifications),
]
