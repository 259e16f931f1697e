"""Plans: how a database went about a question, read from what it says of itself, in one form for all.

PostgreSQL and MariaDB carry a statement out and count the rows that each step read. SQLite names its steps
without counting; there the instructions of its machine are counted, some dozen for each row.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, Final, cast

import attrs
import sqlalchemy as sa

from slotkeeper.adapters.sql import SqlStore
from slotkeeper.ports import UnitOfWork

Question = Callable[[UnitOfWork], object]
Asked = tuple[str, Any]
"""A statement with its parameters, as the driver was given them."""


@attrs.frozen
class Step:
    """One reading of a table.

    Args:
        text: What the database calls it.
        whole_table: Whether it reads the rows themselves from first to last, through no index.
        index_alone: Whether an index alone suffices, so that no row is read beside it.
        rows: How many rows or entries were read; 0 where the database does not count.
    """

    text: str
    whole_table: bool
    index_alone: bool
    rows: int = 0


@attrs.frozen
class Plan:
    """How one statement was carried out: its steps, and how much it read."""

    statement: str
    steps: tuple[Step, ...]
    effort: int

    @property
    def counts(self) -> bool:
        """Whether it is the count beside a page, not the page."""
        return self.statement.startswith("SELECT count(")


class _AskedEnoughError(Exception):
    """Ends a unit of work without its changes."""


def plans(store: SqlStore, ask: Question) -> list[Plan]:
    """Ask, and return how each query was carried out."""
    read = _READERS[store.engine.dialect.name]
    queries = asked(store, ask)
    with store.engine.connect() as connection:
        return [read(connection, text, parameters) for text, parameters in queries]


def asked(store: SqlStore, ask: Question) -> list[Asked]:
    """Ask, and return the queries that were sent for it."""
    sent: list[Asked] = []

    def note(_c: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if statement.startswith("SELECT"):
            sent.append((statement, parameters))

    sa.event.listen(store.engine, "before_cursor_execute", note)
    with suppress(_AskedEnoughError), store.begin() as unit:
        ask(unit)
        raise _AskedEnoughError  # what it changed is not to be there for the next question
    sa.event.remove(store.engine, "before_cursor_execute", note)
    return sent


# -- readers -------------------------------------------------------------------------------------------------


def _on_sqlite(connection: sa.Connection, statement: str, parameters: Any) -> Plan:  # noqa: ANN401 - the driver's
    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    details = [row.detail for row in rows if row.detail.startswith(("SCAN ", "SEARCH "))]
    steps = [
        Step(one, whole_table=one.startswith("SCAN ") and " USING " not in one, index_alone="COVERING" in one)
        for one in details
        if one != "SCAN chosen"  # the ids found in a subquery
    ]
    return Plan(statement, tuple(steps), _instructions(connection, statement, parameters))


def _instructions(connection: sa.Connection, statement: str, parameters: Any) -> int:  # noqa: ANN401 - the same
    raw = cast("sqlite3.Connection", connection.connection.dbapi_connection)
    count = 0

    def tick() -> int:
        nonlocal count
        count += 1
        return 0

    raw.set_progress_handler(tick, 1)
    raw.execute(statement, parameters).fetchall()
    raw.set_progress_handler(None, 1)
    return count


def _on_postgresql(connection: sa.Connection, statement: str, parameters: Any) -> Plan:  # noqa: ANN401 - the same
    (found,) = connection.exec_driver_sql(
        f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters
    ).scalar_one()
    scans = [node for node in _nodes(found["Plan"], "Plans") if node["Node Type"].endswith("Scan")]
    steps = [
        Step(
            f"{node['Node Type']} {node.get('Index Name', '')} {node.get('Relation Name', '')}",
            whole_table=node["Node Type"] == "Seq Scan",
            index_alone=node["Node Type"] == "Index Only Scan",
            rows=(node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"],
        )
        for node in scans
        if node["Node Type"] != "Subquery Scan"
    ]
    return Plan(statement, tuple(steps), sum(one.rows for one in steps))


def _on_mariadb(connection: sa.Connection, statement: str, parameters: Any) -> Plan:  # noqa: ANN401 - the same
    found = connection.exec_driver_sql(f"ANALYZE FORMAT=JSON {statement}", parameters).scalar_one()
    steps = [
        Step(
            f"{node['access_type']} {node.get('key', '')} {node['table_name']}",
            whole_table=node["access_type"] == "ALL",
            index_alone=node.get("using_index", False),
            rows=round((node.get("r_rows") or 0) * node["r_loops"]),
        )
        for node in _tables(json.loads(found))
        if not node.get("table_name", "<").startswith("<")  # no derived table, nor one optimised away
    ]
    return Plan(statement, tuple(steps), sum(one.rows for one in steps))


def _nodes(node: dict[str, Any], below: str) -> Iterator[dict[str, Any]]:
    yield node
    for one in node.get(below, ()):
        yield from _nodes(one, below)


def _tables(found: object) -> Iterator[dict[str, Any]]:
    parts: Iterable[object] = found if isinstance(found, list) else ()
    if isinstance(found, dict):
        parts = found.values()
        if isinstance(found.get("table"), dict):
            yield found["table"]
    for one in parts:
        yield from _tables(one)


_READERS: Final = {"sqlite": _on_sqlite, "postgresql": _on_postgresql, "mysql": _on_mariadb}
