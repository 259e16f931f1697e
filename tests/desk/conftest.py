"""Every test of the desk runs twice: on the plain one, and on the one for event loops."""

from __future__ import annotations

import sys

import pytest
from tests.desk.awaited import AwaitedDesk

from slotkeeper import BookingDesk


@pytest.fixture(autouse=True, params=[BookingDesk, AwaitedDesk], ids=["called", "awaited"])
def _front(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("tests.desk.shops", request.module.__name__):
        module = sys.modules.get(name)
        if getattr(module, "BookingDesk", None) is BookingDesk:
            monkeypatch.setattr(module, "BookingDesk", request.param)
