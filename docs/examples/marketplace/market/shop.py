"""The desk of the marketplace: its table of statuses, and commands within transactions of Django's ORM."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import stamina
from django.conf import settings
from django.core.cache import cache
from django.db import OperationalError, connection, transaction

import slotkeeper as sk
from market.models import Notification, Person, Review
from slotkeeper.adapters.sql import SqlStore, borrowed
from slotkeeper.contrib import web

STAFF: Final[list[sk.IsProvider | sk.HasRole]] = [sk.IsProvider(), sk.HasRole("admin")]
PARTIES: Final = [sk.IsOwner(), *STAFF]
OPEN: Final = ("pending", "confirmed", "rescheduled")
BEFORE: Final = [sk.BeforeStart()]


def _moves() -> list[sk.Transition]:
    """Return how an open booking is moved, described, or cancelled by its customer, until it starts."""
    return [
        row
        for status in OPEN
        for row in (
            sk.Transition(status, "request_reschedule", "rescheduled", who=PARTIES, when=BEFORE),
            sk.Transition(status, "update", status, who=PARTIES, when=BEFORE),
            sk.Transition(status, "cancel", "cancelled", who=[sk.IsOwner()], when=BEFORE),
        )
    ]


LIFECYCLE: Final = sk.Lifecycle(
    [
        *(sk.State(status, occupies=True) for status in (*OPEN, "in_progress")),
        sk.State("completed", occupies=True, final=True),
        sk.State("cancelled", final=True, counts=False),
        sk.State("no_show", final=True),
    ],
    [
        sk.Transition(None, "request", "pending", who=[sk.HasRole("customer")]),
        sk.Transition("pending", "confirm", "confirmed", who=STAFF),
        sk.Transition("rescheduled", "confirm", "confirmed", who=STAFF),
        sk.Transition("confirmed", "start", "in_progress", who=STAFF),
        sk.Transition("in_progress", "complete", "completed", who=STAFF),
        sk.Transition("confirmed", "no_show", "no_show", who=STAFF),
        sk.Transition("completed", "review", "completed", who=[sk.IsOwner()]),
        *_moves(),
    ],
    name="marketplace",
)
CREATIONS: Final = sk.RateLimit("create", 10, dt.timedelta(minutes=1))
ANY_VISIT: Final = 0
"""The service that stands for a half hour of anybody's, where a question names none."""

STORE: Final[SqlStore] = settings.STORE
THEIRS: Final = borrowed(settings.URL, lambda: connection.connection)
DAYS: Final = web.DayCache(cache)
PROVIDER: Final = web.FakeGateway()
CHANNELS: Final = web.Channels(
    {
        "bookings": lambda actor, number: bool(_readable(actor, number)),
        "providers": lambda actor, number: actor.id == number or "admin" in actor.roles,
        "notifications": lambda actor, number: actor.id == number,
    }
)


def desk(store: Any = STORE) -> sk.BookingDesk:
    return sk.BookingDesk(
        store,
        clock=settings.CLOCK,
        lifecycle=LIFECYCLE,
        numbered=True,
        payments=PROVIDER,
        subscribers=[DAYS, settings.RELAY],
    )


@contextmanager
def in_our_transaction() -> Iterator[sk.BookingDesk]:
    """Begin a transaction of Django's, with a desk in it."""
    with transaction.atomic():
        connection.ensure_connection()
        with THEIRS.connect() as ours:
            yield desk(SqlStore.on(ours, tables=settings.TABLES))


def carried_out(act: Callable[[sk.BookingDesk], sk.Booking]) -> sk.Booking:
    """Carry a change out in one transaction with what is told of it, again after passing faults."""

    @stamina.retry(on=(sk.RetryableError, OperationalError), attempts=5, wait_initial=0.05)
    def in_one_transaction() -> sk.Event:
        with in_our_transaction() as here:
            event = here.history(act(here).id)[-1]
            _tell(event)
            return event

    event = in_one_transaction()
    DAYS(event)
    settings.RELAY.wake()
    if event.booking.payment.status == "refund_pending":
        desk().settle_refunds()
    return desk().get(event.booking.id)


def notice(event: sk.Event) -> dict[str, Any] | None:
    """Return what the customer is told of an event: each new status, and nothing else."""
    booking = event.booking
    if event.before is not None and event.before.status == booking.status:
        return None
    text = f"Your booking {booking.id} is {booking.status.replace('_', ' ')}."
    return {"booking": booking.id, "status": booking.status, "text": text}


def _tell(event: sk.Event) -> None:
    """Note a new status, once: for the customer, and in the provider's tally."""
    note, booking = notice(event), event.booking
    if note is None:
        return
    facts = {**note, "person_id": booking.customer_id, "created_at": event.at}
    if Notification.objects.get_or_create(event=event.id, defaults=facts)[1]:
        provider = Person.objects.select_for_update().get(id=booking.resource_id)
        provider.tally = dict(web.Tally(provider.tally).after(event).by_status)
        provider.save(update_fields=["tally"])


def review(here: sk.BookingDesk, number: int, actor: sk.Actor, rating: int, comment: str) -> sk.Booking:
    """Keep what the customer thought of a completed visit, and count it in the provider's rating."""
    booking = here.act(number, "review", actor=actor)
    facts = {"customer_id": actor.id, "rating": rating, "comment": comment, "created_at": settings.CLOCK()}
    provider = Person.objects.select_for_update().get(id=booking.resource_id)
    if not Review.objects.get_or_create(booking=number, defaults={**facts, "provider": provider})[1]:
        raise sk.NotModifiableError(booking.status, "review again")
    mean = web.Rating(provider.rating, provider.ratings).after(rating)
    provider.rating, provider.ratings = mean.mean, mean.count
    provider.save(update_fields=["rating", "ratings"])
    return booking


BOOKING: Final = (
    "id service=service_id provider=resource_id customer=customer_id booking_date=start start_time=start"
    " duration status customer_notes=notes cancellation_reason=reason created_at updated_at version"
)
PAYMENT: Final = "status=payment_status amount=price currency checkout=payment_reference refunded"


def shown(booking: sk.Booking) -> dict[str, Any]:
    """Return a booking as the document has it."""
    facts, ended = web.booking_facts(booking, LIFECYCLE), list[str]()
    if booking.status == "completed":
        ended = [web.instant_text(one.at) for one in desk().history(booking.id) if one.action == "complete"]
    end = ended[0] if ended else None
    return {**web.picked(facts, BOOKING), "end_time": end, "payment": web.picked(facts, PAYMENT)}


def messages(event: sk.Event) -> list[web.Message]:
    """Return what an event is told as: on the booking's, the provider's and the customer's channel."""
    booking, note = event.booking, notice(event)
    told = [
        web.Message(f"bookings:{booking.id}", "booking.status_updated", shown(booking)),
        *(
            web.Message(
                f"providers:{booking.resource_id}",
                "availability.updated",
                {"provider": booking.resource_id, "date": str(day)},
            )
            for day in web.touched_days(event)
        ),
    ]
    if note is not None:
        told.append(web.Message(f"notifications:{booking.customer_id}", "notification.created", note))
    return told


def availability(provider: sk.Id, service: sk.Id | None, day: dt.date) -> list[dict[str, Any]]:
    """Return a provider's free starts on a day, from the cache of days."""

    def starts() -> list[dict[str, Any]]:
        window = sk.day_interval(day, "UTC")
        chosen = ANY_VISIT if service is None else service
        found = [] if window is None else desk().slots(chosen, window, resource_ids=[provider])
        return [
            {
                "provider": provider,
                "service": service,
                "start_time": web.instant_text(one.start),
                "end_time": web.instant_text(one.end),
            }
            for one in found
        ]

    about = f"service {service} at {settings.CLOCK().replace(second=0, microsecond=0)}"
    return DAYS.get(provider, day, about, starts)


def score(provider: Person) -> float:
    """Return how a provider ranks: by rating, and by the share of visits that went well."""
    return round(provider.rating / 5 * web.Tally(provider.tally).reliability(prior=2), 4)


def _readable(actor: sk.Actor, number: int) -> list[sk.Booking]:
    try:
        return [desk().get(number, actor=actor)]
    except (sk.ForbiddenError, sk.NotFoundError):
        return []
