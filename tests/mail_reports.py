"""Reports as mail services send them, in the forms that their documents give, signed as they sign."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from base64 import b64encode

SIGNING_KEY = "key-of-the-mailgun-account"
SECRET = "reports:" + "s" * 32


def basic(secret: str = SECRET) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(secret.encode()).decode()}


def mailgun(
    message_id: str,
    event: str = "failed",
    *,
    severity: str = "permanent",
    token: str = "",
    key: str = SIGNING_KEY,
    variables: dict[str, str] | None = None,
    recipient: str = "anna@walkers.com",
) -> str:
    """https://documentation.mailgun.com/docs/mailgun/user-manual/events/webhooks"""
    timestamp, token = str(int(time.time())), token or secrets.token_hex(25)
    signature = hmac.new(key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    return json.dumps(
        {
            "signature": {"timestamp": timestamp, "token": token, "signature": signature},
            "event-data": {
                "id": "G9Bn5sl1TC6nu79C8C0bwg",
                "event": event,
                "severity": severity,
                "reason": "bounce",
                "timestamp": float(timestamp),
                "recipient": recipient,
                "message": {"headers": {"message-id": message_id.strip("<>"), "to": recipient}},
                "user-variables": variables or {},
                "tags": [],
                "delivery-status": {
                    "code": 550,
                    "message": "5.1.1 The email account that you tried to reach does not exist",
                    "description": "Not delivering to previously bounced address",
                },
            },
        }
    )


def postmark(message_id: str, *, kind: str = "Bounce", number: int = 42, what: str = "") -> str:
    """https://postmarkapp.com/developer/webhooks/bounce-webhook"""
    bounce = what or {"Bounce": "HardBounce", "SpamComplaint": "SpamComplaint"}[kind]
    return json.dumps(
        {
            "RecordType": kind,
            "ID": number,
            "Type": bounce,
            "MessageID": message_id,
            "Metadata": {},
            "Description": "The server was unable to deliver your message.",
            "Details": "smtp;550 5.1.1 The email account does not exist.",
            "Email": "anna@walkers.com",
            "BouncedAt": "2026-11-05T16:33:54.9070259Z",
            "Subject": "Finish signing up",
        }
    )
