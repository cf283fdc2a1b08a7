"""A domain that an operator classes as personal: nobody joins with it, as with one that is blocked, and reads why."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import AuditEvent
from tenants.models import DomainRule, User
from tests.factories import OperatorFactory, UserFactory
from tests.outbox import LocalInbox
from tests.staff import sign_in_fresh
from tests.test_commands import refusal, run
from tests.walk import ClientVisitor, ask, finish, sign_in

pytestmark = pytest.mark.django_db
DOMAIN = "mailhouse.com"
PERSONAL = "This is a personal address."


def events() -> list[str]:
    return list(
        AuditEvent.objects.filter(action__contains="personal")
        .order_by("at")
        .values_list("action", flat=True)
    )


def test_whoever_signs_up_there_reads_that_the_address_is_personal(client: Client) -> None:
    run("block_domain", DOMAIN, "--personal", "--reason", "a mail provider")
    for address in (f"anna@{DOMAIN}", f"anna@lab.{DOMAIN}"):
        page = client.post("/signup/", {"email": address})
        assert page.status_code == 200
        assert PERSONAL in page.content.decode()
    rule = DomainRule.objects.get()
    assert (rule.decision, rule.reason) == ("personal", "a mail provider")


def test_it_holds_for_links_that_were_sent_before_it() -> None:
    visitor = ClientVisitor(Client())
    ask(visitor, f"anna@{DOMAIN}")
    link = LocalInbox().mails_to(f"anna@{DOMAIN}")[-1].link()
    run("block_domain", DOMAIN, "--personal")
    answer = finish(visitor, link)
    assert PERSONAL in answer.text
    assert not User.objects.exists()


def test_who_has_an_account_there_signs_in_unless_they_are_disabled(client: Client) -> None:
    user = UserFactory.create(tenant__name=DOMAIN)
    run("block_domain", DOMAIN, "--personal")
    assert sign_in(ClientVisitor(client), str(user.email)).status == 302
    answer = run("block_domain", DOMAIN, "--personal", "--disable-accounts")
    assert (answer["decision"], answer["disabled"]) == ("personal", 1)


def test_nobody_proves_it(client: Client) -> None:
    user = UserFactory.create(tenant__name=DOMAIN)
    run("block_domain", DOMAIN, "--personal")
    words = refusal("get_domain_verification", DOMAIN, "--administrator", str(user.email))
    assert f"does not accept the domain {DOMAIN}" in words


def test_it_is_taken_back_as_a_block_is(client: Client) -> None:
    run("block_domain", DOMAIN, "--personal")
    run("unblock_domain", DOMAIN)
    assert client.post("/signup/", {"email": f"anna@{DOMAIN}"}).status_code == 302
    assert events() == ["domain.classed_personal", "domain.unclassed_personal"]


def test_a_block_becomes_it_and_the_other_way_round() -> None:
    for option, decision in (((), "block"), (("--personal",), "personal"), ((), "block")):
        run("block_domain", DOMAIN, *option)
        assert DomainRule.objects.get().decision == decision


def test_an_operator_does_it_in_the_administration(client: Client) -> None:
    operator = sign_in_fresh(client, OperatorFactory.create())
    add = reverse("admin:tenants_domainrule_add")
    assert operator.post(add, {"domain": DOMAIN, "decision": "personal"}).status_code == 302
    rule = DomainRule.objects.get()
    delete = reverse("admin:tenants_domainrule_delete", args=(rule.pk,))
    assert operator.post(delete, {"post": "yes"}).status_code == 302
    assert events() == ["domain.classed_personal", "domain.unclassed_personal"]
