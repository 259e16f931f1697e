"""Every store that we ship keeps the contract."""

from __future__ import annotations

from typing import ClassVar

from tests.adapters.servers import (
    MARIADB,
    MARIADB_PORTABLE,
    POSTGRESQL,
    POSTGRESQL_PARTITIONED,
    POSTGRESQL_PORTABLE,
    Server,
)
from tests.adapters.stores import end_host, remove_file, store_in_a_file, store_in_a_host, store_in_memory

from slotkeeper.adapters.memory import MemoryStore
from slotkeeper.adapters.sql import SqlStore
from slotkeeper.adapters.sql.store import HostedStore
from slotkeeper.ports import Store
from slotkeeper.testing.contract import Capabilities, StoreContract


class TestMemoryStore(StoreContract):
    def make_store(self) -> Store:
        return MemoryStore()


class TestSqliteFile(StoreContract):
    capabilities = Capabilities(concurrent_units=True, survives_restart=True)
    examples: ClassVar[int | None] = 15

    def make_store(self) -> SqlStore:
        return store_in_a_file()

    def dispose(self, store: SqlStore) -> None:
        remove_file(store)

    def reopen(self, store: SqlStore) -> SqlStore:
        store.close()
        return SqlStore.from_url(store.engine.url)


class TestSqliteInMemory(StoreContract):
    examples: ClassVar[int | None] = 15

    def make_store(self) -> SqlStore:
        return store_in_memory()

    def dispose(self, store: SqlStore) -> None:
        store.close()


class TestSqliteOfTheHost(StoreContract):
    """Within a transaction of the host's, on one connection, which one thread uses."""

    capabilities = Capabilities(commits=False, threads=False)
    examples: ClassVar[int | None] = 15

    def make_store(self) -> HostedStore:
        return store_in_a_host()

    def dispose(self, store: HostedStore) -> None:
        end_host(store)


class OnAServer:
    """How a store with tables on a server is made, reopened and given back."""

    server: ClassVar[Server]
    examples: ClassVar[int | None] = 15

    def make_store(self) -> SqlStore:
        return self.server.store()

    def dispose(self, store: SqlStore) -> None:
        self.server.put_back(store)

    def reopen(self, store: SqlStore) -> SqlStore:
        return self.server.reopen(store)


class InAHost:
    """How a store within a host's transaction on a server is made and ended."""

    server: ClassVar[Server]
    examples: ClassVar[int | None] = 15

    def make_store(self) -> HostedStore:
        return self.server.store_in_a_host()

    def dispose(self, store: HostedStore) -> None:
        self.server.end_host(store)


class TestPostgresql(OnAServer, StoreContract):
    capabilities = Capabilities(concurrent_units=True, survives_restart=True, any_text=False)
    server = POSTGRESQL


class TestPostgresqlPortable(OnAServer, StoreContract):
    capabilities = Capabilities(concurrent_units=True, survives_restart=True, any_text=False)
    server = POSTGRESQL_PORTABLE


class TestPostgresqlPartitioned(OnAServer, StoreContract):
    capabilities = Capabilities(concurrent_units=True, survives_restart=True, any_text=False)
    server = POSTGRESQL_PARTITIONED


class TestPostgresqlOfTheHost(InAHost, StoreContract):
    capabilities = Capabilities(commits=False, threads=False, any_text=False)
    server = POSTGRESQL


class TestMariadb(OnAServer, StoreContract):
    capabilities = Capabilities(concurrent_units=True, survives_restart=True)
    server = MARIADB


class TestMariadbPortable(OnAServer, StoreContract):
    capabilities = Capabilities(concurrent_units=True, survives_restart=True)
    server = MARIADB_PORTABLE


class TestMariadbOfTheHost(InAHost, StoreContract):
    capabilities = Capabilities(commits=False, threads=False)
    server = MARIADB
