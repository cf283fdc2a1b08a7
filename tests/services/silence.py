"""A server that takes connections and never answers, as one behind a broken network does."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.services.waiting import PATIENCE


@dataclass
class Silence:
    listener: socket.socket
    connections: list[socket.socket] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.listener.getsockname()[1]}/0"

    def wait_until_called(self) -> None:
        self.listener.settimeout(PATIENCE)
        connection, _ = self.listener.accept()
        self.connections.append(connection)


@contextmanager
def silent_server() -> Iterator[Silence]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Silence(listener)
        try:
            yield server
        finally:
            for connection in server.connections:
                connection.close()
