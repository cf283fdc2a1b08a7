"""Completed sign-ups per second in one process, against the raw Argon2id rate of the same process.

Each is a POST of *One last thing …* through the whole WSGI application to a committed account. The
requests and their mails were made before the clock starts; each domain has five people.
"""

from __future__ import annotations

import json
import os
import time

import argon2
import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rms_portal.settings")
django.setup()

from django.core.management import call_command
from django.test import Client

from accounts.hashers import Argon2Hasher
from outbox.links import token_of
from outbox.models import MailLink
from signup.flows.request import CONFIRM, request_sign_up
from signup.selectors import current_documents
from tenants.addresses import parse

SIGN_UPS = 200
PEOPLE_PER_DOMAIN = 5
PASSWORD = "nine violet teapots on parade"


def raw_rate(seconds: float = 3.0) -> float:
    """Hashes per second with the product's own parameters, and nothing else."""
    hasher = argon2.PasswordHasher(
        time_cost=Argon2Hasher.time_cost,
        memory_cost=Argon2Hasher.memory_cost,
        parallelism=Argon2Hasher.parallelism,
    )
    started, hashes = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        hasher.hash(PASSWORD)
        hashes += 1
    return hashes / (time.perf_counter() - started)


def paths() -> list[str]:
    for number in range(SIGN_UPS):
        domain = f"company-{number // PEOPLE_PER_DOMAIN}.example"
        request_sign_up(address=parse(f"person-{number}@{domain}"), language="en")
    links = MailLink.objects.filter(purpose=CONFIRM)
    return [f"/signup/confirm/{token_of(link)}/" for link in links]


def completed_rate() -> float:
    answers = {"first_name": "Robin", "last_name": "Recipient"}
    answers |= {"password1": PASSWORD, "password2": PASSWORD}
    answers |= {document.kind: document.version for document in current_documents("en")}
    waiting = paths()
    client = Client(headers={"host": "127.0.0.1"})
    # One that is not measured: the first request imports and compiles, and loads the middleware.
    assert client.get(waiting[0]).status_code == 200
    started = time.perf_counter()
    for path in waiting:
        client.cookies.clear()  # each is somebody else
        response = client.post(path, answers)
        assert response.status_code == 302, response.content
    return len(waiting) / (time.perf_counter() - started)


def main() -> None:
    call_command("prepare", verbosity=0)
    before = raw_rate()
    completed = completed_rate()
    raw = (before + raw_rate()) / 2
    share = completed / raw
    print(json.dumps({"completed": completed, "argon2id": raw, "share": share}))


if __name__ == "__main__":
    main()
