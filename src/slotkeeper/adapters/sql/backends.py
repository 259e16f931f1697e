"""Backends: what a store must know about the database it talks to, and which ones it knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

import sqlalchemy as sa

from slotkeeper.adapters.sql.mariadb import MariaDB
from slotkeeper.adapters.sql.postgresql import PostgreSQL
from slotkeeper.adapters.sql.row_locks import Locked
from slotkeeper.adapters.sql.sqlite import SQLite
from slotkeeper.domain.ids import Id
from slotkeeper.errors import InvalidFieldError


class Backend(Protocol):
    """The part of a store that differs between databases."""

    @property
    def own_units_are_alone(self) -> bool:
        """Whether a writing unit of work of the store's own excludes all others from its beginning."""

    @property
    def interruptible(self) -> bool:
        """Whether a connection whose statement was left alone gives up at once what it had locked."""

    @property
    def excludes_overlaps(self) -> bool:
        """Whether a constraint of the schema, unless portable, keeps exclusive allocations apart."""

    @property
    def extra(self) -> str:
        """Which extra of the package brings a driver."""

    def options(self, url: sa.URL) -> dict[str, Any]:
        """Return what an engine of our own is created with."""

    def configure(self, engine: sa.Engine) -> None:
        """Give the connections of an engine of our own the settings that suit a store."""

    def queued_for(self, url: sa.URL) -> object | None:
        """Return what writers queue for within a process, equal for the same database; None for nothing."""

    def patience(self, connection: sa.Connection) -> float:
        """Return how many seconds a connection waits for another one that writes."""

    def begin(self, connection: sa.Connection, *, write: bool) -> None:
        """Begin a transaction of the store's own."""

    def join(self, connection: sa.Connection, *, write: bool) -> None:
        """Make sure that a host's connection is in a transaction."""

    def lock(self, connection: sa.Connection, resources: sa.Table, ids: Sequence[Id]) -> list[Locked]:
        """Lock the rows of resources, given in the order that all keep to, until the transaction ends.

        Returns what they say under the lock.
        """

    def insert(self, table: sa.Table) -> sa.Insert:
        """Return an insert that either leaves out rows in conflict with others or is refused for them.

        It is the same one each time.
        """

    def counting(self, insert: sa.Insert) -> sa.Insert:
        """Return the insert as it tells how many rows were not left out where several are given."""

    def is_passing(self, error: sa.exc.DBAPIError) -> bool:
        """Tell whether an error is a passing fault, such as a lost connection."""

    def is_unresolved(self, error: sa.exc.DBAPIError) -> bool:
        """Tell whether a commit that ended in an error may have been carried out all the same."""

    def is_duplicate(self, error: sa.exc.DBAPIError) -> bool:
        """Tell whether an error says that a row with the same key is there already."""

    def is_overlap(self, error: sa.exc.DBAPIError) -> bool:
        """Tell whether an error says that an allocation overlaps another that is exclusive."""


_BACKENDS: Final[dict[str, Backend]] = {
    "mariadb": MariaDB(),
    "mysql": MariaDB(),
    "postgresql": PostgreSQL(),
    "sqlite": SQLite(),
}


def backend_of(dialect: sa.Dialect) -> Backend:
    """Return the backend of a dialect.

    Raises:
        InvalidFieldError: There is none.
    """
    try:
        return _BACKENDS[dialect.name]
    except KeyError:
        known = ", ".join(sorted(_BACKENDS))
        raise InvalidFieldError("dialect", dialect.name, f"must be one of {known}") from None
