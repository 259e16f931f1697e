"""Rows: how a booking and what it takes stand in columns, and are read back as the value that they were."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any, Final

import attrs
import sqlalchemy as sa

from slotkeeper.adapters.sql.schema import Tables
from slotkeeper.domain.booking import Allocation, Booking, Hold, Payment
from slotkeeper.domain.buffers import Buffers
from slotkeeper.domain.ids import Id
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.local_start import LocalStart
from slotkeeper.domain.money import Money
from slotkeeper.domain.slot import Timeslot
from slotkeeper.errors import InvalidFieldError

Columns = dict[str, Any]

_PLAIN: Final = tuple(
    field.name
    for field in attrs.fields(Booking)
    if field.name not in {"interval", "local", "allocations", "price", "payment"}
)
"""The fields of a booking that are a column of the same name."""

_LOCAL: Final = ("local_start", "local_zone", "local_fold", "zone_data")
_OWN: Final = (
    *_PLAIN,
    "is_hold",
    "start_at",
    "end_at",
    *_LOCAL,
    "price_amount",
    "price_currency",
    "payment_status",
    "payment_reference",
    "paid_amount",
    "paid_currency",
    "refunded_amount",
    "refunded_currency",
)
_TAKEN: Final = ("resource_id", "start_at", "end_at", "units", "buffer_before", "buffer_after", "buffer_rule")


def read_columns(tables: Tables) -> list[sa.Column[Any]]:
    """Return the columns that `bookings_of` reads, of a booking joined to its allocations."""
    bookings, allocations = tables.bookings.c, tables.allocations.c
    return [*(bookings[name] for name in _OWN), *(allocations[name] for name in _TAKEN)]


def booking_columns(booking: Booking) -> Columns:
    """Return a booking's row.

    Raises:
        InvalidFieldError: It is of a class of the host's, whose own fields would be lost.
    """
    if type(booking) not in {Booking, Hold}:
        raise InvalidFieldError("booking", booking, "must be a Booking or a Hold, not of a subclass")
    payment = booking.payment
    return {
        **{name: getattr(booking, name) for name in _PLAIN},
        "is_hold": isinstance(booking, Hold),
        "start_at": booking.interval.start,
        "end_at": booking.interval.end,
        "length": booking.interval.duration,
        **_local_columns(booking.local),
        **_money_columns("price", booking.price),
        "payment_status": payment.status.value,
        "payment_reference": payment.reference,
        **_money_columns("paid", payment.paid),
        **_money_columns("refunded", payment.refunded),
    }


def allocation_columns(booking: Booking, capacities: Mapping[Id, int], *, now: dt.datetime) -> list[Columns]:
    """Return the rows of what a booking takes, as they are judged at ``now``."""
    blocks = booking.blocks(now)
    flags = {
        "occupies": booking.occupies,
        "relevant": booking.occupies or booking.counts,
        "expires_at": booking.expires_at,
        "judged_at": now,
    }
    return [
        {
            "booking_id": booking.id,
            "position": position,
            **_taken_columns(one),
            **flags,
            "exclusive": blocks and capacities[one.resource_id] == 1,
        }
        for position, one in enumerate(booking.allocations)
    ]


def _taken_columns(allocation: Allocation) -> Columns:
    occupied, reach, buffers = allocation.occupied, allocation.reach, allocation.buffers
    return {
        "resource_id": allocation.resource_id,
        "start_at": allocation.interval.start,
        "end_at": allocation.interval.end,
        "units": allocation.units,
        "buffer_before": buffers.before,
        "buffer_after": buffers.after,
        "buffer_rule": buffers.combine.value,
        "occupied_start": occupied.start,
        "occupied_end": occupied.end,
        "reach_start": reach.start,
        "reach_end": reach.end,
        "length": reach.duration,
    }


def timeslot_columns(timeslot: Timeslot) -> Columns:
    """Return a stored slot's row."""
    return {
        "id": timeslot.id,
        "resource_id": timeslot.resource_id,
        "service_id": timeslot.service_id,
        "start_at": timeslot.interval.start,
        "end_at": timeslot.interval.end,
        "length": timeslot.interval.duration,
        "attributes": timeslot.attributes,
        "version": timeslot.version,
    }


def timeslot_of(row: sa.Row[Any]) -> Timeslot:
    """Return the stored slot of a row of its table."""
    return Timeslot(
        row.id,
        row.resource_id,
        Interval(row.start_at, row.end_at),
        service_id=row.service_id,
        attributes=row.attributes,
        version=row.version,
    )


def bookings_of(rows: Iterable[Sequence[Any]]) -> Iterator[Booking]:
    """Yield the bookings of joined rows, in which those of one booking follow each other."""
    for _, group in groupby(rows, key=lambda row: row[0]):
        yield _booking(list(group))


def _booking(rows: Sequence[Sequence[Any]]) -> Booking:
    facts = dict(zip(_OWN, rows[0], strict=False))
    start, end = facts.pop("start_at"), facts.pop("end_at")
    payment = Payment(
        facts.pop("payment_status"),
        reference=facts.pop("payment_reference"),
        paid=_money(facts.pop("paid_amount"), facts.pop("paid_currency")),
        refunded=_money(facts.pop("refunded_amount"), facts.pop("refunded_currency")),
    )
    local = _local(*(facts.pop(name) for name in _LOCAL))
    price = _money(facts.pop("price_amount"), facts.pop("price_currency"))
    cls = Hold if facts.pop("is_hold") else Booking
    taken = [_allocation(*row[len(_OWN) :]) for row in rows]
    return cls(
        interval=Interval(start, end), local=local, allocations=taken, price=price, payment=payment, **facts
    )


def _allocation(  # noqa: PLR0917 - the columns, in their order
    resource_id: Any,  # noqa: ANN401 - an Id, as the column's type has read it
    start: dt.datetime,
    end: dt.datetime,
    units: int,
    before: dt.timedelta,
    after: dt.timedelta,
    rule: str,
) -> Allocation:
    return Allocation(resource_id, Interval(start, end), units, buffers=Buffers(before, after, combine=rule))


def _local_columns(local: LocalStart | None) -> Columns:
    if local is None:
        return dict.fromkeys(_LOCAL)
    return dict(zip(_LOCAL, (local.wall.isoformat(), local.zone, local.fold, local.zone_data), strict=True))


def _local(wall: str | None, zone: str | None, fold: int | None, zone_data: str | None) -> LocalStart | None:
    if wall is None or zone is None or fold is None:
        return None
    return LocalStart(dt.datetime.fromisoformat(wall), zone, fold, zone_data)


def _money_columns(name: str, money: Money | None) -> Columns:
    amount, currency = (None, None) if money is None else (money.amount, money.currency)
    return {f"{name}_amount": amount, f"{name}_currency": currency}


def _money(amount: Decimal | None, currency: str | None) -> Money | None:
    return None if amount is None or currency is None else Money(amount, currency)
