"""`BookingDesk`: the public face of the use cases."""

from __future__ import annotations

import attrs

from slotkeeper.desk.admitting import Admitting
from slotkeeper.desk.amending import Amending
from slotkeeper.desk.availability import Availability
from slotkeeper.desk.catalogue import Cataloguing
from slotkeeper.desk.ending import Ending
from slotkeeper.desk.forgetting import Forgetting
from slotkeeper.desk.reading import Reading
from slotkeeper.desk.relaying import Relaying
from slotkeeper.desk.resolving import Resolving
from slotkeeper.desk.series import BookingSeries
from slotkeeper.desk.statistics import Counting
from slotkeeper.desk.stored_slots import StoredSlots
from slotkeeper.desk.telling import Telling


@attrs.frozen(slots=False, eq=False, kw_only=True)
class BookingDesk(
    Cataloguing,
    StoredSlots,
    Availability,
    BookingSeries,
    Ending,
    Amending,
    Reading,
    Counting,
    Telling,
    Relaying,
    Resolving,
    Forgetting,
    Admitting,
):
    """Keeps appointments: everything that can be asked of a store of bookings.

    A desk holds no state of its own; make as many as you like, one per request or one for all. Each command
    runs in one unit of work of the store, and tells the subscribers after its commit.

    >>> from slotkeeper.adapters.memory import MemoryStore
    >>> desk = BookingDesk(MemoryStore())
    """
