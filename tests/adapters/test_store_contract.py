"""Every store that we ship keeps the contract."""

from __future__ import annotations

from typing import ClassVar

from tests.adapters.servers import MARIADB, POSTGRESQL
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


class TestPostgresql(StoreContract):
    capabilities = Capabilities(concurrent_units=True, survives_restart=True, any_text=False)
    examples: ClassVar[int | None] = 15

    def make_store(self) -> SqlStore:
        return POSTGRESQL.store()

    def dispose(self, store: SqlStore) -> None:
        POSTGRESQL.put_back(store)

    def reopen(self, store: SqlStore) -> SqlStore:
        return POSTGRESQL.reopen(store)


class TestPostgresqlOfTheHost(StoreContract):
    capabilities = Capabilities(commits=False, threads=False, any_text=False)
    examples: ClassVar[int | None] = 15

    def make_store(self) -> HostedStore:
        return POSTGRESQL.store_in_a_host()

    def dispose(self, store: HostedStore) -> None:
        POSTGRESQL.end_host(store)


class TestMariadb(StoreContract):
    capabilities = Capabilities(concurrent_units=True, survives_restart=True)
    examples: ClassVar[int | None] = 15

    def make_store(self) -> SqlStore:
        return MARIADB.store()

    def dispose(self, store: SqlStore) -> None:
        MARIADB.put_back(store)

    def reopen(self, store: SqlStore) -> SqlStore:
        return MARIADB.reopen(store)


class TestMariadbOfTheHost(StoreContract):
    capabilities = Capabilities(commits=False, threads=False)
    examples: ClassVar[int | None] = 15

    def make_store(self) -> HostedStore:
        return MARIADB.store_in_a_host()

    def dispose(self, store: HostedStore) -> None:
        MARIADB.end_host(store)
