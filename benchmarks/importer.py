"""Makes an organisation with an administrator who has just signed in, in the database of the environment's settings;
prints its domain and the session as JSON.
"""

from __future__ import annotations

import json
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rms_portal.settings")
django.setup()

from django.test import Client
from django.utils import timezone

from tenants.models import Address, Domain, Tenant, User
from tests.staff import sign_in_fresh

NAME = "an-importing-firm.com"


def main() -> None:
    tenant = Tenant.objects.create(name=NAME, state=Tenant.State.MANAGED)
    domain = Domain.objects.create(name=NAME, tenant=tenant, state=Domain.State.VERIFIED)
    boss = User.objects.create(
        email=f"boss@{NAME}",
        tenant=tenant,
        role=User.Role.ADMINISTRATOR,
        creation_method=User.CreationMethod.ADMIN,
    )
    Address.objects.create(
        address=str(boss.email), user=boss, domain=domain, proven_at=timezone.now()
    )
    session = sign_in_fresh(Client(), boss).session
    print(json.dumps({"domain": NAME, "session": session.session_key}))


if __name__ == "__main__":
    main()
