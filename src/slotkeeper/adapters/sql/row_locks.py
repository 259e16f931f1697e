"""Row locks: how a transaction makes resources its own until it ends, in one order for all transactions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeAlias

import sqlalchemy as sa

from slotkeeper.adapters.sql.by_ids import ByIds, Wanted, by_ids
from slotkeeper.adapters.sql.types import IdText
from slotkeeper.domain.ids import Id

Rows: TypeAlias = Sequence[sa.Row[Any]]
"""What the locked rows say: id, version and capacity, as they stand under the lock."""


def hold(connection: sa.Connection, resources: sa.Table, ids: Sequence[Id]) -> Rows:
    """Lock rows as they are read, in order of id, in one statement.

    The lock is the weaker of the two that exclude each other, so that rows which refer to a resource can
    still be written beside it. A row that was waited for is read as it stands after that.
    """
    query, parameters = _holding(resources).about(ids)
    return connection.execute(query, parameters).all()


def bump(connection: sa.Connection, resources: sa.Table, ids: Sequence[Id]) -> Rows:
    """Lock rows by changing them, in the order given, which holds on every engine.

    One row also says there and then how it stands, where the engine can return what it has changed.
    """
    if len(ids) == 1 and connection.dialect.update_returning:
        return connection.execute(_bumping_one(resources), {"locked_id": ids[0]}).all()
    connection.execute(_bumping(resources), [{"locked_id": locked} for locked in ids])
    query, parameters = _standing(resources).about(ids)
    return connection.execute(query, parameters).all()


@cache
def _holding(resources: sa.Table) -> ByIds[sa.Select[Any]]:
    return by_ids(
        lambda wanted: _facts(resources, wanted).order_by(resources.c.id).with_for_update(key_share=True)
    )


@cache
def _standing(resources: sa.Table) -> ByIds[sa.Select[Any]]:
    return by_ids(lambda wanted: _facts(resources, wanted))


def _facts(resources: sa.Table, wanted: Wanted) -> sa.Select[Any]:
    return sa.select(*_told(resources)).where(wanted(resources.c.id))


def _told(resources: sa.Table) -> tuple[sa.Column[Any], ...]:
    return resources.c.id, resources.c.version, resources.c.capacity


@cache
def _bumping(resources: sa.Table) -> sa.Update:
    row = resources.c
    one = sa.update(resources).where(row.id == sa.bindparam("locked_id", type_=IdText()))
    return one.values(times_locked=row.times_locked + 1)


@cache
def _bumping_one(resources: sa.Table) -> sa.UpdateBase:
    return _bumping(resources).returning(*_told(resources))
