"""Whether SECRET_KEY is the one that this database was used with.

The database keeps an HMAC of the key's name under the key. It gives nobody the key, and tells a wrong one
before people find out that their codes and links no longer work. `prepare` writes it.
"""

from __future__ import annotations

import logging
from enum import Enum

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from audit.services import record
from rms_portal.models import KeyMark

logger = logging.getLogger(__name__)
SECRET_KEY = "SECRET_KEY"  # noqa: S105 -- its name
WRONG = (
    "SECRET_KEY is not the one that this database was used with: sessions would end, and codes of "
    "authenticator apps could not be checked. Set SECRET_KEY to the one of before, or name that in "
    "SECRET_KEY_FALLBACKS. If it is lost for good: manage.py prepare --new-secret-key (docs/operators.md, "
    "'When SECRET_KEY is lost', says what is lost with it)."
)


class KeyState(Enum):
    UNMARKED = "unmarked"
    CURRENT = "current"
    FALLBACK = "fallback"
    WRONG = "wrong"


def state() -> KeyState:
    """What the mark in the database says about the keys of the settings."""
    kept = KeyMark.objects.filter(name=SECRET_KEY).first()
    if kept is None:
        return KeyState.UNMARKED
    if constant_time_compare(kept.mark, _mark(settings.SECRET_KEY)):
        return KeyState.CURRENT
    if any(constant_time_compare(kept.mark, _mark(key)) for key in settings.SECRET_KEY_FALLBACKS):
        return KeyState.FALLBACK
    return KeyState.WRONG


def _mark(key: str) -> str:
    return salted_hmac("rms_portal.keys", SECRET_KEY, secret=key, algorithm="sha256").hexdigest()


@transaction.atomic
def remember() -> None:
    """The key of the settings is the one of this database, from now on."""
    before = state()
    if before is KeyState.CURRENT:
        return
    KeyMark.objects.update_or_create(
        name=SECRET_KEY,
        defaults={"mark": _mark(settings.SECRET_KEY), "made_at": timezone.now()},
    )
    if before in {KeyState.FALLBACK, KeyState.WRONG}:
        record(
            action="installation.key_changed",
            subject=f"key:{SECRET_KEY}",
            tenant_id=None,
            acting_user=None,
            details={"old_key_still_read": before is KeyState.FALLBACK},
        )


def check_at_start() -> None:
    """One line in the log of a process that starts with a key of somewhere else."""
    try:
        if state() is KeyState.WRONG:
            logger.critical(WRONG)
    except DatabaseError as error:
        logger.warning("SECRET_KEY could not be checked: %s", type(error).__name__)
    finally:
        connection.close()
