"""A host's migration environment, as a host writes it: a config, an ``env.py``, and revisions of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

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
        version_table=told.get("version_table", "alembic_version"),
    )
    with context.begin_transaction():
        context.run_migrations()

if context.is_offline_mode():
    context.configure(url=config.get_main_option("sqlalchemy.url"), literal_binds=True)
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


class AlembicHost:
    """A host's folder of migrations for one database.

    Args:
        folder: Where its files are.
        url: The database.
        env: The text of its ``env.py``.
        attributes: What its ``env.py`` finds in the config's attributes.
    """

    def __init__(
        self,
        folder: Path,
        url: str | sa.URL,
        *,
        env: str = SYNCHRONOUS,
        **attributes: Any,  # noqa: ANN401 - any
    ) -> None:
        self.folder = folder
        (folder / "versions").mkdir(exist_ok=True)
        (folder / "env.py").write_text(env, encoding="utf-8")
        self.config = Config()
        options = {
            "script_location": str(folder),
            "path_separator": "newline",
            "version_locations": "\n".join([str(folder / "versions"), VERSIONS]),
            "sqlalchemy.url": sa.make_url(url).render_as_string(hide_password=False).replace("%", "%%"),
        }
        for name, value in options.items():
            self.config.set_main_option(name, value)
        self.config.attributes.update(attributes)

    def add_own_revision(self, table: str) -> None:
        text = OWN.format(table=table)
        (self.folder / "versions" / "host_1.py").write_text(text, encoding="utf-8")

    def upgrade(self, revision: str = "slotkeeper@head") -> None:
        command.upgrade(self.config, revision)

    def downgrade(self, revision: str = "slotkeeper@base") -> None:
        command.downgrade(self.config, revision)
