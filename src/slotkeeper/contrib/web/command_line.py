"""The command line of a web application: port, database, demo data, and a clock that can be stopped."""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import os
from collections.abc import Sequence
from typing import Final

import attrs

from slotkeeper.desk.core import system_clock
from slotkeeper.domain.iso8601 import parse_instant
from slotkeeper.errors import ParseError
from slotkeeper.ports import Clock

_DRIVERS: Final = {
    "sqlite": ("sqlite", "sqlite+aiosqlite"),
    "postgresql": ("postgresql+psycopg", "postgresql+asyncpg"),
    "postgres": ("postgresql+psycopg", "postgresql+asyncpg"),
    "mysql": ("mysql+pymysql", "mysql+aiomysql"),
    "mariadb": ("mysql+pymysql", "mysql+aiomysql"),
}


@attrs.frozen
class Serving:
    """How an application is to be served.

    Args:
        port: The port on 127.0.0.1.
        database: The address of the database, with no driver or with one.
        demo: Whether an empty database gets the demo data.
        now: Where the clock stands still; None is a clock that goes.
        redis: The address of a Redis over which several processes tell each other news; None is one process.
    """

    port: int
    database: str
    demo: bool
    now: dt.datetime | None
    redis: str | None = None

    @property
    def clock(self) -> Clock:
        """The application's clock."""
        stopped = self.now
        return system_clock if stopped is None else lambda: stopped

    @property
    def shared_name(self) -> str:
        """A name that processes on the same database share, for what they share elsewhere."""
        return f"slotkeeper-{hashlib.sha256(self.database.encode()).hexdigest()[:16]}"

    @property
    def url(self) -> str:
        """The database's address with the driver that slotkeeper's extras bring."""
        return self._with_driver(0)

    @property
    def async_url(self) -> str:
        """The database's address with the driver for event loops that slotkeeper's extras bring."""
        return self._with_driver(1)

    def _with_driver(self, which: int) -> str:
        scheme, separator, rest = self.database.partition("://")
        return f"{_DRIVERS[scheme][which] if scheme in _DRIVERS else scheme}{separator}{rest}"


def serving(description: str, arguments: Sequence[str] | None = None, *, database: str) -> Serving:
    """Read the command line: ``--port N --database URL --demo --now INSTANT --redis URL``.

    Where the last is not given, the environment's ``REDIS_URL`` counts.

    Args:
        description: What the application is.
        arguments: Those of the process unless given.
        database: The address where none is given.

    >>> serving("Rooms", ["--port", "8000"], database="sqlite:///rooms.sqlite3").url
    'sqlite:///rooms.sqlite3'
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--database", default=database, metavar="URL")
    parser.add_argument("--demo", action="store_true", help="load the demo data into an empty database")
    parser.add_argument("--now", type=_instant, metavar="INSTANT", help="stop the clock there")
    parser.add_argument(
        "--redis", default=os.environ.get("REDIS_URL"), metavar="URL", help="for news across processes"
    )
    given = parser.parse_args(arguments)
    return Serving(given.port, given.database, given.demo, given.now, given.redis or None)


def _instant(text: str) -> dt.datetime:
    try:
        return parse_instant(text)
    except ParseError as error:
        raise argparse.ArgumentTypeError(error.describe()) from None
