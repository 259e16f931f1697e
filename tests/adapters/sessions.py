"""Sessions on a server: which one a connection is, and how the server ends one."""

from __future__ import annotations

import time

import sqlalchemy as sa
from tests.adapters.servers import Server

_ENDING = {
    "postgresql": (
        sa.text("SELECT pg_terminate_backend(:session)"),
        sa.text("SELECT count(*) FROM pg_stat_activity WHERE pid = :session"),
    ),
    "mysql": (
        sa.text("KILL :session"),
        sa.text("SELECT count(*) FROM information_schema.processlist WHERE id = :session"),
    ),
}


def session_of(connection: sa.Connection) -> int:
    asked = "pg_backend_pid()" if connection.dialect.name == "postgresql" else "connection_id()"
    number: int = connection.exec_driver_sql(f"SELECT {asked}").scalar_one()
    return number


def kill(session: int, server: Server) -> None:
    """Let the server end a session, and wait until it has."""
    end, still_there = _ENDING[server.engine.dialect.name]
    with server.engine.connect() as connection:
        connection.execute(end, {"session": session})
        connection.commit()
        while connection.execute(still_there, {"session": session}).scalar_one():
            connection.commit()
            time.sleep(0.01)
