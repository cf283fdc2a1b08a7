"""Questions whose SQL is made once are answered as Django's own."""

from __future__ import annotations

import datetime as dt
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, transaction
from django.forms.models import model_to_dict
from pytest_django import DjangoAssertNumQueries

from audit.queries import Prepared, insert
from outbox.models import OutboxMail
from signup.models import DomainList
from tenants.models import Domain, DomainRule, Tenant, User
from tenants.selectors import decision_on
from tests.factories import OperatorFactory, UserFactory

pytestmark = pytest.mark.django_db


def decide(domain: str, decision: str) -> None:
    DomainRule.objects.create(domain=domain, decision=decision)


def test_each_asking_has_its_own_texts_beside_what_is_fixed() -> None:
    decide("one.com", "block")
    decide("two.com", "allow")
    blocked = Prepared(
        lambda domain: DomainRule.objects.filter(decision="block", domain=domain).values_list(
            "domain"
        )
    )
    assert blocked.values("one.com") == [("one.com",)]
    assert blocked.values("two.com") == []
    assert blocked.values("one.com") == [("one.com",)]


def test_texts_stay_texts_whatever_they_hold() -> None:
    decide("one.com", "block")
    found = Prepared(lambda domain: DomainRule.objects.filter(domain=domain).values_list("domain"))
    for typed in ("' OR ''='", "%s", "one.com' --", "\ue0000", "\ue0001", "\\"):
        assert found.values(typed) == []


def test_a_question_can_have_any_number_of_texts() -> None:
    decide("b.com", "block")
    decide("x.a.b.com", "allow")
    decided = [decision_on(name) for name in ("b.com", "a.b.com", "y.x.a.b.com", "com", "b.com")]
    assert decided == ["block", "block", "allow", None, "block"]


def test_dates_come_as_dates() -> None:
    DomainList.objects.create(kind="consumer", dated=dt.date(2026, 11, 1), digest="d", text="")
    dated = Prepared(lambda: DomainList.objects.values_list("dated"))
    assert dated.values() == dated.values() == [(dt.date(2026, 11, 1),)]


def test_threads_that_ask_first_at_once_get_the_same_question() -> None:
    made = Prepared(lambda domain: DomainRule.objects.filter(domain=domain).values_list("domain"))
    with ThreadPoolExecutor(8) as threads:
        questions = list(threads.map(lambda _: made.prepared(str), range(64)))
    assert all(question == questions[0] for question in questions)


def test_rows_come_as_the_rows_they_are() -> None:
    made = DomainRule.objects.create(domain="one.com", decision="block", reason="spam")
    rules = Prepared(lambda domain: DomainRule.objects.filter(domain=domain).defer("reason"))
    assert rules.rows("two.com") == []
    (found,) = rules.rows("one.com")
    assert (found, found.created_at, found.reason) == (made, made.created_at, "spam")


def test_rows_bring_what_was_asked_for_with_them(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    domain = Domain.objects.create(name="one.com", tenant=Tenant.objects.create(name="One"))
    member = UserFactory.create(tenant=domain.tenant, email="anna@one.com")
    operator = OperatorFactory.create()
    domains = Prepared(lambda name: Domain.objects.select_related("tenant").filter(name=name))
    people = Prepared(lambda *ids: User.objects.select_related("tenant").filter(id__in=ids))
    with django_assert_num_queries(2):
        (found,) = domains.rows("one.com")
        tenants = {user: user.tenant for user in people.rows(member.pk, operator.pk)}
        assert (found.tenant, found.tenant.name, found.tenant_id) == (
            domain.tenant,
            "One",
            domain.tenant.pk,
        )
        assert tenants == {member: domain.tenant, operator: None}


def test_ids_are_asked_for_as_each_database_keeps_them() -> None:
    mails = Prepared(lambda mail_id: OutboxMail.objects.filter(id=mail_id, state="queued"))
    mail = OutboxMail.objects.create(kind="a.kind", to_address="a@walkers.com", language="en")
    assert mails.rows(mail.id) == [mail]
    assert mails.rows(uuid.uuid4()) == []


def test_new_rows_are_added_as_django_adds_them() -> None:
    mails = [
        OutboxMail(
            kind=f"kind.{number}", to_address="a@walkers.com", language="en", context={"n": number}
        )
        for number in range(3)
    ]
    insert(mails)
    for mail in mails:
        stored = OutboxMail.objects.get(id=mail.id)
        assert model_to_dict(stored) == model_to_dict(mail)
        assert stored.created_at == mail.created_at
    mails[0].kind = "kind.changed"
    mails[0].save()
    assert OutboxMail.objects.filter(kind="kind.changed").count() == 1


def test_a_row_that_must_not_be_is_refused_as_ever() -> None:
    first = OutboxMail(kind="a.kind", to_address="a@walkers.com", language="en")
    insert([first])
    with pytest.raises(IntegrityError), transaction.atomic():
        insert([first])
