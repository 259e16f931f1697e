"""Row locks: how a transaction makes resources its own until it ends, in one order for all transactions."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from slotkeeper.adapters.sql.types import IdText
from slotkeeper.domain.ids import Id


def hold(connection: sa.Connection, resources: sa.Table, ids: Sequence[Id]) -> None:
    """Lock rows as they are read, in order of id, in one statement.

    The lock is the weaker of the two that exclude each other, so that rows which refer to a resource can
    still be written beside it.
    """
    row = resources.c
    wanted = sa.bindparam("locked_ids", type_=IdText(), expanding=True)
    query = sa.select(row.id).where(row.id.in_(wanted)).order_by(row.id).with_for_update(key_share=True)
    connection.execute(query, {"locked_ids": list(ids)}).all()


def bump(connection: sa.Connection, resources: sa.Table, ids: Sequence[Id]) -> None:
    """Lock rows by changing them, in the order given, which holds on every engine."""
    row = resources.c
    one = sa.update(resources).where(row.id == sa.bindparam("locked_id", type_=IdText()))
    statement = one.values(times_locked=row.times_locked + 1)
    connection.execute(statement, [{"locked_id": locked} for locked in ids])
