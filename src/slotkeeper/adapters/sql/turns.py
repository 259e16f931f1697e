"""Turns: within a process, those who write to one SQLite file do so in the order in which they came.

SQLite lets one connection write at a time. The others try again after growing pauses, so who came first may
be passed by for seconds. Here writers queue before they ask for the file, and before they take a connection;
what is left to SQLite is to arbitrate between processes. A turn is handed on, not left to whoever is quick.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final, Generic, Protocol, TypeVar
from weakref import WeakValueDictionary

import attrs

from slotkeeper.errors import RetryableError

PATIENCE: Final = 30.0
"""How many seconds to wait, unless a database's connections wait for it longer or shorter."""
TOO_LONG: Final = "others in this process had the turn to write for too long"


class Turn(Protocol):
    """A queue of writers, of whom the first may write."""

    def taken(self, patience: float | None) -> AbstractContextManager[None]:
        """Wait for the turn, and give it on at the end of the block.

        Who has it may take it again. ``patience`` is how many seconds to wait at most; None is no bound.

        Raises:
            RetryableError: The wait was longer.
        """

    def begin_anew(self) -> None:
        """Forget everybody, in a process that was forked off and has nobody of them."""


AnyTurn = TypeVar("AnyTurn", bound=Turn)


class Turns(Generic[AnyTurn]):
    """The queues there are, each for one database, as long as somebody has it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: WeakValueDictionary[object, AnyTurn] = WeakValueDictionary()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._begin_anew)

    def of(self, database: object, make: Callable[[], AnyTurn]) -> AnyTurn:
        """Return the queue of a database, the same one for all who have it."""
        with self._lock:
            found = self._found.get(database)
            if found is None:
                found = self._found[database] = make()
            return found

    def __len__(self) -> int:
        return len(self._found)

    def _begin_anew(self) -> None:
        self._lock = threading.Lock()
        for turn in self._found.values():
            turn.begin_anew()


@attrs.frozen(eq=False)
class _Waiting:
    """A thread in the queue, and the gate that opens when its turn has come."""

    thread: int
    gate: threading.Lock = attrs.field(factory=threading.Lock)

    def __attrs_post_init__(self) -> None:
        self.gate.acquire()


class ThreadTurn:
    """A turn that threads take."""

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget everybody."""
        self._mutex = threading.Lock()
        self._queue: deque[_Waiting] = deque()
        self._owner, self._depth = 0, 0

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._queue)

    @contextmanager
    def taken(self, patience: float | None) -> Iterator[None]:
        """Wait for the turn, and give it on at the end of the block."""
        self._take(patience)
        try:
            yield
        finally:
            self._give_on()

    def _take(self, patience: float | None) -> None:
        me = threading.get_ident()
        with self._mutex:
            if not self._depth or self._owner == me:
                self._owner = me
                self._depth += 1
                return
            waiting = _Waiting(me)
            self._queue.append(waiting)
        try:
            opened = waiting.gate.acquire(timeout=-1 if patience is None else patience)
        except BaseException:  # a signal's handler has raised
            if not self._leave(waiting):
                self._give_on()
            raise
        if not opened and self._leave(waiting):
            raise RetryableError(TOO_LONG)

    def _leave(self, waiting: _Waiting) -> bool:
        """Leave the queue, and tell whether one was still in it."""
        with self._mutex:
            if waiting in self._queue:
                self._queue.remove(waiting)
                return True
            return False

    def _give_on(self) -> None:
        with self._mutex:
            self._depth -= 1
            if self._depth or not self._queue:
                return
            following = self._queue.popleft()
            self._owner, self._depth = following.thread, 1
            following.gate.release()


THREADS: Final[Turns[ThreadTurn]] = Turns()
"""The queues of threads."""
