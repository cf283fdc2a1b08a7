"""The admin site: operators see the installation; nobody else sees anything."""

from __future__ import annotations

import uuid

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import AuditEvent
from outbox.models import OutboxMail
from signup.models import LegalDocument, WelcomeItem
from tenants.models import DomainRule, Tenant, User
from tests.factories import OperatorFactory, SubscriptionFactory, TenantFactory, UserFactory
from tests.outbox import LocalInbox
from tests.staff import sign_in_fresh
from tests.walk import PASSWORD, ClientVisitor, ask, sign_up

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client: Client) -> Client:
    return sign_in_fresh(client, OperatorFactory.create())


def lists() -> list[str]:
    return [
        reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for model in admin.site._registry
    ]


def test_every_list_and_every_row_page_opens(operator: Client) -> None:
    SubscriptionFactory.create()
    sign_up(ClientVisitor(Client()), LocalInbox(), "anna@walkers.com")
    TenantFactory.create()
    DomainRule.objects.create(domain="bad.com", decision="block")
    for model in admin.site._registry:
        label = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        page = operator.get(reverse(f"{label}_changelist"), {"q": "a"})
        assert page.status_code == 200, label
        row = model._default_manager.first()
        if row:
            assert operator.get(reverse(f"{label}_change", args=(row.pk,))).status_code == 200


def test_the_history_of_a_row_is_what_the_audit_log_has_of_it(operator: Client) -> None:
    sign_up(ClientVisitor(Client()), LocalInbox(), "anna@walkers.com")
    user = User.objects.get(email="anna@walkers.com")
    for name, key, action in (
        ("user", user.pk, "user.created"),
        ("tenant", user.tenant_id, "tenant.created"),
    ):
        history = reverse(f"admin:tenants_{name}_history", args=(key,))
        events = operator.get(history, follow=True).content.decode()
        assert action in events
        assert "signup.completed" not in events
    assert (
        operator.get(reverse("admin:tenants_user_history", args=(uuid.uuid4(),))).status_code == 404
    )


def test_a_search_says_what_it_looks_for(operator: Client) -> None:
    page = operator.get(reverse("admin:tenants_user_changelist")).content.decode()
    assert "The beginning of an address." in page


def test_what_cannot_be_changed_offers_no_change(operator: Client) -> None:
    organisation, terms = TenantFactory.create(), LegalDocument.objects.filter(kind="terms")[0]
    page = operator.get(reverse("admin:tenants_tenant_change", args=(organisation.pk,)))
    assert [inline.has_add_permission for inline in page.context["inline_admin_formsets"]] == [
        False
    ]
    page = operator.get(reverse("admin:signup_legaldocument_change", args=(terms.pk,)))
    assert 'name="_save"' not in page.content.decode()


def test_libraries_show_no_pages_of_their_own() -> None:
    apps = {model._meta.app_label for model in admin.site._registry}
    assert apps == {"audit", "outbox", "tenants", "subscriptions", "signup", "feed"}


@pytest.mark.parametrize("who", ["nobody", "member", "administrator", "disabled operator"])
def test_nobody_else_enters(client: Client, who: str) -> None:
    if who == "disabled operator":
        client.force_login(operator := OperatorFactory.create())
        operator.state = "disabled"
        operator.save()
    elif who != "nobody":
        client.force_login(UserFactory.create(role=who))
    for path in ("/admin/", *lists()):
        answer = client.get(path)
        refused = answer.status_code == 403
        to_sign_in = answer.status_code == 302
        assert refused or to_sign_in, path
        if to_sign_in:
            last = client.get(path, follow=True)
            assert last.status_code in {200, 403}
            assert b"changelist" not in last.content


def test_signing_in_to_the_admin_happens_on_our_own_page(client: Client) -> None:
    operator = OperatorFactory.create()
    page = client.get("/admin/", follow=True)
    assert page.redirect_chain[-1][0].startswith("/accounts/login/?next=/admin/")
    visitor = ClientVisitor(client)
    answer = visitor.post(
        "/accounts/login/?next=/admin/",
        {"login": str(operator.email), "password": "nine violet teapots on parade"},
    )
    assert answer.location == "/admin/"
    assert visitor.get("/admin/").status == 200


def test_a_password_is_changed_on_our_own_page(client: Client) -> None:
    client.force_login(who := OperatorFactory.create())
    new = {
        "new_password1": "a calm river finds the door",
        "new_password2": "a calm river finds the door",
    }
    for answer in (
        client.get("/admin/password_change/"),
        client.post("/admin/password_change/", {"old_password": PASSWORD, **new}),
    ):
        assert answer.headers["Location"] == reverse("account_change_password")
    who.refresh_from_db()
    assert who.check_password(PASSWORD)


def test_switches_are_set_with_an_audit_row(operator: Client) -> None:
    tenant = TenantFactory.create()
    domain = tenant.domains.get()
    page = reverse("admin:tenants_tenant_change", args=(tenant.id,))
    inline = {
        "domains-TOTAL_FORMS": "1",
        "domains-INITIAL_FORMS": "1",
        "domains-0-id": str(domain.id),
        "domains-0-tenant": str(tenant.id),
    }
    answer = operator.post(page, {"allow_email_verified_users": "on", **inline})
    assert answer.status_code == 302
    tenant = Tenant.objects.get()
    assert (tenant.allow_ad_hoc_subscriptions, tenant.allow_email_verified_users) == (False, True)
    event = AuditEvent.objects.get(action="tenant.settings_changed")
    assert str(event.actor_id) == operator.session["_auth_user_id"]


def test_a_domain_is_blocked_in_its_one_spelling(operator: Client) -> None:
    page = reverse("admin:tenants_domainrule_add")
    answer = operator.post(page, {"domain": "MÜNCHEN.de", "decision": "block", "reason": "abuse"})
    assert answer.status_code == 302
    assert DomainRule.objects.get().domain == "xn--mnchen-3ya.de"
    assert AuditEvent.objects.filter(action="domain.blocked").exists()
    wrong = operator.post(page, {"domain": "not a domain", "decision": "block"})
    assert b"not a domain name" in wrong.content


def test_mail_is_sent_again_from_the_list_row_by_row(operator: Client) -> None:
    for name in ("anna", "bert", "carl"):
        ask(ClientVisitor(Client()), f"{name}@walkers.com")
    failed, bounced, sent = OutboxMail.objects.order_by("to_address")
    now = timezone.now()
    OutboxMail.objects.filter(id=failed.id).update(state="failed", failed_at=now)
    OutboxMail.objects.filter(id=bounced.id).update(state="bounced", failed_at=now)
    OutboxMail.objects.filter(id=sent.id).update(state="sent", handed_over_at=now)
    page = operator.post(
        reverse("admin:outbox_outboxmail_changelist"),
        {"action": "retry_now", "_selected_action": [failed.id, bounced.id, sent.id]},
        follow=True,
    ).content.decode()
    assert "2 mails are queued." in page
    assert "The mail to carl@walkers.com" in page
    assert "was left as it is" in page
    states = OutboxMail.objects.order_by("to_address").values_list("state", "failed_at")
    assert list(states) == [("queued", None), ("queued", None), ("sent", None)]
    audited = AuditEvent.objects.filter(action="mail.retried").values_list("subject", flat=True)
    assert set(audited) == {f"mail:{failed.id}", f"mail:{bounced.id}"}


def test_no_usable_link_is_in_the_admin(operator: Client) -> None:
    ask(ClientVisitor(Client()), "anna@walkers.com")
    token = LocalInbox().mails_to("anna@walkers.com")[-1].link().split("/")[3]
    mail = OutboxMail.objects.get()
    page = operator.get(reverse("admin:outbox_outboxmail_change", args=(mail.id,)))
    assert token.encode() not in page.content


def test_the_welcome_page_shows_what_operators_offer(operator: Client) -> None:
    item = {
        "section": "download",
        "device": "windows",
        "title": "Viewer for Windows",
        "position": "1",
    }
    page = reverse("admin:signup_welcomeitem_add")
    refused = operator.post(page, {**item, "url": "http://insecure.example.org", "is_shown": "on"})
    assert b"https address" in refused.content
    operator.post(page, {**item, "url": "https://downloads.example.org/viewer", "is_shown": "on"})
    welcome = operator.get("/welcome/").content.decode()
    assert "Viewer for Windows" in welcome
    WelcomeItem.objects.update(is_shown=False)
    assert "Viewer for Windows" not in operator.get("/welcome/").content.decode()
