"""Whoever must choose a new password reaches nothing before: no page, no address for programs, no link of a mail."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import resolve, reverse

from accounts.middleware import NewPasswordMiddleware
from tenants.models import User
from tests.factories import OperatorFactory, UserFactory
from tests.staff import administrator, sign_in_fresh
from tests.tables import changed, everything
from tests.test_every_page import addresses

pytestmark = pytest.mark.django_db
CHANGE = reverse("account_change_password")
OPEN = {
    *(CHANGE, "/accounts/password/set/", "/accounts/logout/", "/language/"),
    *("/accounts/password/reset/", "/accounts/password/reset/done/"),
    *("/accounts/password/reset/key/x-x/", "/accounts/password/reset/key/done/"),
    *("/challenge/x/picture.png", "/challenge/x/sound.wav", "/legal/x/"),
    *("/healthz", "/readyz", "/metrics"),
}
MAKERS: dict[str, Callable[[], User]] = {
    "member": UserFactory.create,
    "administrator": administrator,
    "operator": OperatorFactory.create,
}


def test_nothing_else_is_open() -> None:
    """Names are without their namespace there, so another address could have one of them by chance."""
    found = {path for path in addresses() if resolve(path).url_name in NewPasswordMiddleware.OPEN}
    assert found == OPEN


@pytest.mark.parametrize("who", MAKERS)
def test_no_address_opens_or_changes_anything_before(client: Client, who: str) -> None:
    user = MAKERS[who]()
    User.objects.filter(pk=user.pk).update(must_choose_password=True)
    sign_in_fresh(client, user)
    before, closed = everything(), 0
    for path in set(addresses()) - OPEN:
        for answer in (client.get(path), client.post(path, {"action": "x", "post": "yes"})):
            assert answer.headers["Location"] == CHANGE, path
            closed += 1
    assert closed > 100
    assert changed(before, everything()) <= {"django_session", "usersessions_usersession"}
