"""The link: what it makes, what it does not do, and what becomes of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from audit.models import AuditEvent
from outbox import links
from outbox.models import MailLink, OutboxMail
from signup.admission import TO_ADDRESS
from signup.models import Acceptance, MailPause, SignUp
from subscriptions.models import FREE_PLAN, AssignedLicence, Plan, Subscription
from tenants.models import Address, Domain, DomainRule, Tenant, User
from tenants.signals import tenant_created
from tests.factories import TenantFactory
from tests.outbox import LocalInbox
from tests.walk import NOT_ME_LINK, PASSWORD, ClientVisitor, ask, finish, sign_in, sign_up

pytestmark = pytest.mark.django_db

ADDRESS = "anna@walkers.com"
MODELS = (SignUp, MailLink, OutboxMail, User, Tenant, Domain, Subscription, AuditEvent, MailPause)


@pytest.fixture
def visitor(client: Client) -> ClientVisitor:
    return ClientVisitor(client)


def asked_link(visitor: ClientVisitor, address: str = ADDRESS, query: str = "") -> str:
    ask(visitor, address, query)
    return LocalInbox().mails_to(address)[-1].link()


def rows() -> list[object]:
    return [list(model.objects.order_by("pk").values()) for model in MODELS]


def age_mail(**age: float) -> None:
    back = dt.timedelta(**age)
    for mail in OutboxMail.objects.all():
        handed_over = mail.handed_over_at and mail.handed_over_at - back
        OutboxMail.objects.filter(id=mail.id).update(handed_over_at=handed_over)
    for link in MailLink.objects.all():
        MailLink.objects.filter(id=link.id).update(created_at=link.created_at - back)


def test_completing_makes_everything_that_belongs_to_a_first_user(visitor: ClientVisitor) -> None:
    sign_up(visitor, LocalInbox(), ADDRESS)
    user = User.objects.get()
    tenant = Tenant.objects.get()
    assert (user.email, user.tenant, user.role, user.state) == (ADDRESS, tenant, "member", "active")
    assert user.creation_method == "email_verified"
    assert (tenant.state, [domain.name for domain in tenant.domains.all()]) == (
        "unmanaged",
        ["walkers.com"],
    )
    address = Address.objects.get()
    assert (address.address, address.user, address.is_primary) == (ADDRESS, user, True)
    assert address.proven_at
    subscription = Subscription.objects.get()
    assert (subscription.plan_id, subscription.tenant, subscription.units) == (
        FREE_PLAN,
        tenant,
        None,
    )
    assert AssignedLicence.objects.get().user == user
    accepted = Acceptance.objects.order_by("kind").values_list("kind", "version")
    assert list(accepted) == [("privacy", "1"), ("terms", "1")]
    row = SignUp.objects.get()
    assert (row.state, row.user) == ("completed", user)
    actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert actions == {
        "tenant.created",
        "user.created",
        "subscription.created",
        "licence.assigned",
        "signup.completed",
    }
    assert user.password.startswith("argon2$argon2id$")
    assert sign_in(ClientVisitor(Client()), ADDRESS).location == "/welcome/"


def test_a_colleague_joins_the_same_organisation(visitor: ClientVisitor) -> None:
    sign_up(visitor, LocalInbox(), ADDRESS)
    sign_up(ClientVisitor(Client()), LocalInbox(), "ben@walkers.com")
    assert Tenant.objects.get().users.count() == 2
    assert Subscription.objects.count() == 1
    assert AssignedLicence.objects.count() == 2


def test_a_sub_domain_is_a_domain_of_its_own(visitor: ClientVisitor) -> None:
    sign_up(visitor, LocalInbox(), ADDRESS)
    sign_up(ClientVisitor(Client()), LocalInbox(), "ben@lab.walkers.com")
    assert Tenant.objects.count() == 2


def test_other_apps_learn_of_a_new_tenant_within_its_transaction(visitor: ClientVisitor) -> None:
    seen: list[Tenant] = []

    def join_in(tenant: Tenant, **_: object) -> None:
        seen.append(tenant)

    tenant_created.connect(join_in)
    try:
        sign_up(visitor, LocalInbox(), ADDRESS)
    finally:
        tenant_created.disconnect(join_in)
    assert seen == [Tenant.objects.get()]


def test_getting_a_link_changes_nothing(visitor: ClientVisitor) -> None:
    link = asked_link(visitor)
    not_me = LocalInbox().mails_to(ADDRESS)[-1].link(NOT_ME_LINK)
    before = rows()
    for path in (link, not_me):
        for _ in range(5):
            Client().get(path)
            Client().head(path)
    assert rows() == before


def test_the_link_works_on_another_device(visitor: ClientVisitor) -> None:
    link = asked_link(visitor)
    other = ClientVisitor(Client())
    assert finish(other, link).location == "/welcome/"
    assert other.get("/welcome/").status == 200
    assert visitor.get("/welcome/").status == 302


def test_pages_with_a_token_are_not_stored_and_send_no_referrer(client: Client) -> None:
    visitor = ClientVisitor(client)
    link = asked_link(visitor)
    for path in (link, link.replace("confirm", "not-me"), "/signup/confirm/" + "x" * 43 + "/"):
        headers = client.get(path).headers
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"


def test_the_database_holds_no_usable_link(visitor: ClientVisitor) -> None:
    token = asked_link(visitor).split("/")[3]
    assert len(token) == 43
    assert token not in str(rows())
    row = MailLink.objects.get(purpose="signup.confirm")
    assert row.digest == links.digest(token)


def test_a_token_is_good_for_its_purpose_alone(visitor: ClientVisitor) -> None:
    link = asked_link(visitor)
    not_me = LocalInbox().mails_to(ADDRESS)[-1].link(NOT_ME_LINK)
    assert visitor.get(not_me.replace("not-me", "confirm")).status == 404
    assert visitor.get(link.replace("confirm", "not-me")).status == 404


def test_a_changed_secret_key_still_sends_working_links(
    visitor: ClientVisitor, settings: Any
) -> None:
    ask(visitor, ADDRESS)
    settings.SECRET_KEY = "another-secret-key-" * 4
    link = LocalInbox().mails_to(ADDRESS)[-1].link()
    assert visitor.get(link).status == 200


@pytest.mark.parametrize(
    ("age", "status"), [({"hours": 23.9}, 200), ({"hours": 24.1}, 410), ({"days": 4}, 410)]
)
def test_a_link_works_for_a_day(visitor: ClientVisitor, age: dict[str, float], status: int) -> None:
    link = asked_link(visitor)
    age_mail(**age)
    assert visitor.get(link).status == status


def test_the_day_begins_when_the_mail_was_handed_over_within_72_hours() -> None:
    asked = timezone.now()
    mail = OutboxMail(created_at=asked)
    link = MailLink(mail=mail, created_at=asked)
    assert link.expires_at == asked + dt.timedelta(hours=72)
    mail.handed_over_at = asked + dt.timedelta(hours=10)
    assert link.expires_at == asked + dt.timedelta(hours=34)
    mail.handed_over_at = asked + dt.timedelta(hours=60)
    assert link.expires_at == asked + dt.timedelta(hours=72)


def test_an_expired_link_leads_to_a_new_mail_in_one_press(visitor: ClientVisitor) -> None:
    link = asked_link(visitor)
    age_mail(hours=25)
    TO_ADDRESS.forget(ADDRESS)
    late = ClientVisitor(Client())
    assert late.post(link.replace("confirm", "renew"), {}).location == "/signup/check-your-mail/"
    fresh = LocalInbox().mails_to(ADDRESS)[-1].link()
    assert fresh != link
    assert finish(late, fresh).location == "/welcome/"


def test_a_used_link_says_so_and_makes_no_second_account(visitor: ClientVisitor) -> None:
    link = asked_link(visitor)
    finish(visitor, link)
    again = ClientVisitor(Client())
    assert again.get(link).status == 410
    assert finish(again, link, password="somebody else's long words").status == 410
    assert sign_in(ClientVisitor(Client()), ADDRESS, PASSWORD).location == "/welcome/"
    assert User.objects.count() == 1


def test_an_unknown_link_leads_back_to_the_beginning(visitor: ClientVisitor) -> None:
    page = visitor.get("/signup/confirm/" + "A" * 43 + "/")
    assert page.status == 404
    assert 'href="/signup/"' in page.text


def test_resending_keeps_the_earlier_link(visitor: ClientVisitor) -> None:
    first = asked_link(visitor)
    TO_ADDRESS.forget(ADDRESS)
    assert visitor.post("/signup/resend/", {}).location == "/signup/check-your-mail/"
    links_sent = [mail.link() for mail in LocalInbox().mails_to(ADDRESS)]
    assert len(set(links_sent)) == 2
    assert finish(visitor, first).location == "/welcome/"


def test_resending_without_a_request_leads_to_the_sign_up_page(visitor: ClientVisitor) -> None:
    assert visitor.post("/signup/resend/", {}).location == "/signup/"
    assert visitor.get("/signup/check-your-mail/").location == "/signup/"


def test_not_me_pauses_mail_and_takes_nothing_from_the_human(visitor: ClientVisitor) -> None:
    link = asked_link(visitor)
    not_me = LocalInbox().mails_to(ADDRESS)[-1].link(NOT_ME_LINK)
    assert ClientVisitor(Client()).post(not_me, {}).status == 200
    assert SignUp.objects.get().state == "not_me"
    TO_ADDRESS.forget(ADDRESS)
    ask(ClientVisitor(Client()), ADDRESS)
    TO_ADDRESS.forget(ADDRESS)
    visitor.post("/signup/resend/", {})
    assert len(LocalInbox().mails_to(ADDRESS)) == 1
    assert finish(visitor, link).location == "/welcome/"
    assert not MailPause.objects.exists()


def test_the_holder_of_an_old_link_gets_a_new_mail_though_somebody_pressed_not_me(
    visitor: ClientVisitor,
) -> None:
    """A program that guards the mailbox pressed everything at once; its owner comes two days later."""
    link = asked_link(visitor)
    visitor.post(LocalInbox().mails_to(ADDRESS)[-1].link(NOT_ME_LINK), {})
    renew = link.replace("confirm", "renew")
    TO_ADDRESS.forget(ADDRESS)
    visitor.post(renew, {})
    assert len(LocalInbox().mails_to(ADDRESS)) == 1, "the link is still good"
    with time_machine.travel(timezone.now() + dt.timedelta(days=2)):
        assert "Send me a new link" in visitor.get(link).text
        assert visitor.post(renew, {}).location == "/signup/check-your-mail/"
        mails = LocalInbox().mails_to(ADDRESS)
        assert len(mails) == 2
        TO_ADDRESS.forget(ADDRESS)
        ask(ClientVisitor(Client()), ADDRESS)
        assert len(LocalInbox().mails_to(ADDRESS)) == 2, "strangers still get no mail out"
        assert finish(visitor, mails[-1].link()).location == "/welcome/"
    assert not MailPause.objects.exists()


def test_a_pause_ends_after_seven_days(visitor: ClientVisitor) -> None:
    asked_link(visitor)
    not_me = LocalInbox().mails_to(ADDRESS)[-1].link(NOT_ME_LINK)
    visitor.post(not_me, {})
    until = MailPause.objects.get().until
    assert dt.timedelta(days=6.9) < until - timezone.now() <= dt.timedelta(days=7)
    MailPause.objects.update(until=timezone.now())
    TO_ADDRESS.forget(ADDRESS)
    ask(visitor, ADDRESS)
    assert len(LocalInbox().mails_to(ADDRESS)) == 2


@pytest.mark.parametrize(
    ("switch", "words"),
    [
        ("allow_ad_hoc_subscriptions", "does not let people sign up"),
        ("allow_email_verified_users", "does not let people sign up"),
    ],
)
def test_a_switch_holds_for_links_that_were_sent_before_it(
    visitor: ClientVisitor, switch: str, words: str
) -> None:
    tenant = TenantFactory.create()
    link = asked_link(visitor, f"anna@{tenant.name}")
    Tenant.objects.update(**{switch: False})
    answer = finish(visitor, link)
    assert words in answer.text
    assert not User.objects.exists()


def test_a_block_holds_for_links_that_were_sent_before_it(visitor: ClientVisitor) -> None:
    link = asked_link(visitor)
    DomainRule.objects.create(domain="walkers.com", decision="block")
    assert finish(visitor, link).status == 200
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"first_name": ""}, "first_name"),
        ({"last_name": " "}, "last_name"),
        ({"password2": "something else entirely"}, "password2"),
        ({"password1": "fourteen chars", "password2": "fourteen chars"}, "password1"),
    ],
)
def test_one_last_thing_names_the_field_that_is_wrong(
    visitor: ClientVisitor, answers: dict[str, str], field: str
) -> None:
    link = asked_link(visitor)
    good = {
        "first_name": "Anna",
        "last_name": "Ash",
        "password1": PASSWORD,
        "password2": PASSWORD,
    }
    page = visitor.post(link, {**good, **answers})
    assert page.status == 200
    wrong = page.text.split(f'name="{field}"')[1].split(">")[0]
    assert 'aria-invalid="true"' in wrong
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("ru", "offered"),
    [
        ("/open/?file=42", True),
        ("https://files.example.org/doc", False),
        ("//files.example.org/doc", False),
        ("javascript:alert(1)", False),
        ("/\\files.example.org", False),
    ],
)
def test_back_to_your_file_leads_only_where_it_may(
    visitor: ClientVisitor, ru: str, offered: bool
) -> None:
    finish(visitor, asked_link(visitor, query=f"?ru={ru}"))
    assert ("Back to your file" in visitor.get("/welcome/").text) is offered


@pytest.mark.parametrize(
    ("sku", "plans"),
    [
        ("AIP_PREMIUM_P2", [FREE_PLAN]),
        ("NO_SUCH_PLAN", [FREE_PLAN]),
        ("VIEWER_TRIAL", [FREE_PLAN, "VIEWER_TRIAL"]),
    ],
)
def test_sku_selects_among_self_service_plans_only(
    visitor: ClientVisitor, sku: str, plans: list[str]
) -> None:
    Plan.objects.create(sku="VIEWER_TRIAL", name="Viewer", is_free=True, is_self_service=True)
    finish(visitor, asked_link(visitor, query=f"?sku={sku}"))
    granted = Subscription.objects.values_list("plan_id", flat=True)
    assert sorted(granted) == plans
