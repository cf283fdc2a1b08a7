"""Second factors: how their secrets are kept, checking a code, and what to do when a key was lost.

Secrets of authenticator apps and recovery codes are encrypted under SECRET_KEY. What an earlier key of
SECRET_KEY_FALLBACKS encrypted is still read, and encrypted anew when it is used, and every night.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac

from accounts.exceptions import SecretsUnreadable
from limits.limit import Limit
from tenants.models import User

# A code is good for its own 30 seconds and those before and after (RFC 6238, 5.2: never twice).
CODE_USED = Limit("accounts.code_used", "1 in 2 minutes")
ENCRYPTED = ("secret", "seed")
WITH_SECRETS = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)


def encrypt(text: str) -> str:
    return MultiFernet(list(_keys())).encrypt(text.encode()).decode()


def decrypt(encrypted: str) -> str:
    """Raises SecretsUnreadable."""
    try:
        return MultiFernet(list(_keys())).decrypt(encrypted.encode()).decode()
    except InvalidToken:
        raise SecretsUnreadable from None


def authenticator_for(user: User, code: str) -> Authenticator | None:
    """The app or recovery codes of `user` that `code` belongs to; it is used up by this.

    Raises SecretsUnreadable where none takes it, but not all could be read.
    """
    unreadable = False
    for authenticator in Authenticator.objects.filter(user=user, type__in=WITH_SECRETS):
        try:
            if _takes(authenticator, code):
                renew(authenticator)
                return authenticator
        except SecretsUnreadable:
            unreadable = True
    if unreadable:
        raise SecretsUnreadable
    return None


def _takes(authenticator: Authenticator, code: str) -> bool:
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        return bool(authenticator.wrap().validate_code(code))
    secret = decrypt(authenticator.data["secret"])
    return totp.validate_totp_code(secret, code) and CODE_USED.take(
        f"{authenticator.user_id} {normalize_user_code(code)}"
    )


def has_unreadable(user: User) -> bool:
    found = Authenticator.objects.filter(user=user, type__in=WITH_SECRETS)
    return any(_is_unreadable(authenticator) for authenticator in found)


def renew(authenticator: Authenticator) -> bool:
    """Encrypts the secret under the newest SECRET_KEY; whether it was under an older one."""
    if not _is_old(authenticator):
        return False
    with transaction.atomic():
        stored = Authenticator.objects.select_for_update().get(pk=authenticator.pk)
        for name in _encrypted(stored):
            stored.data[name] = encrypt(decrypt(stored.data[name]))
        stored.save(update_fields=("data",))
    return True


def renew_all() -> tuple[int, int]:
    """How many were encrypted anew, and how many cannot be read."""
    renewed = unreadable = 0
    for authenticator in Authenticator.objects.filter(type__in=WITH_SECRETS).iterator():
        if _is_unreadable(authenticator):
            unreadable += 1
        else:
            renewed += renew(authenticator)
    return renewed, unreadable


def _is_unreadable(authenticator: Authenticator) -> bool:
    try:
        for name in _encrypted(authenticator):
            decrypt(authenticator.data[name])
    except SecretsUnreadable:
        return True
    return False


def _is_old(authenticator: Authenticator) -> bool:
    newest = next(_keys())
    try:
        for name in _encrypted(authenticator):
            newest.decrypt(authenticator.data[name].encode())
    except InvalidToken:
        return True
    return False


def _encrypted(authenticator: Authenticator) -> list[str]:
    return [name for name in ENCRYPTED if name in authenticator.data]


def _keys() -> Iterator[Fernet]:
    """The newest first."""
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        mac = salted_hmac("accounts.second_factors", "key", secret=secret, algorithm="sha256")
        yield Fernet(base64.urlsafe_b64encode(mac.digest()))
