"""A transaction: statements that run in it, the locks it holds, and what its faults mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final, TypeAlias

import sqlalchemy as sa

from slotkeeper.adapters.sql.backends import Backend
from slotkeeper.adapters.sql.known import Known
from slotkeeper.adapters.sql.row_locks import bump
from slotkeeper.adapters.sql.schema import Tables
from slotkeeper.domain.ids import Id, id_to_text
from slotkeeper.errors import InvalidFieldError, OutcomeUnknownError, RetryableError

IDS_AT_ONCE: Final = 500
"""How many ids go into one statement; databases bound the number of parameters."""

_CLOSED: Final = "connection is closed"

Parameters: TypeAlias = Mapping[str, Any] | Sequence[Mapping[str, Any]]


class OverlapError(Exception):
    """The constraint of the schema found a rival that was not there to be read."""


class Transaction:
    """One unit of work's hold on a connection.

    Args:
        connection: In a transaction that the caller ends.
        tables: Which tables.
        backend: Whose faults to tell apart.
        write: Whether it may change anything.
        steady: It sees nobody else's changes while it lasts; if it writes, nobody else does, so that its
            locks need no statement.
    """

    def __init__(
        self, connection: sa.Connection, tables: Tables, backend: Backend, *, write: bool, steady: bool
    ) -> None:
        self.tables = tables
        self._connection, self._backend = connection, backend
        self._write, self._steady = write, steady
        self._locked: set[Id] = set()
        self.known = Known(self._locked, steady=steady)

    def rows(
        self, query: sa.Select[Any] | sa.CompoundSelect[Any], parameters: Mapping[str, Any] | None = None
    ) -> Sequence[sa.Row[Any]]:
        """Return all rows of a query."""
        with faults_told(self._backend):
            return self._connection.execute(query, parameters).all()

    def change(self, statement: sa.Insert | sa.Update | sa.Delete, parameters: Parameters) -> int:
        """Carry out a statement that changes rows, and return how many it matched.

        Raises:
            InvalidFieldError: The unit of work was opened to read.
        """
        self.check_writes()
        with faults_told(self._backend):
            return self._connection.execute(statement, parameters).rowcount

    def check_writes(self) -> None:
        """Raise `InvalidFieldError` if the unit of work was opened to read."""
        if not self._write:
            raise InvalidFieldError("begin.write", self._write, "must be true to change anything")

    def inserting(self, table: sa.Table) -> sa.Insert:
        """Return the insert into a table that `add` is to carry out."""
        return self._backend.insert(table)

    def add(self, statement: sa.Insert, rows: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> bool:
        """Insert rows, and tell whether none of them was in conflict with another; a part may be there then.

        Raises:
            InvalidFieldError: The unit of work was opened to read.
        """
        if isinstance(rows, Mapping):
            rows = (rows,)
        try:
            if len(rows) == 1:
                return self._inserted(statement, rows[0]) == 1
            return self._inserted(self._backend.counting(statement), rows) == len(rows)
        except sa.exc.IntegrityError as error:
            if self._backend.is_duplicate(error):
                return False
            raise

    def _inserted(self, statement: sa.Insert, rows: Parameters) -> int:
        """Insert rows, and return how many; where some may be left out, what comes back is counted."""
        self.check_writes()
        with faults_told(self._backend):
            result = self._connection.execute(statement, rows)
            return len(result.all()) if result.returns_rows else result.rowcount

    @property
    def excludes_overlaps(self) -> bool:
        """Whether a constraint of the schema keeps exclusive allocations apart."""
        return self._backend.excludes_overlaps and not self.tables.portable

    @contextmanager
    def step(self) -> Iterator[None]:
        """Undo what the block has done if the database refuses a part of it, so that one can go on.

        Raises:
            OverlapError: The constraint of the schema found a rival.
            RetryableError: Another transaction was in the way, or the connection was lost.
        """
        try:
            with faults_told(self._backend), self._savepoint():
                yield
        except sa.exc.IntegrityError as error:
            if self._backend.is_overlap(error):
                raise OverlapError from error
            raise

    def _savepoint(self) -> AbstractContextManager[object]:
        return self._connection.begin_nested() if self.excludes_overlaps else nullcontext()

    def lock(self, resource_ids: Iterable[Id]) -> None:
        """Lock the rows of resources until the transaction ends, in one order for all, each once."""
        wanted = set(resource_ids) - self._locked
        if wanted and self._write and not self._steady:
            lock = bump if self.tables.portable else self._backend.lock
            with faults_told(self._backend):
                rows = lock(self._connection, self.tables.resources, sorted(wanted, key=id_to_text))
                self.known.locked(rows)
        self._locked |= wanted


def in_portions(ids: Iterable[Id]) -> Iterator[list[Id]]:
    """Yield distinct ids in lists short enough for one statement."""
    distinct = list(dict.fromkeys(ids))
    for index in range(0, len(distinct), IDS_AT_ONCE):
        yield distinct[index : index + IDS_AT_ONCE]


@contextmanager
def deadlocks_told(backend: Backend) -> Iterator[None]:
    """Raise our own error where the whole transaction was undone, so that no savepoint can be returned to.

    Raises:
        RetryableError: Another transaction was in the way, or the connection was lost.
    """
    try:
        yield
    except sa.exc.DBAPIError as error:
        if backend.is_passing(error):
            raise RetryableError(_said(error)) from error
        raise


@contextmanager
def faults_told(backend: Backend) -> Iterator[None]:
    """Raise the library's own errors for what is passing, and for what no database can hold.

    Raises:
        RetryableError: Another transaction was in the way, or the connection was lost.
        InvalidFieldError: A text is no Unicode, a number has more than 64 bits, or the database refuses a
            value for another reason of its kind.
    """
    try:
        with deadlocks_told(backend):
            yield
    except OSError as error:  # asyncpg hands on what the network says
        raise RetryableError(str(error)) from error
    except sa.exc.DataError as error:
        reason = f"must be one that the database can hold: {error.orig}"
        raise InvalidFieldError("value", None, reason) from error
    except UnicodeEncodeError as error:
        raise InvalidFieldError("text", error.object, "must be text that Unicode can encode") from error
    except OverflowError as error:
        raise InvalidFieldError("number", None, "must fit in 64 bits") from error


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


def _said(error: sa.exc.DBAPIError) -> str:
    """Return the words of the server or the driver in one line."""
    return " ".join(str(error.orig).split())
