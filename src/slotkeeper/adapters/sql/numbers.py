"""Numbers that are given once: the database counts them, and nobody waits for who was given the last."""

from __future__ import annotations

from functools import cache

import sqlalchemy as sa

from slotkeeper.adapters.sql.transaction import Transaction
from slotkeeper.adapters.sql.types import Whole


def next_number(transaction: Transaction) -> int:
    """Return the next number; the row that it was counted by is removed again."""
    table = transaction.tables.numbers
    number = transaction.counted(_counting(table))
    transaction.change(_removal(table), {"given": number})
    return number


@cache
def _counting(table: sa.Table) -> sa.Insert:
    return sa.insert(table).values()


@cache
def _removal(table: sa.Table) -> sa.Delete:
    return sa.delete(table).where(table.c.number == sa.bindparam("given", type_=Whole()))
