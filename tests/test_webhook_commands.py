"""Webhooks by command and in the administration: made, listed, renewed, resumed, deleted; the secret shown once."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from audit.models import AuditEvent
from feed.flows import endpoints
from feed.models import Delivery, Endpoint, Kind
from feed.services import publish
from rms_portal.environment import networks
from tests.factories import OperatorFactory, TenantFactory
from tests.services.receiver import Receiver, receiving
from tests.staff import administrator, sign_in_fresh
from tests.test_commands import refusal, run
from tests.webhooks import is_genuine, work

pytestmark = pytest.mark.django_db
SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{43}=")
LIST = reverse("admin:feed_endpoint_changelist")


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
    page = operator.post(reverse("admin:feed_endpoint_add"), fields)
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
    page = operator.post(reverse("admin:feed_endpoint_add"), {"url": "https://10.0.0.1/"})
    assert "is not on the internet" in page.content.decode()
    assert not Endpoint.objects.exists()


def act(client: Client, action: str, endpoint: Endpoint) -> str:
    fields = {"action": action, "_selected_action": [str(endpoint.pk)]}
    return client.post(LIST, fields, follow=True).content.decode()


def test_an_operator_turns_pauses_resumes_and_deletes(operator: Client, receiver: Receiver) -> None:
    endpoint, first = endpoints.create(url=receiver.url, acting_user=None)
    (second,) = SECRET.findall(act(operator, "rotate_secrets", endpoint))
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
    assert client.get(reverse("admin:feed_endpoint_add")).status_code == 403
    act(client, "delete_them", own)
    assert Endpoint.objects.count() == 2
