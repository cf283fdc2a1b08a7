"""Of another organisation's people an administrator learns no name, also where both have the same row in sight."""

from __future__ import annotations

import pytest
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import AuditEvent
from signup.models import SignUp
from tenants.flows import hand_over, release
from tenants.models import Domain, DomainProof, FactorReset, Takeover, User
from tests.factories import OperatorFactory, UserFactory
from tests.staff import sign_in_fresh
from tests.takeovers import lost, managed, proven

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    ada = managed("walkers.com")
    assert ada.tenant
    Domain.objects.create(name="shop.com", tenant=ada.tenant)
    return ada


def handed_over(ada: User, to: User, *, accepted_by: User | None = None) -> Takeover:
    assert ada.tenant
    assert to.tenant
    hand_over.offer(domain_name="shop.com", tenant=ada.tenant, to=to.tenant, acting_user=ada)
    who = accepted_by or to
    return hand_over.accept(domain_name="shop.com", tenant=to.tenant, acting_user=who)


def page(who: User, row: Model) -> str:
    client = sign_in_fresh(Client(), who)
    name = f"admin:tenants_{row._meta.model_name}_change"
    answer = client.get(reverse(name, args=(row.pk,)))
    assert answer.status_code == 200
    return str(answer.content.decode())


def lists(who: User, name: str) -> str:
    client = sign_in_fresh(Client(), who)
    return "".join(
        client.get(reverse(f"admin:{name}_{what}")).getvalue().decode()
        for what in ("changelist", "export")
    )


def test_who_gave_a_domain_does_not_read_who_took_it(ada: User) -> None:
    olga = managed("runners.com")
    takeover = handed_over(ada, olga)
    assert str(olga.email) not in page(ada, takeover)
    assert "somebody of another organisation" in page(ada, takeover)
    assert str(olga.email) in page(olga, takeover)
    assert str(olga.email) in page(OperatorFactory.create(), takeover)


def test_the_log_does_not_say_where_people_of_the_other_organisation_sit(ada: User) -> None:
    """An offer is in both logs."""
    olga = managed("runners.com")
    offers = reverse("admin:tenants_domain_offer", args=(Domain.objects.get(name="shop.com").pk,))
    client = sign_in_fresh(Client(REMOTE_ADDR="203.0.113.77"), ada)
    answer = client.post(f"{offers}?to=runners.com", {"typed": "shop.com"})
    assert answer.status_code == 302
    events = AuditEvent.objects.filter(action="domain.offered")
    assert {event.tenant_id for event in events} == {ada.tenant_id, olga.tenant_id}
    hers = events.get(tenant_id=olga.tenant_id)
    assert "203.0.113.77" in lists(ada, "audit_auditevent")
    assert "domain.offered" in lists(olga, "audit_auditevent")
    assert "203.0.113.77" not in lists(olga, "audit_auditevent")
    client = sign_in_fresh(Client(), olga)
    shown = client.get(reverse("admin:audit_auditevent_change", args=(hers.pk,))).content.decode()
    assert "203.0.113.77" not in shown
    assert "203.0.113.77" in lists(OperatorFactory.create(), "audit_auditevent")


def test_an_operator_is_named_to_both(ada: User) -> None:
    olga, operator = managed("runners.com"), OperatorFactory.create()
    takeover = handed_over(ada, olga, accepted_by=operator)
    for who in (ada, olga):
        assert str(operator.email) in page(who, takeover)


def test_a_proof_that_goes_along_does_not_name_who_stays(ada: User) -> None:
    olga = managed("runners.com")
    DomainProof.objects.filter(domain_name="shop.com").delete()
    proven(ada, "shop.com")
    handed_over(ada, olga)
    proof = DomainProof.objects.get(domain_name="shop.com")
    assert proof.tenant == olga.tenant
    assert str(ada.email) not in page(olga, proof)
    assert "somebody of another organisation" in page(olga, proof)


def test_a_reset_from_before_does_not_name_who_decided_it_elsewhere(ada: User) -> None:
    olga = managed("runners.com")
    victim = UserFactory.create(tenant=ada.tenant, email="vic@walkers.com", role="administrator")
    person = UserFactory.create(tenant=ada.tenant, email="person@shop.com")
    decided = {"state": "done", "decided_by": victim, "decided_at": timezone.now()}
    FactorReset.objects.create(user=person, asked_by=ada, **decided)
    handed_over(ada, olga)
    assert User.objects.get(pk=person.pk).tenant == olga.tenant
    seen = lists(olga, "tenants_factorreset")
    assert str(ada.email) not in seen
    assert str(victim.email) not in seen
    assert str(ada.email) in lists(OperatorFactory.create(), "tenants_factorreset")


def test_sign_ups_of_people_whom_a_released_domain_left_behind_are_not_its_new_holders(
    ada: User,
) -> None:
    """Such a person goes by an alias at their own organisation from then on, which is none of the new one's business."""
    olga = managed("runners.com")
    person = UserFactory.create(tenant=ada.tenant, email="person@shop.com")
    done = {
        "state": "completed",
        "outcome": "confirm",
        "language": "en",
        "ended_at": timezone.now(),
    }
    SignUp.objects.create(address="person@shop.com", domain="shop.com", user=person, **done)
    SignUp.objects.create(
        address="new@shop.com", domain="shop.com", outcome="confirm", language="en"
    )
    proven(ada, "shop.com")
    lost(DomainProof.objects.get(domain_name="shop.com"), days=31)
    assert "person@shop.com" in lists(ada, "signup_signup")
    proven(olga, "shop.com")
    release.release(domain_name="shop.com", reason="Sold.", acting_user=None)
    person.refresh_from_db()
    assert person.tenant == ada.tenant
    seen = lists(olga, "signup_signup")
    assert "new@shop.com" in seen
    assert "person@shop.com" not in seen
    assert str(person) not in seen
