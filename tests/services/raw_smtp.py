"""A mail server that does at each step what it was told: stall, hang up, or answer with any line."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from tests.services.waiting import PATIENCE, until

STALL = "stall"
HANG_UP = "hang up"
# In the order of a session. BODY: all of the mail is here and not taken; TAKEN: taken, and not answered yet.
STEPS = ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "BODY", "TAKEN")
ANSWERS = {"CONNECT": "220 ready", "EHLO": "250 here", "DATA": "354 go on", "QUIT": "221 bye"}


class HungUp(Exception):
    """This session is over."""


@dataclass
class RawSmtp:
    """`at["RCPT"] = "451 later"` makes every RCPT answer so; STALL and HANG_UP do what they say."""

    at: dict[str, str] = field(default_factory=dict)
    received: list[EmailMessage] = field(default_factory=list)
    sessions: int = 0
    verbs: list[str] = field(default_factory=list)
    slowness: dict[str, float] = field(default_factory=dict)
    stalled: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    released: threading.Event = field(default_factory=threading.Event)
    connections: list[socket.socket] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def to(self, address: str) -> list[EmailMessage]:
        return [message for message in list(self.received) if message["To"] == address]

    def wait_for(
        self, address: str, *, copies: int = 1, seconds: float = PATIENCE
    ) -> list[EmailMessage]:
        def enough() -> list[EmailMessage] | None:
            return self.to(address) if len(self.to(address)) >= copies else None

        return until(enough, seconds=seconds, what=f"mail {copies} to {address}")

    def end(self) -> None:
        """Hangs up on everybody, as a server that is stopped does."""
        self.released.set()
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def wait_until_stalled(self) -> None:
        assert self.stalled.acquire(timeout=PATIENCE), "Nobody came to the step that stalls."

    def forget_who_stalled(self) -> None:
        while self.stalled.acquire(blocking=False):
            continue


class _Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        server: RawSmtp = self.server.script  # type: ignore[attr-defined]
        server.sessions += 1
        server.connections.append(self.connection)
        with suppress(HungUp, OSError):
            self._talk(server)

    def _talk(self, server: RawSmtp) -> None:
        self._answer(server, "CONNECT")
        while line := self.rfile.readline():
            verb = line.split(b" ")[0].strip().decode(errors="replace").upper()
            server.verbs.append(verb)
            if not self._answer(server, verb):
                continue
            if verb == "QUIT":
                return
            if verb == "DATA":
                self._take(server, self._body())

    def _answer(self, server: RawSmtp, step: str) -> bool:
        """Whether the step went well."""
        told = server.at.get(step, "")
        if told == HANG_UP:
            raise HungUp
        if told == STALL:
            server.stalled.release()
            server.released.wait(120)
            raise HungUp
        time.sleep(server.slowness.get(step, 0))
        reply = told or ANSWERS.get(step, "250 OK")
        self.wfile.write(f"{reply}\r\n".encode())
        return reply[0] in "23"

    def _body(self) -> bytes:
        lines = iter(self.rfile.readline, b".\r\n")
        return b"".join(line.removeprefix(b".") for line in lines)

    def _take(self, server: RawSmtp, body: bytes) -> None:
        if "BODY" in server.at:
            self._answer(server, "BODY")
            return
        message = message_from_bytes(body, policy=policy.default)
        assert isinstance(message, EmailMessage)
        server.received.append(message)
        self._answer(server, "TAKEN")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False


@contextmanager
def raw_smtp(port: int = 0) -> Iterator[RawSmtp]:
    script = RawSmtp()
    with _Server(("127.0.0.1", port), _Session) as server:
        server.script = script  # type: ignore[attr-defined]
        script.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield script
        finally:
            script.end()
            server.shutdown()
            thread.join(10)
