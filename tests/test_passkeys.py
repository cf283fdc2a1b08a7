"""A passkey signs in alone where it has asked for PIN, finger or face, and not otherwise."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
import time_machine
from django.test import Client

from tenants.models import User
from tests.factories import UserFactory
from tests.passkeys import FLAG, OPTIONS, PRESENT_AND_VERIFIED, SIGN_IN, Passkey
from tests.walk import PASSWORD, ClientVisitor, sign_in

pytestmark = pytest.mark.django_db
SECOND_STEP = "/accounts/2fa/authenticate/"


def somebody_with_a_key() -> Passkey:
    user: User = UserFactory.create()
    client, passkey = Client(), Passkey(user)
    sign_in(ClientVisitor(client), str(user.email))
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert passkey.add(client).status_code == 302
    return passkey


def at_the_second_step(passkey: Passkey) -> tuple[Client, Any]:
    """A browser after the password, and what its page asks a key for: a PIN is not needed there."""
    client = Client()
    assert sign_in(ClientVisitor(client), str(passkey.user.email)).location == SECOND_STEP
    page = OPTIONS.search(client.get(SECOND_STEP).content.decode())
    assert page
    return client, json.loads(page[1])["request_options"]


def test_after_the_password_a_key_need_not_ask_for_its_pin() -> None:
    passkey = somebody_with_a_key()
    client, options = at_the_second_step(passkey)
    client.post(SECOND_STEP, {"credential": passkey.answer(options, FLAG.UP)})
    assert client.get("/welcome/").status_code == 200


@pytest.mark.parametrize(("flags", "status"), [(FLAG.UP, 302), (PRESENT_AND_VERIFIED, 200)])
def test_a_stolen_key_signs_nobody_in_without_its_pin_whatever_page_made_the_challenge(
    flags: FLAG, status: int
) -> None:
    stolen = somebody_with_a_key()
    with time_machine.travel(dt.datetime.now(dt.UTC), tick=False) as clock:
        client, options = at_the_second_step(somebody_with_a_key())
        clock.shift(
            dt.timedelta(minutes=16)
        )  # the second step is over, its challenge is still there
        client.post(SIGN_IN, {"credential": stolen.answer(options, flags)})
        assert client.get("/welcome/").status_code == status
