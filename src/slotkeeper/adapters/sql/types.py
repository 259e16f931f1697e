"""Column types: how each kind of fact stands in a column, exactly, and comes back as the value that it was.

On SQLite an instant is the whole number of microseconds since 1970 in UTC, and a length of time is that many
microseconds, so that both compare, subtract and index as numbers, for all of the years 1 to 9999.
"""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any, Final, TypeAlias, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator, TypeEngine

from slotkeeper.domain.attributes import Attributes
from slotkeeper.domain.codec import from_json, to_json
from slotkeeper.domain.ids import Id, id_from_text, id_to_text
from slotkeeper.domain.instant import TICK

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_LONGEST_ID: Final = 255
_Impl: TypeAlias = TypeEngine[Any] | type[TypeEngine[Any]]
T = TypeVar("T")


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


class Instant(_Number[dt.datetime]):
    """An instant in UTC."""

    cache_ok: bool | None = True

    def process_bind_param(self, value: dt.datetime | None, dialect: sa.Dialect) -> int | None:
        """Write an instant."""
        del dialect
        return None if value is None else ticks_of(value)

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> dt.datetime | None:
        """Read an instant."""
        del dialect
        return None if value is None else instant_of(value)


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
        return dialect.type_descriptor(sa.Text() if dialect.name == "sqlite" else sa.String(_LONGEST_ID))

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

    impl: _Impl = sa.Text
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
