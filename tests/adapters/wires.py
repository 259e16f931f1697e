"""A wire between a client and a database server that can be cut at the moment of a commit."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from enum import Enum, auto
from typing import Self

import sqlalchemy as sa


class Cut(Enum):
    """Where the next commit is interrupted."""

    BEFORE_THE_SERVER = auto()
    BEFORE_THE_CLIENT = auto()


class Wire:
    """Hands bytes on between clients and a server, as a context.

    Args:
        url: The server's; `url` leads there through the wire.
    """

    def __init__(self, url: str) -> None:
        self._server = sa.make_url(url)
        self._door = socket.create_server(("127.0.0.1", 0))
        self._port: int = self._door.getsockname()[1]
        self._ends: list[socket.socket] = []
        self.cut: Cut | None = None

    def __enter__(self) -> Self:
        threading.Thread(target=self._let_in, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.tear_down()

    @property
    def url(self) -> sa.URL:
        query = {"sslmode": "disable"} if self._server.get_backend_name() == "postgresql" else {}
        return self._server.set(host="127.0.0.1", port=self._port, query=query)

    def let_nobody_in(self) -> None:
        """Refuse new connections."""
        _close(self._door)

    def tear_down(self) -> None:
        """Refuse new connections, and cut those that there are."""
        _close(self._door, *self._ends)

    def _let_in(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._door.accept()
                try:
                    server = self._connect()
                except OSError:  # the server is down
                    _close(client)
                    continue
                self._ends += [client, server]
                mute = threading.Event()
                threading.Thread(target=self._ask, args=(client, server, mute), daemon=True).start()
                threading.Thread(target=self._answer, args=(server, client, mute), daemon=True).start()

    def _connect(self) -> socket.socket:
        host = str(self._server.host or self._server.query["host"])
        port = self._server.port or {"postgresql": 5432}.get(self._server.get_backend_name(), 3306)
        if host.startswith("/"):
            server = socket.socket(socket.AF_UNIX)
            server.connect(f"{host}/.s.PGSQL.{port}")
            return server
        return socket.create_connection((host, port))

    def _ask(self, client: socket.socket, server: socket.socket, mute: threading.Event) -> None:
        with suppress(OSError):
            while asked := client.recv(65536):
                if self.cut is not None and asked.endswith((b"COMMIT", b"COMMIT\0", b"COMMIT;\0")):
                    place, self.cut = self.cut, None
                    if place is Cut.BEFORE_THE_SERVER:
                        break
                    mute.set()
                server.sendall(asked)
        _close(client, server)

    def _answer(self, server: socket.socket, client: socket.socket, mute: threading.Event) -> None:
        with suppress(OSError):
            while answer := server.recv(65536):
                if mute.is_set():
                    break
                client.sendall(answer)
        _close(client, server)


def _close(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
