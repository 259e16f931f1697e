"""Portraits: all that a database tells about a set of tables, to compare two ways in which they were made."""

from __future__ import annotations

import warnings
from typing import Any

import sqlalchemy as sa

from slotkeeper.adapters.sql import Tables

ASKED = (
    "get_columns",
    "get_pk_constraint",
    "get_unique_constraints",
    "get_foreign_keys",
    "get_check_constraints",
    "get_indexes",
    "get_table_options",
)


def portrait(engine: sa.Engine, tables: Tables) -> dict[str, str]:
    """Return everything in words, with the prefix left out and in an order of its own."""
    inspector = sa.inspect(engine)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Unknown schema content", sa.exc.SAWarning)
        found: dict[str, Any] = {
            f"{table.name} {ask}": _words(getattr(inspector, ask)(table.name, schema=tables.schema))
            for table in tables.all
            for ask in ASKED
        }
    if engine.dialect.name == "mysql":
        with engine.connect() as connection:
            for table in tables.all:
                shown = connection.execute(sa.text(f"SHOW CREATE TABLE {table.name}")).one()[1]
                found[f"{table.name} shown"] = sorted(line.strip(" ,") for line in shown.splitlines())
    return {key.replace(tables.prefix, ""): str(one).replace(tables.prefix, "") for key, one in found.items()}


def _words(told: Any) -> Any:  # noqa: ANN401 - what an inspector returns
    if isinstance(told, dict):
        return {str(key): _words(one) for key, one in sorted(told.items(), key=str)}
    if isinstance(told, list):
        return sorted((_words(one) for one in told), key=str)
    return str(told)
