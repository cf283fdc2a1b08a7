"""What the link to a new password stands on."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.tokens import PasswordResetTokenGenerator

from tenants.models import User


class ResetTokens(PasswordResetTokenGenerator):
    """Django's, over password, last sign-in and address; and it ends where all sessions end."""

    def _make_hash_value(self, user: AbstractBaseUser, timestamp: int) -> str:
        assert isinstance(user, User)
        return f"{super()._make_hash_value(user, timestamp)}{user.sessions_ended_at}"
