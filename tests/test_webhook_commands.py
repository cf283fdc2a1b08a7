"""Webhooks by command and in the administration: made, listed, renewed, resumed, deleted; the secret shown once."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from audit.models import AuditEvent
from feed import secrets
from feed.flows import endpoints
from feed.models import Delivery, Endpoint, Kind
from feed.services import publish
from idempotency.models import RequestKey
from rms_portal.environment import networks
from tests.factories import OperatorFactory, TenantFactory
from tests.services.receiver import Receiver, receiving
from tests.staff import administrator, sign_in_fresh
from tests.test_commands import refusal, run
from tests.webhooks import is_genuine, work

pytestmark = pytest.mark.django_db
SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{43}=")
LIST = reverse("admin:feed_endpoint_changelist")
ADD = reverse("admin:feed_endpoint_add")
NEW_SECRET = reverse("admin:feed_endpoint_new_secret")


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    settings.WEBHOOK_NETWORKS = networks(["127.0.0.0/8"])
    with receiving() as found:
        yield found


@pytest.fixture
def operator(client: Client) -> Client:
    return sign_in_fresh(client, OperatorFactory.create())


def happen() -> None:
    publish(kind=Kind.SUBSCRIPTION_CHANGED, tenant_id=uuid.uuid4(), data={})


def test_create_webhook(receiver: Receiver) -> None:
    made = run("create_webhook", receiver.url, "--event", "subscription.changed")
    happen()
    work()
    assert is_genuine(receiver.told[0], made["secret"])
    (row,) = run("list_webhooks")
    assert (row["id"], row["url"], row["state"]) == (made["id"], receiver.url, "active")
    assert row["events"] == ["subscription.changed"]
    assert "secret" not in row
    assert AuditEvent.objects.filter(action="webhook.created").count() == 1
    assert "begins with https://" in refusal("create_webhook", "http://billing.com/")
    assert "WEBHOOK_NETWORKS" in refusal("create_webhook", "https://10.0.0.1/")


def test_create_webhook_of_one_organisation_and_for_show() -> None:
    TenantFactory.create(name="walkers.com")
    url = "https://billing.com/hooks"
    assert "secret" not in run("create_webhook", url, "--dry-run")
    assert run("list_webhooks") == []
    run("create_webhook", url, "--tenant", "walkers.com")
    assert Endpoint.objects.get().tenant


def test_rotate_webhook_secret(receiver: Receiver) -> None:
    made = run("create_webhook", receiver.url)
    turned = run("rotate_webhook_secret", made["id"])
    ended = run("rotate_webhook_secret", made["id"], "--overlap", "0")
    happen()
    work()
    valid = [is_genuine(receiver.told[0], row["secret"]) for row in (made, turned, ended)]
    assert valid == [False, False, True]
    assert turned["previous_secret_until"]
    assert ended["previous_secret_until"] is None
    assert "between 0 and 720" in refusal("rotate_webhook_secret", made["id"], "--overlap", "-1")
    assert "no webhook" in refusal("rotate_webhook_secret", str(uuid.uuid4()))


def test_retry_webhooks(receiver: Receiver) -> None:
    made = run("create_webhook", receiver.url)
    receiver.answers.append(410)
    happen()
    work()
    (row,) = run("list_webhooks")
    assert (row["state"], row["reason"], row["waiting"]) == ("paused", "gone", 1)
    assert run("retry_webhooks") == {"webhooks": 1, "queued": 1}
    work()
    assert Delivery.objects.get().state == "delivered"
    assert run("retry_webhooks", made["id"]) == {"webhooks": 1, "queued": 0}


def test_delete_webhook(receiver: Receiver) -> None:
    made = run("create_webhook", receiver.url)
    happen()
    run("delete_webhook", made["id"])
    work()
    assert receiver.told == []
    assert run("list_webhooks") == []


def test_an_operator_makes_one_in_the_administration_and_sees_the_secret_once(
    operator: Client, receiver: Receiver
) -> None:
    fields = {"url": receiver.url, "tenant": "", "kinds": ["subscription.changed"]}
    page = operator.post(ADD, fields | {"one_time_key": key_on(operator.get(ADD))})
    (secret,) = SECRET.findall(page.content.decode())
    assert "no-store" in page["Cache-Control"]
    happen()
    work()
    assert is_genuine(receiver.told[0], secret)
    endpoint = Endpoint.objects.get()
    for path in (LIST, reverse("admin:feed_endpoint_change", args=(endpoint.pk,))):
        later = operator.get(path)
        assert later.status_code == 200
        assert not SECRET.search(later.content.decode())


def test_what_is_no_address_is_told_at_its_field(operator: Client) -> None:
    page = operator.post(ADD, {"url": "https://10.0.0.1/", "one_time_key": "k"})
    assert "is not on the internet" in page.content.decode()
    assert not Endpoint.objects.exists()


def key_on(page: Any) -> str:
    (key,) = re.findall(r'name="one_time_key" value="([^"]+)"', page.content.decode())
    return str(key)


def test_making_one_twice_by_a_page_that_is_loaded_anew_makes_one_and_shows_no_secret_again(
    operator: Client,
) -> None:
    fields = {"url": "https://own.com/", "one_time_key": key_on(operator.get(ADD))}
    first, again = (operator.post(ADD, fields).content.decode() for _ in range(2))
    assert SECRET.search(first)
    assert not SECRET.search(again)
    assert "was shown once" in again
    assert Endpoint.objects.count() == 1
    answers = str(list(RequestKey.objects.values()))
    assert not SECRET.search(answers)
    assert "was used for another request" in (
        operator.post(ADD, fields | {"url": "https://else.com/"}).content.decode()
    )


def test_a_new_secret_is_given_once_however_often_the_page_is_loaded_anew(
    operator: Client,
) -> None:
    endpoint, _ = endpoints.create(url="https://own.com/", acting_user=None)
    question = act(operator, "rotate_secrets", endpoint)
    assert "https://own.com/" in question
    assert AuditEvent.objects.filter(action="webhook.secret_rotated").count() == 0
    (key,) = re.findall(r'name="one_time_key" value="([^"]+)"', question)
    fields = {"one_time_key": key, "endpoints": [str(endpoint.pk)]}
    first, again = (operator.post(NEW_SECRET, fields).content.decode() for _ in range(2))
    (secret,) = SECRET.findall(first)
    assert not SECRET.search(again)
    assert "if it was lost, give a new one" in again
    endpoint.refresh_from_db()
    assert secrets.opened(endpoint.secret) == secret
    assert AuditEvent.objects.filter(action="webhook.secret_rotated").count() == 1
    assert secret not in str(list(RequestKey.objects.values()))


def test_only_an_operator_with_a_fresh_factor_gives_new_secrets(client: Client) -> None:
    who = administrator()
    own, _ = endpoints.create(url="https://own.com/", tenant=who.tenant, acting_user=None)
    before = own.secret
    fields = {"one_time_key": "k", "endpoints": [str(own.pk)]}
    sign_in_fresh(client, who)
    assert client.post(NEW_SECRET, fields).status_code == 403
    sign_in_fresh(client, OperatorFactory.create(), minutes_ago=11)
    assert client.post(NEW_SECRET, fields).status_code == 302
    assert client.get(NEW_SECRET).status_code == 302
    own.refresh_from_db()
    assert own.secret == before


def test_the_organisation_is_chosen_by_the_beginning_of_its_domain(operator: Client) -> None:
    tenant = TenantFactory.create(name="contoso.com")
    TenantFactory.create(name="other.com")
    page = operator.get(ADD).content.decode()
    assert "admin-autocomplete" in page
    asked = {"app_label": "feed", "model_name": "endpoint", "field_name": "tenant", "term": "con"}
    found = operator.get(reverse("admin:autocomplete"), asked).json()["results"]
    assert found == [{"id": str(tenant.pk), "text": "contoso.com"}]
    fields = {
        "url": "https://own.com/",
        "tenant": tenant.pk,
        "one_time_key": key_on(operator.get(ADD)),
    }
    operator.post(ADD, fields)
    assert Endpoint.objects.get().tenant == tenant


def act(client: Client, action: str, endpoint: Endpoint) -> str:
    fields = {"action": action, "_selected_action": [str(endpoint.pk)]}
    return client.post(LIST, fields, follow=True).content.decode()


def test_an_operator_turns_pauses_resumes_and_deletes(operator: Client, receiver: Receiver) -> None:
    endpoint, first = endpoints.create(url=receiver.url, acting_user=None)
    (key,) = re.findall(
        r'name="one_time_key" value="([^"]+)"', act(operator, "rotate_secrets", endpoint)
    )
    fields = {"one_time_key": key, "endpoints": [str(endpoint.pk)]}
    (second,) = SECRET.findall(operator.post(NEW_SECRET, fields).content.decode())
    assert second != first
    act(operator, "pause", endpoint)
    happen()
    work()
    assert receiver.told == []
    assert "Deliveries that are queued: 1." in act(operator, "retry", endpoint)
    work()
    assert is_genuine(receiver.told[0], second)
    assert "is told nothing any more" in act(operator, "delete_them", endpoint)
    assert not Endpoint.objects.exists()


def test_an_administrator_sees_the_webhooks_of_the_own_organisation_and_makes_none(
    client: Client,
) -> None:
    who = administrator()
    own, _ = endpoints.create(url="https://own.com/", tenant=who.tenant, acting_user=None)
    endpoints.create(url="https://all.com/", acting_user=None)
    sign_in_fresh(client, who)
    page = client.get(LIST).content.decode()
    assert "https://own.com/" in page
    assert "https://all.com/" not in page
    assert "rotate_secrets" not in page
    assert client.get(ADD).status_code == 403
    act(client, "delete_them", own)
    assert Endpoint.objects.count() == 2
