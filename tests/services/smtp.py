from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.services.waiting import PATIENCE, free_port, until

OK = "250 OK"


@dataclass(frozen=True)
class Received:
    sender: str
    recipients: list[str]
    message: EmailMessage
    raw: bytes


@dataclass
class Smtp:
    """A mail server. `replies["RCPT"].append("451 4.3.0 Later")` makes its next RCPT answer so."""

    port: int = field(default_factory=free_port)
    received: list[Received] = field(default_factory=list)
    replies: dict[str, deque[str]] = field(default_factory=lambda: defaultdict(deque))

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def to(self, address: str) -> list[Received]:
        return [mail for mail in list(self.received) if address in mail.recipients]

    def wait_for(self, address: str, *, seconds: float = PATIENCE) -> Received:
        """The first mail to `address`."""
        return until(lambda: self.to(address), seconds=seconds, what=f"a mail to {address}")[0]

    def _reply(self, command: str) -> str:
        waiting = self.replies[command]
        return waiting.popleft() if waiting else OK

    async def handle_MAIL(  # noqa: N802 -- named by aiosmtpd
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        reply = self._reply("MAIL")
        if reply.startswith("2"):
            envelope.mail_from = address
        return reply

    async def handle_RCPT(  # noqa: N802 -- named by aiosmtpd
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        reply = self._reply("RCPT")
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 -- named by aiosmtpd
        reply = self._reply("DATA")
        if reply.startswith("2"):
            self.received.append(_received(envelope))
        return reply


def _received(envelope: Envelope) -> Received:
    raw = envelope.content
    assert isinstance(raw, bytes)
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return Received(envelope.mail_from or "", list(envelope.rcpt_tos), message, raw)


@contextmanager
def serving(server: Smtp) -> Iterator[Smtp]:
    """Serves on the server's port; can be entered again, as after an outage."""
    controller = Controller(server, hostname="127.0.0.1", port=server.port, ready_timeout=PATIENCE)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()
