"""The chapters of the contract, one for each thing that a store keeps or promises."""

from __future__ import annotations

from slotkeeper.testing.contract.chapters.bookings import BookingTests
from slotkeeper.testing.contract.chapters.catalogue import CatalogueTests
from slotkeeper.testing.contract.chapters.claims import ClaimTests
from slotkeeper.testing.contract.chapters.guard import GuardTests
from slotkeeper.testing.contract.chapters.hits import HitTests
from slotkeeper.testing.contract.chapters.keys import KeyTests
from slotkeeper.testing.contract.chapters.listing import ListingTests
from slotkeeper.testing.contract.chapters.locks import LockTests
from slotkeeper.testing.contract.chapters.numbers import NumberTests
from slotkeeper.testing.contract.chapters.outbox import OutboxTests
from slotkeeper.testing.contract.chapters.round_trips import RoundTripTests
from slotkeeper.testing.contract.chapters.scheduling import SchedulingTests
from slotkeeper.testing.contract.chapters.timeslots import TimeslotTests
from slotkeeper.testing.contract.chapters.units import UnitOfWorkTests

__all__ = [
    "BookingTests",
    "CatalogueTests",
    "ClaimTests",
    "GuardTests",
    "HitTests",
    "KeyTests",
    "ListingTests",
    "LockTests",
    "NumberTests",
    "OutboxTests",
    "RoundTripTests",
    "SchedulingTests",
    "TimeslotTests",
    "UnitOfWorkTests",
]
