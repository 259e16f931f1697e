"""Starts the applications of this folder as processes, and talks to them over HTTP."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import attrs
import httpx
import sqlalchemy as sa

from slotkeeper.adapters.sql import Tables

R = TypeVar("R")

HERE = Path(__file__).parent
PATIENCE = 60.0


@attrs.frozen
class Running:
    """An application that answers."""

    url: str
    process: subprocess.Popen[str]
    client: httpx.Client

    def ask(
        self, method: str, path: str, user: str | None = None, json: Any = None, **more: Any
    ) -> httpx.Response:
        """Send a request as a user of the demo data, and return its answer."""
        headers = {} if user is None else {"Authorization": f"Bearer demo-{user}"}
        headers |= more.pop("headers", {})
        return self.client.request(method, path, headers=headers, json=json, **more)

    def get(self, path: str, user: str | None = None, **more: Any) -> httpx.Response:
        return self.ask("GET", path, user, **more)

    def post(self, path: str, user: str | None = None, json: Any = None, **more: Any) -> httpx.Response:
        return self.ask("POST", path, user, json, **more)

    def put(self, path: str, user: str | None = None, json: Any = None, **more: Any) -> httpx.Response:
        return self.ask("PUT", path, user, json, **more)

    def patch(self, path: str, user: str | None = None, json: Any = None, **more: Any) -> httpx.Response:
        return self.ask("PATCH", path, user, json, **more)

    def delete(self, path: str, user: str | None = None, **more: Any) -> httpx.Response:
        return self.ask("DELETE", path, user, **more)

    def kill(self) -> None:
        """End it without a chance to tidy up."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def running(
    name: str, database: str, *, now: str | None, demo: bool = True, redis: str | None = None
) -> Iterator[Running]:
    """Start an application, wait until it is ready, and end it with the block."""
    port = free_port()
    command = [sys.executable, str(HERE / name / "app.py"), "--port", str(port), "--database", database]
    command += ["--demo"] * demo + (["--now", now] if now else []) + (["--redis", redis] if redis else [])
    quiet = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=quiet) as process:  # noqa: S603 - ours
        try:
            assert process.stdout is not None
            first = process.stdout.readline()
            assert first == f"ready http://127.0.0.1:{port}\n", f"{name} did not start: {first!r}"
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as client:
                yield Running(f"http://127.0.0.1:{port}", process, client)
        finally:
            process.kill()


def soon(found: Callable[[], R], wanted: R) -> bool:
    """Wait until something is found as it is wanted, and tell whether it was."""
    until = time.monotonic() + PATIENCE / 4
    while (last := found()) != wanted and time.monotonic() < until:
        time.sleep(0.05)
    assert last == wanted
    return True


def at_once(acts: Sequence[Callable[[], R]]) -> list[R]:
    """Do several things at the same time."""
    with ThreadPoolExecutor(len(acts)) as pool:
        return [one.result(PATIENCE) for one in [pool.submit(act) for act in acts]]


def forget_attempts(database: str) -> None:
    """Let nobody have used up a rate limit, as a minute does where the clock goes."""
    scheme, separator, rest = database.partition("://")
    driver = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}.get(scheme, scheme)
    engine = sa.create_engine(driver + separator + rest)
    with engine.begin() as connection:
        connection.execute(Tables().hits.delete())
    engine.dispose()


MALFORMED = (
    b"",
    b"{",
    b"[]",
    b"null",
    b"7",
    b'"text"',
    b"\xff\xfe",
    b'{"a": NaN}',
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"a": "\\ud800"}',
)
"""Bodies that no endpoint takes."""
