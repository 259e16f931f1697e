"""Migrations of the tables, with Alembic: a branch ``slotkeeper`` that a host's environment includes.

A host names `VERSIONS` among its ``version_locations`` and then has two branches side by side, its own and
this one, in one table of versions. The tables that are migrated are those in the environment's
``target_metadata``; where it has none, the store's own ones.
"""

from __future__ import annotations

from typing import Final

from slotkeeper.errors import MissingExtraError

try:
    import alembic as _alembic  # noqa: F401 - asked for first, so that its absence has one clear error
except ModuleNotFoundError:
    raise MissingExtraError("alembic", "migrations") from None

from slotkeeper.adapters.sql.migrations.autogenerate import leaving_out
from slotkeeper.adapters.sql.migrations.place import Place, placed

__all__ = ["BRANCH", "VERSIONS", "Place", "leaving_out", "placed"]

BRANCH: Final = "slotkeeper"
"""The label of the branch: ``alembic upgrade slotkeeper@head``."""

VERSIONS: Final = "slotkeeper.adapters.sql.migrations:versions"
"""Where the revisions are, as Alembic's ``version_locations`` takes it."""
