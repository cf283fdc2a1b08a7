"""Begins sign-ups in the database of the environment's settings, and prints the paths of their links."""

from __future__ import annotations

import os
import secrets
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rms_portal.settings")
django.setup()

from django.utils import timezone

from outbox.links import token_of
from outbox.models import MailLink
from signup.flows.request import CONFIRM, request_sign_up
from tenants.addresses import parse

PEOPLE_PER_DOMAIN = 5


def main(count: int) -> None:
    started = timezone.now()
    for number in range(count):
        if number % PEOPLE_PER_DOMAIN == 0:
            domain = f"firm-{secrets.token_hex(8)}.com"
        request_sign_up(address=parse(f"person-{number}@{domain}"), language="en")
    for link in MailLink.objects.filter(purpose=CONFIRM, created_at__gte=started):
        sys.stdout.write(f"/signup/confirm/{token_of(link)}/\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
