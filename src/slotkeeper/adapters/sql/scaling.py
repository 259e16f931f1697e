"""Scaling out on PostgreSQL: statements that spread what bookings take over partitions or nodes, by resource.

Everything that decides on a booking is asked per resource, so the table of allocations can be divided by
resource, and the constraint against overlaps with it: two rows that could overlap lie in the same part. The
other tables stay whole. The statements are text, for a migration of the host's; the store needs to know
nothing of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from slotkeeper.adapters.sql.guard_ddl import Placement
from slotkeeper.adapters.sql.schema import Tables
from slotkeeper.errors import InvalidFieldError

_LEAST: Final = 2
_MOST: Final = 1024
_DIALECT: Final[sa.Dialect] = postgresql.dialect()  # type: ignore[no-untyped-call]
_PARENT: Final = """CREATE TABLE {schema}{allocations_new}
(LIKE {schema}{allocations} INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING CONSTRAINTS)
PARTITION BY HASH (resource_id)"""
_PART: Final = """CREATE TABLE {{schema}}{{allocations_p{number}}} PARTITION OF {{schema}}{{allocations_new}}
FOR VALUES WITH (MODULUS {count}, REMAINDER {number})"""
_COPY: Final = """INSERT INTO {{schema}}{{allocations_new}} ({columns})
SELECT {columns} FROM {{schema}}{{allocations}}"""
_SWAP: Final = (
    "DROP TABLE {schema}{allocations}",
    "ALTER TABLE {schema}{allocations_new} RENAME TO {allocations}",
)
_EXCLUSION: Final = """ALTER TABLE {{schema}}{{allocations_p{number}}}
ADD CONSTRAINT {{ex_allocations_p{number}}} EXCLUDE USING gist
({same}, tstzrange(occupied_start, occupied_end) WITH &&) WHERE (occupies AND exclusive)"""
_BY_EXTENSION: Final = "resource_id WITH ="
_BY_RANGE: Final = "{{schema}}{{ids}}(resource_id, resource_id, '[]') WITH &&"


def partition_by_resource(tables: Tables, *, partitions: int, by_extension: bool = True) -> tuple[str, ...]:
    """Return the statements that turn the table of allocations into one with hash partitions by resource.

    Carry them out in one transaction while nobody books; rows that are there are copied. A constraint stands
    on each partition, since servers before PostgreSQL 17 cannot keep one on the whole.

    Args:
        tables: Which tables.
        partitions: Into how many.
        by_extension: Whether the constraint compares ids through ``btree_gist``; else by the type of our own
            that `SqlStore.create_all` makes where the database has no such extension.

    Raises:
        InvalidFieldError: The number is not from 2 to 1024.
    """
    number: object = partitions
    if isinstance(number, bool) or not isinstance(number, int) or not _LEAST <= number <= _MOST:
        raise InvalidFieldError("partitions", partitions, f"must be a whole number from {_LEAST} to {_MOST}")
    place = Placement(_DIALECT, tables.prefix, tables.schema)
    guards = () if tables.portable else _exclusions(partitions, by_extension=by_extension)
    return (
        *(place.text(one) for one in _tables(tables, partitions)),
        *_keys_and_indexes(tables.allocations),
        *(place.text(one) for one in guards),
    )


def distribute_by_resource(tables: Tables) -> tuple[str, ...]:
    """Return the statements that spread the table of allocations over the nodes of a Citus cluster.

    Every other table becomes a reference table, of which each node has a copy, so that bookings and what
    they take can be joined on any node, and foreign keys stay. The constraint against overlaps contains the
    distribution column, as Citus demands, where it compares ids through ``btree_gist``.

    Args:
        tables: Which tables; made on the coordinator, and empty.
    """
    place = Placement(_DIALECT, tables.prefix, tables.schema)
    whole = (one for one in tables.all if one is not tables.allocations)
    copied = (f"SELECT create_reference_table({_literal(place, tables, one)})" for one in whole)
    spread = _literal(place, tables, tables.allocations)
    return (*copied, f"SELECT create_distributed_table({spread}, 'resource_id')")


def _tables(tables: Tables, partitions: int) -> Iterator[str]:
    columns = ", ".join(one.name for one in tables.allocations.c if one.computed is None)
    yield _PARENT
    for number in range(partitions):
        yield _PART.format(number=number, count=partitions)
    yield _COPY.format(columns=columns)
    yield from _SWAP


def _exclusions(partitions: int, *, by_extension: bool) -> Iterator[str]:
    same = _BY_EXTENSION if by_extension else _BY_RANGE.format()
    return (_EXCLUSION.format(number=number, same=same) for number in range(partitions))


def _keys_and_indexes(allocations: sa.Table) -> Iterator[str]:
    yield _text(sa.schema.AddConstraint(allocations.primary_key))
    for key in sorted(allocations.foreign_key_constraints, key=lambda one: str(one.name)):
        yield _text(sa.schema.AddConstraint(key))
    for index in sorted(allocations.indexes, key=lambda one: str(one.name)):
        yield _text(sa.schema.CreateIndex(index))


def _text(statement: Any) -> str:  # noqa: ANN401 - of SQLAlchemy's statements
    return str(statement.compile(dialect=_DIALECT)).strip().replace("%%", "%")


def _literal(place: Placement, tables: Tables, table: sa.Table) -> str:
    name = place.text(f"{{schema}}{{{table.name.removeprefix(tables.prefix)}}}")
    return "'" + name.replace("'", "''") + "'"
