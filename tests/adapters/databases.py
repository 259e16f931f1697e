"""Databases to make tables in and change them: one of each kind, with names that nobody else uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, Final

import sqlalchemy as sa
from tests.adapters.servers import MARIADB, OURS, POSTGRESQL

from slotkeeper.adapters.sql import SqlStore, Tables

KINDS: Final = ("sqlite", "postgresql", "mariadb")
_SERVERS: Final = {"postgresql": POSTGRESQL, "mariadb": MARIADB}
_NUMBERS: Final = count()


def new_prefix() -> str:
    return f"{OURS}n{next(_NUMBERS)}_"


def address(kind: str) -> str:
    return "sqlite://" if kind == "sqlite" else _SERVERS[kind].url


@contextmanager
def no_tables(kind: str, **options: Any) -> Iterator[SqlStore]:  # noqa: ANN401 - those of Tables
    """Lend a store whose tables are not there yet, and remove them at the end."""
    tables = Tables(**{"prefix": new_prefix(), **options})
    store = SqlStore.from_url(address(kind), tables=tables)
    try:
        yield store
    finally:
        store.drop_all()
        store.close()


@contextmanager
def a_schema(kind: str, name: str) -> Iterator[str]:
    """Lend a schema on PostgreSQL, a database on MariaDB."""
    engine = sa.create_engine(address(kind))
    with engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema(name))
    try:
        yield name
    finally:
        with engine.begin() as connection:
            connection.execute(sa.schema.DropSchema(name, cascade=kind == "postgresql"))
        engine.dispose()
