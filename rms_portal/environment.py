"""What the environment may say, and which of it would be unsafe to start with.

Settings come from environment variables or from `.env` beside manage.py; docs/settings.md lists
them. `refusals` returns one sentence for each setting that must be mended before the start.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY_FILE = Path("secrets") / "secret_key"
SHORTEST_SECRET_KEY = 32
SHORTEST_METRICS_TOKEN = 20
LOG_FORMATS = ("line", "json")
DNS_PORT = 53
SERVER = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[^\[\]:/\s]+))(?::(?P<port>[0-9]{1,5}))?"
)
HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*\.?")
SHORTEST_WEBHOOK_SECRET = 16
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def read(base_dir: Path) -> environ.Env:
    """The environment, with `.env` in `base_dir`, or ENV_FILE, filling in what is not set."""
    env = environ.Env()
    env_file = Path(env.str("ENV_FILE", default=str(base_dir / ".env")))
    if env_file.is_file():
        environ.Env.read_env(env_file)
    return env


def var_dir(env: environ.Env, base_dir: Path) -> Path:
    """Where the installation keeps its state."""
    return Path(env.str("VAR_DIR", default=str(base_dir / "var"))).resolve()


def secret_key(env: environ.Env, var_dir: Path) -> str:
    """SECRET_KEY, or the one that the first embedded start wrote below `var_dir`; else empty."""
    if not keeps_secret_key(env):
        return env.str("SECRET_KEY", default="")  # type: ignore[no-any-return]
    kept = var_dir / SECRET_KEY_FILE
    return kept.read_text().strip() if kept.is_file() else ""


def keeps_secret_key(env: environ.Env) -> bool:
    """Whether SECRET_KEY lies below VAR_DIR, as it does where nobody set one and all is on this machine."""
    return not env.str("SECRET_KEY", default="") and not env.str("DATABASE_URL", default="")


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def dns_server(text: str) -> tuple[str, int] | None:
    """`host[:port]` taken apart, IPv6 in brackets or alone; None for what is neither."""
    if is_address(text):
        return text, DNS_PORT
    found = SERVER.fullmatch(text)
    port = int(found["port"] or DNS_PORT) if found else 0
    if not found or not 0 < port < 65536:
        return None
    host = found["v6"] or found["host"]
    if found["v6"] and not is_address(host):
        return None
    if host == "localhost":
        return "127.0.0.1", port
    # A name that ends in a number is a mistyped address.
    is_name = HOST_NAME.fullmatch(host) and not host.rpartition(".")[2].isdigit()
    return (host, port) if is_address(host) or is_name else None


def is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def refusals(
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
    """One sentence per unsafe or missing setting: its name, what is wrong, how to mend it."""
    found = []
    url = urlsplit(public_url)
    if url.scheme not in {"http", "https"} or not url.hostname or url.path not in {"", "/"}:
        found.append(
            f"PUBLIC_URL is {public_url!r}: set it to the address people use, without a path, "
            "for example https://rights.example.com."
        )
    if not mail_is_sent and not is_loopback(listen):
        found.append(
            f"LISTEN is {listen} while EMAIL_URL is unset: everybody who reaches that address could "
            "read the mail at /dev/mail/. Set EMAIL_URL to your mail server, or LISTEN=127.0.0.1."
        )
    if not mail_is_sent and url.hostname and not is_loopback(url.hostname):
        found.append(
            f"EMAIL_URL is missing while PUBLIC_URL is {public_url}: everybody who reaches that "
            "address could read the mail at /dev/mail/. Set EMAIL_URL to your mail server."
        )
    found += _not_networks(trusted_proxies)
    found += _not_webhook_networks(webhook_networks)
    found += _out_of_range(log_format, mailbox_proof_days, metrics_token)
    found += not_resolvers(dns_resolvers)
    found += _weak_webhook_secrets(mail_service, webhook_secrets)
    found += _weak_master_key(master_key, secret_key)
    if debug:
        return found
    if not secret_key:
        found.append(
            "SECRET_KEY is missing: set it to at least 50 random characters, for example the output "
            'of: python3 -c "import secrets; print(secrets.token_urlsafe(64))".'
        )
    elif len(secret_key) < SHORTEST_SECRET_KEY or secret_key.startswith("django-insecure"):
        found.append(
            f"SECRET_KEY is shorter than {SHORTEST_SECRET_KEY} characters or an example: everything "
            "signed could be forged. Set it to at least 50 random characters."
        )
    if "*" in allowed_hosts:
        found.append(
            "ALLOWED_HOSTS has *: links in mail could be made to point at a foreign host. "
            "List the names people use, for example rights.example.com."
        )
    if url.scheme == "http" and url.hostname and not is_loopback(url.hostname):
        found.append(
            f"PUBLIC_URL is {public_url}: without https, passwords and links can be read on the way. "
            "Set it to an https address."
        )
    if mail_is_sent and not mail_from:
        found.append(
            "MAIL_FROM is missing: set it to the address that mail comes from, "
            "for example no-reply@rights.example.com."
        )
    return found


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
        if _network(proxy) is None
    ]


def _not_webhook_networks(webhook_networks: Sequence[str]) -> list[str]:
    return [
        f"WEBHOOK_NETWORKS has {text!r}: name the networks of your own that webhooks may go to by address or "
        "network, for example 10.0.0.5 or 10.0.0.0/24."
        for text in webhook_networks
        if _network(text) is None
    ]


def networks(texts: Sequence[str]) -> list[Network]:
    """What is none is left out: the start is refused with a sentence about it."""
    return [network for text in texts if (network := _network(text))]


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None


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
