"""`RelayThread`: hands events on as soon as they are committed, beside the threads that answer requests."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from types import TracebackType
from typing import Final, Self

from slotkeeper.desk import BookingDesk
from slotkeeper.desk.awaiting import check_plain, is_asynchronous
from slotkeeper.domain.event import Event
from slotkeeper.errors import InvalidFieldError
from slotkeeper.ports import Notifier

_LOG: Final = logging.getLogger("slotkeeper")
EVERY: Final = dt.timedelta(seconds=1)


class RelayThread:
    """Relays a desk's events in a thread of its own, from `start` to `stop`, woken by whoever commits.

    It is a subscriber, too: a desk that has it among its own wakes it after each commit. Events of
    other processes, of the host's own transactions and of a time before the last crash are found by looking
    again and again.

    Args:
        notify: Told of each event, at least once, those of a booking in order.
        every: How long it waits before it looks again.

    Raises:
        InvalidFieldError: ``notify`` is a coroutine function; `RelayTask` takes it.
    """

    def __init__(self, notify: Notifier, *, every: dt.timedelta = EVERY) -> None:
        check_plain("notify", notify, "RelayTask")
        self._notify, self._every = notify, every.total_seconds()
        self._woken, self._stopped = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def __call__(self, event: Event, /) -> None:
        """Wake up."""
        del event
        self._woken.set()

    def wake(self) -> None:
        """Look at once."""
        self._woken.set()

    def start(self, desk: BookingDesk) -> Self:
        """Begin to relay what a desk records; its store must commit.

        Raises:
            InvalidFieldError: The desk is for event loops; `RelayTask` takes it.
        """
        if is_asynchronous(desk.relay):
            raise InvalidFieldError("desk", desk, "must be a BookingDesk; RelayTask takes the other")
        self._stopped.clear()
        self._thread = threading.Thread(target=self._run, args=(desk,), name="slotkeeper relay", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """End after the batch at hand."""
        self._stopped.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self, desk: BookingDesk) -> None:
        while not self._stopped.is_set():
            self._woken.clear()
            try:
                while desk.relay(self._notify) and not self._stopped.is_set():
                    pass
            except Exception:  # noqa: BLE001 - it is logged, and tried again
                _LOG.exception("the relay failed and goes on")
            self._woken.wait(self._every)
