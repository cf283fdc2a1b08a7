"""Signing staff in: as if they had just given password and second factor."""

from __future__ import annotations

import time

from allauth.account.internal.flows.login import (
    _AUTHENTICATION_METHODS_USER_SESSION_KEY as OF_USER,
)
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY as RECORDS
from django.test import Client

from tenants.models import Tenant, User
from tests.factories import TenantFactory, UserFactory


def administrator(tenant: Tenant | None = None) -> User:
    """Of a managed organisation, which is made where none is given."""
    tenant = tenant or TenantFactory.create(state=Tenant.State.MANAGED)
    return UserFactory.create(tenant=tenant, role=User.Role.ADMINISTRATOR)


def sign_in_fresh(client: Client, user: User, *, minutes_ago: float = 0) -> Client:
    client.force_login(user)
    session = client.session
    at = time.time() - 60 * minutes_ago
    session[RECORDS] = [{"method": method, "at": at} for method in ("password", "mfa")]
    session[OF_USER] = str(user.pk)
    session.save()
    return client
