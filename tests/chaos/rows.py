"""What is in the database after a run, read by plain SQL and turned into plain values.

Nothing of slotkeeper takes part, so that no fault of its reading can hide a fault of its writing. Instants
are microseconds since the beginning of the run's clock, as in the journals.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

import attrs
import sqlalchemy as sa
from tests.chaos.plan import EPOCH, Plan, microsecond

_UNIX = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MINUTES = re.compile(r"PT(\d+)M")
_MINUTE = 60_000_000


@attrs.frozen
class Taking:
    """What a booking takes of a resource, buffers beside it."""

    resource_id: str
    start: int
    end: int
    units: int = 1
    before: int = 0
    after: int = 0
    rule: str = "sum"

    @property
    def occupied(self) -> tuple[int, int]:
        """The time that is taken: with the buffers where they add up."""
        return (
            (self.start - self.before, self.end + self.after)
            if self.rule == "sum"
            else (self.start, self.end)
        )


@attrs.frozen(kw_only=True)
class Row:
    """A booking, as its row and those of its allocations say."""

    booking_id: str
    status: str
    occupies: bool
    version: int
    takings: tuple[Taking, ...]


@attrs.frozen(kw_only=True)
class Happened(Row):
    """An event: the booking as a change left it."""

    action: str
    at: int
    expires: int | None


@attrs.frozen(kw_only=True)
class Contents:
    """All that is there."""

    capacities: dict[str, int]
    bookings: dict[str, Row]
    events: list[Happened]
    keys: set[str]
    damage: list[str]


def contents(plan: Plan, url: str) -> Contents:
    """Read what a plan's tables hold in a database."""
    engine = sa.create_engine(url)
    prefix = f"{plan.place['schema']}." if plan.place.get("schema") else ""
    prefix += str(plan.place["prefix"])
    try:
        with engine.connect() as connection:

            def rows(text: str) -> list[Any]:
                return list(connection.execute(sa.text(text.replace("~", prefix))).mappings())

            taken = rows("SELECT * FROM ~allocations ORDER BY booking_id, position")
            return Contents(
                capacities={
                    row["id"]: row["capacity"] for row in rows("SELECT id, capacity FROM ~resources")
                },
                bookings=_bookings(rows("SELECT * FROM ~bookings"), taken),
                events=[_event(row) for row in rows("SELECT * FROM ~outbox ORDER BY position")],
                keys={row["kept"] for row in rows("SELECT ? AS kept FROM ~keys".replace("?", _key(engine)))},
                damage=_damage(connection),
            )
    finally:
        engine.dispose()


def _key(engine: sa.Engine) -> str:
    """Return the column whose name MariaDB has as a word of its own."""
    return str(engine.dialect.identifier_preparer.quote("key"))


def _damage(connection: sa.Connection) -> list[str]:
    """Return what SQLite says is wrong with its file."""
    if connection.dialect.name != "sqlite":
        return []
    found = [*connection.execute(sa.text("PRAGMA integrity_check"))]
    found += [*connection.execute(sa.text("PRAGMA foreign_key_check"))]
    return [str(tuple(row)) for row in found if tuple(row) != ("ok",)]


def _bookings(bookings: list[Any], allocations: list[Any]) -> dict[str, Row]:
    takings: dict[str, list[Taking]] = {}
    for row in allocations:
        takings.setdefault(row["booking_id"], []).append(_stored_taking(row))
    return {
        row["id"]: Row(
            booking_id=row["id"],
            status=row["status"],
            occupies=bool(row["occupies"]),
            version=row["version"],
            takings=tuple(takings.get(row["id"], ())),
        )
        for row in bookings
    }


def _stored_taking(row: Any) -> Taking:  # noqa: ANN401 - a mapping of columns
    taking = Taking(
        row["resource_id"],
        _instant(row["start_at"]),
        _instant(row["end_at"]),
        row["units"],
        row["buffer_before"],
        row["buffer_after"],
        row["buffer_rule"],
    )
    occupied = _instant(row["occupied_start"]), _instant(row["occupied_end"])
    assert taking.occupied == occupied, f"an allocation's occupied time is not what its buffers make: {row}"
    return taking


def _instant(value: int | dt.datetime) -> int:
    if isinstance(value, int):
        return value - (EPOCH - _UNIX) // dt.timedelta(microseconds=1)
    return microsecond(value if value.tzinfo else value.replace(tzinfo=dt.UTC))


def _event(row: Any) -> Happened:  # noqa: ANN401 - a mapping of columns
    body = json.loads(row["body"])
    booking = body["booking"]
    assert (booking["id"], booking.get("version", 1)) == (row["booking_id"], row["sequence"])
    return Happened(
        action=row["action"],
        at=_read(body["at"]),
        booking_id=row["booking_id"],
        status=booking["status"],
        occupies=booking.get("occupies", True),
        version=row["sequence"],
        expires=_read(booking["expires_at"]) if booking.get("expires_at") else None,
        takings=tuple(map(_told_taking, booking["allocations"])),
    )


def _told_taking(body: dict[str, Any]) -> Taking:
    start, end = map(_read, body["interval"].split("/"))
    buffers = body.get("buffers", {})
    before, after = (_length(buffers.get(side, "PT0M")) for side in ("before", "after"))
    rule = buffers.get("combine", "sum")
    return Taking(body["resource_id"], start, end, body.get("units", 1), before, after, rule)


def _read(text: str) -> int:
    return microsecond(dt.datetime.fromisoformat(text))


def _length(text: str) -> int:
    match = _MINUTES.fullmatch(text)
    assert match, text
    return int(match[1]) * _MINUTE
