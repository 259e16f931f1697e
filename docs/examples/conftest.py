"""What the applications are tried on: an SQLite file, PostgreSQL and MariaDB, all new; and a Redis."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from uuid import uuid4

import pytest
import redis as redis_client
import sqlalchemy as sa
from tests.adapters.servers import MARIADB, POSTGRESQL

_NUMBERS = count()


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "mariadb"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an empty database, without a driver."""
    with _new_database(request.param, tmp_path_factory) as found:
        yield found


@pytest.fixture
def own_database(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of another empty database of the kind, for a test whose events nobody else may relay."""
    kind = database.partition(":")[0].replace("mysql", "mariadb")
    with _new_database(kind, tmp_path_factory) as found:
        yield found


@contextmanager
def _new_database(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('database')}/shop.sqlite3"
        return
    server = POSTGRESQL if kind == "postgresql" else MARIADB
    name = f"shop_{os.getpid()}_{next(_NUMBERS)}_{uuid4().hex[:6]}"
    url = sa.make_url(server.url)
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    plain = "postgresql" if kind == "postgresql" else "mysql"
    yield url.set(drivername=plain, database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name}{' WITH (FORCE)' if plain == 'postgresql' else ''}"))
    engine.dispose()


@pytest.fixture(scope="session")
def redis() -> str:
    """The address of a Redis, over which processes tell each other news."""
    host = os.environ.get("SLOTKEEPER_REDIS_HOST", "127.0.0.1")
    url = f"redis://{host}:{os.environ.get('SLOTKEEPER_REDIS_PORT', '6379')}/0"
    try:
        redis_client.Redis.from_url(url, socket_connect_timeout=5).ping()
    except redis_client.RedisError:
        message = f"no Redis at {url} (set SLOTKEEPER_REDIS_HOST and SLOTKEEPER_REDIS_PORT)"
        if os.environ.get("SLOTKEEPER_REQUIRE_SERVERS") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return url
