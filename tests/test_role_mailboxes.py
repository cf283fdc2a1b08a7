"""Whoever signs up with a mailbox that strangers may read is in no organisation-wide grant until admitted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import AuditEvent
from tenants import role_mailboxes
from tenants.models import MailboxRule, User
from tenants.standing import Standing, membership
from tests.factories import OperatorFactory, UserFactory
from tests.outbox import LocalInbox
from tests.test_commands import refusal, run
from tests.walk import ClientVisitor, sign_up

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
USERS = reverse("admin:tenants_user_changelist")


@pytest.fixture(autouse=True)
def forgotten_rules() -> Iterator[None]:
    role_mailboxes.forget_rules()
    yield
    role_mailboxes.forget_rules()


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(OperatorFactory.create())
    return client


def joined(address: str) -> User:
    sign_up(ClientVisitor(Client()), LocalInbox(), address)
    return User.objects.get(email=address)


def standing_of(user: User) -> Standing:
    user = User.objects.get(pk=user.pk)
    return membership(user, domains={"walkers.com"}, now=timezone.now())


@pytest.mark.parametrize(
    "local_part",
    [
        *(
            "support",
            "noreply",
            "no-reply",
            "no_reply",
            "no.reply",
            "postmaster",
            "info",
            "security",
        ),
        *(
            "support+tickets",
            "support2",
            "24support",
            "it-support",
            "support.berlin",
            "acme-noreply",
        ),
        *("kundenservice", "buchhaltung", "einkauf-berlin", "bewerbung", "datenschutz", "post"),
        *("facturation", "ne-pas-repondre", "soporte", "ventas", "assistenza", "klantenservice"),
        *("hostmaster", "abuse", "webmaster", "noc", "www", "sales", "marketing", "do_not_reply"),
    ],
)
def test_mailboxes_for_a_task_are_known(local_part: str) -> None:
    assert role_mailboxes.is_role(local_part)


@pytest.mark.parametrize(
    "local_part",
    [
        *("anna", "anna.schmidt", "a.walker", "emily.post", "joe.root", "dev.patel", "kadri.tamm"),
        *(
            "anna+support",
            "max.praxis",
            "peter.office",
            "jinfo",
            "supporter",
            "rolf.recht",
            "2",
            "+",
        ),
        *("press.anna", "maria.sales", "grace.hopper", "bill", "will.page", "rose", "mark", "drew"),
    ],
)
def test_people_are_not_taken_for_a_task(local_part: str) -> None:
    assert not role_mailboxes.is_role(local_part)


def test_every_line_of_the_list_is_a_name_in_its_one_spelling() -> None:
    names = role_mailboxes.shipped()
    assert len(names) > 900
    assert [name for name in names if role_mailboxes.name_of(name) != name] == []
    assert [name for name in names if f"={name}" in names] == []


def test_a_role_mailbox_signs_up_and_is_told_in_one_sentence() -> None:
    visitor = ClientVisitor(Client())
    sign_up(visitor, LocalInbox(), "support@walkers.com")
    user = User.objects.get()
    assert (user.state, user.admission) == ("active", "awaited")
    assert standing_of(user) is Standing.NOT_ADMITTED
    assert "several people" in visitor.get("/welcome/").text


def test_a_persons_mailbox_is_a_member_at_once() -> None:
    visitor = ClientVisitor(Client())
    sign_up(visitor, LocalInbox(), "anna@walkers.com")
    assert standing_of(User.objects.get()) is Standing.GOOD
    assert "several people" not in visitor.get("/welcome/").text


def test_an_operator_admits_in_the_admin_and_takes_back(operator: Client) -> None:
    user = joined("info@walkers.com")
    listed = operator.get(USERS, {"admission__exact": "awaited"}).content.decode()
    assert "info@walkers.com" in listed
    operator.post(USERS, {"action": "admit", "_selected_action": str(user.pk)})
    assert standing_of(user) is Standing.GOOD
    admitted = User.objects.get(pk=user.pk)
    assert admitted.admitted_at
    assert str(admitted.admitted_by_id) == operator.session["_auth_user_id"]
    operator.post(USERS, {"action": "take_admission_back", "_selected_action": str(user.pk)})
    assert standing_of(user) is Standing.NOT_ADMITTED
    actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert {"user.admitted", "user.admission_taken_back"} <= actions


def test_the_admin_does_what_it_can_and_says_the_rest(operator: Client) -> None:
    waiting, person = joined("info@walkers.com"), joined("anna@walkers.com")
    chosen = [str(waiting.pk), str(person.pk), operator.session["_auth_user_id"]]
    page = operator.post(USERS, {"action": "admit", "_selected_action": chosen}, follow=True)
    text = page.content.decode()
    assert "1 account was changed." in text
    assert "The account anna@walkers.com is in organisation-wide grants already." in text
    assert "belongs to no organisation" in text


def test_a_command_admits_and_takes_back() -> None:
    user = joined("support@walkers.com")
    assert run("admit_user", "Support@walkers.com", "--dry-run")["admitted"] is True
    assert standing_of(user) is Standing.NOT_ADMITTED
    answer = run("admit_user", "support@walkers.com")
    assert (answer["id"], answer["admitted"]) == (str(user.pk), True)
    assert AuditEvent.objects.filter(action="user.admitted", subject=f"user:{user.pk}").count() == 1
    assert "already" in refusal("admit_user", "support@walkers.com")
    assert run("admit_user", "support@walkers.com", "--take-back")["admitted"] is False
    assert "as it is" in refusal("admit_user", "support@walkers.com", "--take-back")
    assert "No account has the address" in refusal("admit_user", "nobody@walkers.com")


def test_a_mailbox_that_turned_out_to_be_shared_is_taken_back() -> None:
    user = joined("falcon@walkers.com")
    run("admit_user", "falcon@walkers.com", "--take-back")
    assert standing_of(user) is Standing.NOT_ADMITTED


def test_an_account_that_an_administrator_made_needs_no_admission() -> None:
    user = UserFactory.create(
        email="support@walkers.com", tenant__name="walkers.com", creation_method="admin"
    )
    assert standing_of(user) is Standing.GOOD


def test_rules_of_the_installation_add_names_and_take_names_away() -> None:
    assert run("set_mailbox_rule", "Falcon", "role")["name"] == "falcon"
    assert joined("falcon.berlin@walkers.com").admission == "awaited"
    run("set_mailbox_rule", "info", "personal", "--reason", "Mr Info works here")
    assert joined("info@walkers.com").admission == "not_needed"
    run("set_mailbox_rule", "info", "shipped")
    assert joined("info2@walkers.com").admission == "awaited"
    assert AuditEvent.objects.filter(action="mailbox_rule.changed").count() == 3
    assert "no rule for the mailbox name info" in refusal("set_mailbox_rule", "info", "shipped")
    assert "part before the @" in refusal("set_mailbox_rule", "übung", "role")


def test_a_rule_holds_in_another_process_after_some_seconds() -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        assert not role_mailboxes.is_role("falcon")
        MailboxRule.objects.create(name="falcon", decision="role")  # as another process would
        assert not role_mailboxes.is_role("falcon")
        clock.shift(role_mailboxes.REMEMBERED)
        assert role_mailboxes.is_role("falcon")


def test_rules_are_edited_in_the_admin_in_their_one_spelling(operator: Client) -> None:
    add = reverse("admin:tenants_mailboxrule_add")
    operator.post(add, {"name": "Not-Dienst ", "decision": "personal", "reason": "a name here"})
    rule = MailboxRule.objects.get()
    assert (rule.name, rule.decision) == ("notdienst", "personal")
    assert not role_mailboxes.is_role("notdienst")
    operator.post(
        reverse("admin:tenants_mailboxrule_change", args=(rule.pk,)), {"decision": "role"}
    )
    operator.post(
        reverse("admin:tenants_mailboxrule_changelist"),
        {"action": "delete_selected", "_selected_action": str(rule.pk), "post": "yes"},
    )
    assert not MailboxRule.objects.exists()
    assert AuditEvent.objects.filter(action="mailbox_rule.changed").count() == 3
    assert b"part before the @" in operator.post(add, {"name": "?", "decision": "role"}).content


def test_the_time_of_an_admission_goes_with_it() -> None:
    user = UserFactory.create()
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=user.pk).update(admission="admitted")


def test_signing_up_asks_nothing_more_of_the_database(
    django_assert_num_queries: object,
) -> None:
    role_mailboxes.is_role("anna")
    with django_assert_num_queries(0):  # type: ignore[operator]
        role_mailboxes.is_role("support")
