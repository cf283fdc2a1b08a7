"""Which settings would be unsafe to start with: one sentence for each, with its name and how to mend it."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import ImproperlyConfigured

from rms_portal.environment import dns_server, is_loopback, network_of

SHORTEST_SECRET_KEY = 32
SHORTEST_METRICS_TOKEN = 20
SHORTEST_WEBHOOK_SECRET = 16
LOG_FORMATS = ("line", "json")


def of_settings(
    *,
    debug: bool,
    secret_key: str,
    allowed_hosts: list[str],
    public_url: str,
    listen: str,
    mail_is_sent: bool,
    mail_from: str,
    trusted_proxies: list[str],
    log_format: str,
    mailbox_proof_days: int,
    metrics_token: str,
    dns_resolvers: list[str],
    mail_service: str = "",
    master_key: str = "",
    webhook_secrets: Sequence[str] = (),
    webhook_networks: Sequence[str] = (),
) -> list[str]:
    url = urlsplit(public_url)
    found = [
        *_no_address(url),
        *_inbox_for_everybody(url, listen, mail_is_sent=mail_is_sent),
        *_not_networks(trusted_proxies),
        *_not_webhook_networks(webhook_networks),
        *_out_of_range(log_format, mailbox_proof_days, metrics_token),
        *not_resolvers(dns_resolvers),
        *_weak_webhook_secrets(mail_service, webhook_secrets),
        *_weak_master_key(master_key, secret_key),
    ]
    if debug:
        return found
    return [
        *found,
        *_weak_secret_key(secret_key),
        *_open_to_strangers(url, allowed_hosts),
        *_no_sender(mail_from, mail_is_sent=mail_is_sent),
    ]


def _no_address(url: SplitResult) -> list[str]:
    if url.scheme in {"http", "https"} and url.hostname and url.path in {"", "/"}:
        return []
    return [
        (
            f"PUBLIC_URL is {url.geturl()!r}: set it to the address people use, without a path, "
            "for example https://rights.example.com."
        )
    ]


def _inbox_for_everybody(url: SplitResult, listen: str, *, mail_is_sent: bool) -> list[str]:
    found: list[str] = []
    if mail_is_sent:
        return found
    if not is_loopback(listen):
        found.append(
            f"LISTEN is {listen} while EMAIL_URL is unset: everybody who reaches that address could "
            "read the mail at /dev/mail/. Set EMAIL_URL to your mail server, or LISTEN=127.0.0.1."
        )
    if url.hostname and not is_loopback(url.hostname):
        found.append(
            f"EMAIL_URL is missing while PUBLIC_URL is {url.geturl()}: everybody who reaches that "
            "address could read the mail at /dev/mail/. Set EMAIL_URL to your mail server."
        )
    return found


def _weak_secret_key(secret_key: str) -> list[str]:
    if not secret_key:
        return [
            (
                "SECRET_KEY is missing: set it to at least 50 random characters, for example the output "
                'of: python3 -c "import secrets; print(secrets.token_urlsafe(64))".'
            )
        ]
    if len(secret_key) >= SHORTEST_SECRET_KEY and not secret_key.startswith("django-insecure"):
        return []
    return [
        (
            f"SECRET_KEY is shorter than {SHORTEST_SECRET_KEY} characters or an example: everything "
            "signed could be forged. Set it to at least 50 random characters."
        )
    ]


def _open_to_strangers(url: SplitResult, allowed_hosts: list[str]) -> list[str]:
    found = []
    if "*" in allowed_hosts:
        found.append(
            "ALLOWED_HOSTS has *: links in mail could be made to point at a foreign host. "
            "List the names people use, for example rights.example.com."
        )
    if url.scheme == "http" and url.hostname and not is_loopback(url.hostname):
        found.append(
            f"PUBLIC_URL is {url.geturl()}: without https, passwords and links can be read on the way. "
            "Set it to an https address."
        )
    return found


def _no_sender(mail_from: str, *, mail_is_sent: bool) -> list[str]:
    if mail_from or not mail_is_sent:
        return []
    return [
        (
            "MAIL_FROM is missing: set it to the address that mail comes from, "
            "for example no-reply@rights.example.com."
        )
    ]


def _out_of_range(log_format: str, mailbox_proof_days: int, metrics_token: str) -> list[str]:
    found = []
    if log_format not in LOG_FORMATS:
        found.append(f"LOG_FORMAT is {log_format!r}: set it to one of {', '.join(LOG_FORMATS)}.")
    if mailbox_proof_days < 1:
        found.append(
            f"MAILBOX_PROOF_DAYS is {mailbox_proof_days}: nobody who signed up could open anything. "
            "Set it to the number of days after which people prove their mailbox again, for example 90."
        )
    if metrics_token and len(metrics_token) < SHORTEST_METRICS_TOKEN:
        found.append(
            f"METRICS_TOKEN is shorter than {SHORTEST_METRICS_TOKEN} characters, so it can be guessed. Set it to a "
            'random one: python3 -c "import secrets; print(secrets.token_urlsafe(32))".'
        )
    return found


def _weak_master_key(master_key: str, secret_key: str) -> list[str]:
    found = []
    if master_key and (
        len(master_key) < SHORTEST_SECRET_KEY or master_key.startswith("django-insecure")
    ):
        found.append(
            f"MASTER_KEY is shorter than {SHORTEST_SECRET_KEY} characters or an example: what it protects could "
            "be read. Set it to at least 50 random characters, for example the output of: "
            'python3 -c "import secrets; print(secrets.token_urlsafe(64))".'
        )
    if master_key and master_key == secret_key:
        found.append(
            "MASTER_KEY is the same as SECRET_KEY, which is changed now and then while MASTER_KEY stays. "
            "Set it to random characters of its own."
        )
    return found


def _weak_webhook_secrets(mail_service: str, secrets: Sequence[str]) -> list[str]:
    found = []
    if secrets and not mail_service:
        found.append(
            "ANYMAIL_WEBHOOK_SECRET is set while ANYMAIL_ESP is not: a mail server sends no reports. "
            "Name the mail service in ANYMAIL_ESP, or remove the secret."
        )
    if any(len(secret.partition(":")[2]) < SHORTEST_WEBHOOK_SECRET for secret in secrets):
        found.append(
            "ANYMAIL_WEBHOOK_SECRET has a value that is not like user:password with at least "
            f"{SHORTEST_WEBHOOK_SECRET} characters after the colon: anybody could guess it and report "
            "mail as bounced. Set it to reports: and 32 random characters, and name both in the "
            "address of the webhook at your mail service."
        )
    return found


def _not_networks(trusted_proxies: list[str]) -> list[str]:
    return [
        f"TRUSTED_PROXIES has {proxy!r}: name proxies by address or network, "
        "for example 10.0.0.5 or 10.0.0.0/24."
        for proxy in trusted_proxies
        if network_of(proxy) is None
    ]


def _not_webhook_networks(webhook_networks: Sequence[str]) -> list[str]:
    return [
        f"WEBHOOK_NETWORKS has {text!r}: name the networks of your own that webhooks may go to by address or "
        "network, for example 10.0.0.5 or 10.0.0.0/24."
        for text in webhook_networks
        if network_of(text) is None
    ]


def not_resolvers(dns_resolvers: list[str]) -> list[str]:
    return [
        f"DNS_RESOLVERS has {text!r}: name resolvers as address or host with an optional port, "
        "for example 9.9.9.9,192.0.2.53:5353,[2620:fe::fe]:53."
        for text in dns_resolvers
        if dns_server(text) is None
    ]


def require(sentences: list[str]) -> None:
    """Stops the start when there is anything to mend."""
    if sentences:
        raise ImproperlyConfigured("\n".join(sentences))
