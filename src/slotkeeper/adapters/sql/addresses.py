"""Addresses: a database's address names a driver of the right kind, or the error names one that does."""

from __future__ import annotations

from typing import Any, Final, NoReturn

import sqlalchemy as sa

from slotkeeper.errors import InvalidFieldError

_DRIVERS: Final = {
    "sqlite": ("sqlite", "sqlite+aiosqlite"),
    "postgresql": ("postgresql+psycopg", "postgresql+asyncpg"),
    "postgres": ("postgresql+psycopg", "postgresql+asyncpg"),
    "mysql": ("mysql+pymysql", "mysql+aiomysql"),
    "mariadb": ("mysql+pymysql", "mysql+aiomysql"),
}
"""What an address begins with, for threads and for event loops, so that an extra brings the driver."""

_BROUGHT: Final = {"pysqlite", "psycopg", "psycopg_async", "pymysql", "aiosqlite", "asyncpg", "aiomysql"}


def read_address(url: str | sa.URL, *, awaited: bool) -> tuple[sa.URL, type[sa.Dialect]]:
    """Return an address, and the dialect that it names.

    Args:
        url: What was given.
        awaited: Whether its driver is to be one for event loops.

    Raises:
        InvalidFieldError: It is no address, or its driver is unknown or of the other kind.
    """
    parsed = _parsed(url)
    try:
        dialect = parsed.get_dialect()
    except sa.exc.NoSuchModuleError:
        _refuse(parsed, "must name a database and a driver that are known", awaited=awaited)
    kind = dialect.get_async_dialect_cls(parsed) if awaited else dialect
    if awaited and not kind.is_async:
        _refuse(parsed, "must name a driver for event loops", awaited=True)
    if kind.is_async and not awaited:
        _refuse(parsed, "must not name a driver for event loops, which AsyncSqlStore takes", awaited=False)
    return parsed, dialect


def check_brought(url: sa.URL, dialect: type[sa.Dialect], *, awaited: bool) -> None:
    """Raise `InvalidFieldError` where a driver is missing that no extra brings."""
    if dialect.driver not in _BROUGHT:
        _refuse(url, f"must name a driver that is installed, which {dialect.driver} is not", awaited=awaited)


def _parsed(url: Any) -> sa.URL:  # noqa: ANN401 - whatever was given
    try:
        return sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        shown = "…" if "@" in str(url) else url
        raise InvalidFieldError("url", shown, "must be an address, as sqlite:///week.sqlite3 is") from None


def _refuse(url: sa.URL, reason: str, *, awaited: bool) -> NoReturn:
    """Raise the error, which names the same address with a driver that does, if there is one."""
    right = _DRIVERS.get(url.get_backend_name())
    if right is None:
        like = f", such as {', '.join(sorted({pair[awaited] for pair in _DRIVERS.values()}))}"
    else:
        like = f", as {_shown(url.set(drivername=right[awaited]))} does"
    raise InvalidFieldError("url", _shown(url), f"{reason}{like}") from None


def _shown(url: sa.URL) -> str:
    """Return an address without what is secret in it."""
    return url.set(query={}).render_as_string(hide_password=True)
