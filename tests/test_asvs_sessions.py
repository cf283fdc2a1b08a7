"""What OWASP ASVS 5.0 asks of sessions and factors, where no other file shows it; see docs/asvs.md."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from accounts.session_store import SessionStore
from tenants.models import User
from tests.factories import OperatorFactory, UserFactory
from tests.second_factors import set_up_app
from tests.test_every_page import PUBLIC, addresses
from tests.walk import PASSWORD, ClientVisitor, sign_in

pytestmark = pytest.mark.django_db
PROVE = "/accounts/reauthenticate/"
FACTORS = (
    *("totp/activate/", "totp/deactivate/", "webauthn/add/", "recovery-codes/"),
    *("recovery-codes/download/", "recovery-codes/generate/"),
    *("webauthn/keys/1/edit/", "webauthn/keys/1/remove/"),
)


@pytest.fixture
def anna() -> User:
    user: User = UserFactory.create()
    return user


@pytest.fixture
def visitor(client: Client, anna: User) -> ClientVisitor:
    """Anna, signed in."""
    visitor = ClientVisitor(client)
    sign_in(visitor, str(anna.email))
    return visitor


@pytest.mark.parametrize("who", ["member", "operator"])
def test_one_can_sign_out_from_every_page(who: str) -> None:
    client, seen = Client(), 0
    client.force_login(OperatorFactory.create() if who == "operator" else UserFactory.create())
    for path in addresses():
        answer = client.get(path)
        if path in PUBLIC or answer.status_code != 200 or "html" not in answer["Content-Type"]:
            continue
        seen += 1
        page = answer.content.decode()
        assert re.search(r'(href|action)="/(accounts|admin)/logout/"', page), path
    assert seen >= 4


def test_the_key_of_a_session_has_more_than_128_random_bits() -> None:
    keys = set()
    for _ in range(300):
        session = SessionStore()
        session.create()
        keys.add(session.session_key or "")
    assert len(keys) == 300
    assert all(re.fullmatch(r"[a-z0-9]{32}", key) for key in keys)  # 36 ** 32 > 2 ** 165
    assert all(len({key[place] for key in keys}) > 20 for place in range(32))


@pytest.mark.parametrize("path", FACTORS)
def test_changing_how_one_signs_in_needs_the_password_again(
    visitor: ClientVisitor, anna: User, path: str
) -> None:
    set_up_app(anna)
    here = f"/accounts/2fa/{path}"
    assert visitor.get(here).location.startswith(PROVE)
    sent = visitor.post(here, {})
    assert sent.status == 405 or sent.location.startswith(PROVE)
    assert Authenticator.objects.filter(user=anna).count() == 2


@pytest.mark.parametrize("path", ["edit", "remove"])
def test_nobody_reaches_the_passkey_of_somebody_else(visitor: ClientVisitor, path: str) -> None:
    key = Authenticator.objects.create(
        user=UserFactory.create(), type=Authenticator.Type.WEBAUTHN, data={"name": "Ben's"}
    )
    visitor.post(PROVE, {"password": PASSWORD})
    here = f"/accounts/2fa/webauthn/keys/{key.pk}/{path}/"
    assert visitor.get(here).status == 404
    assert visitor.post(here, {"name": "Mine"}).status == 404
    assert Authenticator.objects.get().data == {"name": "Ben's"}


def test_pages_of_factors_lead_to_the_other_sessions(visitor: ClientVisitor) -> None:
    for path in ("/accounts/2fa/", "/accounts/2fa/webauthn/", "/account/"):
        assert 'href="/accounts/sessions/"' in visitor.get(path).text
