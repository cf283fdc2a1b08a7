"""The outbox in tests that have no worker: deliver what is due, as a worker would."""

from __future__ import annotations

from django.core import mail as sent

from outbox.models import OutboxMail
from outbox.services import deliver
from tests.walk import Mail


class LocalInbox:
    """Hands over what waits, and shows what went to an address, oldest first."""

    def mails_to(self, address: str) -> list[Mail]:
        for waiting in OutboxMail.objects.filter(state=OutboxMail.State.QUEUED).order_by(
            "created_at"
        ):
            deliver(waiting.id)
        return [
            Mail(str(message.subject), str(message.body))
            for message in sent.outbox
            if message.to == [address]
        ]
