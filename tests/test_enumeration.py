"""Nobody learns from us who has an account: one answer for every state, and one mail for each."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from outbox.models import OutboxMail
from tenants.models import Tenant
from tests import account_states
from tests.account_states import NEW, STATES
from tests.factories import SubscriptionFactory
from tests.strangers import stranger
from tests.walk import CSRF_FIELD, PASSWORD

pytestmark = pytest.mark.django_db

FREE: dict[str, bool] = {}
ORGANISATIONS = {
    "free plan": FREE,
    "paid plan": FREE,
    "no new accounts": {"allow_email_verified_users": False},
    "switched off": {"allow_ad_hoc_subscriptions": False},
}
DIGITS_TOKEN = re.compile(r"gAAAA[\w=-]+")
RANDOM = {"X-Request-ID", "Expires"}  # Expires is the time of the answer.
Answer = tuple[int, dict[str, str], list[dict[str, Any]], str]


def addresses(organisation: str) -> dict[str, str]:
    """One address in each state, all of the same length."""
    found = {}
    for number, state in enumerate(STATES):
        found[state] = f"anna@firm-{number}.com"
        account_states.make(state, [found[state]], **ORGANISATIONS[organisation])
    if organisation == "paid plan":
        for tenant in Tenant.objects.all():
            SubscriptionFactory.create(tenant=tenant)
    return found


def answer(response: Any, address: str) -> Answer:
    """All that a stranger sees, less what is random for everybody and the address that they typed."""
    name = address.partition("@")[2]
    cookies = [
        {**dict(cookie), "name": key, "expires": ""} for key, cookie in response.cookies.items()
    ]
    headers = dict(response.headers) | dict.fromkeys(RANDOM & {*response.headers}, "")
    page = DIGITS_TOKEN.sub("", CSRF_FIELD.sub("", response.content.decode()))
    return response.status_code, headers, cookies, page.replace(address, "").replace(name, "")


def sign_up(client: Client, address: str) -> list[Any]:
    pages = [client.post("/signup/", {"email": address}), client.get("/signup/check-your-mail/")]
    return [*pages, client.get("/accounts/login/?plan=1")]


def resend(client: Client, address: str) -> list[Any]:
    return [client.post("/signup/resend/"), client.get("/signup/check-your-mail/")]


def reset(client: Client, address: str) -> list[Any]:
    response = client.post("/accounts/password/reset/", {"email": address})
    return [response, client.get("/accounts/password/reset/done/")]


def sign_in(client: Client, address: str) -> list[Any]:
    fields = {"login": address, "password": f"not {PASSWORD}"}
    return [client.post("/accounts/login/", fields), client.get("/welcome/")]


def the_same(answers: dict[str, list[Answer]]) -> None:
    for state, given in answers.items():
        assert given == answers[NEW], state


def mails() -> dict[str, int]:
    counts: dict[str, int] = {}
    for address in OutboxMail.objects.values_list("to_address", flat=True):
        counts[address] = counts.get(address, 0) + 1
    return counts


@pytest.mark.parametrize("organisation", ORGANISATIONS)
def test_signing_up_and_asking_again_answer_the_same_in_every_state(organisation: str) -> None:
    known = addresses(organisation)
    clients = {state: stranger() for state in known}
    asked, again = {}, {}
    for state, address in known.items():
        asked[state] = [answer(page, address) for page in sign_up(clients[state], address)]
    the_same(asked)
    expected = 0 if organisation == "switched off" else 1
    assert [mails().get(address, 0) for address in known.values()] == [expected] * len(STATES)
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=2)):
        for state, address in known.items():
            again[state] = [answer(page, address) for page in resend(clients[state], address)]
    the_same(again)
    assert [mails().get(address, 0) for address in known.values()] == [2 * expected] * len(STATES)


def test_asking_for_a_reset_answers_the_same_in_every_state() -> None:
    known = addresses("free plan")
    the_same({s: [answer(page, a) for page in reset(stranger(), a)] for s, a in known.items()})
    assert mails() == dict.fromkeys(known.values(), 1)


def test_a_wrong_password_answers_the_same_in_every_state() -> None:
    known = addresses("free plan")
    the_same({s: [answer(page, a) for page in sign_in(stranger(), a)] for s, a in known.items()})
    assert not OutboxMail.objects.exists()


def test_many_wrong_passwords_answer_the_same_in_every_state() -> None:
    known = addresses("free plan")
    last = {}
    for state, address in known.items():
        for _ in range(7):
            last[state] = [answer(page, address) for page in sign_in(stranger(), address)]
    the_same(last)
