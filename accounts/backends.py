"""Who signs in: the one account that has the address, in its one spelling."""

from __future__ import annotations

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.base_user import AbstractBaseUser

from tenants.selectors import user_by_typed_address


class AddressBackend(AuthenticationBackend):
    """allauth's backend, which compares addresses case-insensitively, with our exact look-up."""

    def _authenticate_by_email(self, email: str, password: str) -> AbstractBaseUser | None:
        user: AbstractBaseUser | None = self._check_password(user_by_typed_address(email), password)
        return user
