"""A verdict on what a crowd did: its record against the rows, read by plain SQL and without the library."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from tests.galera.cluster import Cluster
from tests.galera.crowd import Record

Span = tuple[str, str]


def violations(cluster: Cluster, database: str, record: Record) -> list[str]:
    """Return what was promised and not kept, in words; nothing where all is well."""
    return [
        *_shared_times(cluster, database),
        *_trespasses(cluster, database),
        *_lost(cluster, database, record),
        *_unasked(cluster, database, record),
        *_holes(cluster, database),
        *(f"another answer to the repeat of {key}" for key in record.keys("different")),
        *(f"{line['key']} did not see what was acknowledged: {line['code']}" for line in record.of("stale")),
        *_disagreements(cluster, database),
    ]


def _rows(cluster: Cluster, database: str, select: str) -> list[tuple[Any, ...]]:
    asked = select.format(table=f"{database}.slotkeeper_")
    return cluster.nodes[0].ask(f"SET STATEMENT wsrep_sync_wait = 1 FOR {asked}")


def _shared_times(cluster: Cluster, database: str) -> Iterator[str]:
    """Tell of bookings that have the same resource at the same time now."""
    select = """
        SELECT a.booking_id, b.booking_id, a.resource_id FROM {table}allocations a JOIN {table}allocations b
        ON a.resource_id = b.resource_id AND a.booking_id < b.booking_id AND a.occupies AND b.occupies
        AND a.occupied_start < b.occupied_end AND b.occupied_start < a.occupied_end
    """
    for one, other, where in _rows(cluster, database, select):
        yield f"{one} and {other} share a time on {where}"


def _trespasses(cluster: Cluster, database: str) -> Iterator[str]:
    """Tell of events that took what was taken at their time, replayed in the order of the outbox."""
    taken: defaultdict[str, dict[str, Span]] = defaultdict(dict)
    for (body,) in _rows(cluster, database, "SELECT body FROM {table}outbox ORDER BY position"):
        booking = json.loads(body)["booking"]
        for one in booking["allocations"]:
            there = taken[one["resource_id"]]
            there.pop(booking["id"], None)
            if booking.get("occupies", True):  # what is as usual is left out
                start, end = one["interval"].split("/")
                for other, (first, last) in there.items():
                    if start < last and first < end:
                        yield f"{booking['id']} took what {other} had on {one['resource_id']}"
                there[booking["id"]] = (start, end)


def _lost(cluster: Cluster, database: str, record: Record) -> Iterator[str]:
    """Tell of what was acknowledged and is not there, as it was told."""
    select = "SELECT booking_id, sequence, body FROM {table}outbox"
    events = {(one, number): json.loads(body) for one, number, body in _rows(cluster, database, select)}
    kept = {key for (key,) in _rows(cluster, database, "SELECT `key` FROM {table}keys")}
    last: dict[str, dict[str, Any]] = {}
    for line in record.of("acknowledged"):
        event = events.get((line["booking"], line["version"]))
        if event is None or event["booking"]["status"] != line["status"]:
            yield f"{line['key']} was acknowledged and has no event"
        if line["key"] not in kept:
            yield f"{line['key']} was acknowledged and its result is not kept"
        last[line["booking"]] = max(line, last.get(line["booking"], line), key=lambda one: one["version"])
    states = "SELECT id, version, status, start_at FROM {table}bookings"
    stored = {one: facts for one, *facts in _rows(cluster, database, states)}
    for booking_id, line in last.items():
        version, status, start = stored.get(booking_id, (0, "missing", None))
        told = (line["version"], line["status"], line["start"][:16])
        if version <= told[0] and (version, status, f"{start:%Y-%m-%dT%H:%M}" if start else "") != told:
            yield f"{booking_id} is {status} in version {version} and was told as {told}"


def _unasked(cluster: Cluster, database: str, record: Record) -> Iterator[str]:
    """Tell of changes that nobody asked for, or that were made more than once."""
    asked = Counter((line["booking"], line["what"]) for line in record.of("asked"))
    refused = Counter(
        (line["booking"], line["what"])
        for line in record.of("asked")
        if line["key"] in record.keys("refused")
    )
    select = "SELECT booking_id, action, count(*) FROM {table}outbox GROUP BY booking_id, action"
    for booking_id, action, times in _rows(cluster, database, select):
        may = asked[booking_id, action] - refused[booking_id, action]
        if times > may:
            yield f"{action} of {booking_id} happened {times} times, asked and not refused {may} times"
    for (booking_id,) in _rows(cluster, database, "SELECT id FROM {table}bookings"):
        if not asked[booking_id, "book"]:
            yield f"{booking_id} is there and nobody asked for it"


def _holes(cluster: Cluster, database: str) -> Iterator[str]:
    """Tell of bookings whose events are not one for each version, in the order of the versions."""
    sequences: defaultdict[str, list[int]] = defaultdict(list)
    select = "SELECT booking_id, sequence FROM {table}outbox ORDER BY position"
    for booking_id, sequence in _rows(cluster, database, select):
        sequences[booking_id].append(sequence)
    for booking_id, version in _rows(cluster, database, "SELECT id, version FROM {table}bookings"):
        if sequences.pop(booking_id, []) != list(range(1, version + 1)):
            yield f"the events of {booking_id} are not those of its versions up to {version}"
    for booking_id in sequences:
        yield f"{booking_id} has events and is not there"


def _disagreements(cluster: Cluster, database: str) -> Iterator[str]:
    """Tell of tables whose rows differ between nodes; checksums may differ where the rows do not."""
    for (name,) in cluster.nodes[0].ask(f"SHOW TABLES FROM {database}"):
        select = f"SET STATEMENT wsrep_sync_wait = 1 FOR SELECT * FROM {database}.{name} ORDER BY 1, 2"
        first, *others = (node.ask(select) for node in cluster.nodes if node.runs)
        if any(other != first for other in others):
            yield f"the nodes do not have the same rows in {name}"
