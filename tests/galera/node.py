"""A node of a Galera cluster: one mariadbd with a folder and ports of its own, on loopback.

It runs with little memory, and tells the others within seconds from the dead. How it is killed is SIGKILL.
How it returns is asked of it: with what its own files say that it has, it needs only what it missed; without,
it is sent everything.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import attrs
import pymysql

PROVIDERS: Final = (
    "/usr/lib/galera/libgalera_smm.so",
    "/usr/lib64/galera-4/libgalera_smm.so",
    "/usr/lib/libgalera_smm.so",
)
SETTINGS: Final = (
    "skip-name-resolve",
    "performance-schema=0",
    "innodb-buffer-pool-size=32M",
    "innodb-log-file-size=32M",
    "innodb-autoinc-lock-mode=2",
    "binlog-format=ROW",
    "wsrep-on=1",
    "wsrep-cluster-name=slotkeeper",
    "wsrep-sst-method=rsync",
    "wsrep-slave-threads=2",
)
PROVIDER_SETTINGS: Final = (
    "gcache.size=64M",
    "gcs.fc_limit=1000",  # a node may lag far behind before the others wait for it
    "evs.keepalive_period=PT0.5S",
    "evs.suspect_timeout=PT2S",
    "evs.inactive_timeout=PT6S",
)
WAITS: Final[dict[str, Any]] = {"connect_timeout": 5, "read_timeout": 60}
"""For how many seconds a client of a node waits; then the connection counts as lost."""
_POSITION: Final = re.compile(r"Recovered position:?\s*(\S+:\d+)")


@attrs.define
class Node:
    """A node.

    Attributes:
        number: Counts from nought.
        base: The folder that all nodes have theirs in.
        port: The first of four: SQL, group communication, what was missed, everything.
        peers: The addresses of all nodes' group communication.
        settings: More of the server's, to be tried.
    """

    number: int
    base: Path
    port: int
    peers: str
    settings: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        return f"node{self.number}"

    @property
    def folder(self) -> Path:
        return self.base / self.name

    @property
    def log(self) -> Path:
        return self.base / f"{self.name}.log"

    def url(self, database: str) -> str:
        """Return the address of a database on this node."""
        return f"mysql+pymysql://root@127.0.0.1:{self.port}/{database}"

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def prepare(self) -> None:
        """Make the folder, with the tables of the server's own in it."""
        install = ("mariadb-install-db", "--no-defaults", f"--datadir={self.folder}")
        more = ("--auth-root-authentication-method=normal", "--skip-test-db", "--innodb-log-file-size=32M")
        self._run(*install, *more)

    def copy_to(self, other: Node) -> None:
        """Give another node what this one, which is not running, has."""
        leave_out = shutil.ignore_patterns("galera.cache", "gvwstate.dat")
        shutil.copytree(self.folder, other.folder, ignore=leave_out)
        if who := unprivileged():
            for path in (other.folder, *other.folder.rglob("*")):
                shutil.chown(path, who, who)

    def start(self, *more: str) -> None:
        """Start the server, which takes a while to be of use."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self._command, *more], stdout=log, stderr=log, **as_somebody(), start_new_session=True
            )

    def kill(self) -> None:
        """End the server as a power cut would."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.wait()

    def stop(self) -> None:
        """End the server in good order."""
        assert self.process is not None
        self.process.terminate()
        self.wait()

    def wait(self) -> None:
        """Wait until the server has ended."""
        if self.process is not None:
            self.process.wait(timeout=60)

    def start_again(self, *, remembering: bool = True) -> None:
        """Start the server after its death, with what it had or with nothing."""
        if remembering and (position := self._position()):
            self.start(f"--wsrep-start-position={position}")
            return
        (self.folder / "grastate.dat").unlink(missing_ok=True)
        self.start()

    def status(self) -> dict[str, str]:
        """Return what the node says about the cluster; nothing while it does not answer."""
        try:
            return dict(self.ask("SHOW STATUS LIKE 'wsrep\\_%'"))
        except pymysql.MySQLError:
            return {}

    def ask(self, statement: str, *, wait: float = 60) -> list[tuple[Any, ...]]:
        """Carry one statement out in a session of its own, which commits by itself."""
        with self.session(wait) as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())

    @contextmanager
    def session(self, wait: float = 60) -> Iterator[pymysql.cursors.Cursor]:
        """Lend a session that commits each statement by itself, and waits for so many seconds for each."""
        where: dict[str, Any] = {"host": "127.0.0.1", "port": self.port, "user": "root", "autocommit": True}
        with (
            closing(pymysql.connect(**where, **{**WAITS, "read_timeout": wait})) as session,
            session.cursor() as cursor,
        ):
            yield cursor

    def catch_up(self) -> None:
        """Wait until the node has done all that the cluster has committed so far."""
        with self.session() as cursor:
            cursor.execute("SET SESSION wsrep_sync_wait = 7")
            cursor.execute("SELECT 1")

    def _position(self) -> str | None:
        """Return up to where the node's own files have what the cluster committed."""
        found = _POSITION.findall(self._run(*self._command, "--wsrep-recover"))
        return found[-1] if found else None

    def _run(self, *command: str) -> str:
        who = as_somebody()
        done = subprocess.run(command, check=True, timeout=60, capture_output=True, text=True, **who)
        said: str = done.stdout + done.stderr
        return said

    @cached_property
    def _command(self) -> list[str]:
        group, missed, everything = (f"127.0.0.1:{self.port + step}" for step in (1, 2, 3))
        own = f"gmcast.listen_addr=tcp://{group};ist.recv_addr={missed}"
        options = (
            *SETTINGS,
            f"datadir={self.folder}",
            f"socket={self.folder}.sock",
            f"pid-file={self.folder}.pid",
            "bind-address=127.0.0.1",
            f"port={self.port}",
            f"wsrep-provider={provider()}",
            f"wsrep-cluster-address=gcomm://{self.peers}",
            f"wsrep-node-name={self.name}",
            f"wsrep-node-address={group}",
            f"wsrep-sst-receive-address={everything}",
            f"wsrep-provider-options={';'.join((own, *PROVIDER_SETTINGS))}",
            *self.settings,
        )
        return ["mariadbd", "--no-defaults", *(f"--{one}" for one in options)]


def provider() -> str | None:
    """Return where Galera's library is."""
    return next((path for path in PROVIDERS if Path(path).is_file()), None)


def unprivileged() -> str | None:
    """Return the user to run servers as, which do not like to be run by root."""
    return "mysql" if os.geteuid() == 0 else None


def as_somebody() -> dict[str, Any]:
    who = unprivileged()
    return {"user": who, "group": who, "extra_groups": []} if who else {}
