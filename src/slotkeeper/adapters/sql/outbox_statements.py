"""The statements about the outbox, built once for a set of tables; all values are bound."""

from __future__ import annotations

from functools import cache

import sqlalchemy as sa

from slotkeeper.adapters.sql.schema import Tables
from slotkeeper.adapters.sql.types import WORDS, IdText, Instant, Whole


class OutboxStatements:
    """What `SqlOutbox` asks and changes.

    Args:
        tables: Of which tables.
    """

    def __init__(self, tables: Tables) -> None:
        row, before = tables.outbox.c, tables.outbox.alias("before").c
        at_most = sa.bindparam("at_most", type_=Whole())
        now = sa.bindparam("now", type_=Instant())
        until = sa.bindparam("until", type_=Instant())
        fault = sa.bindparam("said", type_=WORDS)
        claim = sa.bindparam("taken_by", type_=IdText())
        one = row.id == sa.bindparam("event_id", type_=IdText())
        waits = row.sent_at.is_(None)
        # Looking again at what was found keeps the order; this keeps the limit from being filled in vain.
        held_back = sa.exists().where(
            before.booking_id == row.booking_id,
            before.position < row.position,
            before.sent_at.is_(None),
            sa.or_(before.parked_at.is_not(None), before.held_until > now),
        )
        # What a claim has lost is marked, parked, or another's.
        still = (row.claim == claim, waits, row.parked_at.is_(None))
        change = sa.update(tables.outbox)

        self.pending = sa.select(row.body).where(waits).order_by(row.position).limit(at_most)
        self.free = (
            sa.select(row.id, row.booking_id, row.attempts, row.claim, row.fault, row.body)
            .where(waits, row.parked_at.is_(None), sa.or_(row.held_until.is_(None), row.held_until <= now))
            .where(~held_back)
            .order_by(row.position)
            .limit(at_most)
            .with_for_update(skip_locked=True, of=tables.outbox)
        )
        self.waiting = (
            sa.select(row.id, row.booking_id)
            .where(waits, row.booking_id.in_(sa.bindparam("booking_ids", type_=IdText(), expanding=True)))
            .order_by(row.position)
        )
        self.take = change.where(
            row.id.in_(sa.bindparam("event_ids", type_=IdText(), expanding=True))
        ).values(claim=claim, held_until=until, attempts=row.attempts + 1)
        self.mark_sent = change.where(one).values(sent_at=sa.bindparam("marked_at", type_=Instant()))
        self.put_off = change.where(one, *still).values(claim=None, held_until=until, fault=fault)
        self.park = change.where(one, *still).values(
            claim=None,
            held_until=None,
            fault=fault,
            parked_at=sa.bindparam("given_up_at", type_=Instant()),
        )
        self.give_back = change.where(one, *still).values(
            claim=None, held_until=None, attempts=row.attempts - 1
        )
        self.parked = (
            sa.select(row.body, row.attempts, row.fault, row.parked_at)
            .where(row.parked_at.is_not(None), waits)
            .order_by(row.parked_at, row.position)
            .limit(at_most)
        )
        self.release = change.where(one, row.parked_at.is_not(None), waits).values(
            attempts=0, parked_at=None, fault=None
        )
        self.history = (
            sa.select(row.body)
            .where(row.booking_id == sa.bindparam("booking_id", type_=IdText()))
            .order_by(row.position)
        )


@cache
def outbox_statements_for(tables: Tables) -> OutboxStatements:
    """Return the statements about some tables, the same ones each time."""
    return OutboxStatements(tables)
