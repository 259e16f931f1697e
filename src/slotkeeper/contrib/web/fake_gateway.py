"""`FakeGateway`: a payment provider for demonstrations and tests, which always agrees and moves no money."""

from __future__ import annotations

import re
import uuid
from typing import Final

from slotkeeper.domain.ids import Id
from slotkeeper.domain.money import Money
from slotkeeper.errors import NotFoundError

_NUMBER: Final = re.compile("[1-9][0-9]{0,18}")


class FakeGateway:
    """A `PaymentGateway` whose checkouts name the booking that they are for, as webhooks of real ones do.

    It keeps nothing, so a checkout is known after a restart, and in other processes. Bookings have numbers.

    >>> gateway = FakeGateway()
    >>> checkout = gateway.charge(7, Money.of("40", "EUR"))
    >>> gateway.booking_of(checkout)
    7
    """

    def charge(self, booking_id: Id, amount: Money) -> str:
        """Return the checkout of a booking, the same each time."""
        del amount
        return _checkout(booking_id)

    def refund(self, booking_id: Id, reference: str, amount: Money) -> None:
        """Agree."""

    def booking_of(self, checkout: str) -> int:
        """Return the number of the booking that a checkout is for.

        Raises:
            NotFoundError: It is no checkout of this provider's.
        """
        number = checkout.partition("-")[0]
        if _NUMBER.fullmatch(number) is None or _checkout(number) != checkout:
            raise NotFoundError("checkout", checkout)
        return int(number)


def _checkout(number: object) -> str:
    return f"{number}-{uuid.uuid5(uuid.NAMESPACE_OID, str(number)).hex}"
