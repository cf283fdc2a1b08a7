"""Load over HTTP from this process: keep-alive connections, and just enough of HTTP to cost little itself."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from threading import Lock, Thread

READ_AT_ONCE = 65536


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    head: str
    body: bytes

    def header(self, name: str) -> str:
        """The first value of a header; empty where it has none."""
        wanted = f"{name.lower()}:"
        lines = (line for line in self.head.split("\r\n") if line.lower().startswith(wanted))
        return next(lines, ":").partition(":")[2].strip()


class Client:
    """One keep-alive connection."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        self._socket.close()

    def get(self, path: str, headers: str = "") -> Answer:
        return self.send(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n".encode())

    def post(self, path: str, headers: str, form: str) -> Answer:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(form)}\r\n\r\n"
        )
        return self.send((head + form).encode())

    def send(self, request: bytes) -> Answer:
        self._socket.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._read()
        head, _, body = received.partition(b"\r\n\r\n")
        answer = Answer(int(head[9:12]), head.decode("latin-1"), b"")
        length = int(answer.header("Content-Length"))
        while len(body) < length:
            body += self._read()
        return Answer(answer.status, answer.head, body)

    def _read(self) -> bytes:
        chunk = self._socket.recv(READ_AT_ONCE)
        if not chunk:
            raise ConnectionError("The server closed the connection.")
        return chunk


Work = Callable[[Client], None]
Visitor = Callable[[Client], Work]


def press(port: int, visitor: Visitor, *, visitors: int, seconds: float) -> float:
    """Requests per second: each visitor prepares on a connection of its own, then all work for `seconds`."""
    clients = [Client(port) for _ in range(visitors)]
    works = [visitor(client) for client in clients]
    counts: list[int] = []
    errors: list[BaseException] = []
    started = time.perf_counter()

    def run(client: Client, work: Work) -> None:
        done = 0
        try:
            with closing(client):
                while time.perf_counter() - started < seconds:
                    work(client)
                    done += 1
        except BaseException as error:  # noqa: BLE001 -- raised again below, in the caller's thread
            errors.append(error)
        counts.append(done)

    threads = [Thread(target=run, args=pair) for pair in zip(clients, works, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return sum(counts) / (time.perf_counter() - started)


def shared(things: Iterable[str]) -> Callable[[], str]:
    """Hands each thing out once, to whichever thread asks."""
    iterator: Iterator[str] = iter(things)
    lock = Lock()

    def next_thing() -> str:
        with lock:
            return next(iterator)

    return next_thing
