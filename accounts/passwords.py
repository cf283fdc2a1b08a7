"""Which passwords are refused, each with what to do instead (NIST SP 800-63B-4, 3.1.1)."""

from __future__ import annotations

import gzip
import re
from functools import cache
from pathlib import Path

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from tenants.models import User

SHORTEST_PASSWORD = 15
SHORTEST_WITH_SECOND_FACTOR = 8
LONGEST_PASSWORD = 256
BREACHED_PASSWORDS = Path(__file__).parent / "data" / "breached_passwords.txt.gz"
SHORTEST_WORD = 4
WORD = re.compile(r"[^\W_]+")


def shortest_for(user: AbstractBaseUser | None) -> int:
    """Characters that a new password of `user` needs at least."""
    has_second_factor = user is not None and user.pk is not None and is_mfa_enabled(user)
    return SHORTEST_WITH_SECOND_FACTOR if has_second_factor else SHORTEST_PASSWORD


class LengthValidator:
    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        shortest = shortest_for(user)
        if len(password) < shortest:
            raise ValidationError(
                _(
                    "The password needs %(shortest)d characters or more. A sentence is easy to remember."
                ),
                code="password_too_short",
                params={"shortest": shortest},
            )
        if len(password) > LONGEST_PASSWORD:
            raise ValidationError(
                _("The password can have %(longest)d characters at most."),
                code="password_too_long",
                params={"longest": LONGEST_PASSWORD},
            )

    def get_help_text(self) -> str:
        return _("At least %(shortest)d characters. A sentence is easy to remember.") % {
            "shortest": SHORTEST_PASSWORD
        }


@cache
def breached_passwords() -> frozenset[str]:
    with gzip.open(BREACHED_PASSWORDS, "rt", encoding="utf-8") as lines:
        return frozenset(line.rstrip("\n") for line in lines)


class BreachedPasswordValidator:
    """Refuses what attackers try first, also written several times over or with a number behind it."""

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        plain = password.lower()
        candidates = {plain, plain.rstrip("0123456789!.?"), _unit(plain)}
        if candidates & breached_passwords() or len(set(plain)) < 4:
            raise ValidationError(
                _("This password is one of those that attackers try first. Choose another one."),
                code="password_breached",
            )

    def get_help_text(self) -> str:
        return _("Not one that has become known in a breach.")


def _unit(text: str) -> str:
    """The part that `text` repeats: `abcabc` → `abc`; itself where it repeats none."""
    period = (text + text).find(text, 1)
    return text[:period]


class OwnWordsValidator:
    """Refuses what is made of the person's own words: little is left when they are taken away."""

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        rest = password.lower()
        for word in sorted(own_words(user), key=len, reverse=True):
            rest = rest.replace(word, "")
        is_made_of_them = rest != password.lower() and len(set(rest)) < SHORTEST_WITH_SECOND_FACTOR
        if is_made_of_them:
            raise ValidationError(
                _(
                    "The password is made of your name, address or organisation. Choose other words."
                ),
                code="password_own_words",
            )

    def get_help_text(self) -> str:
        return _("Not made of your name, address or organisation.")


def own_words(user: AbstractBaseUser | None) -> set[str]:
    texts = [settings.PRODUCT_NAME]
    if isinstance(user, User):
        texts += [user.first_name, user.last_name, user.email or ""]
    words = {word for text in texts for word in WORD.findall(text.lower())}
    return {word for word in words if len(word) >= SHORTEST_WORD}
