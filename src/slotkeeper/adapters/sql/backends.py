"""Backends: what a store must know about the database it talks to, and which ones it knows."""

from __future__ import annotations

from typing import Final, Protocol

import sqlalchemy as sa

from slotkeeper.adapters.sql.sqlite import SQLite
from slotkeeper.errors import InvalidFieldError


class Backend(Protocol):
    """The part of a store that differs between databases."""

    @property
    def own_units_are_alone(self) -> bool:
        """Whether a writing unit of work of the store's own excludes all others from its beginning."""

    def begin(self, connection: sa.Connection, *, write: bool) -> None:
        """Begin a transaction of the store's own."""

    def join(self, connection: sa.Connection, *, write: bool) -> None:
        """Make sure that a host's connection is in a transaction."""

    def is_shared(self, engine: sa.Engine) -> bool:
        """Tell whether an engine has one connection for all threads."""

    def is_passing(self, error: sa.exc.DBAPIError) -> bool:
        """Tell whether an error is a passing fault."""


_BACKENDS: Final[dict[str, Backend]] = {"sqlite": SQLite()}


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
