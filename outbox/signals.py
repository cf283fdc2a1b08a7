"""What other rooms may want to know about mail."""

from __future__ import annotations

from django.dispatch import Signal

# Somebody reported a mail as unwanted. Arguments: mail. Sent in the transaction that notes it.
complained = Signal()
