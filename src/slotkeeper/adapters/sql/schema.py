"""The tables: what is kept in which column, with the keys, checks and indexes that hold it together.

Bookings are columns throughout, so that a host can query them; definitions of resources and services are
JSON beside the columns that are asked for. An allocation repeats what decides whether it takes its resource,
so that one index, and a guard in the database, can answer without the booking. Wherever spans of time are
searched, their lengths are kept too: no row that overlaps an instant starts earlier than the longest length
before it, and so an index on the start finds the overlapping rows without reading all that came before. On
a resource, where every booking looks, rows are searched by length class, each in its own short range.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite.base import SQLiteDialect

from slotkeeper.adapters.sql import types as kind
from slotkeeper.adapters.sql.lengths import class_of
from slotkeeper.adapters.sql.mariadb import TABLE_OPTIONS
from slotkeeper.adapters.sql.mariadb_guard import add_period
from slotkeeper.adapters.sql.names import check_prefix, name_after, name_before
from slotkeeper.adapters.sql.postgresql_guard import add_exclusion
from slotkeeper.adapters.sql.sqlite_guard import add_triggers
from slotkeeper.domain.booking import PaymentStatus

PREFIX: Final = "slotkeeper_"

_STRICT: Final = (
    {"sqlite_strict": True} if "strict" in dict(SQLiteDialect.construct_arguments or ())[sa.Table] else {}
)
"""Strict tables, where SQLAlchemy can say so (2.0.37)."""


REGISTERED: Final = "slotkeeper_tables"
"""Where metadata keep the sets of tables that were entered, for migrations to find."""
_DIALECTS: Final = "slotkeeper_dialects"

Some = TypeVar("Some", sa.Index, sa.CheckConstraint)


class Tables:
    """All tables, in metadata of the host's or of their own.

    Make them once and hand the same object to every store: what is prepared for them is kept with them.

    Args:
        metadata: Where they are entered, such as that of a host's own migrations.
        prefix: What their names begin with.
        schema: The database schema that they lie in.
        portable: Whether to do without what only some databases have: constraints and triggers against
            overlaps. The store's own guard holds all the same; who bypasses the store is not refused.

    Raises:
        InvalidFieldError: The prefix is no part of a plain name, or makes names longer than 63 characters.
    """

    def __init__(
        self,
        metadata: sa.MetaData | None = None,
        *,
        prefix: str = PREFIX,
        schema: str | None = None,
        portable: bool = False,
    ) -> None:
        self.metadata = sa.MetaData() if metadata is None else metadata
        check_prefix(prefix)
        self.prefix, self.schema, self.portable = prefix, schema, portable
        self.resources = self._table("resources", *_definition(), *_capacity())
        self.services = self._table("services", *_definition())
        self.bookings = self._table("bookings", *_booking(self.services))
        self.allocations = self._table("allocations", *_allocation(self.bookings, self.resources))
        self.timeslots = self._table("timeslots", *_timeslot(self.resources))
        self.outbox = self._table("outbox", *_event(), sqlite_autoincrement=True)
        self.keys = self._table("keys", *_key())
        self.hits = self._table("hits", *_hit())
        self.numbers = self._table("numbers", *_number(), sqlite_autoincrement=True)
        self.metadata.info.setdefault(REGISTERED, []).append(self)
        if not portable:
            add_triggers(self)
            add_exclusion(self)
            add_period(self)

    @property
    def all(self) -> tuple[sa.Table, ...]:
        """The tables, each after those that it refers to."""
        return (
            self.resources,
            self.services,
            self.bookings,
            self.allocations,
            self.timeslots,
            self.outbox,
            self.keys,
            self.hits,
            self.numbers,
        )

    def _table(self, name: str, *items: sa.schema.SchemaItem, **options: Any) -> sa.Table:  # noqa: ANN401 - of dialects
        full = f"{self.prefix}{name}"
        name_before(items, full)
        chosen: dict[str, Any] = {**_STRICT, **TABLE_OPTIONS, **options}
        table = sa.Table(full, self.metadata, *items, schema=self.schema, **chosen)
        name_after(table)
        return table


@cache
def own_tables() -> Tables:
    """Return the tables that stores use unless they are given others."""
    return Tables()


def occupying(occupies: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Return the condition that a row takes its resources, as it stands in an index: without a parameter."""
    return occupies == sa.true()


def refund_pending(payment_status: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Return the condition that a refund is owed, as it stands in an index: without a parameter."""
    return payment_status == sa.literal_column(f"'{PaymentStatus.REFUND_PENDING.value}'")


def made_on(item: sa.Index | sa.Constraint, dialect: sa.Dialect) -> bool:
    """Tell whether an index or a constraint of ours is made on a database; some are for some only."""
    dialects = dialects_of(item)
    return not dialects or dialect.name in dialects


def dialects_of(item: sa.Index | sa.Constraint) -> tuple[str, ...]:
    """Return the databases that an index or a constraint of ours is made on, none for all."""
    dialects: tuple[str, ...] = item.info.get(_DIALECTS, ())
    return dialects


def _column(name: str, of: sa.types.TypeEngine[Any], **options: Any) -> sa.Column[Any]:  # noqa: ANN401 - of columns
    return sa.Column(name, of, **{"nullable": False, **options})


def _optional(name: str, of: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, of, nullable=True)


def _index_of_some(
    name: str, *columns: str, where: sa.ColumnElement[bool], led_by: str | Sequence[str]
) -> tuple[sa.Index, sa.Index]:
    """Return an index of the rows that are asked for; on databases that index all, those stand together."""
    some = sa.Index(name, *columns, sqlite_where=where, postgresql_where=where)
    leading = (led_by,) if isinstance(led_by, str) else led_by
    every = sa.Index(f"{name}_of_all", *leading, *columns)
    return _made_on(some, "sqlite", "postgresql"), _made_on(every, "mysql", "mariadb")


def _made_on(item: Some, *dialects: str) -> Some:
    item.info[_DIALECTS] = dialects
    made: Some = item.ddl_if(callable_=lambda *_, dialect, **__: made_on(item, dialect))
    return made


def _length_class() -> sa.Column[Any]:
    """Return the column that tells rows apart by length; the database fills it, whoever writes the row."""
    generated = sa.Computed(class_of("length"), persisted=True)
    return sa.Column("length_class", kind.Whole(), generated)


def _check(name: str, text: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(text, name=name)


def _span(start: str, end: str, length: str = "length") -> list[sa.schema.SchemaItem]:
    """Return the checks that a span is one, and its length the true one."""
    counted = {
        "sqlite": f"{end} - {start}",
        "postgresql": f"extract(epoch FROM {end} - {start}) * 1000000",
        "mysql": f"timestampdiff(MICROSECOND, {start}, {end})",
        "mariadb": f"timestampdiff(MICROSECOND, {start}, {end})",
    }
    true_length = (
        _made_on(_check(f"{length}_is_true", f"{length} = {text}"), name) for name, text in counted.items()
    )
    return [_check(f"{start}_before_end", f"{start} < {end}"), *true_length]


def _definition() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", kind.IdText(), primary_key=True),
        _column("position", kind.Whole()),
        _column("name", kind.WORDS),
        _column("active", kind.Flag()),
        _column("version", kind.Whole()),
        _column("body", kind.WORDS),
        _check("version_counts_from_one", "version >= 1"),
    ]


def _capacity() -> list[sa.schema.SchemaItem]:
    return [
        _column("capacity", kind.Whole()),
        _column("times_locked", kind.Whole(), server_default="0"),
        _check("has_capacity", "capacity >= 1"),
    ]


def _booking(services: sa.Table) -> list[sa.schema.SchemaItem]:
    occupies, owed = occupying(sa.column("occupies")), refund_pending(sa.column("payment_status"))
    unreminded = sa.and_(occupies, sa.column("reminded_at").is_(None))
    return [
        sa.Column("id", kind.IdText(), primary_key=True),
        _column("service_id", kind.IdText()),
        _optional("customer_id", kind.IdText()),
        _column("start_at", kind.Instant()),
        _column("end_at", kind.Instant()),
        _column("length", kind.Length()),
        _optional("local_start", kind.CODE),
        _optional("local_zone", kind.CODE),
        _optional("local_fold", kind.Whole()),
        _optional("zone_data", kind.CODE),
        _column("is_hold", kind.Flag()),
        _column("status", kind.CODE),
        _column("occupies", kind.Flag()),
        _column("counts", kind.Flag()),
        _column("units", kind.Whole()),
        _optional("price_amount", kind.Amount()),
        _optional("price_currency", kind.CODE),
        _column("payment_status", kind.CODE),
        _optional("payment_reference", kind.WORDS),
        _optional("paid_amount", kind.Amount()),
        _optional("paid_currency", kind.CODE),
        _optional("refunded_amount", kind.Amount()),
        _optional("refunded_currency", kind.CODE),
        _column("notes", kind.WORDS),
        _optional("reason", kind.WORDS),
        _optional("expires_at", kind.Instant()),
        _column("moved", kind.Whole()),
        _optional("reminded_at", kind.Instant()),
        _optional("series_id", kind.IdText()),
        _optional("timeslot_id", kind.IdText()),
        _column("attributes", kind.FreeFacts()),
        _column("created_at", kind.Instant()),
        _column("updated_at", kind.Instant()),
        _column("version", kind.Whole()),
        *_span("start_at", "end_at"),
        _check("takes_units", "units >= 1"),
        _check("version_counts_from_one", "version >= 1"),
        _check("hold_expires", "expires_at IS NOT NULL OR NOT is_hold"),
        sa.Index("start", "start_at", "id"),
        sa.Index("created", "created_at", "id"),
        sa.Index("updated", "updated_at", "id"),
        sa.Index("length", "length"),
        sa.Index("customer", "customer_id", "start_at"),
        sa.Index("service", "service_id", "start_at", "id"),
        sa.Index("status", "status", "start_at", "id"),
        sa.Index("series", "series_id", "start_at"),
        *_index_of_some("lapsing", "expires_at", "id", where=occupies, led_by="occupies"),
        *_index_of_some("unreminded", "start_at", "id", where=unreminded, led_by=("occupies", "reminded_at")),
        *_index_of_some("owed", "updated_at", "id", where=owed, led_by="payment_status"),
        sa.ForeignKeyConstraint(["service_id"], [services.c.id]),
    ]


def _allocation(bookings: sa.Table, resources: sa.Table) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("booking_id", kind.IdText(), primary_key=True),
        sa.Column("resource_id", kind.IdText(), primary_key=True),
        _column("position", kind.Whole()),
        _column("start_at", kind.Instant()),
        _column("end_at", kind.Instant()),
        _column("units", kind.Whole()),
        _column("buffer_before", kind.Length()),
        _column("buffer_after", kind.Length()),
        _column("buffer_rule", kind.CODE),
        _column("occupied_start", kind.Instant()),
        _column("occupied_end", kind.Instant()),
        _column("reach_start", kind.Instant()),
        _column("reach_end", kind.Instant()),
        _column("length", kind.Length()),
        _length_class(),
        _column("occupies", kind.Flag()),
        _column("relevant", kind.Flag()),
        _column("exclusive", kind.Flag(), server_default=sa.true()),
        _optional("expires_at", kind.Instant()),
        _column("judged_at", kind.Instant()),
        _check("start_at_before_end", "start_at < end_at"),
        _check("occupied_start_before_end", "occupied_start < occupied_end"),
        _check("occupied_within_reach", "reach_start <= occupied_start AND occupied_end <= reach_end"),
        *_span("reach_start", "reach_end"),
        _check("takes_units", "units >= 1"),
        _check("relevant_if_occupies", "relevant OR NOT occupies"),
        sa.Index("reach", "resource_id", "length_class", "reach_start"),
        sa.ForeignKeyConstraint(["booking_id"], [bookings.c.id]),
        sa.ForeignKeyConstraint(["resource_id"], [resources.c.id]),
    ]


def _timeslot(resources: sa.Table) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", kind.IdText(), primary_key=True),
        _column("resource_id", kind.IdText()),
        _optional("service_id", kind.IdText()),
        _column("start_at", kind.Instant()),
        _column("end_at", kind.Instant()),
        _column("length", kind.Length()),
        _length_class(),
        _column("attributes", kind.FreeFacts()),
        _column("version", kind.Whole()),
        *_span("start_at", "end_at"),
        _check("version_counts_from_one", "version >= 1"),
        sa.Index("start", "resource_id", "length_class", "start_at"),
        sa.ForeignKeyConstraint(["resource_id"], [resources.c.id]),
    ]


def _event() -> list[sa.schema.SchemaItem]:
    unsent = sa.column("sent_at").is_(None)
    given_up = sa.and_(unsent, sa.column("parked_at").is_not(None))
    return [
        sa.Column("position", kind.Whole(), primary_key=True, autoincrement=True),
        _column("id", kind.IdText()),
        _column("booking_id", kind.IdText()),
        _column("sequence", kind.Whole()),
        _column("action", kind.CODE),
        _column("at", kind.Instant()),
        _column("attempts", kind.Whole(), server_default="0"),
        _optional("claim", kind.IdText()),
        _optional("held_until", kind.Instant()),
        _optional("fault", kind.WORDS),
        _optional("parked_at", kind.Instant()),
        _optional("sent_at", kind.Instant()),
        _column("body", kind.WORDS),
        sa.UniqueConstraint("id"),
        sa.Index("booking", "booking_id", "position"),
        *_index_of_some("unsent", "position", where=unsent, led_by="sent_at"),
        *_index_of_some("parked", "parked_at", "position", where=given_up, led_by="sent_at"),
    ]


def _key() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("scope", kind.CODE, primary_key=True),
        sa.Column("key", kind.CODE, primary_key=True),
        _column("fingerprint", kind.CODE),
        _column("result", kind.Document()),
        _column("at", kind.Instant()),
        sa.Index("at", "at"),
    ]


def _hit() -> list[sa.schema.SchemaItem]:
    return [sa.Column("subject", kind.CODE, primary_key=True), _column("instants", kind.Document())]


def _number() -> list[sa.schema.SchemaItem]:
    return [sa.Column("number", kind.Whole(), primary_key=True, autoincrement=True)]
