"""A transaction: statements that run in it, and the locks it holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final, TypeAlias

import sqlalchemy as sa

from slotkeeper.adapters.sql.backends import Backend
from slotkeeper.adapters.sql.faults import faults_told
from slotkeeper.adapters.sql.known import Known
from slotkeeper.adapters.sql.row_locks import bump
from slotkeeper.adapters.sql.schema import Tables
from slotkeeper.domain.ids import Id, id_to_text
from slotkeeper.errors import InvalidFieldError

IDS_AT_ONCE: Final = 500
"""How many ids go into one statement; databases bound the number of parameters."""

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

    def counted(self, insert: sa.Insert) -> int:
        """Insert a row that the database numbers, and return its number.

        Raises:
            InvalidFieldError: The unit of work was opened to read.
        """
        self.check_writes()
        with faults_told(self._backend):
            key = self._connection.execute(insert).inserted_primary_key
        assert key is not None  # noqa: S101 - the database numbers the row
        number: int = key[0]
        return number

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
