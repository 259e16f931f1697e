"""The state machines over every store that we ship."""

from __future__ import annotations

import pytest
from hypothesis import settings
from tests.adapters.servers import SERVERS as BY_NAME
from tests.adapters.servers import Server
from tests.adapters.stores import end_host, remove_file, store_in_a_file, store_in_a_host, store_in_memory

from slotkeeper.adapters.memory import MemoryStore
from slotkeeper.testing.machine import run_desk_machine, run_store_machine

FEW = settings(settings(), deadline=None, max_examples=15, stateful_step_count=25)


def test_the_memory_store_is_what_the_model_says() -> None:
    run_store_machine(MemoryStore)


def test_the_sqlite_file_is_what_the_model_says() -> None:
    run_store_machine(store_in_a_file, dispose=remove_file, settings=FEW)


def test_the_sqlite_memory_is_what_the_model_says() -> None:
    run_store_machine(store_in_memory, dispose=lambda store: store.close(), settings=FEW)


def test_the_store_in_a_hosts_transaction_is_what_the_model_says() -> None:
    run_store_machine(store_in_a_host, dispose=end_host, settings=FEW)


def test_the_desk_over_memory_does_what_the_model_foretells() -> None:
    run_desk_machine(MemoryStore)


def test_the_desk_over_a_sqlite_file_does_what_the_model_foretells() -> None:
    run_desk_machine(store_in_a_file, dispose=remove_file, settings=FEW)


def test_the_desk_in_a_hosts_transaction_does_what_the_model_foretells() -> None:
    run_desk_machine(store_in_a_host, dispose=end_host, settings=FEW)


SERVERS = pytest.mark.parametrize("server", BY_NAME.values(), ids=BY_NAME)


@SERVERS
def test_a_server_is_what_the_model_says(server: Server) -> None:
    run_store_machine(server.store, dispose=server.put_back, settings=FEW)


@SERVERS
def test_the_store_in_a_hosts_transaction_on_a_server_is_what_the_model_says(server: Server) -> None:
    run_store_machine(server.store_in_a_host, dispose=server.end_host, settings=FEW)


@SERVERS
def test_the_desk_over_a_server_does_what_the_model_foretells(server: Server) -> None:
    run_desk_machine(server.store, dispose=server.put_back, settings=FEW)


@SERVERS
def test_the_desk_in_a_hosts_transaction_on_a_server_does_what_the_model_foretells(server: Server) -> None:
    run_desk_machine(server.store_in_a_host, dispose=server.end_host, settings=FEW)
