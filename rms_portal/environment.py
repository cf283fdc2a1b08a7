"""What the environment says.

Settings come from environment variables or from `.env` beside manage.py; docs/settings.md lists them, and
refusals.py says which are unsafe.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY_FILE = Path("secrets") / "secret_key"
DNS_PORT = 53
SERVER = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[^\[\]:/\s]+))(?::(?P<port>[0-9]{1,5}))?"
)
HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*\.?")
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


def networks(texts: Sequence[str]) -> list[Network]:
    """What is none is left out: the start is refused with a sentence about it."""
    return [network for text in texts if (network := network_of(text))]


def network_of(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None
