"""A desk for event loops behind the face of a plain one, so that the tests of one are those of the other."""

from __future__ import annotations

import inspect
from typing import Any

from tests.adapters.portal import waited

from slotkeeper import AsyncBookingDesk, ThreadedStore
from slotkeeper.ports import Store


class AwaitedDesk:
    """Awaits every use case of an `AsyncBookingDesk` for a caller that knows no event loop."""

    def __init__(self, store: Store, **options: Any) -> None:  # noqa: ANN401 - those of the desk
        self.store = store
        self._desk = AsyncBookingDesk(ThreadedStore(store), **options)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever use case is named
        use_case = getattr(self._desk, name)
        if not inspect.iscoroutinefunction(use_case):
            raise AttributeError(name)

        def called(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - those of the use case
            return waited(use_case(*args, **kwargs))

        return called
