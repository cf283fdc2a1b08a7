"""Whether the mail server takes mail from us: step by step, up to the sender, with no mail."""

from __future__ import annotations

import ipaddress
import smtplib
import socket
import ssl
from collections.abc import Iterator
from email.utils import format_datetime, formataddr, make_msgid

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils import timezone

from rms_portal.environment import is_loopback
from rms_portal.mail_check.dns import Address
from rms_portal.mail_check.findings import Finding, good, missing, wrong
from rms_portal.redaction import redact

OK = 250
# Worth mending, and mail goes out all the same.
IN_CLEAR = "encryption in use"


def senders() -> list[Address]:
    """The mail server's public addresses; none where mail leaves from somewhere else."""
    if not settings.MAIL_IS_SENT or settings.ANYMAIL_ESP:
        return []
    try:
        found = socket.getaddrinfo(
            settings.EMAIL_HOST, settings.EMAIL_PORT, type=socket.SOCK_STREAM
        )
    except OSError:
        return []
    addresses = {ipaddress.ip_address(str(entry[4][0])) for entry in found}
    return sorted((one for one in addresses if one.is_global), key=str)


def check_sending() -> Iterator[Finding]:
    """Ends with the first step that fails."""
    if not settings.MAIL_IS_SENT:
        yield missing(
            "mail server", "None is set: mail lands at /dev/mail/.", "Set EMAIL_URL and MAIL_FROM."
        )
    elif settings.ANYMAIL_ESP:
        yield good("mail service", settings.ANYMAIL_ESP, "Whether it takes mail, --to tells.")
    else:
        yield from _check_smtp()


def _check_smtp() -> Iterator[Finding]:
    where = f"{settings.EMAIL_HOST} port {settings.EMAIL_PORT}"
    step, to_do = (
        "connection",
        "Look at host, port and kind (smtp, smtp+tls, smtp+ssl) in EMAIL_URL.",
    )
    try:
        with _connected() as server:
            yield good(step, where)
            step = "greeting"
            server.ehlo_or_helo_if_needed()
            yield good(step, "The server answers.")
            step, to_do = (
                "encryption",
                "The server's certificate must be good for the host in EMAIL_URL.",
            )
            yield _encrypt(server)
            step, to_do = "sign-in", "Look at user and password in EMAIL_URL (percent-encoded)."
            if settings.EMAIL_HOST_USER:
                server.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
                yield good(step, f"as {settings.EMAIL_HOST_USER}")
            step, to_do = "sender", "Let the server send for MAIL_FROM, or change MAIL_FROM."
            yield _offer_sender(server, to_do)
            server.rset()
    except (OSError, smtplib.SMTPException) as error:
        yield wrong(step, redact(f"{where}: {_words(error)}"), to_do)


def _connected() -> smtplib.SMTP:
    place = (settings.EMAIL_HOST, settings.EMAIL_PORT)
    if settings.EMAIL_USE_SSL:
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(*place, timeout=settings.EMAIL_TIMEOUT, context=context)
    return smtplib.SMTP(*place, timeout=settings.EMAIL_TIMEOUT)


def _encrypt(server: smtplib.SMTP) -> Finding:
    if settings.EMAIL_USE_SSL:
        return good("encryption", "TLS from the start")
    if settings.EMAIL_USE_TLS:
        server.starttls(context=ssl.create_default_context())
        server.ehlo()
        return good("encryption", "STARTTLS")
    if is_loopback(settings.EMAIL_HOST):
        return good("encryption", "None, and mail stays on this machine up to the server.")
    offered = "The server offers STARTTLS. " if server.has_extn("starttls") else ""
    return wrong(
        IN_CLEAR,
        "Links in mail go in clear.",
        f"{offered}Use smtp+tls:// or smtp+ssl:// in EMAIL_URL.",
    )


def _offer_sender(server: smtplib.SMTP, to_do: str) -> Finding:
    code, words = server.mail(settings.DEFAULT_FROM_EMAIL)
    if code == OK:
        return good("sender", f"The server takes mail from {settings.DEFAULT_FROM_EMAIL}.")
    return wrong(
        "sender", f"{settings.DEFAULT_FROM_EMAIL}: {code} {words.decode(errors='replace')}", to_do
    )


def send_test_mail(address: str) -> Finding:
    """Past the outbox, so that the server's answer is seen here and now."""
    message = EmailMessage(
        subject=f"Test mail from {settings.PRODUCT_NAME}",
        body=f"An operator of {settings.PUBLIC_URL} sent this with check_mail. Mail goes out.\n",
        from_email=formataddr((settings.PRODUCT_NAME, settings.DEFAULT_FROM_EMAIL)),
        to=[address],
        headers={
            "Message-ID": make_msgid(domain=settings.DEFAULT_FROM_EMAIL.rpartition("@")[2]),
            "Date": format_datetime(timezone.now()),
            "Auto-Submitted": "auto-generated",
        },
    )
    try:
        get_connection().send_messages([message])
    except Exception as error:  # noqa: BLE001 -- each mail service has exceptions of its own
        return wrong(
            "test mail", redact(f"Not handed over: {_words(error)}"), "See what the server says."
        )
    return good(
        "test mail", f"Handed over for {address}.", "See whether it arrives, and not as spam."
    )


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
