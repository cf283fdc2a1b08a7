"""Second factors in tests: an app that shows codes, set up without the page."""

from __future__ import annotations

import time

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.test import override_settings

from tenants.models import User

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
OLD_KEY = "an-older-key-" + "x" * 50
STEP = 30  # seconds, RFC 6238, 4.1


def set_up_app(user: User, *, under: str | None = None) -> Authenticator:
    """An app and recovery codes, encrypted under the key of now or another one."""
    kept = {"SECRET_KEY": under} if under else {}
    with override_settings(**kept):
        RecoveryCodes.activate(user)
        app: Authenticator = totp.TOTP.activate(user, SECRET).instance
        return app


def shown_code(*, steps: int = 0, secret: str = SECRET) -> str:
    """What the app shows now, or some steps later."""
    code: str = totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // STEP + steps))
    return code


def recovery_codes(user: User) -> list[str]:
    row = Authenticator.objects.get(user=user, type=Authenticator.Type.RECOVERY_CODES)
    codes: list[str] = row.wrap().get_unused_codes()
    return codes
