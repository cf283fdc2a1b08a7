"""Who acts in the admin site."""

from __future__ import annotations

from django.http import HttpRequest

from tenants.models import User


def operator_of(request: HttpRequest) -> User:
    """Whoever is signed in to the admin site."""
    assert isinstance(request.user, User)
    return request.user
