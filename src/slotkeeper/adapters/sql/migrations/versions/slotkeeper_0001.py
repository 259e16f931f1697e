"""The tables as they were first released.

Written by ``make migration``, for every database at once; once released, never changed.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from slotkeeper.adapters.sql.migrations.place import placed

revision = "slotkeeper_0001"
down_revision = None
branch_labels = ("slotkeeper",)
depends_on = None

ID = (
    sa.Text()
    .with_variant(sa.String(collation="C"), "postgresql")
    .with_variant(sa.String(255), "mysql", "mariadb")
)
WHOLE = sa.Integer().with_variant(sa.BigInteger(), "postgresql", "mysql", "mariadb")
WORDS = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
FLAG = sa.Integer().with_variant(sa.Boolean(), "postgresql", "mysql", "mariadb")
INSTANT = (
    sa.Integer()
    .with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
    .with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
)
CODE = sa.Text().with_variant(sa.String(255), "mysql", "mariadb")
AMOUNT = sa.Text()
OPTIONS: dict[str, Any] = {
    "sqlite_strict": True,
    "mysql_engine": "InnoDB",
    "mysql_default_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_nopad_bin",
    "mariadb_engine": "InnoDB",
    "mariadb_default_charset": "utf8mb4",
    "mariadb_collate": "utf8mb4_nopad_bin",
}
GUARDS = {
    "sqlite": (
        """
CREATE TRIGGER {schema}{allocation_agrees} BEFORE INSERT ON {allocations}
WHEN NOT EXISTS (
  SELECT 1 FROM {bookings}
  WHERE id = NEW.booking_id AND occupies = NEW.occupies AND expires_at IS NEW.expires_at)
BEGIN
  SELECT RAISE(ABORT, 'slotkeeper: an allocation must agree with its booking');
END
""",
        """
CREATE TRIGGER {schema}{allocation_fits} BEFORE INSERT ON {allocations}
WHEN NEW.occupies AND (NEW.expires_at IS NULL OR NEW.expires_at > NEW.judged_at) 
BEGIN
  SELECT RAISE(ABORT, 'slotkeeper: the resource has too few free units')
  WHERE NEW.units + coalesce((
      SELECT max(taken) FROM (
        SELECT sum(change) OVER (ORDER BY at, change) AS taken FROM (
          SELECT occupied_start AS at, units AS change FROM {allocations} WHERE resource_id = NEW.resource_id AND booking_id <> NEW.booking_id AND occupies
            AND (expires_at IS NULL OR expires_at > NEW.judged_at)
            AND (length_class = 0 AND reach_start >= NEW.occupied_start - 7200000000 AND reach_start < NEW.occupied_end OR length_class = 1 AND reach_start >= NEW.occupied_start - 86400000000 AND reach_start < NEW.occupied_end OR length_class = 2 AND reach_start >= NEW.occupied_start - 1209600000000 AND reach_start < NEW.occupied_end OR length_class = 3 AND reach_start >= NEW.occupied_start - 31622400000000 AND reach_start < NEW.occupied_end OR length_class = 4 AND reach_start < NEW.occupied_end) AND occupied_start < NEW.occupied_end AND occupied_end > NEW.occupied_start
          UNION ALL
          SELECT occupied_end, -units FROM {allocations} WHERE resource_id = NEW.resource_id AND booking_id <> NEW.booking_id AND occupies
            AND (expires_at IS NULL OR expires_at > NEW.judged_at)
            AND (length_class = 0 AND reach_start >= NEW.occupied_start - 7200000000 AND reach_start < NEW.occupied_end OR length_class = 1 AND reach_start >= NEW.occupied_start - 86400000000 AND reach_start < NEW.occupied_end OR length_class = 2 AND reach_start >= NEW.occupied_start - 1209600000000 AND reach_start < NEW.occupied_end OR length_class = 3 AND reach_start >= NEW.occupied_start - 31622400000000 AND reach_start < NEW.occupied_end OR length_class = 4 AND reach_start < NEW.occupied_end) AND occupied_start < NEW.occupied_end AND occupied_end > NEW.occupied_start
        )
      )
    ), 0) > coalesce((SELECT capacity FROM {resources} WHERE id = NEW.resource_id), 0);
END
""",
        """
CREATE TRIGGER {schema}{changed_allocation_fits} BEFORE UPDATE OF resource_id, occupied_start, occupied_end, units, occupies, expires_at ON {allocations}
WHEN NEW.occupies AND (NEW.expires_at IS NULL OR NEW.expires_at > NEW.judged_at) AND NOT (
  OLD.occupies AND (OLD.expires_at IS NULL OR OLD.expires_at > NEW.judged_at)
  AND (OLD.expires_at IS NULL OR coalesce(NEW.expires_at <= OLD.expires_at, 0))
  AND OLD.resource_id = NEW.resource_id AND OLD.units >= NEW.units
  AND OLD.occupied_start <= NEW.occupied_start AND NEW.occupied_end <= OLD.occupied_end)
BEGIN
  SELECT RAISE(ABORT, 'slotkeeper: the resource has too few free units')
  WHERE NEW.units + coalesce((
      SELECT max(taken) FROM (
        SELECT sum(change) OVER (ORDER BY at, change) AS taken FROM (
          SELECT occupied_start AS at, units AS change FROM {allocations} WHERE resource_id = NEW.resource_id AND booking_id <> NEW.booking_id AND occupies
            AND (expires_at IS NULL OR expires_at > NEW.judged_at)
            AND (length_class = 0 AND reach_start >= NEW.occupied_start - 7200000000 AND reach_start < NEW.occupied_end OR length_class = 1 AND reach_start >= NEW.occupied_start - 86400000000 AND reach_start < NEW.occupied_end OR length_class = 2 AND reach_start >= NEW.occupied_start - 1209600000000 AND reach_start < NEW.occupied_end OR length_class = 3 AND reach_start >= NEW.occupied_start - 31622400000000 AND reach_start < NEW.occupied_end OR length_class = 4 AND reach_start < NEW.occupied_end) AND occupied_start < NEW.occupied_end AND occupied_end > NEW.occupied_start
          UNION ALL
          SELECT occupied_end, -units FROM {allocations} WHERE resource_id = NEW.resource_id AND booking_id <> NEW.booking_id AND occupies
            AND (expires_at IS NULL OR expires_at > NEW.judged_at)
            AND (length_class = 0 AND reach_start >= NEW.occupied_start - 7200000000 AND reach_start < NEW.occupied_end OR length_class = 1 AND reach_start >= NEW.occupied_start - 86400000000 AND reach_start < NEW.occupied_end OR length_class = 2 AND reach_start >= NEW.occupied_start - 1209600000000 AND reach_start < NEW.occupied_end OR length_class = 3 AND reach_start >= NEW.occupied_start - 31622400000000 AND reach_start < NEW.occupied_end OR length_class = 4 AND reach_start < NEW.occupied_end) AND occupied_start < NEW.occupied_end AND occupied_end > NEW.occupied_start
        )
      )
    ), 0) > coalesce((SELECT capacity FROM {resources} WHERE id = NEW.resource_id), 0);
END
""",
        """
CREATE TRIGGER {schema}{allocations_follow} AFTER UPDATE OF occupies, counts, expires_at ON {bookings}
WHEN OLD.occupies <> NEW.occupies OR OLD.counts <> NEW.counts OR OLD.expires_at IS NOT NEW.expires_at
BEGIN
  UPDATE {allocations}
  SET occupies = NEW.occupies, relevant = NEW.occupies OR NEW.counts, expires_at = NEW.expires_at,
    judged_at = CASE WHEN NEW.updated_at > OLD.updated_at THEN NEW.updated_at ELSE CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER) END
  WHERE booking_id = NEW.id AND (
    occupies <> NEW.occupies OR relevant <> (NEW.occupies OR NEW.counts) OR expires_at IS NOT NEW.expires_at);
END
""",
    ),
    "gist": (
        """
ALTER TABLE {schema}{allocations} ADD CONSTRAINT {ex_allocations} EXCLUDE USING gist
(resource_id WITH =, tstzrange(occupied_start, occupied_end) WITH &&) WHERE (occupies AND exclusive)
""",
    ),
    "ranges": (
        'CREATE TYPE {schema}{ids} AS RANGE (subtype = text, collation = "C")',
        """
ALTER TABLE {schema}{allocations} ADD CONSTRAINT {ex_allocations} EXCLUDE USING gist
({schema}{ids}(resource_id, resource_id, '[]') WITH &&, tstzrange(occupied_start, occupied_end) WITH &&) WHERE (occupies AND exclusive)
""",
    ),
    "mariadb": (
        """
ALTER TABLE {schema}{allocations}
ADD COLUMN taken_alone VARCHAR(255)
  AS (CASE WHEN occupies AND exclusive THEN resource_id END) STORED INVISIBLE,
ADD PERIOD FOR occupied (occupied_start, occupied_end),
ADD CONSTRAINT {ex_allocations} UNIQUE (taken_alone, occupied WITHOUT OVERLAPS)
""",
    ),
}
AFTER_DROP = ("DROP TYPE IF EXISTS {schema}{ids}",)


def upgrade() -> None:
    """Make the tables."""
    here = placed()
    op.create_table(
        here.table("resources"),
        sa.Column("id", ID, nullable=False),
        sa.Column("position", WHOLE, nullable=False),
        sa.Column("name", WORDS, nullable=False),
        sa.Column("active", FLAG, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("body", WORDS, nullable=False),
        sa.Column("capacity", WHOLE, nullable=False),
        sa.Column("times_locked", WHOLE, server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=here.name("pk", "resources")),
        sa.CheckConstraint("capacity >= 1", name=here.name("ck", "resources_has_capacity")),
        sa.CheckConstraint("version >= 1", name=here.name("ck", "resources_version_counts_from_one")),
        schema=here.schema,
        **OPTIONS,
    )
    op.create_table(
        here.table("services"),
        sa.Column("id", ID, nullable=False),
        sa.Column("position", WHOLE, nullable=False),
        sa.Column("name", WORDS, nullable=False),
        sa.Column("active", FLAG, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("body", WORDS, nullable=False),
        sa.PrimaryKeyConstraint("id", name=here.name("pk", "services")),
        sa.CheckConstraint("version >= 1", name=here.name("ck", "services_version_counts_from_one")),
        schema=here.schema,
        **OPTIONS,
    )
    op.create_table(
        here.table("bookings"),
        sa.Column("id", ID, nullable=False),
        sa.Column("service_id", ID, nullable=False),
        sa.Column("customer_id", ID, nullable=True),
        sa.Column("start_at", INSTANT, nullable=False),
        sa.Column("end_at", INSTANT, nullable=False),
        sa.Column("length", WHOLE, nullable=False),
        sa.Column("local_start", CODE, nullable=True),
        sa.Column("local_zone", CODE, nullable=True),
        sa.Column("local_fold", WHOLE, nullable=True),
        sa.Column("zone_data", CODE, nullable=True),
        sa.Column("is_hold", FLAG, nullable=False),
        sa.Column("status", CODE, nullable=False),
        sa.Column("occupies", FLAG, nullable=False),
        sa.Column("counts", FLAG, nullable=False),
        sa.Column("units", WHOLE, nullable=False),
        sa.Column("price_amount", AMOUNT, nullable=True),
        sa.Column("price_currency", CODE, nullable=True),
        sa.Column("payment_status", CODE, nullable=False),
        sa.Column("payment_reference", WORDS, nullable=True),
        sa.Column("paid_amount", AMOUNT, nullable=True),
        sa.Column("paid_currency", CODE, nullable=True),
        sa.Column("refunded_amount", AMOUNT, nullable=True),
        sa.Column("refunded_currency", CODE, nullable=True),
        sa.Column("notes", WORDS, nullable=False),
        sa.Column("reason", WORDS, nullable=True),
        sa.Column("expires_at", INSTANT, nullable=True),
        sa.Column("moved", WHOLE, nullable=False),
        sa.Column("reminded_at", INSTANT, nullable=True),
        sa.Column("series_id", ID, nullable=True),
        sa.Column("timeslot_id", ID, nullable=True),
        sa.Column("attributes", WORDS, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("id", name=here.name("pk", "bookings")),
        sa.ForeignKeyConstraint(
            ["service_id"], [here.column("services", "id")], name=here.name("fk", "bookings_service_id")
        ),
        sa.CheckConstraint(
            "expires_at IS NOT NULL OR NOT is_hold", name=here.name("ck", "bookings_hold_expires")
        ),
        sa.CheckConstraint(
            "length = timestampdiff(MICROSECOND, start_at, end_at)",
            name=here.name("ck", "bookings_length_is_true"),
        ).ddl_if(dialect="mariadb"),
        sa.CheckConstraint(
            "length = timestampdiff(MICROSECOND, start_at, end_at)",
            name=here.name("ck", "bookings_length_is_true"),
        ).ddl_if(dialect="mysql"),
        sa.CheckConstraint(
            "length = extract(epoch FROM end_at - start_at) * 1000000",
            name=here.name("ck", "bookings_length_is_true"),
        ).ddl_if(dialect="postgresql"),
        sa.CheckConstraint(
            "length = end_at - start_at", name=here.name("ck", "bookings_length_is_true")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint("start_at < end_at", name=here.name("ck", "bookings_start_at_before_end")),
        sa.CheckConstraint("units >= 1", name=here.name("ck", "bookings_takes_units")),
        sa.CheckConstraint("version >= 1", name=here.name("ck", "bookings_version_counts_from_one")),
        schema=here.schema,
        **OPTIONS,
    )
    op.create_index(
        here.name("ix", "bookings_created"),
        here.table("bookings"),
        ["created_at", "id"],
        unique=False,
        schema=here.schema,
    )
    op.create_index(
        here.name("ix", "bookings_customer"),
        here.table("bookings"),
        ["customer_id", "start_at"],
        unique=False,
        schema=here.schema,
    )
    if here.is_one_of("sqlite", "postgresql"):
        op.create_index(
            here.name("ix", "bookings_lapsing"),
            here.table("bookings"),
            ["expires_at", "id"],
            unique=False,
            schema=here.schema,
            sqlite_where=sa.text("occupies = 1"),
            postgresql_where=sa.text("occupies = true"),
        )
    if here.is_one_of("mysql", "mariadb"):
        op.create_index(
            here.name("ix", "bookings_lapsing_of_all"),
            here.table("bookings"),
            ["occupies", "expires_at", "id"],
            unique=False,
            schema=here.schema,
        )
    op.create_index(
        here.name("ix", "bookings_length"),
        here.table("bookings"),
        ["length"],
        unique=False,
        schema=here.schema,
    )
    if here.is_one_of("sqlite", "postgresql"):
        op.create_index(
            here.name("ix", "bookings_owed"),
            here.table("bookings"),
            ["updated_at", "id"],
            unique=False,
            schema=here.schema,
            sqlite_where=sa.text("payment_status = 'refund_pending'"),
            postgresql_where=sa.text("payment_status = 'refund_pending'"),
        )
    if here.is_one_of("mysql", "mariadb"):
        op.create_index(
            here.name("ix", "bookings_owed_of_all"),
            here.table("bookings"),
            ["payment_status", "updated_at", "id"],
            unique=False,
            schema=here.schema,
        )
    op.create_index(
        here.name("ix", "bookings_series"),
        here.table("bookings"),
        ["series_id", "start_at"],
        unique=False,
        schema=here.schema,
    )
    op.create_index(
        here.name("ix", "bookings_service"),
        here.table("bookings"),
        ["service_id", "start_at", "id"],
        unique=False,
        schema=here.schema,
    )
    op.create_index(
        here.name("ix", "bookings_start"),
        here.table("bookings"),
        ["start_at", "id"],
        unique=False,
        schema=here.schema,
    )
    op.create_index(
        here.name("ix", "bookings_status"),
        here.table("bookings"),
        ["status", "start_at", "id"],
        unique=False,
        schema=here.schema,
    )
    if here.is_one_of("sqlite", "postgresql"):
        op.create_index(
            here.name("ix", "bookings_unreminded"),
            here.table("bookings"),
            ["start_at", "id"],
            unique=False,
            schema=here.schema,
            sqlite_where=sa.text("occupies = 1 AND reminded_at IS NULL"),
            postgresql_where=sa.text("occupies = true AND reminded_at IS NULL"),
        )
    if here.is_one_of("mysql", "mariadb"):
        op.create_index(
            here.name("ix", "bookings_unreminded_of_all"),
            here.table("bookings"),
            ["occupies", "reminded_at", "start_at", "id"],
            unique=False,
            schema=here.schema,
        )
    op.create_index(
        here.name("ix", "bookings_updated"),
        here.table("bookings"),
        ["updated_at", "id"],
        unique=False,
        schema=here.schema,
    )
    op.create_table(
        here.table("allocations"),
        sa.Column("booking_id", ID, nullable=False),
        sa.Column("resource_id", ID, nullable=False),
        sa.Column("position", WHOLE, nullable=False),
        sa.Column("start_at", INSTANT, nullable=False),
        sa.Column("end_at", INSTANT, nullable=False),
        sa.Column("units", WHOLE, nullable=False),
        sa.Column("buffer_before", WHOLE, nullable=False),
        sa.Column("buffer_after", WHOLE, nullable=False),
        sa.Column("buffer_rule", CODE, nullable=False),
        sa.Column("occupied_start", INSTANT, nullable=False),
        sa.Column("occupied_end", INSTANT, nullable=False),
        sa.Column("reach_start", INSTANT, nullable=False),
        sa.Column("reach_end", INSTANT, nullable=False),
        sa.Column("length", WHOLE, nullable=False),
        sa.Column(
            "length_class",
            WHOLE,
            sa.Computed(
                "CASE WHEN length <= 7200000000 THEN 0 WHEN length <= 86400000000 THEN 1 WHEN length <= 1209600000000 THEN 2 WHEN length <= 31622400000000 THEN 3 ELSE 4 END",
                persisted=True,
            ),
            nullable=True,
        ),
        sa.Column("occupies", FLAG, nullable=False),
        sa.Column("relevant", FLAG, nullable=False),
        sa.Column("exclusive", FLAG, server_default=sa.true(), nullable=False),
        sa.Column("expires_at", INSTANT, nullable=True),
        sa.Column("judged_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("booking_id", "resource_id", name=here.name("pk", "allocations")),
        sa.ForeignKeyConstraint(
            ["booking_id"], [here.column("bookings", "id")], name=here.name("fk", "allocations_booking_id")
        ),
        sa.ForeignKeyConstraint(
            ["resource_id"], [here.column("resources", "id")], name=here.name("fk", "allocations_resource_id")
        ),
        sa.CheckConstraint(
            "length = timestampdiff(MICROSECOND, reach_start, reach_end)",
            name=here.name("ck", "allocations_length_is_true"),
        ).ddl_if(dialect="mariadb"),
        sa.CheckConstraint(
            "length = timestampdiff(MICROSECOND, reach_start, reach_end)",
            name=here.name("ck", "allocations_length_is_true"),
        ).ddl_if(dialect="mysql"),
        sa.CheckConstraint(
            "length = extract(epoch FROM reach_end - reach_start) * 1000000",
            name=here.name("ck", "allocations_length_is_true"),
        ).ddl_if(dialect="postgresql"),
        sa.CheckConstraint(
            "length = reach_end - reach_start", name=here.name("ck", "allocations_length_is_true")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "occupied_start < occupied_end", name=here.name("ck", "allocations_occupied_start_before_end")
        ),
        sa.CheckConstraint(
            "reach_start <= occupied_start AND occupied_end <= reach_end",
            name=here.name("ck", "allocations_occupied_within_reach"),
        ),
        sa.CheckConstraint(
            "reach_start < reach_end", name=here.name("ck", "allocations_reach_start_before_end")
        ),
        sa.CheckConstraint(
            "relevant OR NOT occupies", name=here.name("ck", "allocations_relevant_if_occupies")
        ),
        sa.CheckConstraint("start_at < end_at", name=here.name("ck", "allocations_start_at_before_end")),
        sa.CheckConstraint("units >= 1", name=here.name("ck", "allocations_takes_units")),
        schema=here.schema,
        **OPTIONS,
    )
    op.create_index(
        here.name("ix", "allocations_reach"),
        here.table("allocations"),
        ["resource_id", "length_class", "reach_start"],
        unique=False,
        schema=here.schema,
    )
    op.create_table(
        here.table("timeslots"),
        sa.Column("id", ID, nullable=False),
        sa.Column("resource_id", ID, nullable=False),
        sa.Column("service_id", ID, nullable=True),
        sa.Column("start_at", INSTANT, nullable=False),
        sa.Column("end_at", INSTANT, nullable=False),
        sa.Column("length", WHOLE, nullable=False),
        sa.Column(
            "length_class",
            WHOLE,
            sa.Computed(
                "CASE WHEN length <= 7200000000 THEN 0 WHEN length <= 86400000000 THEN 1 WHEN length <= 1209600000000 THEN 2 WHEN length <= 31622400000000 THEN 3 ELSE 4 END",
                persisted=True,
            ),
            nullable=True,
        ),
        sa.Column("attributes", WORDS, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("id", name=here.name("pk", "timeslots")),
        sa.ForeignKeyConstraint(
            ["resource_id"], [here.column("resources", "id")], name=here.name("fk", "timeslots_resource_id")
        ),
        sa.CheckConstraint(
            "length = timestampdiff(MICROSECOND, start_at, end_at)",
            name=here.name("ck", "timeslots_length_is_true"),
        ).ddl_if(dialect="mariadb"),
        sa.CheckConstraint(
            "length = timestampdiff(MICROSECOND, start_at, end_at)",
            name=here.name("ck", "timeslots_length_is_true"),
        ).ddl_if(dialect="mysql"),
        sa.CheckConstraint(
            "length = extract(epoch FROM end_at - start_at) * 1000000",
            name=here.name("ck", "timeslots_length_is_true"),
        ).ddl_if(dialect="postgresql"),
        sa.CheckConstraint(
            "length = end_at - start_at", name=here.name("ck", "timeslots_length_is_true")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint("start_at < end_at", name=here.name("ck", "timeslots_start_at_before_end")),
        sa.CheckConstraint("version >= 1", name=here.name("ck", "timeslots_version_counts_from_one")),
        schema=here.schema,
        **OPTIONS,
    )
    op.create_index(
        here.name("ix", "timeslots_start"),
        here.table("timeslots"),
        ["resource_id", "length_class", "start_at"],
        unique=False,
        schema=here.schema,
    )
    op.create_table(
        here.table("outbox"),
        sa.Column("position", WHOLE, autoincrement=True, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("booking_id", ID, nullable=False),
        sa.Column("sequence", WHOLE, nullable=False),
        sa.Column("action", CODE, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("attempts", WHOLE, server_default="0", nullable=False),
        sa.Column("claim", ID, nullable=True),
        sa.Column("held_until", INSTANT, nullable=True),
        sa.Column("fault", WORDS, nullable=True),
        sa.Column("parked_at", INSTANT, nullable=True),
        sa.Column("sent_at", INSTANT, nullable=True),
        sa.Column("body", WORDS, nullable=False),
        sa.PrimaryKeyConstraint("position", name=here.name("pk", "outbox")),
        sa.UniqueConstraint("id", name=here.name("uq", "outbox_id")),
        schema=here.schema,
        **OPTIONS,
        sqlite_autoincrement=True,
    )
    op.create_index(
        here.name("ix", "outbox_booking"),
        here.table("outbox"),
        ["booking_id", "position"],
        unique=False,
        schema=here.schema,
    )
    if here.is_one_of("sqlite", "postgresql"):
        op.create_index(
            here.name("ix", "outbox_parked"),
            here.table("outbox"),
            ["parked_at", "position"],
            unique=False,
            schema=here.schema,
            sqlite_where=sa.text("sent_at IS NULL AND parked_at IS NOT NULL"),
            postgresql_where=sa.text("sent_at IS NULL AND parked_at IS NOT NULL"),
        )
    if here.is_one_of("mysql", "mariadb"):
        op.create_index(
            here.name("ix", "outbox_parked_of_all"),
            here.table("outbox"),
            ["sent_at", "parked_at", "position"],
            unique=False,
            schema=here.schema,
        )
    if here.is_one_of("sqlite", "postgresql"):
        op.create_index(
            here.name("ix", "outbox_unsent"),
            here.table("outbox"),
            ["position"],
            unique=False,
            schema=here.schema,
            sqlite_where=sa.text("sent_at IS NULL"),
            postgresql_where=sa.text("sent_at IS NULL"),
        )
    if here.is_one_of("mysql", "mariadb"):
        op.create_index(
            here.name("ix", "outbox_unsent_of_all"),
            here.table("outbox"),
            ["sent_at", "position"],
            unique=False,
            schema=here.schema,
        )
    op.create_table(
        here.table("keys"),
        sa.Column("scope", CODE, nullable=False),
        sa.Column("key", CODE, nullable=False),
        sa.Column("fingerprint", CODE, nullable=False),
        sa.Column("result", WORDS, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", name=here.name("pk", "keys")),
        schema=here.schema,
        **OPTIONS,
    )
    op.create_index(here.name("ix", "keys_at"), here.table("keys"), ["at"], unique=False, schema=here.schema)
    op.create_table(
        here.table("hits"),
        sa.Column("subject", CODE, nullable=False),
        sa.Column("instants", WORDS, nullable=False),
        sa.PrimaryKeyConstraint("subject", name=here.name("pk", "hits")),
        schema=here.schema,
        **OPTIONS,
    )
    op.create_table(
        here.table("numbers"),
        sa.Column("number", WHOLE, autoincrement=True, nullable=False),
        sa.PrimaryKeyConstraint("number", name=here.name("pk", "numbers")),
        schema=here.schema,
        **OPTIONS,
        sqlite_autoincrement=True,
    )
    if here.guard is not None:
        here.carry_out(GUARDS[here.guard])


def downgrade() -> None:
    """Remove the tables and all that is in them."""
    here = placed()
    op.drop_table(here.table("numbers"), schema=here.schema)
    op.drop_table(here.table("hits"), schema=here.schema)
    op.drop_table(here.table("keys"), schema=here.schema)
    op.drop_table(here.table("outbox"), schema=here.schema)
    op.drop_table(here.table("timeslots"), schema=here.schema)
    op.drop_table(here.table("allocations"), schema=here.schema)
    op.drop_table(here.table("bookings"), schema=here.schema)
    op.drop_table(here.table("services"), schema=here.schema)
    op.drop_table(here.table("resources"), schema=here.schema)
    if here.guard in {"gist", "ranges"}:
        here.carry_out(AFTER_DROP)
