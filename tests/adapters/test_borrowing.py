"""The desk in a transaction of Django's ORM: their rows and ours are committed together, or not at all."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import django
import pymysql
import pytest
import sqlalchemy as sa
from django.conf import settings
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from tests.adapters.servers import MARIADB, POSTGRESQL

from slotkeeper import BookingDesk, Resource, Service, SlotTakenError
from slotkeeper.adapters.sql import SqlStore, Tables, borrowed

NOW = dt.datetime(2025, 10, 22, 8, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
ENGINES = {"sqlite": "sqlite3", "postgresql": "postgresql", "mysql": "mysql"}


class Their:
    """A database as Django has it, with a table of theirs and ours beside it."""

    def __init__(self, url: sa.URL, prefix: str) -> None:
        self.tables, self.notes = Tables(prefix=prefix), f"{prefix}notes"
        self.store = SqlStore.from_url(url, tables=self.tables)
        self.store.create_all()
        desk = BookingDesk(self.store)
        desk.add_resource(Resource("bay"))
        desk.add_service(Service("wash", HOUR))
        self.alias = prefix
        sqlite = url.get_backend_name() == "sqlite"
        connections.databases[prefix] = connections.configure_settings(
            {
                "default": {},
                prefix: {
                    "ENGINE": f"django.db.backends.{ENGINES[url.get_backend_name()]}",
                    "NAME": url.database,
                    "HOST": url.host or "",
                    "PORT": url.port or "",
                    "USER": url.username or "",
                    "PASSWORD": url.password or "",
                    "OPTIONS": {"transaction_mode": "IMMEDIATE"} if sqlite else {},
                },
            }
        )[prefix]
        self.engine = borrowed(url, lambda: self.connection.connection)
        with self.connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE {self.notes} (text VARCHAR(80))")

    @property
    def connection(self) -> BaseDatabaseWrapper:
        found: BaseDatabaseWrapper = connections[self.alias]
        return found

    def note(self, text: str) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {self.notes} VALUES (%s)", [text])

    def texts(self) -> list[str]:
        with self.connection.cursor() as cursor:
            cursor.execute(f"SELECT text FROM {self.notes} ORDER BY text")
            return [row[0] for row in cursor.fetchall()]

    def in_theirs(self, work: Callable[[BookingDesk], Any]) -> Any:  # noqa: ANN401 - what the work gives
        with transaction.atomic(using=self.alias):
            self.connection.ensure_connection()
            with self.engine.connect() as ours:
                return work(BookingDesk(SqlStore.on(ours, tables=self.tables), clock=lambda: NOW))

    def total(self) -> int:
        return BookingDesk(self.store).find().total

    def close(self) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE {self.notes}")
        self.connection.close()
        self.store.drop_all()
        self.store.close()


@pytest.fixture(scope="module", autouse=True)
def _django() -> None:
    pymysql.version_info = (2, 2, 7, "final", 0)  # as Django asks of the other driver
    pymysql.install_as_MySQLdb()
    if not settings.configured:
        settings.configure(USE_TZ=True)
        django.setup()


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def their(request: pytest.FixtureRequest, tmp_path: os.PathLike[str]) -> Iterator[Their]:
    urls = {"postgresql": lambda: POSTGRESQL.url, "mariadb": lambda: MARIADB.url}
    url = urls.get(request.param, lambda: f"sqlite:///{tmp_path}/their.sqlite3")()
    found = Their(sa.make_url(url), f"d{uuid4().hex[:8]}_")
    yield found
    found.close()


def test_rows_of_theirs_and_a_booking_are_committed_together(their: Their) -> None:
    def work(desk: BookingDesk) -> object:
        their.note("kept")
        return desk.book("wash", NOW + HOUR).id

    number = their.in_theirs(work)
    assert (their.texts(), their.total()) == (["kept"], 1)
    assert BookingDesk(their.store).get(number).status == "confirmed"


def test_neither_is_there_when_their_transaction_is_rolled_back(their: Their) -> None:
    def work(desk: BookingDesk) -> None:
        desk.book("wash", NOW + HOUR)
        their.note("lost")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        their.in_theirs(work)
    assert (their.texts(), their.total()) == ([], 0)


def test_a_refusal_leaves_their_transaction_usable(their: Their) -> None:
    BookingDesk(their.store, clock=lambda: NOW).book("wash", NOW + HOUR)

    def work(desk: BookingDesk) -> None:
        with pytest.raises(SlotTakenError):
            desk.book("wash", NOW + HOUR)
        their.note("was too late")

    their.in_theirs(work)
    assert (their.texts(), their.total()) == (["was too late"], 1)


def test_the_same_engine_serves_one_transaction_after_another(their: Their) -> None:
    for number in range(1, 4):

        def work(desk: BookingDesk, start: dt.datetime = NOW + number * HOUR) -> object:
            return desk.book("wash", start).id

        their.in_theirs(work)
        their.connection.close()
    assert their.total() == 3
