"""A host's migration environment, as a host writes it: a config, an ``env.py``, and revisions of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from tests.adapters.databases import address, new_prefix

from slotkeeper.adapters.sql.migrations import VERSIONS

RUNNING = """
from alembic import context

config = context.config
told = config.attributes

def run(connection):
    context.configure(
        connection=connection,
        target_metadata=told.get("target_metadata"),
        include_object=told.get("include_object"),
        version_table=told["version_table"],
    )
    with context.begin_transaction():
        context.run_migrations()

if context.is_offline_mode():
    url, versions = config.get_main_option("sqlalchemy.url"), told["version_table"]
    context.configure(url=url, literal_binds=True, version_table=versions)
    with context.begin_transaction():
        context.run_migrations()
"""
SYNCHRONOUS = f"""{RUNNING}
else:
    import sqlalchemy as sa

    engine = sa.create_engine(config.get_main_option("sqlalchemy.url"))
    with engine.connect() as connection:
        run(connection)
    engine.dispose()
"""
ASYNCHRONOUS = f"""{RUNNING}
else:
    import asyncio
    from sqlalchemy.ext.asyncio import create_async_engine

    async def go():
        engine = create_async_engine(config.get_main_option("sqlalchemy.url"))
        async with engine.connect() as connection:
            await connection.run_sync(run)
        await engine.dispose()

    asyncio.run(go())
"""
OWN = '''"""The host's own first revision."""
import sqlalchemy as sa
from alembic import op

revision = "host_1"
down_revision = None
branch_labels = ("host",)

def upgrade():
    op.create_table("{table}", sa.Column("id", sa.Integer, primary_key=True))

def downgrade():
    op.drop_table("{table}")
'''


@contextmanager
def a_host(kind: str, folder: Path, **options: Any) -> Iterator[AlembicHost]:  # noqa: ANN401 - any
    """Lend an environment for a database of some kind, and undo its migrations at the end."""
    host = AlembicHost(folder, place(kind, folder), **options)
    try:
        yield host
    finally:
        host.remove()


def place(kind: str, folder: Path) -> str:
    return f"sqlite:///{folder}/salon.sqlite3" if kind == "sqlite" else address(kind)


class AlembicHost:
    """A host's folder of migrations for one database.

    Args:
        folder: Where its files are.
        url: The database.
        env: The text of its ``env.py``.
        driver: Another driver than that of the address, for the environment alone.
        attributes: What its ``env.py`` finds in the config's attributes.
    """

    def __init__(
        self,
        folder: Path,
        url: str,
        *,
        env: str = SYNCHRONOUS,
        driver: str | None = None,
        **attributes: Any,  # noqa: ANN401 - any
    ) -> None:
        self.folder, self.url = folder, url
        (folder / "versions").mkdir(exist_ok=True)
        (folder / "env.py").write_text(env, encoding="utf-8")
        self.config = Config()
        asked = sa.make_url(url) if driver is None else sa.make_url(url).set(drivername=driver)
        options = {
            "script_location": str(folder),
            "path_separator": "newline",
            "version_locations": "\n".join([str(folder / "versions"), VERSIONS]),
            "sqlalchemy.url": asked.render_as_string(hide_password=False).replace("%", "%%"),
        }
        for name, value in options.items():
            self.config.set_main_option(name, value)
        self.config.attributes.update({"version_table": f"{new_prefix()}versions", **attributes})

    def add_own_revision(self, table: str) -> None:
        text = OWN.format(table=table)
        (self.folder / "versions" / "host_1.py").write_text(text, encoding="utf-8")

    @property
    def version_table(self) -> str:
        name: str = self.config.attributes["version_table"]
        return name

    def remove(self) -> None:
        """Undo all revisions, and remove the table of versions."""
        command.downgrade(self.config, "base")
        engine = sa.create_engine(self.url)
        sa.Table(self.version_table, sa.MetaData()).drop(engine, checkfirst=True)
        engine.dispose()

    def upgrade(self, revision: str = "slotkeeper@head") -> None:
        command.upgrade(self.config, revision)

    def downgrade(self, revision: str = "slotkeeper@base") -> None:
        command.downgrade(self.config, revision)
