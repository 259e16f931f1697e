"""Row locks: how a transaction makes resources its own until it ends, in one order for all transactions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from slotkeeper.adapters.sql.by_ids import ByIds, Wanted, by_ids
from slotkeeper.adapters.sql.types import IdText
from slotkeeper.domain.ids import Id

_WITH_LAST_ID: Final = frozenset({"mysql", "mariadb"})


class Locked(NamedTuple):
    """What a resource's row says under the lock; None is not known."""

    id: Id
    version: int
    capacity: int | None


def hold(connection: sa.Connection, resources: sa.Table, ids: Sequence[Id]) -> list[Locked]:
    """Lock rows as they are read, in order of id, in one statement.

    The lock is the weaker of the two that exclude each other, so that rows which refer to a resource can
    still be written beside it. A row that was waited for is read as it stands after that.
    """
    query, parameters = _holding(resources).about(ids)
    return _told(connection.execute(query, parameters))


def bump(connection: sa.Connection, resources: sa.Table, ids: Sequence[Id]) -> list[Locked]:
    """Lock rows by changing them, in the order given, which holds on every engine.

    One row says there and then how it stands, in whatever way the engine has for that.
    """
    if len(ids) == 1 and connection.dialect.update_returning:
        return _told(connection.execute(_bumping_and_returning(resources), {"locked_id": ids[0]}))
    if len(ids) == 1 and connection.dialect.name in _WITH_LAST_ID:
        result = connection.execute(_bumping_and_telling(resources), {"locked_id": ids[0]})
        return [Locked(ids[0], result.lastrowid, None)] if result.rowcount else []
    connection.execute(_bumping(resources), [{"locked_id": locked} for locked in ids])
    query, parameters = _standing(resources).about(ids)
    return _told(connection.execute(query, parameters))


def _told(result: sa.CursorResult[Any]) -> list[Locked]:
    return [Locked._make(row) for row in result]


@cache
def _holding(resources: sa.Table) -> ByIds[sa.Select[Any]]:
    return by_ids(
        lambda wanted: _facts(resources, wanted).order_by(resources.c.id).with_for_update(key_share=True)
    )


@cache
def _standing(resources: sa.Table) -> ByIds[sa.Select[Any]]:
    return by_ids(lambda wanted: _facts(resources, wanted))


def _facts(resources: sa.Table, wanted: Wanted) -> sa.Select[Any]:
    return sa.select(*_telling(resources)).where(wanted(resources.c.id))


def _telling(resources: sa.Table) -> tuple[sa.Column[Any], ...]:
    return tuple(resources.c[name] for name in Locked._fields)


@cache
def _bumping(resources: sa.Table) -> sa.Update:
    row = resources.c
    one = sa.update(resources).where(row.id == sa.bindparam("locked_id", type_=IdText()))
    return one.values(times_locked=row.times_locked + 1)


@cache
def _bumping_and_returning(resources: sa.Table) -> sa.UpdateBase:
    return _bumping(resources).returning(*_telling(resources))


@cache
def _bumping_and_telling(resources: sa.Table) -> sa.Update:
    """Have the version come back as if it were a key that the statement has made."""
    version = resources.c.version
    return _bumping(resources).values(version=sa.func.last_insert_id(version, type_=version.type))
