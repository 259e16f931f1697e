"""Calling: how a command is given to a desk, and what its result or its error is written down as."""

from __future__ import annotations

import hashlib
import json
import traceback
from collections.abc import Awaitable
from inspect import isawaitable
from typing import Any

from tests.chaos.journal import ACKNOWLEDGED, FAILED, PASSING, REFUSED, UNKNOWN, Answer, Command
from tests.chaos.plan import microsecond
from tests.chaos.world import STARTS

from slotkeeper.desk import AsyncBookingDesk, BookingDesk
from slotkeeper.desk.results import Cancellation, Move
from slotkeeper.domain.booking import Booking
from slotkeeper.domain.codec import to_json
from slotkeeper.errors import (
    IdempotencyPendingError,
    OutcomeUnknownError,
    RefusedError,
    RetryableError,
    SlotkeeperError,
)

Desk = BookingDesk | AsyncBookingDesk


async def answer(desk: Desk, command: Command) -> Answer:
    """Carry a command out, and return what its caller is told."""
    try:
        result = _given(desk, command)
        if isawaitable(result):
            result = await result
    except OutcomeUnknownError as error:
        return {"told": UNKNOWN, "code": error.code}
    except (RetryableError, IdempotencyPendingError) as error:
        return {"told": PASSING, "code": error.code}
    except RefusedError as error:
        return {"told": REFUSED, "code": error.code, "digest": _digest(error.details())}
    except SlotkeeperError as error:
        return {"told": REFUSED, "code": error.code}
    except Exception as error:  # noqa: BLE001 - a fault that reaches the caller as it is, which the checker tells
        return {"told": FAILED, "code": "".join(traceback.format_exception(error))[-4000:]}
    return _acknowledgement(result)


def _given(desk: Desk, command: Command) -> object | Awaitable[object]:
    booking_id, key, start = command.booking_id, command.key, STARTS[command.start]
    if command.action == "expire":
        return desk.expire_holds()
    if command.action in {"book", "hold"}:
        make = desk.book if command.action == "book" else desk.hold
        return make(command.service_id, start, booking_id=booking_id, units=command.units, key=key)
    if command.action == "reschedule":
        return desk.reschedule(booking_id, start, key=key)
    return (desk.cancel if command.action == "cancel" else desk.confirm)(booking_id, key=key)


def _acknowledgement(result: Any) -> Answer:  # noqa: ANN401 - whatever a use case returns
    if isinstance(result, list):
        return {"told": ACKNOWLEDGED, "expired": [[str(one.id), one.version] for one in result]}
    booking = result.booking if isinstance(result, (Cancellation, Move)) else result
    assert isinstance(booking, Booking)
    return {
        "told": ACKNOWLEDGED,
        "version": booking.version,
        "status": booking.status,
        "start": microsecond(booking.start),
        "expires": None if booking.expires_at is None else microsecond(booking.expires_at),
        "digest": _digest(to_json(result)),
    }


def _digest(plain: object) -> str:
    return hashlib.sha256(json.dumps(plain, sort_keys=True, default=str).encode()).hexdigest()[:16]
