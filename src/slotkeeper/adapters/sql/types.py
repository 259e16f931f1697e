"""Column types: how each kind of fact stands in a column, exactly, and comes back as the value that it was.

A length of time is a whole number of microseconds. An instant is, on SQLite, the number of microseconds since
1970, on PostgreSQL a ``timestamptz``, on MariaDB a ``DATETIME(6)`` in UTC: each compares and indexes in the
order of time, to the microsecond, for all of the years 1 to 9999.
"""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any, Final, TypeAlias, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeDecorator, TypeEngine

from slotkeeper.domain.attributes import Attributes
from slotkeeper.domain.codec import from_json, to_json
from slotkeeper.domain.ids import Id, id_from_text, id_to_text
from slotkeeper.domain.instant import TICK

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_LONGEST: Final = 255
_INSTANTS: Final[dict[str, TypeEngine[Any]]] = {
    "sqlite": sa.Integer(),
    "postgresql": sa.TIMESTAMP(timezone=True),
    "mysql": mysql.DATETIME(fsp=6),
    "mariadb": mysql.DATETIME(fsp=6),
}
_IDS: Final[dict[str, TypeEngine[Any]]] = {"sqlite": sa.Text(), "postgresql": sa.Text(collation="C")}
_Impl: TypeAlias = TypeEngine[Any] | type[TypeEngine[Any]]
T = TypeVar("T")

WORDS: Final = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
"""Text of any length."""
CODE: Final = sa.Text().with_variant(sa.String(_LONGEST), "mysql", "mariadb")
"""Short text that is searched for."""


def ticks_of(instant: dt.datetime) -> int:
    """Return the whole microseconds from 1970 to an instant, negative before."""
    return (instant - _EPOCH) // TICK


def instant_of(ticks: int) -> dt.datetime:
    """Return the instant that lies so many microseconds after 1970."""
    return _EPOCH + dt.timedelta(microseconds=ticks)


class _Number(TypeDecorator[T]):
    """What stands in a column as a whole number of 64 bits."""

    impl: _Impl = sa.BigInteger
    cache_ok: bool | None = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> TypeEngine[Any]:
        """Return the database's type; SQLite's strict tables know it by one name only."""
        return dialect.type_descriptor(sa.Integer() if dialect.name == "sqlite" else sa.BigInteger())


class Whole(_Number[int]):
    """A whole number."""

    cache_ok: bool | None = True


class Instant(TypeDecorator[dt.datetime]):
    """An instant in UTC."""

    impl: _Impl = sa.TIMESTAMP
    cache_ok: bool | None = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> TypeEngine[Any]:
        """Return the database's type."""
        return dialect.type_descriptor(_INSTANTS[dialect.name])

    def process_bind_param(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | int | None:
        """Write an instant."""
        if value is None or dialect.name == "postgresql":
            return value
        return ticks_of(value) if dialect.name == "sqlite" else value.replace(tzinfo=None)

    def process_result_value(
        self, value: dt.datetime | int | None, dialect: sa.Dialect
    ) -> dt.datetime | None:
        """Read an instant."""
        del dialect
        if value is None or isinstance(value, int):
            return None if value is None else instant_of(value)
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class Length(_Number[dt.timedelta]):
    """A length of time."""

    cache_ok: bool | None = True

    def process_bind_param(self, value: dt.timedelta | None, dialect: sa.Dialect) -> int | None:
        """Write a length."""
        del dialect
        return None if value is None else value // TICK

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> dt.timedelta | None:
        """Read a length."""
        del dialect
        return None if value is None else dt.timedelta(microseconds=value)


class Flag(TypeDecorator[bool]):
    """True or false."""

    impl: _Impl = sa.Boolean
    cache_ok: bool | None = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> TypeEngine[Any]:
        """Return the database's type."""
        return dialect.type_descriptor(sa.Integer() if dialect.name == "sqlite" else sa.Boolean())

    def process_bind_param(self, value: bool | None, dialect: sa.Dialect) -> bool | int | None:  # noqa: FBT001 - SQLAlchemy's signature
        """Write it."""
        return value if value is None or dialect.name != "sqlite" else int(value)

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> bool | None:
        """Read it."""
        del dialect
        return None if value is None else bool(value)


class IdText(TypeDecorator[Id]):
    """An id of any of the three types, as `id_to_text` writes it; it orders by code point."""

    impl: _Impl = sa.Text
    cache_ok: bool | None = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> TypeEngine[Any]:
        """Return the database's type."""
        return dialect.type_descriptor(_IDS.get(dialect.name, sa.String(_LONGEST)))

    def process_bind_param(self, value: Id | None, dialect: sa.Dialect) -> str | None:
        """Write an id."""
        del dialect
        return None if value is None else id_to_text(value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Id | None:
        """Read an id."""
        del dialect
        return None if value is None else id_from_text(value)


class Amount(TypeDecorator[Decimal]):
    """An exact decimal number, as plain decimal text."""

    impl: _Impl = sa.Text
    cache_ok: bool | None = True

    def process_bind_param(self, value: Decimal | None, dialect: sa.Dialect) -> str | None:
        """Write a number."""
        del dialect
        return None if value is None else f"{value:f}"

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Decimal | None:
        """Read a number."""
        del dialect
        return None if value is None else Decimal(value)


class Document(TypeDecorator[Any]):
    """Plain JSON data, as text of ASCII characters."""

    impl: _Impl = WORDS
    cache_ok: bool | None = True

    def process_bind_param(self, value: object, dialect: sa.Dialect) -> str:
        """Write JSON."""
        del dialect
        return json.dumps(value, separators=(",", ":"), allow_nan=False)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Any:  # noqa: ANN401 - JSON of any kind
        """Read JSON."""
        del dialect
        return None if value is None else json.loads(value)


class FreeFacts(Document):
    """A host's free attributes, checked to be plain data before they are written."""

    cache_ok: bool | None = True

    def process_bind_param(self, value: object, dialect: sa.Dialect) -> str:
        """Write attributes."""
        return super().process_bind_param(to_json(value, declared=Attributes) if value else {}, dialect)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Attributes:
        """Read attributes."""
        return cast("Attributes", from_json(Attributes, super().process_result_value(value, dialect)))
