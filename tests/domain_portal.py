"""Organisations and people who look after domains in the browser, and how they do it."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from outbox import announcing
from tenants import tasks
from tenants.models import Domain, DomainProof, Takeover, Tenant, User
from tests.factories import OperatorFactory, TenantFactory, UserFactory
from tests.second_factors import set_up_app
from tests.staff import administrator, sign_in_fresh
from tests.takeovers import proven

DAY = dt.timedelta(days=1)
DOMAINS = "/admin/tenants/domain/"
ADD = f"{DOMAINS}add/"
TAKE = f"{DOMAINS}take-over/firm.com/"


@pytest.fixture
def boss() -> User:
    """Administers contoso.com; firm.com is nobody's yet."""
    user = administrator(TenantFactory.create(name="contoso.com", state=Tenant.State.MANAGED))
    set_up_app(user)
    return user


@pytest.fixture
def portal(client: Client, boss: User) -> Client:
    return sign_in_fresh(client, boss)


@pytest.fixture
def firm() -> Tenant:
    tenant = TenantFactory.create(name="firm.com")
    UserFactory.create_batch(2, tenant=tenant)
    return tenant


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    taken: list[tuple[str, ...]] = []

    def send_task(task: str, arguments: tuple[str, ...], **_: object) -> None:
        taken.append((task, *arguments))

    monkeypatch.setattr(announcing._announcer._app, "send_task", send_task)
    return taken


@pytest.fixture
def operator() -> Client:
    user = OperatorFactory.create()
    set_up_app(user)
    return sign_in_fresh(Client(), user)


@pytest.fixture
def neighbour() -> tuple[User, Client]:
    """The administrator of another organisation."""
    user = administrator(TenantFactory.create(name="near.com", state=Tenant.State.MANAGED))
    set_up_app(user)
    return user, sign_in_fresh(Client(), user)


def page(client: Client, path: str) -> str:
    answer = client.get(path, follow=True)
    assert answer.status_code == 200, path
    return str(answer.content.decode())


def prove_page(proof: DomainProof) -> str:
    return f"{DOMAINS}prove/{proof.pk}/"


def takeover_page(takeover: Takeover, name: str = "change") -> str:
    return reverse(f"admin:tenants_takeover_{name}", args=(takeover.pk,))


def taken_over(portal: Client) -> Takeover:
    portal.post(TAKE, {"typed": "firm.com"})
    takeover = Takeover.objects.get()
    tasks.run_takeover(str(takeover.pk))
    takeover.refresh_from_db()
    assert takeover.state == Takeover.State.DONE
    return takeover


def offered(portal: Client, boss: User) -> Domain:
    proven(boss, "neu.com")
    domain = Domain.objects.get(name="neu.com")
    there = f"{DOMAINS}{domain.pk}/offer/?to=near.com"
    assert "Offer neu.com to near.com" in page(portal, there)
    portal.post(there, {"typed": "neu.com"})
    return domain


def done_by_a_worker(sent: list[tuple[str, ...]]) -> None:
    """What presses have asked for."""
    while sent:
        task, takeover_id = sent.pop(0)
        assert task == "tenants.tasks.run_takeover"
        tasks.run_takeover(takeover_id)
