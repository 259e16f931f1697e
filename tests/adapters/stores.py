"""The stores that we ship, made empty and disposed of, for the contract and the machines."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path

from slotkeeper.adapters.sql import SqlStore
from slotkeeper.adapters.sql.store import HostedStore


@cache
def _empty_file() -> bytes:
    """Return the bytes of a file with empty tables, so that each test need not create them anew."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "empty.sqlite3")
        store = SqlStore.from_url(f"sqlite:///{path}")
        store.create_all()
        store.close()
        return path.read_bytes()


def store_in_a_file() -> SqlStore:
    path = Path(tempfile.mkdtemp(prefix="slotkeeper-"), "week.sqlite3")
    path.write_bytes(_empty_file())
    return SqlStore.from_url(f"sqlite:///{path}")


def remove_file(store: SqlStore) -> None:
    store.close()
    shutil.rmtree(Path(str(store.engine.url.database)).parent, ignore_errors=True)


def store_in_memory() -> SqlStore:
    store = SqlStore.from_url("sqlite://")
    store.create_all()
    return store


def store_in_a_host() -> HostedStore:
    store = store_in_memory()
    return SqlStore.on(store.engine.connect())


def end_host(store: HostedStore) -> None:
    connection = store._connection
    connection.close()
    connection.engine.dispose()
