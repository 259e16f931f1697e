"""Addresses of databases: a driver of the wrong kind, or an unknown one, is told with a right address."""

from __future__ import annotations

import asyncio
import sys
from typing import Any, Final

import pytest
import sqlalchemy as sa

from slotkeeper import InvalidFieldError, MissingExtraError
from slotkeeper.adapters.sql import AsyncSqlStore, SqlStore
from slotkeeper.adapters.sql.addresses import _DRIVERS
from slotkeeper.contrib.web import serving

PLACE: Final = "anna:secret@db/week?password=secret"


@pytest.mark.parametrize(
    ("url", "right"),
    [
        ("sqlite:///week.sqlite3", "sqlite+aiosqlite:///week.sqlite3"),
        ("sqlite://", "sqlite+aiosqlite://"),
        (f"postgresql+psycopg2://{PLACE}", "postgresql+asyncpg://anna:***@db/week"),
        (f"postgres://{PLACE}", "postgresql+asyncpg://anna:***@db/week"),
        (f"mysql+pymysql://{PLACE}", "mysql+aiomysql://anna:***@db/week"),
        (f"mariadb+pymysql://{PLACE}", "mysql+aiomysql://anna:***@db/week"),
        (sa.make_url("sqlite:///week.sqlite3"), "sqlite+aiosqlite:///week.sqlite3"),
    ],
)
def test_an_event_loop_is_told_the_address_with_a_driver_for_it(url: str | sa.URL, right: str) -> None:
    with pytest.raises(InvalidFieldError) as error:
        AsyncSqlStore.from_url(url)
    assert f"as {right} does" in str(error.value)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "right"),
    [
        ("sqlite+aiosqlite:///week.sqlite3", "sqlite:///week.sqlite3"),
        (f"postgresql+asyncpg://{PLACE}", "postgresql+psycopg://anna:***@db/week"),
        (f"postgresql+psycopg_async://{PLACE}", "postgresql+psycopg://anna:***@db/week"),
        (f"postgres://{PLACE}", "postgresql+psycopg://anna:***@db/week"),
        (f"mysql+aiomysql://{PLACE}", "mysql+pymysql://anna:***@db/week"),
        (f"sqlite+nothing://{PLACE}", "sqlite://anna:***@db/week"),
    ],
)
def test_threads_are_told_the_address_with_a_driver_for_them(url: str, right: str) -> None:
    with pytest.raises(InvalidFieldError) as error:
        SqlStore.from_url(url)
    assert f"as {right} does" in str(error.value)
    assert "secret" not in str(error.value)


def test_a_database_that_is_unknown_is_told_with_those_that_are_known() -> None:
    with pytest.raises(
        InvalidFieldError, match=r"such as mysql[+]pymysql, postgresql[+]psycopg, sqlite, got"
    ):
        SqlStore.from_url("elsewhere://db/week")
    with pytest.raises(InvalidFieldError, match="must be one of mariadb, mysql, postgresql, sqlite"):
        SqlStore.from_url("oracle://db/week")


@pytest.mark.parametrize(
    "url", ["week.sqlite3", "anna:secret@db/week", "postgresql://anna:secret@db:x/", 7, ""]
)
def test_what_is_no_address_is_refused_and_shows_no_secret(url: Any) -> None:  # noqa: ANN401 - of any type
    for kind in (SqlStore, AsyncSqlStore):
        with pytest.raises(InvalidFieldError, match="must be an address") as error:
            kind.from_url(url)
        assert "secret" not in str(error.value)


def test_a_driver_that_no_extra_brings_is_told_with_one_that_an_extra_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    monkeypatch.setitem(sys.modules, "pymysql", None)
    with pytest.raises(InvalidFieldError, match=r"psycopg2 is not, as postgresql[+]psycopg://db/week does"):
        SqlStore.from_url("postgresql+psycopg2://db/week")
    with pytest.raises(MissingExtraError) as error:
        SqlStore.from_url("mysql+pymysql://db/week")
    assert error.value.extra == "mariadb"


def test_addresses_that_name_the_right_driver_are_taken() -> None:
    store = SqlStore.from_url(f"postgresql+psycopg://{PLACE}")
    assert (store.engine.driver, store.engine.url.database) == ("psycopg", "week")
    store.close()
    for driver in ("psycopg", "asyncpg"):
        awaited = AsyncSqlStore.from_url(f"postgresql+{driver}://anna@db/week")
        assert awaited.engine.dialect.driver.removesuffix("_async") == driver
        asyncio.run(awaited.close())


@pytest.mark.parametrize("name", _DRIVERS)
def test_the_command_line_of_applications_translates_alike(name: str) -> None:
    found = serving("Rooms", [], database=f"{name}://")
    assert (found.url, found.async_url) == tuple(f"{driver}://" for driver in _DRIVERS[name])
