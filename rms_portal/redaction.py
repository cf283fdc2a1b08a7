"""What the log never says: tokens, passwords, cookies, keys; nor anybody's address.

Two nets. What this installation knows to be secret is replaced wherever it stands. What looks like a
secret (a link's token, a cookie, a password in a URL) is replaced by its form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

from django.conf import settings

REDACTED = "[redacted]"
SHORTEST_SECRET = 6
# Settings that are secret, or hold a secret in a URL.
SECRETS = ("SECRET_KEY", "MASTER_KEY", "EMAIL_HOST_PASSWORD", "METRICS_TOKEN")
URLS_WITH_SECRETS = ("REDIS_URL", "CELERY_BROKER_URL")

_NAMES = r"[\w-]*(?:passw(?:or)?d|passwd|secret|token|api[_-]?key|_key|session|csrf|authorization|cookie)[\w-]*"
_QUOTED = r"""(?P<quote>['"])(?:\\.|(?!(?P=quote)).)*(?P=quote)"""
PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # Paths of links in mail, whatever stands in the token's place.
    (
        re.compile(
            r"(/signup/(?:confirm|renew|not-me|invitation)/|/accounts/(?:password/reset/key|mailbox|address)/)[^/\s'\"?]+",
            re.ASCII,
        ),
        rf"\1{REDACTED}",
    ),
    # user:password@ in a URL.
    (re.compile(r"(://)[^/\s@'\"]*:[^/\s'\"]*@"), rf"\1{REDACTED}@"),
    # Headers: all of the line is theirs.
    (
        re.compile(
            r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie)(\s*[:=]\s*)[^\s'\"][^\n'\"]*"
        ),
        rf"\1\2{REDACTED}",
    ),
    # name=value, name: value, 'name': 'value'.
    (re.compile(rf"(?i)\b({_NAMES})(['\"]?\s*[:=]\s*){_QUOTED}"), rf"\1\2{REDACTED}"),
    (re.compile(rf"(?i)\b({_NAMES})(['\"]?=)[^\s'\"&,;)\]}}\[]+"), rf"\1\2{REDACTED}"),
    # 256 bits in base64url; Fernet; a session's id.
    (re.compile(r"(?<![\w-])[\w-]{43}(?![\w-])", re.ASCII), REDACTED),
    (re.compile(r"gAAAA[\w-]{20,}=*", re.ASCII), REDACTED),
    (re.compile(r"(?<![\w-])(?=[0-9a-f]*[g-z])(?=[a-z]*[0-9])[a-z0-9]{32}(?![\w-])"), REDACTED),
    # PostgreSQL tells the values of the row that it refused, names and digests among them.
    (
        re.compile(r"(Failing row contains )\(.*?\)(?=\.?$)", re.DOTALL | re.MULTILINE),
        rf"\1({REDACTED})",
    ),
    (re.compile(r"(Key \([^)\n]*\)=)\([^\n]*\)(?= (?:already|is|conflicts))"), rf"\1({REDACTED})"),
    # gunicorn tells from where a request came that is none.
    (re.compile(r"(\bip=)[0-9A-Fa-f.:]+"), r"\1[network]"),
    # Whom it is about is told by ids. Workers have names of this form.
    (re.compile(r"(?<![\w.+-])(?!celery@)[\w.+-]+@(?:[\w-]+\.)+[\w-]{2,}"), "[address]"),
)


def redact(text: str) -> str:
    """`text` without secrets and addresses."""
    for secret in _known():
        text = text.replace(secret, REDACTED)
    for pattern, replacement in PATTERNS:
        text = pattern.sub(replacement, text)
    return text


@cache
def _known() -> tuple[str, ...]:
    """The longest first, so that none is left in part; also as they stand in URLs."""
    found = {
        form for secret in _secrets() for form in (secret, quote(secret, ""), quote_plus(secret))
    }
    return tuple(
        sorted((one for one in found if len(one) >= SHORTEST_SECRET), key=len, reverse=True)
    )


def _secrets() -> Iterator[str]:
    yield from (str(getattr(settings, name, "") or "") for name in SECRETS)
    yield from settings.SECRET_KEY_FALLBACKS
    yield from (
        unquote(urlsplit(getattr(settings, name)).password or "") for name in URLS_WITH_SECRETS
    )
    yield from (str(database.get("PASSWORD") or "") for database in settings.DATABASES.values())
    anymail: dict[str, Any] = getattr(settings, "ANYMAIL", {})
    for name, value in anymail.items():
        if _is_secret(name):
            yield from map(str, value if isinstance(value, list) else [value])


def _is_secret(name: str) -> bool:
    return any(word in name for word in ("KEY", "SECRET", "TOKEN", "PASSWORD"))
