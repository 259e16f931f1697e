"""Faults: what a driver raises, told in the library's own errors.

Every statement runs within such a block, so a block costs next to nothing while all goes well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final, Literal, TypeAlias

import sqlalchemy as sa

from slotkeeper.adapters.sql.backends import Backend
from slotkeeper.errors import InvalidFieldError, OutcomeUnknownError, RetryableError, SlotkeeperError

_CLOSED: Final = "connection is closed"

_Telling: TypeAlias = Callable[[Backend, BaseException], SlotkeeperError | None]


class _Block:
    """A block within which what is raised is raised as our own error, where there is one for it."""

    __slots__ = ("_backend", "_telling")

    def __init__(self, backend: Backend, telling: _Telling) -> None:
        self._backend, self._telling = backend, telling

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> Literal[False]:
        ours = None if error is None else self._telling(self._backend, error)
        if ours is not None:
            raise ours from error
        return False


def deadlocks_told(backend: Backend) -> AbstractContextManager[None]:
    """Raise our own error where the whole transaction was undone, so that no savepoint can be returned to.

    Raises:
        RetryableError: Another transaction was in the way, or the connection was lost.
    """
    return _Block(backend, _passing)


def faults_told(backend: Backend) -> AbstractContextManager[None]:
    """Raise the library's own errors for what is passing, and for what no database can hold.

    Raises:
        RetryableError: Another transaction was in the way, or the connection was lost.
        InvalidFieldError: A text is no Unicode, a number has more than 64 bits, or the database refuses a
            value for another reason of its kind.
    """
    return _Block(backend, _passing_or_not_held)


@contextmanager
def connecting_told(backend: Backend) -> Iterator[None]:
    """Raise our own error where the server is not reached, or is lost before the connection is set up.

    Raises:
        RetryableError: Nothing has been done yet.
    """
    try:
        with faults_told(backend):
            yield
    except Exception as error:
        if str(error) == _CLOSED:  # asyncpg's own error, which is none of the standard's
            raise RetryableError(_CLOSED) from error
        raise


@contextmanager
def outcome_told(backend: Backend) -> Iterator[None]:
    """Raise our own error for a commit of changes that no answer came to.

    Raises:
        OutcomeUnknownError: The changes may be there.
    """
    try:
        yield
    except OSError as error:
        raise OutcomeUnknownError(str(error)) from error
    except sa.exc.DBAPIError as error:
        if backend.is_unresolved(error):
            raise OutcomeUnknownError(_said(error)) from error
        raise


def _passing(backend: Backend, error: BaseException) -> SlotkeeperError | None:
    passing = isinstance(error, sa.exc.DBAPIError) and backend.is_passing(error)
    return RetryableError(_said(error)) if passing else None


def _passing_or_not_held(backend: Backend, error: BaseException) -> SlotkeeperError | None:
    match error:
        case OSError():  # asyncpg hands on what the network says
            return RetryableError(str(error))
        case UnicodeEncodeError():
            return InvalidFieldError("text", error.object, "must be text that Unicode can encode")
        case OverflowError():
            return InvalidFieldError("number", None, "must fit in 64 bits")
    if (ours := _passing(backend, error)) is None and isinstance(error, sa.exc.DataError):
        return InvalidFieldError("value", None, f"must be one that the database can hold: {error.orig}")
    return ours


def _said(error: BaseException) -> str:
    """Return the words of the server or the driver in one line."""
    return " ".join(str(getattr(error, "orig", error)).split())
