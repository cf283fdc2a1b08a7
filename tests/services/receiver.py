"""A program that is told by webhooks: it keeps what comes, and answers as a test wants."""

from __future__ import annotations

import json
import ssl
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Told:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass
class Receiver:
    """`answers.append(503)` is the answer to the next one; also `"drip"`, `"hang"`, `"junk"`, or a redirect's target."""

    port: int = 0
    told: list[Told] = field(default_factory=list)
    answers: deque[int | str] = field(default_factory=deque)
    ended: threading.Event = field(default_factory=threading.Event)
    scheme: str = "http"
    host: str = "127.0.0.1"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}/hooks?from=portal"

    @property
    def events(self) -> list[dict[str, Any]]:
        return [one.event for one in self.told]


class Handler(BaseHTTPRequestHandler):
    receiver: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.receiver.told.append(Told(self.path, headers, body))
        self._answer(self.receiver.answers.popleft() if self.receiver.answers else 204)

    def _answer(self, answer: int | str) -> None:
        match answer:
            case int():
                self._say(answer)
            case "hang":
                self.receiver.ended.wait(60)
            case "drip":
                self._drip(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 10_000)
            case "junk":
                self.wfile.write(b"\0\xff no HTTP at all\r\n\r\n")
            case "endless":
                self._say(200)
                self._drip(b"z" * 10_000)
            case _:
                self._say(307, location=answer)

    def _say(self, status: int, *, location: str = "") -> None:
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.end_headers()

    def _drip(self, text: bytes) -> None:
        for octet in text:
            if self.receiver.ended.wait(0.05):
                return
            try:
                self.wfile.write(bytes([octet]))
            except OSError:
                return

    def log_message(self, *_: Any) -> None:
        """Not into the tests' output."""


@contextmanager
def receiving(*, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Iterator[Receiver]:
    receiver = Receiver(scheme="https" if tls else "http", host=host)
    handler = type("HandlerOfOne", (Handler,), {"receiver": receiver})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
