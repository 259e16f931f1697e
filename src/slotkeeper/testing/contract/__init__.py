"""What every store must keep, as tests that its author runs by subclassing one class.

::

    class TestMyStore(StoreContract):
        def make_store(self) -> Store:
            return MyStore()

Each test makes a store of its own, and each example of a property another one, so that failures shrink.
What a store cannot do is said by a flag of `Capabilities`; the tests that need it are then skipped, by name.
"""

from __future__ import annotations

from slotkeeper.errors import MissingExtraError

try:
    import pytest
except ModuleNotFoundError:
    raise MissingExtraError("pytest", "testing") from None

pytest.register_assert_rewrite(f"{__name__}.chapters")

from slotkeeper.testing.contract.chapters import (  # noqa: E402 - after its assertions are made to explain themselves
    BookingTests,
    CatalogueTests,
    ClaimTests,
    GuardTests,
    HitTests,
    KeyTests,
    ListingTests,
    LockTests,
    NumberTests,
    OutboxTests,
    RoundTripTests,
    SchedulingTests,
    TimeslotTests,
    UnitOfWorkTests,
)
from slotkeeper.testing.contract.suite import Capabilities, StoreSuite, for_all, needs  # noqa: E402

__all__ = ["Capabilities", "StoreContract", "StoreSuite", "for_all", "needs"]


class StoreContract(
    UnitOfWorkTests,
    LockTests,
    CatalogueTests,
    BookingTests,
    GuardTests,
    SchedulingTests,
    ListingTests,
    TimeslotTests,
    OutboxTests,
    ClaimTests,
    KeyTests,
    HitTests,
    NumberTests,
    RoundTripTests,
):
    """Every sentence of `slotkeeper.ports` about stores; subclass it and give `make_store`."""
