"""Which passwords are refused, each with what to do instead (NIST SP 800-63B-4, 3.1.1)."""

from __future__ import annotations

import gzip
import re
import string
import unicodedata
from functools import cache
from pathlib import Path
from threading import Lock

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from audit import spelling
from tenants.models import User

# Recovery codes stand in for one of these; they are none.
SECOND_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
SHORTEST_PASSWORD = 15
SHORTEST_WITH_SECOND_FACTOR = 8
LONGEST_PASSWORD = 256
BREACHED_PASSWORDS = Path(__file__).parent / "data" / "breached_passwords.txt.gz"
SHORTEST_WORD = 3
FEWEST_CHARACTERS = 4
PUNCTUATION = string.punctuation + string.whitespace
WITHOUT_PUNCTUATION = str.maketrans("", "", PUNCTUATION)
_reading = Lock()
WORD = re.compile(r"[^\W_]+")


def shortest_for(user: AbstractBaseUser | None) -> int:
    """Characters that a new password of `user` needs at least."""
    is_stored = user is not None and not user._state.adding
    has_second_factor = is_stored and is_mfa_enabled(user, types=SECOND_FACTORS)
    return SHORTEST_WITH_SECOND_FACTOR if has_second_factor else SHORTEST_PASSWORD


class LengthValidator:
    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        shortest = shortest_for(user)
        # As many as it has on every keyboard: some type `ü` as two.
        length = len(unicodedata.normalize("NFC", password))
        if length < shortest:
            raise ValidationError(
                _(
                    "The password needs %(shortest)d characters or more. A sentence is easy to remember."
                ),
                code="password_too_short",
                params={"shortest": shortest},
            )
        if length > LONGEST_PASSWORD:
            raise ValidationError(
                _("The password can have %(longest)d characters at most."),
                code="password_too_long",
                params={"longest": LONGEST_PASSWORD},
            )

    def get_help_text(self) -> str:
        return length_hint(None)


def length_hint(user: AbstractBaseUser | None) -> str:
    return _("At least %(shortest)d characters. A sentence is easy to remember.") % {
        "shortest": shortest_for(user)
    }


def hints_for(user: AbstractBaseUser | None) -> SafeString:
    """What a new password of `user` must be, in the language of the page."""
    hints = (
        length_hint(user),
        BreachedPasswordValidator().get_help_text(),
        OwnWordsValidator().get_help_text(),
    )
    return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((h,) for h in hints)))


def breached_passwords() -> frozenset[str]:
    # The first people after a start come at once: one of their threads reads the list, the others wait for it.
    with _reading:
        return _read_breached_passwords()


@cache
def _read_breached_passwords() -> frozenset[str]:
    with gzip.open(BREACHED_PASSWORDS, "rt", encoding="utf-8") as lines:
        return frozenset(_plain(line.rstrip("\n")) for line in lines)


class BreachedPasswordValidator:
    """Refuses what attackers try first, also written several times over or with a number behind it."""

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        if _is_tried_first(_plain(password)):
            raise ValidationError(
                _("This password is one of those that attackers try first. Choose another one."),
                code="password_breached",
            )

    def get_help_text(self) -> str:
        return _("Not one that has become known in a breach.")


def _plain(text: str) -> str:
    """As attackers compare: without case, accents and other ways to write the same letter.

    Not all of a text that is too long anyway, so that nobody can keep the server comparing.
    """
    letters = unicodedata.normalize("NFKD", text[:LONGEST_PASSWORD])
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).casefold()


def _is_tried_first(text: str) -> bool:
    cores = {text}
    for _again in range(2):
        cores |= {shape(core) for core in cores for shape in (_unit, _bare, _joined, _numberless)}
    return (
        len(set(text)) < FEWEST_CHARACTERS
        or _repeats_little(text)
        or _repeats_little(_numberless(text))
        or not cores.isdisjoint(breached_passwords())
    )


def _repeats_little(text: str) -> bool:
    unit = _unit(text)
    return unit != text and len(_bare(unit)) < SHORTEST_WITH_SECOND_FACTOR


def _unit(text: str) -> str:
    """The part that `text` repeats: `abcabca` → `abc`, `abc abc` → `abc `; itself where it repeats none."""
    for length in range(1, (len(text) + 1) // 2 + 1):
        if text.startswith(text[length:]):
            return text[:length]
    return text


def _bare(text: str) -> str:
    return text.strip(PUNCTUATION)


def _joined(text: str) -> str:
    """`this is my pass-word` → `thisismypassword`."""
    return text.translate(WITHOUT_PUNCTUATION)


def _numberless(text: str) -> str:
    return text.strip(string.digits + PUNCTUATION)


class OwnWordsValidator:
    """Refuses what is made of the person's own words: little is left when they are taken away."""

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        plain = rest = _plain(password)
        for word in sorted(own_words(user), key=len, reverse=True):
            rest = rest.replace(word, "")
        is_little = len(set(rest)) < SHORTEST_WITH_SECOND_FACTOR or _is_tried_first(rest)
        if rest != plain and is_little:
            raise ValidationError(
                _(
                    "The password is made of your name, address or organisation. Choose other words."
                ),
                code="password_own_words",
            )

    def get_help_text(self) -> str:
        return _("Not made of your name, address or organisation.")


def own_words(user: AbstractBaseUser | None) -> set[str]:
    """The person's texts whole and word by word, as `_plain` spells them."""
    texts = {_plain(text) for text in _own_texts(user)}
    words = texts | {word for text in texts for word in WORD.findall(text)}
    return {word for word in words if len(word) >= SHORTEST_WORD}


def _own_texts(user: AbstractBaseUser | None) -> list[str]:
    texts = [settings.PRODUCT_NAME]
    if isinstance(user, User):
        domain = (user.email or "").rpartition("@")[2]
        texts += [user.first_name, user.last_name, user.email or ""]
        texts += [domain, spelling.shown_domain(domain)]
        texts += [user.tenant.name] if user.tenant else []
    return texts
