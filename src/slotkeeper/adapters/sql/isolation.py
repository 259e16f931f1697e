"""Isolation: engines of our own are told once what writing needs, and not again at every transaction."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

FOR_WRITING: Final = "READ COMMITTED"
"""The level at which a check sees what was committed before the lock was granted."""
_LEVEL: Final = "isolation_level"
_SETTLED: Final = "slotkeeper_isolation_settled"


def settle(engine: sa.Engine) -> None:
    """Note that all connections of an engine were made to begin transactions at the level for writing."""
    engine.update_execution_options(**{_SETTLED: True})


def is_settled(connection: sa.Connection) -> bool:
    """Tell whether transactions on a connection begin at the level for writing by themselves."""
    chosen = connection.get_execution_options()
    return _SETTLED in chosen and _LEVEL not in chosen
