"""Over tables that migrations made, a store keeps the contract as it does over those of `create_all`."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar

import sqlalchemy as sa
from tests.adapters.alembic_host import a_host
from tests.adapters.databases import new_prefix

from slotkeeper.adapters.sql import SqlStore, Tables
from slotkeeper.testing.contract import Capabilities
from slotkeeper.testing.contract.chapters.guard import GuardTests
from slotkeeper.testing.contract.chapters.round_trips import RoundTripTests


class OfMigrations(GuardTests, RoundTripTests):
    """Empties one set of migrated tables for each store."""

    capabilities = Capabilities(concurrent_units=True, any_text=False)
    examples: ClassVar[int | None] = 5
    kind: ClassVar[str]
    store: ClassVar[SqlStore]
    _stack: ClassVar[ExitStack]

    @classmethod
    def setup_class(cls) -> None:
        cls._stack = stack = ExitStack()
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="slotkeeper-"))
        tables = Tables(prefix=new_prefix())
        host = stack.enter_context(a_host(cls.kind, Path(folder), target_metadata=tables.metadata))
        host.upgrade()
        cls.store = SqlStore.from_url(host.url, tables=tables)
        stack.callback(cls.store.close)

    @classmethod
    def teardown_class(cls) -> None:
        cls._stack.close()

    def make_store(self) -> SqlStore:
        with self.store.engine.begin() as connection:
            for table in reversed(self.store._tables.all):
                connection.execute(sa.delete(table))
        return self.store


class TestMigratedSqlite(OfMigrations):
    kind = "sqlite"


class TestMigratedPostgresql(OfMigrations):
    kind = "postgresql"


class TestMigratedMariadb(OfMigrations):
    kind = "mariadb"
