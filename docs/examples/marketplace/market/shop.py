"""The desk of the marketplace: its table of statuses, and commands within transactions of Django's ORM."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, Final

import stamina
from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction

import slotkeeper as sk
from market.models import Notification, Person
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
        sk.Transition(None, "request", "pending"),
        sk.Transition("pending", "confirm", "confirmed", who=STAFF),
        sk.Transition("rescheduled", "confirm", "confirmed", who=STAFF),
        sk.Transition("confirmed", "start", "in_progress", who=STAFF),
        sk.Transition("in_progress", "complete", "completed", who=STAFF),
        sk.Transition("confirmed", "no_show", "no_show", who=STAFF),
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
CHANNELS: Final = web.Channels(
    {
        "bookings": lambda actor, number: bool(_readable(actor, number)),
        "providers": lambda actor, number: actor.id == number or "admin" in actor.roles,
        "notifications": lambda actor, number: actor.id == number,
    }
)


def desk(store: Any = STORE) -> sk.BookingDesk:
    return sk.BookingDesk(store, clock=settings.CLOCK, lifecycle=LIFECYCLE, numbered=True)


def carried_out(
    act: Callable[[sk.BookingDesk], sk.Booking],
    repeats: Callable[[Any, Callable[[], web.Answer]], web.Answer],
) -> web.Answer:
    """Carry a change out in one transaction with what is told of it, again after passing faults."""
    events: list[sk.Event] = []

    @stamina.retry(on=sk.RetryableError, attempts=5, wait_initial=0.05)
    def in_one_transaction() -> web.Answer:
        with transaction.atomic():
            connection.ensure_connection()
            with THEIRS.connect() as ours:
                store = SqlStore.on(ours, tables=settings.TABLES)
                return repeats(store, lambda: _changed(desk(store), act, events))

    answer = in_one_transaction()
    for event in events:
        DAYS(event)
    settings.RELAY.wake()
    return answer


def _changed(
    here: sk.BookingDesk, act: Callable[[sk.BookingDesk], sk.Booking], events: list[sk.Event]
) -> web.Answer:
    """Do what is asked, and write what is told of it; whatever an earlier attempt has noted doesn't count."""
    booking = act(here)
    event = here.history(booking.id)[-1]
    events[:] = [event]
    provider = Person.objects.select_for_update().get(id=booking.resource_id)
    provider.tally = dict(web.Tally(provider.tally).after(event).by_status)
    provider.save(update_fields=["tally"])
    if event.before is None or event.before.status != booking.status:
        Notification.objects.create(
            person_id=booking.customer_id,
            booking=booking.id,
            status=booking.status,
            text=f"Your booking {booking.id} is {booking.status.replace('_', ' ')}.",
            created_at=event.at,
        )
    return web.Answer(
        201 if event.before is None else 200, shown(booking), {"ETag": web.etag(booking.version)}
    )


def shown(booking: sk.Booking) -> dict[str, Any]:
    """Return a booking as the document has it."""
    facts = web.booking_facts(booking, LIFECYCLE)
    return {
        "id": facts["id"],
        "service": facts["service_id"],
        "provider": facts["resource_id"],
        "customer": facts["customer_id"],
        "booking_date": facts["start"],
        "start_time": facts["start"],
        "end_time": facts["updated_at"] if booking.status == "completed" else None,
        "duration": facts["duration"],
        "status": facts["status"],
        "customer_notes": facts["notes"],
        "cancellation_reason": facts["reason"],
        "payment": {
            "status": facts["payment_status"],
            "amount": facts["price"],
            "currency": facts["currency"],
        },
        "created_at": facts["created_at"],
        "updated_at": facts["updated_at"],
        "version": facts["version"],
    }


def messages(event: sk.Event) -> list[web.Message]:
    """Return what an event is told as: on the booking's, the provider's and the customer's channel."""
    booking, facts = event.booking, shown(event.booking)
    told = [
        web.Message(f"bookings:{booking.id}", "booking.status_updated", facts),
        web.Message(
            f"providers:{booking.resource_id}",
            "availability.updated",
            {"provider": facts["provider"], "date": facts["start_time"][:10]},
        ),
    ]
    if event.before is None or event.before.status != booking.status:
        note = {"booking": booking.id, "status": booking.status}
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
