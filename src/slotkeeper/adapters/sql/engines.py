"""Engines of our own: with the settings that suit a store; a missing driver is told with its extra."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from slotkeeper.adapters.sql.addresses import check_brought, read_address
from slotkeeper.adapters.sql.backends import backend_of
from slotkeeper.adapters.sql.isolation import FOR_WRITING, settle
from slotkeeper.errors import MissingExtraError


def own_engine(
    url: str | sa.URL,
    options: Mapping[str, Any],
    *,
    create: Callable[..., sa.Engine] = sa.create_engine,
    awaited: bool = False,
) -> sa.Engine:
    """Return an engine.

    Args:
        url: Where the database is.
        options: For ``create``, beside those that suit the database.
        create: Makes the engine.
        awaited: Whether its driver is to be one for event loops.

    Raises:
        InvalidFieldError: The address can't be read, its driver is of the other kind, or the database one
            that the store does not know.
        MissingExtraError: The driver is not installed.
    """
    parsed, dialect = read_address(url, awaited=awaited)
    backend = backend_of(dialect())
    try:
        chosen = {**backend.options(parsed), **options}
        engine = create(parsed, **chosen)
    except ModuleNotFoundError as error:
        check_brought(parsed, dialect, awaited=awaited)
        extra = "async" if dialect.is_async else backend.extra
        raise MissingExtraError(error.name or dialect.driver, extra) from None
    backend.configure(engine)
    if chosen.get("isolation_level") == FOR_WRITING:
        settle(engine)
    return engine
